//! The values of expressions, and their methods.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A value as text: text as it is, nothing for null, anything else as JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a value counts as true: all but `false`, null, and empty values.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(boolean) => *boolean,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
    }
}

/// Calls a method of a value; `None` where it has no such method, or the method has no result.
pub(super) fn call(value: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    let first = || arguments.first().map(text_of);
    Some(match (value, name) {
        (_, "toString") => text_of(value).into(),
        (_, "equals") => (text_of(value) == first()?).into(),
        (Value::String(text), _) => return of_text(text, name, arguments),
        (Value::Array(items), "size" | "length") => items.len().into(),
        (Value::Array(items), "isEmpty") => items.is_empty().into(),
        (Value::Array(items), "get") => items.get(index(arguments)?)?.clone(),
        (Value::Array(items), "contains") => items.contains(arguments.first()?).into(),
        (Value::Object(entries), "size") => entries.len().into(),
        (Value::Object(entries), "isEmpty") => entries.is_empty().into(),
        (Value::Object(entries), "get") => entries.get(&first()?)?.clone(),
        (Value::Object(entries), "containsKey") => entries.contains_key(&first()?).into(),
        (Value::Object(entries), "keySet") => entries
            .keys()
            .map(|key| Value::from(key.as_str()))
            .collect(),
        (Value::Object(entries), "values") => entries.values().cloned().collect(),
        (Value::Object(entries), "entrySet") => entries
            .iter()
            .map(|(key, value)| serde_json::json!({ "key": key, "value": value }))
            .collect(),
        _ => return None,
    })
}

fn of_text(text: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    let argument = |index: usize| arguments.get(index).map(text_of);
    Some(match name {
        "length" => text.chars().count().into(),
        "isEmpty" => text.is_empty().into(),
        "contains" => text.contains(&argument(0)?).into(),
        "startsWith" => text.starts_with(&argument(0)?).into(),
        "endsWith" => text.ends_with(&argument(0)?).into(),
        "toLowerCase" => text.to_lowercase().into(),
        "toUpperCase" => text.to_uppercase().into(),
        "trim" => text.trim().into(),
        "replace" | "replaceAll" => replaced(text, &argument(0)?, &argument(1)?)?.into(),
        "split" => text.split(&argument(0)?).collect(),
        "substring" => {
            let start = index(arguments)?;
            let end = arguments.get(1).map_or(Some(usize::MAX), as_index)?;
            let taken = text.chars().skip(start).take(end.checked_sub(start)?);
            taken.collect::<String>().into()
        }
        _ => return None,
    })
}

/// Longest text that a replacement may make, in bytes. Ours: as much as a request may have.
const REPLACED_BYTES_MAX: usize = 10 * 1024 * 1024;

fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    let count = match from {
        "" => return Some(text.to_owned()),
        from => text.matches(from).count(),
    };
    let bytes = text.len() + count.saturating_mul(to.len());
    (bytes <= REPLACED_BYTES_MAX).then(|| text.replace(from, to))
}

fn index(arguments: &[Value]) -> Option<usize> {
    as_index(arguments.first()?)
}

fn as_index(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|it| it.try_into().ok())
}

/// A function of `$util`.
pub(super) fn util(name: &str, arguments: &[Value]) -> Option<Value> {
    let text = text_of(arguments.first()?);
    Some(match name {
        "escapeJavaScript" => escaped(&text).into(),
        "parseJson" => serde_json::from_str(&text).unwrap_or(Value::Null),
        "urlEncode" => url_encoded(&text).into(),
        "urlDecode" => {
            let decoded = crate::http::decode(&text.replace('+', " "));
            decoded.unwrap_or_default().into()
        }
        "base64Encode" => STANDARD.encode(text).into(),
        "base64Decode" => {
            let bytes = STANDARD.decode(text).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned().into()
        }
        _ => return None,
    })
}

/// As Java's `StringEscapeUtils.escapeJavaScript`, which escapes single quotation marks too.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' | '/' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            ' '..='~' => escaped.push(character),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
    escaped
}

/// As forms are encoded: a space is `+`.
fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
