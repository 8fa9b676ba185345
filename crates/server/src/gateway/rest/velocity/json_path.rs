//! The part of JSONPath that mapping templates use: names, indices and `[*]`.

use serde_json::Value;

/// The value at a path; a path with `[*]` gives a list.
pub(in crate::gateway::rest) fn find(value: &Value, path: &str) -> Option<Value> {
    let rest = path.trim().strip_prefix('$')?;
    walk(value, rest)
}

fn walk(value: &Value, path: &str) -> Option<Value> {
    if path.is_empty() {
        return Some(value.clone());
    }
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        return match name {
            "*" => each(value, rest),
            name => walk(value.get(name)?, rest),
        };
    }
    let (inner, rest) = path.strip_prefix('[')?.split_once(']')?;
    let inner = inner.trim();
    let name = |mark: char| inner.strip_prefix(mark)?.strip_suffix(mark);
    match (name('\'').or_else(|| name('"')), inner) {
        (Some(name), _) => walk(value.get(name)?, rest),
        (None, "*") => each(value, rest),
        (None, index) => walk(value.get(index.parse::<usize>().ok()?)?, rest),
    }
}

fn each(value: &Value, rest: &str) -> Option<Value> {
    let found = match value {
        Value::Array(items) => items.iter().filter_map(|item| walk(item, rest)).collect(),
        Value::Object(entries) => entries.values().filter_map(|it| walk(it, rest)).collect(),
        _ => return None,
    };
    Some(Value::Array(found))
}
