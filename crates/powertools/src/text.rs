//! Text of bounded length: only a limited part of a caller's formatted text is kept.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Cuts a text to at most `bytes_max` bytes at a character boundary, and marks the cut.
pub(crate) fn bounded(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!(
        "{}… [{} bytes cut]",
        &text[..end],
        text.len() - end
    ))
}

/// Formats a value and stops it as soon as the bound is reached, so that a huge `Debug` costs no memory.
pub(crate) fn bounded_format(arguments: fmt::Arguments<'_>, bytes_max: usize) -> String {
    struct Bounded {
        text: String,
        bytes_max: usize,
        cut: bool,
    }
    impl Write for Bounded {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            let room = self.bytes_max - self.text.len();
            if part.len() <= room {
                self.text.push_str(part);
                return Ok(());
            }
            let mut end = room;
            while !part.is_char_boundary(end) {
                end -= 1;
            }
            self.text.push_str(&part[..end]);
            self.cut = true;
            Err(fmt::Error)
        }
    }
    let mut bounded = Bounded {
        text: String::new(),
        bytes_max,
        cut: false,
    };
    let outcome = bounded.write_fmt(arguments);
    if bounded.cut {
        bounded.text.push_str("… [cut]");
    } else if outcome.is_err() {
        // The value's own formatting failed; the bound was not reached.
        bounded.text.push_str("… [formatting failed]");
    }
    bounded.text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_a_character_boundary() {
        assert_eq!(bounded("aéb", 2), "a… [3 bytes cut]");
        assert_eq!(bounded("aéb", 4), "aéb");
    }

    #[test]
    fn endless_debug_is_stopped() {
        struct Endless;
        impl fmt::Debug for Endless {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    formatter.write_str("é,")?;
                }
            }
        }
        assert_eq!(bounded_format(format_args!("{Endless:?}"), 4), "é,… [cut]");
    }
}
