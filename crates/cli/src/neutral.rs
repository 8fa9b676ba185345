//! Makes text from outside harmless to a terminal.
//!
//! Results, errors, names and log lines come from functions and their callers. Printed as they are, an escape
//! sequence among them could rewrite the screen, forge other output, or answer the terminal's own queries; a
//! bidirectional override could show one thing and mean another. Replaced characters stay readable: `\u{1b}`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text on one line: every control character, line ends included, is written out.
pub fn neutral(text: &str) -> Cow<'_, str> {
    replace(text, |_| false)
}

/// The text on one line, with its tabs: a log line.
pub fn neutral_line(text: &str) -> Cow<'_, str> {
    replace(text, |character| character == '\t')
}

/// The text with its line ends and tabs; other control characters are written out.
pub fn neutral_lines(text: &str) -> Cow<'_, str> {
    replace(text, |character| matches!(character, '\n' | '\t'))
}

/// JSON text in which characters that `serde_json` leaves raw, and a terminal might obey, are JSON escapes.
///
/// Such characters only occur inside strings, so the value is the same.
pub fn neutral_json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe_in_json) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe_in_json(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing into a string cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_unsafe_in_json(character: char) -> bool {
    character != '\n' && is_unsafe(character)
}

fn replace(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let unsafe_here = |character: char| is_unsafe(character) && !keep(character);
    if !text.chars().any(unsafe_here) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            character if !unsafe_here(character) => safe.push(character),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            character => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
            }
        }
    }
    Cow::Owned(safe)
}

/// C0 and C1 controls, DEL, line and paragraph separators, and characters that reorder text (Unicode TR 36, section
/// 3.2).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_written_out() {
        assert_eq!(
            neutral("\u{1b}]0;owned\u{7}\u{9b}2J"),
            "\\u{1b}]0;owned\\u{7}\\u{9b}2J"
        );
        assert_eq!(neutral("a\r\nb\tc\u{7f}"), "a\\r\\nb\\tc\\u{7f}");
        assert_eq!(neutral("invoice\u{202e}fdp.exe"), "invoice\\u{202e}fdp.exe");
        assert!(matches!(neutral("Zürich ✓ 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_keep_their_ends_and_nothing_else() {
        assert_eq!(neutral_line("a\n\tb\u{1b}[2J"), "a\\n\tb\\u{1b}[2J");
        assert_eq!(neutral_lines("a\n\tb\rc\u{1b}[2J"), "a\n\tb\\rc\\u{1b}[2J");
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"text": "\u{9b}31m\u{7f}\u{202e}\u{1b}"});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let safe = neutral_json(&text);
        assert!(!safe.chars().any(is_unsafe_in_json), "{safe}");
        let read: serde_json::Value = serde_json::from_str(&safe).unwrap();
        assert_eq!(read, value);
    }
}
