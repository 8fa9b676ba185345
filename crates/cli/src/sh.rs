//! `/bin/sh` of the container image from scratch, which has no other program than this one.
//!
//! A `bootstrap` of ours is a script of one line, such as `exec "$LAMBDURA_PROGRAM" demo-function loan-api`. Started by
//! the name `sh`, this program does what such a line says, and refuses every other one: it is no shell.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{self, Command};

/// Exit code of shells for what they cannot do.
const FAILED: i32 = 127;

/// Becomes the program that a script names, if this program was started as `sh`; returns at once otherwise.
pub fn answer() {
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_default();
    if Path::new(&name).file_name() != Some(OsStr::new("sh")) {
        return;
    }
    let script = arguments.next().unwrap_or_default();
    // `sh -c`, or an interactive shell.
    if script.is_empty() || script.as_encoded_bytes().starts_with(b"-") {
        refuse("there is no shell here");
    }
    let text = match fs::read_to_string(&script) {
        Ok(text) => text,
        Err(error) => refuse(&format!("cannot read `{}`: {error}", script.display())),
    };
    match words(&text, |name| env::var_os(name)) {
        Ok(words) => {
            let (program, rest) = words.split_first().expect("there is a word after `exec`");
            let error = Command::new(program).args(rest).exec();
            refuse(&format!("cannot start `{}`: {error}", program.display()));
        }
        Err(problem) => refuse(&format!("`{}` {problem}", script.display())),
    }
}

fn refuse(problem: &str) -> ! {
    eprintln!(
        "sh: {problem}\n  This image holds only `lambdura`. The image whose tag ends in `-debian` has a shell."
    );
    process::exit(FAILED)
}

/// The words after `exec`, in the only line that is no comment.
fn words(
    script: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Vec<OsString>, String> {
    let mut lines = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let only = "is not a single line with `exec`";
    let line = lines.next().and_then(|line| line.strip_prefix("exec "));
    let (Some(line), None) = (line, lines.next()) else {
        return Err(only.to_owned());
    };
    let words: Vec<_> = line
        .split_whitespace()
        .map(|text| word(text, &variable))
        .collect::<Result<_, _>>()?;
    match words.is_empty() {
        true => Err(only.to_owned()),
        false => Ok(words),
    }
}

/// A word: plain, or between double quotes with variables in it.
fn word(text: &str, variable: impl Fn(&str) -> Option<OsString>) -> Result<OsString, String> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=".contains(it);
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let Some(quoted) = quoted else {
        return match text.chars().all(is_plain) {
            true => Ok(text.into()),
            false => Err(format!(
                "has the word `{text}`, which only a shell understands"
            )),
        };
    };
    let mut parts = quoted.split('$');
    let mut word = OsString::from(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
        let (name, rest) = part.split_at(end.unwrap_or(part.len()));
        word.push(variable(name).ok_or_else(|| format!("needs the variable `{name}`"))?);
        word.push(rest);
    }
    let text = quoted.replace('$', "");
    match text.chars().all(is_plain) {
        true => Ok(word),
        false => Err(format!(
            "has the word `\"{quoted}\"`, which only a shell understands"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(script: &str) -> Result<Vec<OsString>, String> {
        words(script, |name| match name {
            "LAMBDURA_DEMO_PROGRAM" | "LAMBDURA_PROGRAM" => Some("/usr/bin/lambdura".into()),
            "LAMBDA_TASK_ROOT" => Some("/data/some code".into()),
            _ => None,
        })
    }

    #[test]
    fn the_bootstraps_of_the_demo_and_of_state_machines_are_understood() {
        let demo = loan_demo::Function::LoanApi.bootstrap("0.1.0");
        let expected = ["/usr/bin/lambdura", "demo-function", "loan-api"];
        assert_eq!(read(&demo), Ok(expected.map(OsString::from).to_vec()));
        let machine = server::state_machine_bootstrap();
        let definition = "/data/some code/definition.asl.json";
        let expected = ["/usr/bin/lambdura", "asl", "function", definition];
        assert_eq!(read(&machine), Ok(expected.map(OsString::from).to_vec()));
    }

    #[test]
    fn what_only_a_shell_understands_is_refused() {
        for (script, problem) in [
            ("echo 1", "is not a single line with `exec`"),
            ("exec a\nexec b", "is not a single line with `exec`"),
            ("#!/bin/sh\n", "is not a single line with `exec`"),
            ("exec \"$GONE\"", "needs the variable `GONE`"),
            (
                "exec a | b",
                "has the word `|`, which only a shell understands",
            ),
            ("exec \"${A}\"", "needs the variable ``"),
            (
                "exec \"`a`\"",
                "has the word `\"`a`\"`, which only a shell understands",
            ),
        ] {
            assert_eq!(read(script), Err(problem.to_owned()), "{script}");
        }
    }
}
