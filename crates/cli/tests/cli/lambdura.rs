//! Runs the command.

use std::process::{Command, Output};

/// The command's output, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Everything in one text, to compare with the expected text.
    pub fn text(&self) -> String {
        let mut text = self.out.clone();
        for line in self.err.lines() {
            text.push_str("err: ");
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&match self.code {
            Some(0) => String::new(),
            Some(code) => format!("exit: {code}\n"),
            None => "killed\n".to_owned(),
        });
        text
    }
}

/// The command with an environment of its own: nothing that is set around the test changes its result.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lambdura"));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("LAMBDURA_") || name.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("TZ", "UTC").env("NO_COLOR", "1");
    command
}

pub fn lambdura(endpoint: &str, arguments: &[&str]) -> Ran {
    let output = command(arguments)
        .env("LAMBDURA_ENDPOINT", endpoint)
        .output()
        .unwrap();
    ran(&output)
}

pub fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
