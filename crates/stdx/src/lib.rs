//! What the standard library lacks and more than one crate needs.
#![warn(missing_docs)]

use std::any::Any;
use std::error::Error;

/// An error and its causes as one text, `: ` between them: for a log line or an error message.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The message of a caught panic; none when its payload is not text.
pub fn panic_message(panic: &(dyn Any + Send)) -> Option<&str> {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_chain_names_every_cause() {
        let inner = io::Error::other("disk full");
        let outer = io::Error::other(io::Error::other(inner));
        assert_eq!(error_chain(&outer), "disk full");

        #[derive(Debug)]
        struct Failed(io::Error);
        impl std::fmt::Display for Failed {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("commit")
            }
        }
        impl Error for Failed {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let failed = Failed(io::Error::other("disk full"));
        assert_eq!(error_chain(&failed), "commit: disk full");
    }

    #[test]
    fn a_panic_gives_its_message() {
        let fixed = catch_unwind(|| panic!("fixed")).expect_err("it panics");
        assert_eq!(panic_message(fixed.as_ref()), Some("fixed"));
        let number = 3;
        let formatted = catch_unwind(|| panic!("{number} of 4")).expect_err("it panics");
        assert_eq!(panic_message(formatted.as_ref()), Some("3 of 4"));
        let other = catch_unwind(|| std::panic::panic_any(7)).expect_err("it panics");
        assert_eq!(panic_message(other.as_ref()), None);
    }
}
