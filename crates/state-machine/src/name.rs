//! Names that durable functions and executions cannot have: AWS allows more for those of Step Functions.
//!
//! A name that fits is used unchanged. Any other begins with `_x`, and has each byte that does not fit, and each
//! underscore, as `_` and two hexadecimal digits. So every name has one spelling, and can be decoded.

use std::borrow::Cow;

/// The prefix of an encoded name.
pub const SPELLED: &str = "_x";

/// Longest name of a durable execution. Source: Lambda API reference, `DurableExecutionName`.
const DURABLE_MAX: usize = 64;

/// The name of the durable function or execution for a machine or an execution of this name.
#[must_use]
pub fn spelled(name: &str) -> Cow<'_, str> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fits = !name.starts_with(SPELLED) && name.len() <= DURABLE_MAX && name.bytes().all(is_word);
    if fits {
        return Cow::Borrowed(name);
    }
    let mut spelled = String::from(SPELLED);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            spelled.push(char::from(byte));
        } else {
            spelled.push_str(&format!("_{byte:02x}"));
        }
    }
    Cow::Owned(spelled)
}

/// Decodes a name. A text that is not an encoded name is returned unchanged.
#[must_use]
pub fn read(text: &str) -> Cow<'_, str> {
    let whole = text.strip_prefix(SPELLED).and_then(|rest| {
        let mut bytes = Vec::with_capacity(rest.len());
        let mut letters = rest.bytes();
        while let Some(byte) = letters.next() {
            if byte == b'_' {
                let digits = [letters.next()?, letters.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).ok()
    });
    let whole = whole.filter(|whole| spelled(whole) == text);
    whole.map_or(Cow::Borrowed(text), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_spelled_once_and_read_back() {
        assert_eq!(spelled("order_7-a"), "order_7-a");
        assert_eq!(spelled("order.2026"), "_xorder_2e2026");
        assert_eq!(spelled("ä_"), "_x_c3_a4_5f");
        let long = "n".repeat(80);
        for name in ["a@b", "a+b=c", "_x", "_xorder_2e2026", "_", "", &long] {
            let it = spelled(name);
            assert_eq!(read(&it), name);
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            assert!(it.bytes().all(is_word), "{it}");
        }
        // Texts that no encoding produces are returned unchanged.
        for odd in ["_x", "_xabc", "_x_", "_x_zz", "_x_ff", "_x_41", "x"] {
            assert_eq!(read(odd), odd);
        }
    }
}
