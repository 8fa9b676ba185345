//! Errors as text.

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

#[cfg(test)]
mod tests {
    use std::io;

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
}
