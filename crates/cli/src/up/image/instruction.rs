//! A Dockerfile as its instructions: comments left out, continued lines joined.
//!
//! Source: Dockerfile reference, "Format" and "Parser directives", read 2026-11-28.

use super::error::ImageError;

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// Where it begins, from 1.
    pub line: usize,
    /// In capitals, such as `COPY`.
    pub name: String,
    /// The text after the name.
    pub text: String,
}

/// Splits a Dockerfile.
///
/// # Errors
/// Another escape character than `\`, and texts within the file (`<<EOF`).
pub fn instructions(dockerfile: &str) -> Result<Vec<Instruction>, ImageError> {
    let mut instructions = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in dockerfile.lines().enumerate() {
        let number = index + 1;
        let trimmed = line.trim();
        if let Some(comment) = trimmed.strip_prefix('#') {
            let directive = comment.replace(' ', "").to_ascii_lowercase();
            if directive == "escape=`" {
                return Err(ImageError::line(
                    number,
                    "another escape character than `\\`",
                ));
            }
            continue;
        }
        if trimmed.is_empty() {
            continue;
        }
        let (begun, mut text) = open.take().unwrap_or((number, String::new()));
        if !text.is_empty() {
            text.push(' ');
        }
        match trimmed.strip_suffix('\\') {
            Some(part) => {
                text.push_str(part.trim_end());
                open = Some((begun, text));
            }
            None => {
                text.push_str(trimmed);
                instructions.push(instruction(begun, &text)?);
            }
        }
    }
    if let Some((begun, text)) = open {
        instructions.push(instruction(begun, &text)?);
    }
    Ok(instructions)
}

fn instruction(line: usize, text: &str) -> Result<Instruction, ImageError> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let name = name.to_ascii_uppercase();
    if ["ADD", "COPY", "RUN"].contains(&name.as_str()) && rest.contains("<<") {
        return Err(ImageError::line(
            line,
            "a text within the Dockerfile (`<<`)",
        ));
    }
    Ok(Instruction {
        line,
        name,
        text: rest.trim().to_owned(),
    })
}
