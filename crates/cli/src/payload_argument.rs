//! A payload on the command line: the text itself, `@FILE`, or `-` for standard input.

use std::io::Read;
use std::path::Path;

use anyhow::Context;

use crate::exit::CliError;

/// Most bytes of a payload that are read. Lambda takes 6 MB in a synchronous request; a little more is read so that the
/// service itself refuses, with its own words.
const PAYLOAD_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Reads a payload argument.
///
/// # Errors
/// A file that cannot be read, and more than 8 MiB.
pub fn read(argument: &str) -> Result<Vec<u8>, CliError> {
    if argument == "-" {
        return limited(std::io::stdin().lock(), "standard input");
    }
    let Some(path) = argument.strip_prefix('@') else {
        return Ok(argument.as_bytes().to_vec());
    };
    let file = std::fs::File::open(Path::new(path))
        .with_context(|| format!("cannot open the payload file `{path}`"))?;
    limited(file, path)
}

fn limited(source: impl Read, name: &str) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    source
        .take(PAYLOAD_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read the payload from {name}"))?;
    if bytes.len() as u64 > PAYLOAD_BYTES_MAX {
        return Err(CliError::usage(
            format!("the payload in {name} is larger than 8 MiB"),
            "Lambda accepts at most 6 MB; put larger data into a file or table and pass its name",
        ));
    }
    Ok(bytes)
}

/// Reads a payload argument that must be JSON.
///
/// # Errors
/// As [`read`], and text that is not JSON.
pub fn read_json(argument: &str) -> Result<Vec<u8>, CliError> {
    let bytes = read(argument)?;
    match serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(CliError::usage(
            format!("the payload is not JSON: {error}"),
            "quote it for the shell, as in '{\"key\": \"value\"}'; a text is JSON with its quotes, '\"text\"'; or use `@FILE`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_inline_text_are_told_apart() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"a\": 1}").unwrap();
        let argument = format!("@{}", file.path().display());
        assert_eq!(read_json(&argument).unwrap(), b"{\"a\": 1}");
        assert_eq!(read_json("[1]").unwrap(), b"[1]");
        assert!(matches!(read_json("{a: 1}"), Err(CliError::Usage { .. })));
        assert!(matches!(
            read("@/no/such/file"),
            Err(CliError::Failed(error)) if error.to_string().contains("/no/such/file")
        ));
    }
}
