//! Names that AWS restricts to a few characters.

use std::ops::RangeInclusive;

use crate::template::Fields;

/// What names of functions, aliases and stages may hold besides letters and digits.
pub(super) const WORD_MARKS: &[u8] = b"-_";

/// Whether a name is of such a length, and of letters, digits and these marks.
pub(super) fn is_word(name: &str, length: RangeInclusive<usize>, marks: &[u8]) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    length.contains(&name.len()) && name.bytes().all(allowed)
}

/// The resource's name. One that is given by this property and that AWS would refuse is reported.
pub(super) fn checked_name(
    fields: &Fields<'_>,
    index: usize,
    property: &str,
    is_valid: impl Fn(&str) -> bool,
    must: &str,
) -> String {
    let Ok(name) = fields.resolver.name(index) else {
        return String::new();
    };
    if !is_valid(&name) {
        let help = "leave it out to have one made from stack and logical id";
        fields.wrong(property, must, "this name", help);
    }
    name
}
