//! Versions of interpreters, as they print them.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// Checks that `program --version` prints `minimum` (major, minor) or more; `advice` says where to get it.
pub fn require(program: &str, minimum: (u32, u32), advice: &str) -> Result<()> {
    let (major, minor) = minimum;
    let printed = process::output(Command::new(program).arg("--version"))
        .with_context(|| format!("{program} {major}.{minor} or newer is needed: {advice}"))?;
    let found = parse(&printed)
        .with_context(|| format!("`{program} --version` printed `{}`", printed.trim()))?;
    if found < minimum {
        bail!(
            "{program} {major}.{minor} or newer is needed, and this is {}: {advice}",
            printed.trim()
        );
    }
    Ok(())
}

/// Major and minor version out of `v20.19.1`, `Python 3.11.7` or `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`.
fn parse(printed: &str) -> Option<(u32, u32)> {
    printed.split_whitespace().find_map(|word| {
        let mut parts = word.trim_start_matches('v').split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_print_them() {
        assert_eq!(parse("v20.19.1\n"), Some((20, 19)));
        assert_eq!(parse("Python 3.11.7\n"), Some((3, 11)));
        assert_eq!(parse("10.8.2"), Some((10, 8)));
        assert_eq!(parse("cargo 1.95.0 (f2d3ce0bd 2026-03-21)"), Some((1, 95)));
        assert_eq!(parse("unknown"), None);
    }

    #[test]
    fn an_old_program_is_refused_with_advice() {
        let error = require("cargo", (9999, 0), "update Rust")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("cargo 9999.0 or newer is needed, and this is cargo"),
            "{error}"
        );
        assert!(error.ends_with(": update Rust"), "{error}");
    }
}
