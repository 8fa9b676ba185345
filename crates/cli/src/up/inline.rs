//! Puts code that is written into the template itself into files.

use std::path::Path;

use anyhow::Context;
use stack::{FunctionResource, Stack};

use crate::exit::CliError;

/// Writes the inline code of functions below `<data dir>/inline`, and lets the functions point there.
///
/// # Errors
/// When a file cannot be written.
pub fn place(stack: &mut Stack, data_dir: &Path) -> Result<(), CliError> {
    for function in &mut stack.functions {
        let Some(code) = &function.inline_code else {
            continue;
        };
        let dir = data_dir.join("inline").join(&function.logical_id);
        let path = dir.join(file_name(function));
        std::fs::create_dir_all(&dir)
            .and_then(|()| std::fs::write(&path, code))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        function.code_path = dir;
    }
    Ok(())
}

/// CloudFormation's name for the file: `index`, with which the handler's name begins.
fn file_name(function: &FunctionResource) -> &'static str {
    if function.runtime.starts_with("python") {
        "index.py"
    } else {
        "index.js"
    }
}
