//! Event patterns: they select records of an event source.
//!
//! Source: Lambda developer guide, "Control which events Lambda sends to your function", and EventBridge
//! user guide, "Comparison operators for use in event patterns", read 2026-11-28.

use std::net::IpAddr;

use serde_json::{Map, Number, Value};

/// The deepest nesting of a pattern: patterns come from outside.
const DEPTH_MAX: usize = 32;

/// A pattern that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventFilter {
    pattern: Map<String, Value>,
}

impl EventFilter {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A description of the pattern's fault.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        let Value::Object(pattern) = value else {
            return Err("a pattern is a JSON object".to_owned());
        };
        check(&pattern, 0)?;
        Ok(Self { pattern })
    }

    /// Whether an event matches the pattern.
    pub fn matches(&self, event: &Value) -> bool {
        object_matches(&self.pattern, Some(event))
    }
}

fn check(pattern: &Map<String, Value>, depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("it is nested more than {DEPTH_MAX} deep"));
    }
    for (key, value) in pattern {
        match value {
            Value::Object(below) => check(below, depth + 1)?,
            Value::Array(alternatives) if key == "$or" => {
                for alternative in alternatives {
                    let Value::Object(alternative) = alternative else {
                        return Err("`$or` lists patterns".to_owned());
                    };
                    check(alternative, depth + 1)?;
                }
            }
            Value::Array(rules) if rules.is_empty() => {
                return Err(format!("`{key}` has an empty list, which nothing matches"));
            }
            Value::Array(rules) => {
                for rule in rules {
                    check_rule(rule).map_err(|problem| format!("`{key}`: {problem}"))?;
                }
            }
            _ => return Err(format!("`{key}` must be a list of values, or a pattern")),
        }
    }
    Ok(())
}

fn check_rule(rule: &Value) -> Result<(), String> {
    let operator = match rule {
        Value::Object(operator) => operator,
        Value::Array(_) => return Err("a list within a list".to_owned()),
        _ => return Ok(()),
    };
    let mut entries = operator.iter();
    let (Some((name, operand)), None) = (entries.next(), entries.next()) else {
        return Err("an operator stands alone: `{\"prefix\": \"a\"}`".to_owned());
    };
    let is_right = match (name.as_str(), operand) {
        ("exists", Value::Bool(_)) | ("equals-ignore-case" | "wildcard", Value::String(_)) => true,
        ("prefix" | "suffix", operand) => affix(operand).is_some(),
        ("cidr", Value::String(text)) => cidr(text).is_some(),
        ("numeric", Value::Array(comparison)) => is_comparison(comparison),
        ("anything-but", Value::Object(below)) => {
            let texts = below.values().flat_map(items);
            return match below.keys().next().map(String::as_str) {
                Some("prefix" | "suffix" | "equals-ignore-case" | "wildcard")
                    if below.len() == 1 && texts.clone().all(Value::is_string) =>
                {
                    Ok(())
                }
                _ => Err("`anything-but` has an operator that it does not take".to_owned()),
            };
        }
        ("anything-but", operand) => {
            let mut values = items(operand);
            values.all(|it| !it.is_object() && !it.is_array())
        }
        (other, _) => {
            let known =
                "exists, prefix, suffix, equals-ignore-case, anything-but, numeric, wildcard, cidr";
            return match known.split(", ").any(|name| name == other) {
                true => Err(format!("`{other}` has an operand that it does not take")),
                false => Err(format!("`{other}` is not an operator; there are {known}")),
            };
        }
    };
    match is_right {
        true => Ok(()),
        false => Err(format!("`{name}` has an operand that it does not take")),
    }
}

/// The items of a list, or the value itself.
fn items(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(items) => items.iter(),
        other => std::slice::from_ref(other).iter(),
    }
}

/// A text, and whether case counts in its comparison.
fn affix(operand: &Value) -> Option<(&str, bool)> {
    match operand {
        Value::String(text) => Some((text, true)),
        Value::Object(below) if below.len() == 1 => {
            Some((below.get("equals-ignore-case")?.as_str()?, false))
        }
        _ => None,
    }
}

fn is_comparison(comparison: &[Value]) -> bool {
    let (pairs, rest) = comparison.as_chunks::<2>();
    let is_pair = |[operator, number]: &[Value; 2]| {
        let operator = operator.as_str().unwrap_or_default();
        ["=", "<", "<=", ">", ">="].contains(&operator) && number.is_number()
    };
    rest.is_empty() && matches!(pairs.len(), 1 | 2) && pairs.iter().all(is_pair)
}

fn object_matches(pattern: &Map<String, Value>, event: Option<&Value>) -> bool {
    pattern.iter().all(|(key, wanted)| {
        if key == "$or"
            && let Value::Array(alternatives) = wanted
        {
            let mut alternatives = alternatives.iter().filter_map(Value::as_object);
            return alternatives.any(|alternative| object_matches(alternative, event));
        }
        match (wanted, event) {
            (Value::Object(below), Some(Value::Array(items))) => {
                let mut found = items.iter().map(|item| item.get(key));
                found.any(|found| object_matches(below, found))
            }
            (Value::Object(below), event) => {
                let found = event.and_then(|event| event.get(key));
                match found {
                    Some(Value::Array(items)) => {
                        items.iter().any(|item| object_matches(below, Some(item)))
                    }
                    found => object_matches(below, found),
                }
            }
            (wanted, event) => {
                let found = event.and_then(|event| event.get(key));
                items(wanted).any(|rule| rule_matches(rule, found))
            }
        }
    })
}

/// Whether a value, or one of several, matches a rule; `None` when there is no value.
fn rule_matches(rule: &Value, found: Option<&Value>) -> bool {
    if let Some(Value::Bool(wanted)) = rule.get("exists") {
        // As in EventBridge, only leaves exist.
        let exists = found.is_some_and(|found| !found.is_object());
        return exists == *wanted;
    }
    let Some(found) = found else { return false };
    items(found).any(|item| one_matches(rule, item))
}

fn one_matches(rule: &Value, found: &Value) -> bool {
    let Value::Object(operator) = rule else {
        return is_equal(rule, found);
    };
    let Some((name, operand)) = operator.iter().next() else {
        return false;
    };
    match (name.as_str(), found) {
        ("prefix", Value::String(text)) => {
            affix(operand).is_some_and(|(wanted, exact)| match exact {
                true => text.starts_with(wanted),
                false => text.to_lowercase().starts_with(&wanted.to_lowercase()),
            })
        }
        ("suffix", Value::String(text)) => {
            affix(operand).is_some_and(|(wanted, exact)| match exact {
                true => text.ends_with(wanted),
                false => text.to_lowercase().ends_with(&wanted.to_lowercase()),
            })
        }
        ("equals-ignore-case", Value::String(text)) => {
            let wanted = operand.as_str();
            wanted.is_some_and(|wanted| wanted.to_lowercase() == text.to_lowercase())
        }
        ("wildcard", Value::String(text)) => operand
            .as_str()
            .is_some_and(|pattern| wildcard(pattern.as_bytes(), text.as_bytes())),
        ("cidr", Value::String(text)) => {
            let range = operand.as_str().and_then(cidr);
            let address = text.parse().ok();
            range
                .zip(address)
                .is_some_and(|(range, address)| is_within(range, address))
        }
        ("numeric", Value::Number(number)) => is_compared(operand, number),
        ("anything-but", found) => match operand {
            Value::Object(below) => !below.iter().any(|(name, operand)| {
                let mut operands = items(operand);
                operands.any(|operand| {
                    let rule = Map::from_iter([(name.clone(), operand.clone())]);
                    one_matches(&Value::Object(rule), found)
                })
            }),
            operand => !items(operand).any(|it| is_equal(it, found)),
        },
        _ => false,
    }
}

fn is_equal(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Number(wanted), Value::Number(found)) => wanted.as_f64() == found.as_f64(),
        (wanted, found) => wanted == found,
    }
}

fn is_compared(operand: &Value, number: &Number) -> bool {
    let Value::Array(comparison) = operand else {
        return false;
    };
    let Some(number) = number.as_f64() else {
        return false;
    };
    let (pairs, _) = comparison.as_chunks::<2>();
    pairs.iter().all(|[operator, limit]| {
        let limit = limit.as_f64().unwrap_or(f64::NAN);
        match operator.as_str() {
            Some("=") => number == limit,
            Some("<") => number < limit,
            Some("<=") => number <= limit,
            Some(">") => number > limit,
            Some(">=") => number >= limit,
            _ => false,
        }
    })
}

/// `*` stands for any text; `\*` and `\\` for themselves. Goes back to the last `*` only: never slower than the
/// product of the lengths.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        let (literal, width) = match pattern.get(at..).unwrap_or_default() {
            [b'\\', escaped, ..] => (Some(*escaped), 2),
            [b'*', ..] => {
                back = Some((at + 1, read));
                at += 1;
                continue;
            }
            [byte, ..] => (Some(*byte), 1),
            [] => (None, 0),
        };
        if read == text.len() && literal.is_none() {
            return true;
        }
        if literal.is_some() && literal == text.get(read).copied() {
            at += width;
            read += 1;
            continue;
        }
        match back {
            Some((after, from)) if from < text.len() => {
                back = Some((after, from + 1));
                at = after;
                read = from + 1;
            }
            _ => return false,
        }
    }
}

type Range = (IpAddr, u32);

fn cidr(text: &str) -> Option<Range> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    Some((address, bits.parse().ok().filter(|bits| *bits <= most)?))
}

fn is_within((range, bits): Range, address: IpAddr) -> bool {
    match (range, address) {
        (IpAddr::V4(range), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            range.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(range), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            range.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: Value, event: &Value) -> bool {
        let filter = EventFilter::parse(&pattern.to_string());
        filter
            .unwrap_or_else(|problem| panic!("{pattern}: {problem}"))
            .matches(event)
    }

    #[test]
    fn every_operator_tells_its_values() {
        let event = json!({"body": {
            "kind": "order.new", "total": 120.5, "paid": false, "note": null, "tags": ["red", "wide"],
            "from": "10.0.1.7", "customer": {"country": "AT"}, "lines": [{"sku": "a"}, {"sku": "b"}],
        }});
        for (yes, no) in [
            (json!({"kind": ["order.new"]}), json!({"kind": ["order"]})),
            (
                json!({"kind": [{"prefix": "order."}]}),
                json!({"kind": [{"prefix": "new"}]}),
            ),
            (
                json!({"kind": [{"prefix": {"equals-ignore-case": "ORDER"}}]}),
                json!({"kind": [{"prefix": "ORDER"}]}),
            ),
            (
                json!({"kind": [{"suffix": ".new"}]}),
                json!({"kind": [{"suffix": "order"}]}),
            ),
            (
                json!({"kind": [{"equals-ignore-case": "Order.New"}]}),
                json!({"kind": [{"equals-ignore-case": "Order"}]}),
            ),
            (
                json!({"kind": [{"wildcard": "o*.n*w"}]}),
                json!({"kind": [{"wildcard": "o*.n*x"}]}),
            ),
            (
                json!({"kind": [{"anything-but": ["order.old", "order.gone"]}]}),
                json!({"kind": [{"anything-but": "order.new"}]}),
            ),
            (
                json!({"kind": [{"anything-but": {"prefix": "bill"}}]}),
                json!({"kind": [{"anything-but": {"prefix": "order"}}]}),
            ),
            (json!({"total": [120.5]}), json!({"total": [120]})),
            (
                json!({"total": [{"numeric": [">", 100, "<=", 120.5]}]}),
                json!({"total": [{"numeric": ["<", 100]}]}),
            ),
            (json!({"paid": [false]}), json!({"paid": ["false"]})),
            (json!({"note": [null]}), json!({"gone": [null]})),
            (
                json!({"total": [{"exists": true}]}),
                json!({"total": [{"exists": false}]}),
            ),
            (
                json!({"gone": [{"exists": false}]}),
                json!({"gone": [{"exists": true}]}),
            ),
            (json!({"tags": ["wide"]}), json!({"tags": ["blue"]})),
            (
                json!({"from": [{"cidr": "10.0.0.0/16"}]}),
                json!({"from": [{"cidr": "10.0.0.0/24"}]}),
            ),
            (
                json!({"customer": {"country": ["AT"]}}),
                json!({"customer": {"city": ["AT"]}}),
            ),
            (
                json!({"lines": {"sku": ["b"]}}),
                json!({"lines": {"sku": ["c"]}}),
            ),
            (
                json!({"$or": [{"kind": ["x"]}, {"paid": [false]}]}),
                json!({"$or": [{"kind": ["x"]}, {"paid": [true]}]}),
            ),
            (
                json!({"kind": ["order.new"], "paid": [false]}),
                json!({"kind": ["order.new"], "paid": [true]}),
            ),
        ] {
            assert!(matches(json!({"body": yes}), &event), "{yes}");
            assert!(!matches(json!({"body": no}), &event), "{no}");
        }
        assert!(matches(
            json!({"body": ["hello"]}),
            &json!({"body": "hello"})
        ));
        assert!(!matches(
            json!({"body": {"a": [1]}}),
            &json!({"body": "hello"})
        ));
    }

    #[test]
    fn stars_match_in_bounded_time() {
        let (pattern, text) = ("*a".repeat(40) + "b", "a".repeat(20_000));
        assert!(!wildcard(pattern.as_bytes(), text.as_bytes()));
        assert!(wildcard(b"a\\*c", b"a*c") && !wildcard(b"a\\*c", b"abc"));
        assert!(wildcard(b"*", b"") && wildcard(b"", b"") && !wildcard(b"", b"a"));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, reason) in [
            ("{", "not JSON"),
            ("[]", "JSON object"),
            (r#"{"body": "x"}"#, "must be a list"),
            (r#"{"body": []}"#, "empty list"),
            (r#"{"body": [{"prefx": "a"}]}"#, "not an operator"),
            (r#"{"body": [{"numeric": ["<"]}]}"#, "operand"),
            (r#"{"body": [{"exists": "yes"}]}"#, "operand"),
            (
                r#"{"body": [{"prefix": "a", "suffix": "b"}]}"#,
                "stands alone",
            ),
            (r#"{"body": [[1]]}"#, "list within a list"),
        ] {
            let problem = EventFilter::parse(text).expect_err(text);
            assert!(problem.contains(reason), "{text}: {problem}");
        }
        let deep = format!("{}[1]{}", r#"{"a":"#.repeat(60), "}".repeat(60));
        assert!(EventFilter::parse(&deep).is_err());
    }
}
