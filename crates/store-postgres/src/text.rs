//! Texts that may hold any character, in columns that cannot hold NUL.
//!
//! NUL is written as U+001A and `0`, and U+001A as two of them. JSON has neither unescaped, so people see it in the
//! database as it was given.

use std::borrow::Cow;

const MARK: char = '\u{1a}';

/// The text as it is stored.
pub(crate) fn stored(text: &str) -> Cow<'_, str> {
    let needs = |byte: &u8| *byte == 0 || *byte == 0x1a;
    if !text.as_bytes().iter().any(needs) {
        return Cow::Borrowed(text);
    }
    let mut stored = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\0' => stored.extend([MARK, '0']),
            MARK => stored.extend([MARK, MARK]),
            other => stored.push(other),
        }
    }
    Cow::Owned(stored)
}

/// The text as it was given.
pub(crate) fn given(stored: &str) -> Cow<'_, str> {
    if !stored.contains(MARK) {
        return Cow::Borrowed(stored);
    }
    let mut given = String::with_capacity(stored.len());
    let mut characters = stored.chars();
    while let Some(character) = characters.next() {
        match (character, character == MARK) {
            (other, false) => given.push(other),
            (_, true) => match characters.next() {
                Some('0') => given.push('\0'),
                Some(other) => given.push(other),
                None => given.push(MARK),
            },
        }
    }
    Cow::Owned(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back() {
        for text in [
            "",
            "plain ✓",
            "\0",
            "\u{1a}",
            "\u{1a}0",
            "a\0\u{1a}\0b\u{1a}",
        ] {
            let stored = stored(text);
            assert!(!stored.contains('\0'));
            assert_eq!(given(&stored), text);
        }
        assert!(matches!(stored("plain"), Cow::Borrowed(_)));
    }
}
