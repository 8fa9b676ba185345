//! The intrinsic functions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::chance::Chance;
use crate::scope::Scope;

/// Longest text that is encoded, decoded or hashed, in characters.
/// Source: Step Functions developer guide, intrinsic functions.
const TEXT_MAX: usize = 10_000;
/// Elements of a range. Source: as above.
const RANGE_MAX: usize = 1_000;

macro_rules! functions {
    ($($variant:ident $counts:expr,)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function { $($variant,)+ }

        impl Function {
            pub(super) fn parse(name: &str) -> Option<Self> {
                match name.strip_prefix("States.")? {
                    "UUID" => Some(Self::Uuid),
                    $(stringify!($variant) if name != "States.Uuid" => Some(Self::$variant),)+
                    _ => None,
                }
            }

            fn counts(self) -> std::ops::RangeInclusive<usize> {
                match self { $(Self::$variant => $counts,)+ }
            }
        }
    };
}

functions! {
    Format 1..=usize::MAX,
    StringToJson 1..=1,
    JsonToString 1..=1,
    Array 0..=usize::MAX,
    ArrayPartition 2..=2,
    ArrayContains 2..=2,
    ArrayRange 3..=3,
    ArrayGetItem 2..=2,
    ArrayLength 1..=1,
    ArrayUnique 1..=1,
    Base64Encode 1..=1,
    Base64Decode 1..=1,
    Hash 2..=2,
    JsonMerge 3..=3,
    MathRandom 2..=3,
    MathAdd 2..=2,
    StringSplit 2..=2,
    Uuid 0..=0,
}

impl Function {
    pub(super) fn check_count(self, count: usize) -> Result<(), String> {
        let counts = self.counts();
        if counts.contains(&count) {
            return Ok(());
        }
        let wanted = match (*counts.start(), *counts.end()) {
            (low, usize::MAX) => format!("{low} or more arguments"),
            (1, 1) => String::from("1 argument"),
            (low, high) if low == high => format!("{low} arguments"),
            (low, high) => format!("{low} to {high} arguments"),
        };
        Err(format!("it takes {wanted}, not {count}"))
    }

    /// Calls it. The number of arguments is right; `is_literal` says whether the definition contains the first as a
    /// literal.
    pub(super) fn call(
        self,
        arguments: &[Value],
        is_literal: bool,
        scope: &Scope<'_>,
    ) -> Result<Value, String> {
        let first = arguments.first().unwrap_or(&Value::Null);
        let second = arguments.get(1).unwrap_or(&Value::Null);
        Ok(match self {
            Self::Format => Value::from(format(text(first)?, is_literal, &arguments[1..])?),
            // An empty text is null. Source: histories of AWS, 2023.
            Self::StringToJson if text(first)?.trim().is_empty() => Value::Null,
            Self::StringToJson => serde_json::from_str(text(first)?)
                .map_err(|error| format!("the text is not JSON: {error}"))?,
            Self::JsonToString => Value::from(first.to_string()),
            Self::Array => Value::Array(arguments.to_vec()),
            Self::ArrayPartition => {
                let size = usize::try_from(whole(second)?).unwrap_or(0);
                if size == 0 {
                    return Err(String::from("chunks have at least one element"));
                }
                let chunks = list(first)?
                    .chunks(size)
                    .map(|chunk| Value::from(chunk.to_vec()));
                Value::Array(chunks.collect())
            }
            Self::ArrayContains => {
                Value::from(list(first)?.iter().any(|item| is_same(item, second)))
            }
            Self::ArrayRange => range(whole(first)?, whole(second)?, whole(&arguments[2])?)?,
            Self::ArrayGetItem => {
                let (items, index) = (list(first)?, whole(second)?);
                let item = usize::try_from(index)
                    .ok()
                    .and_then(|index| items.get(index));
                item.cloned().ok_or_else(|| {
                    format!("there is no element {index} in a list of {}", items.len())
                })?
            }
            Self::ArrayLength => Value::from(list(first)?.len()),
            Self::ArrayUnique => {
                let mut unique: Vec<Value> = Vec::new();
                for item in list(first)? {
                    if !unique.iter().any(|known| is_same(known, item)) {
                        unique.push(item.clone());
                    }
                }
                Value::Array(unique)
            }
            Self::Base64Encode => Value::from(STANDARD.encode(short_text(first)?)),
            Self::Base64Decode => {
                let bytes = STANDARD.decode(short_text(first)?);
                let bytes = bytes.map_err(|error| format!("the text is not Base64: {error}"))?;
                let decoded = String::from_utf8(bytes);
                Value::from(decoded.map_err(|_| "what was encoded is no text".to_owned())?)
            }
            Self::Hash => {
                let data = match first {
                    Value::String(_) => short_text(first)?.to_owned(),
                    other => other.to_string(),
                };
                Value::from(hash(&data, text(second)?)?)
            }
            Self::JsonMerge => {
                if arguments[2] != Value::Bool(false) {
                    return Err(String::from(
                        "only shallow merges are supported: the third argument is false",
                    ));
                }
                let mut merged = object(first)?.clone();
                merged.extend(object(second)?.clone());
                Value::Object(merged)
            }
            Self::MathRandom => {
                let (low, high) = (whole(first)?, whole(second)?);
                if low >= high {
                    return Err(format!("there is no number from {low} to below {high}"));
                }
                match arguments.get(2) {
                    Some(seed) => {
                        let seeded = Chance::new(whole(seed)?.cast_unsigned(), 0);
                        Value::from(seeded.between(low, high))
                    }
                    None => Value::from(scope.chance.between(low, high)),
                }
            }
            Self::MathAdd => {
                let sum = rounded(first)?.checked_add(rounded(second)?);
                Value::from(sum.ok_or_else(|| "the sum is too large".to_owned())?)
            }
            Self::StringSplit => {
                let (whole, separators) = (text(first)?, text(second)?);
                if separators.is_empty() {
                    return Ok(Value::Array(vec![Value::from(whole)]));
                }
                let parts = whole.split(|letter| separators.contains(letter));
                Value::Array(
                    parts
                        .filter(|part| !part.is_empty())
                        .map(Value::from)
                        .collect(),
                )
            }
            Self::Uuid => Value::from(scope.chance.uuid()),
        })
    }
}

/// A number without its fraction: halves are rounded up, as in Java. Source: histories of AWS, 2023.
fn rounded(value: &Value) -> Result<i64, String> {
    match value.as_f64().filter(|_| value.is_f64()) {
        None => whole(value),
        Some(number) => whole(&Value::from((number + 0.5).floor())),
    }
}

/// Replaces each `{}` by an argument. In a literal, a backslash is dropped and the character after it stays.
fn format(template: &str, is_literal: bool, arguments: &[Value]) -> Result<String, String> {
    let mut text = String::with_capacity(template.len());
    let mut left = arguments.iter();
    let mut letters = template.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if is_literal => text.extend(letters.next()),
            '{' if letters.peek() == Some(&'}') => {
                letters.next();
                match left.next() {
                    Some(Value::String(argument)) => text.push_str(argument),
                    Some(other) => text.push_str(&other.to_string()),
                    None => return Err(String::from("there are more `{}` than arguments")),
                }
            }
            '{' | '}' if is_literal => {
                return Err(format!(
                    "`{letter}` is not part of a `{{}}`: write `\\{letter}`"
                ));
            }
            other => text.push(other),
        }
    }
    if left.next().is_some() {
        return Err(String::from("there are more arguments than `{}`"));
    }
    Ok(text)
}

pub(crate) fn range(first: i64, last: i64, step: i64) -> Result<Value, String> {
    if step == 0 {
        return Err(String::from("a step of zero leads nowhere"));
    }
    let mut numbers = Vec::new();
    let mut number = first;
    while if step > 0 {
        number <= last
    } else {
        number >= last
    } {
        if numbers.len() == RANGE_MAX {
            return Err(format!("a range has at most {RANGE_MAX} elements"));
        }
        numbers.push(Value::from(number));
        match number.checked_add(step) {
            Some(next) => number = next,
            None => break,
        }
    }
    Ok(Value::Array(numbers))
}

pub(crate) fn hash(data: &str, algorithm: &str) -> Result<String, String> {
    use md5::Digest as _;
    use sha2::Digest as _;
    let bytes = data.as_bytes();
    let digest = match algorithm {
        "MD5" => md5::Md5::digest(bytes).to_vec(),
        "SHA-1" => sha1::Sha1::digest(bytes).to_vec(),
        "SHA-256" => sha2::Sha256::digest(bytes).to_vec(),
        "SHA-384" => sha2::Sha384::digest(bytes).to_vec(),
        "SHA-512" => sha2::Sha512::digest(bytes).to_vec(),
        other => {
            return Err(format!(
                "`{other}` is none of MD5, SHA-1, SHA-256, SHA-384, SHA-512"
            ));
        }
    };
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Equal as JSON, where 1 and 1.0 are the same number.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        _ => left == right,
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| wrong(value, "a text"))
}

fn short_text(value: &Value) -> Result<&str, String> {
    let text = text(value)?;
    if text.chars().count() > TEXT_MAX {
        return Err(format!("the text is longer than {TEXT_MAX} characters"));
    }
    Ok(text)
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| wrong(value, "a list"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| wrong(value, "an object"))
}

/// A whole number; others are rounded towards zero, as AWS does.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(value: &Value) -> Result<i64, String> {
    let number = value.as_i64().or_else(|| {
        let number = value.as_f64()?.trunc();
        (number.abs() < 9.0e18).then_some(number as i64)
    });
    number.ok_or_else(|| wrong(value, "a whole number"))
}

fn wrong(value: &Value, wanted: &str) -> String {
    format!("`{}` is not {wanted}", crate::shortened(value))
}
