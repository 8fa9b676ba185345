//! Commands that are waited for.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use super::ProcessGroup;

/// Runs a command that speaks to the terminal itself.
///
/// # Errors
///
/// When it cannot be started, or does not succeed.
pub fn run(command: &mut Command) -> Result<()> {
    let status = ProcessGroup::spawn(command)?.wait()?;
    check(status, command)
}

/// Runs a command and returns its standard output. Its standard error goes to the terminal.
///
/// # Errors
///
/// When it cannot be started, does not succeed, or prints something else than text.
pub fn output(command: &mut Command) -> Result<String> {
    // The pipe ends when the process does: these commands leave nothing behind that would hold it.
    let (mut reader, writer) = std::io::pipe().context("make a pipe")?;
    command.stdout(writer);
    let mut group = ProcessGroup::spawn(command)?;
    command.stdout(Stdio::null());
    let mut printed = String::new();
    reader
        .read_to_string(&mut printed)
        .with_context(|| format!("read what `{}` prints", line(command)))?;
    let status = group.wait()?;
    check(status, command)?;
    Ok(printed)
}

fn check(status: ExitStatus, command: &Command) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let program = command.get_program();
    let name = std::path::Path::new(program).file_name().unwrap_or(program);
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_what_was_printed() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two"]);
        assert_eq!(output(&mut command).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn failures_name_the_command_and_its_end() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exit 3"]);
        let expected = "`sh -c exit 3` ended with exit status: 3";
        assert_eq!(run(&mut command).unwrap_err().to_string(), expected);
        assert_eq!(output(&mut command).unwrap_err().to_string(), expected);
    }
}
