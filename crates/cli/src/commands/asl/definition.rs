//! A definition in a file.

use std::path::Path;

use anyhow::Context as _;
use asl::{Definition, Problem};

use crate::exit::CliError;

/// Reads a definition, which is YAML if its file is called so, and JSON otherwise.
///
/// # Errors
/// A file that cannot be read.
pub fn read(path: &Path) -> Result<Result<Definition, Vec<Problem>>, CliError> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the definition `{}`", path.display()))?;
    let extension = path.extension().and_then(|it| it.to_str());
    if !matches!(extension, Some("yaml" | "yml")) {
        return Ok(Definition::parse(&text));
    }
    let value: serde_json::Value = serde_saphyr::from_str(&text)
        .with_context(|| format!("the definition `{}` is not YAML", path.display()))?;
    Ok(Definition::from_value(&value))
}

/// As [`read`], for a definition that has to be right.
///
/// # Errors
/// As there, and everything that is wrong with it.
pub fn read_valid(path: &Path) -> Result<Definition, CliError> {
    read(path)?.map_err(|problems| {
        let lines: Vec<_> = problems.iter().map(|it| format!("  {it}")).collect();
        let message = format!(
            "`{}` is not a state machine:\n{}",
            path.display(),
            lines.join("\n")
        );
        CliError::usage(message, "`lambdura asl validate` says the same")
    })
}

/// The name of the state machine: that of its file, without what comes after the first dot.
pub fn name(path: &Path) -> String {
    let name = path
        .file_name()
        .and_then(|it| it.to_str())
        .unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let letters = name.chars();
    let name: String = letters
        .map(|it| {
            if it.is_ascii_alphanumeric() || it == '-' || it == '_' {
                it
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    if name.is_empty() {
        String::from("state-machine")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_called_like_its_file() {
        assert_eq!(name(Path::new("machines/order.asl.json")), "order");
        assert_eq!(name(Path::new("my order!.json")), "my-order-");
        assert_eq!(name(Path::new(".json")), "state-machine");
    }
}
