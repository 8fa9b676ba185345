//! Names that AWS restricts to a few characters.

use std::ops::RangeInclusive;

/// What names of functions, aliases and stages may hold besides letters and digits.
pub(super) const WORD_MARKS: &[u8] = b"-_";

/// Whether a name is of such a length, and of letters, digits and these marks.
pub(super) fn is_word(name: &str, length: RangeInclusive<usize>, marks: &[u8]) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    length.contains(&name.len()) && name.bytes().all(allowed)
}
