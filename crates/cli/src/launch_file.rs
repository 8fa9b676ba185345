//! Adds configurations to the user's own `launch.json` of Visual Studio Code; nothing else in the text changes.
//!
//! The file is JSON with comments and with commas before closing brackets.

use serde_json::{Value, json};

/// A text with more configurations.
#[derive(Debug, PartialEq, Eq)]
pub struct Added {
    pub text: String,
    /// Names of those that were there already.
    pub kept: Vec<String>,
}

/// Adds configurations whose names the text does not have, before the others.
///
/// # Errors
/// The problem of the text that prevents adding to it.
pub fn add(before: Option<&str>, configurations: &[Value]) -> Result<Added, String> {
    let Some(before) = before.filter(|it| !it.trim().is_empty()) else {
        let document = json!({"version": "0.2.0", "configurations": configurations});
        let text = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
        return Ok(Added {
            text: text + "\n",
            kept: Vec::new(),
        });
    };
    let plain = plain(before);
    let document: Value =
        serde_json::from_str(&plain).map_err(|error| format!("is not JSON ({error})"))?;
    let (Some(at), Some(present)) = (list_begins(&plain), document["configurations"].as_array())
    else {
        return Err("has no list `configurations`".to_owned());
    };
    let is_present = |it: &&Value| present.iter().any(|present| present["name"] == it["name"]);
    let (known, new): (Vec<&Value>, Vec<&Value>) = configurations.iter().partition(is_present);
    let mut insert = String::new();
    for (index, configuration) in new.iter().enumerate() {
        let text =
            serde_json::to_string_pretty(configuration).map_err(|error| error.to_string())?;
        insert.push_str("\n    ");
        insert.push_str(&text.replace('\n', "\n    "));
        if index + 1 < new.len() || !present.is_empty() {
            insert.push(',');
        }
    }
    if present.is_empty() && !new.is_empty() {
        insert.push_str("\n  ");
    }
    let (head, tail) = before.split_at(at);
    let names = known.iter().filter_map(|it| it["name"].as_str());
    Ok(Added {
        text: format!("{head}{insert}{tail}"),
        kept: names.map(str::to_owned).collect(),
    })
}

/// The same with blanks for comments and for commas that end a list: every other byte stays where it is.
fn plain(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    let mut comma = None;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = string_ends(&bytes, at);
                comma = None;
                continue;
            }
            b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => {
                let end: &[u8] = if bytes[at + 1] == b'/' { b"\n" } else { b"*/" };
                let rest = &bytes[at + 2..];
                let length = rest.windows(end.len()).position(|it| it == end);
                // The line's end belongs to the text.
                let after = if end == b"\n" { 0 } else { end.len() };
                let end = length.map_or(bytes.len(), |length| at + 2 + length + after);
                bytes[at..end].fill(b' ');
                at = end;
                continue;
            }
            b',' => comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte behind a string that begins here.
fn string_ends(bytes: &[u8], begin: usize) -> usize {
    let mut at = begin + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The byte behind the bracket that begins the list `configurations` of the document itself.
fn list_begins(plain: &str) -> Option<usize> {
    let bytes = plain.as_bytes();
    let (mut at, mut depth) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_ends(bytes, at);
                if depth == 1 && &plain[at..end] == "\"configurations\"" {
                    let rest = plain[end..].trim_start().strip_prefix(':')?;
                    let rest = rest.trim_start().strip_prefix('[')?;
                    return Some(plain.len() - rest.len());
                }
                at = end;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(before: &str, names: &[&str]) -> Result<Added, String> {
        let configurations: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        add(Some(before), &configurations)
    }

    #[test]
    fn configurations_are_added_and_everything_else_stays() {
        let before = "{\n  // mine, with \"configurations\": [\n  \"inputs\": [{\"configurations\": [1,],}],\n  \"configurations\": [ /* a , */\n    {\"name\": \"Mine // no comment\", \"x\": [1, 2,],},\n  ],\n}\n";
        let done = added(before, &["New", "Mine // no comment"]).unwrap();
        assert_eq!(done.kept, ["Mine // no comment"]);
        let new = "\n    {\n      \"name\": \"New\"\n    },";
        assert_eq!(
            done.text,
            before.replace(
                "\"configurations\": [ /*",
                &format!("\"configurations\": [{new} /*")
            )
        );
        let document: Value = serde_json::from_str(&plain(&done.text)).unwrap();
        assert_eq!(document["configurations"][0]["name"], "New");
        // A second time nothing changes.
        let again = added(&done.text, &["New"]).unwrap();
        assert_eq!(again.text, done.text);
    }

    #[test]
    fn an_empty_list_and_no_file_get_them_too() {
        for before in [
            "{\"configurations\": []}",
            "{\"configurations\": [\n]}",
            "",
            " \n",
        ] {
            let done = added(before, &["A", "B"]).unwrap();
            let document: Value = serde_json::from_str(&done.text).unwrap();
            assert_eq!(document["configurations"][1]["name"], "B", "{before}");
        }
    }

    #[test]
    fn what_cannot_be_added_to_is_left_alone() {
        for (before, why) in [
            ("[]", "has no list `configurations`"),
            ("{\"configurations\": 1}", "has no list `configurations`"),
            ("{\"configurations\": [", "is not JSON"),
            ("{\"a\": \"open", "is not JSON"),
            ("/* open", "is not JSON"),
            ("\\", "is not JSON"),
        ] {
            let error = added(before, &["A"]).unwrap_err();
            assert!(error.starts_with(why), "{before}: {error}");
        }
    }
}
