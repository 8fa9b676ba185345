//! Questions of `up` at a terminal before it starts: which stack of several, and values of parameters that have none.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::thread;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use owo_colors::OwoColorize;
use stack::MissingParameter;
use tokio::sync::oneshot;

use super::stack_options;
use crate::args::UpArguments;
use crate::exit::CliError;
use crate::neutral::neutral_line;
use crate::screen::note;

/// Asks for the values that the arguments leave open. Without a terminal, loading the template says what is missing.
///
/// # Errors
/// The template cannot be read, or no answer is given.
pub async fn complete(arguments: &mut UpArguments) -> Result<(), CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    if arguments.stack_name.is_none() {
        let names = stack::stack_names(&arguments.template).map_err(CliError::diagnostic)?;
        if names.len() > 1 {
            arguments.stack_name = Some(stack_of(&names).await?);
        }
    }
    let missing = stack_options::missing_parameters(arguments).map_err(CliError::diagnostic)?;
    for parameter in missing {
        let value = value_of(&parameter).await?;
        arguments.parameter.push((parameter.name, value));
    }
    Ok(())
}

async fn stack_of(names: &[String]) -> Result<String, CliError> {
    note("the app has several stacks:".yellow());
    for (index, name) in names.iter().enumerate() {
        note(format!("  {} {}", index + 1, neutral_line(name)));
    }
    loop {
        let answer = ask("stack", Echo::On, "--stack").await?;
        let number = answer.parse::<usize>().ok();
        let by_number = number.and_then(|it| names.get(it.checked_sub(1)?));
        match by_number.or_else(|| names.iter().find(|it| **it == answer)) {
            Some(name) => return Ok(name.clone()),
            None => note("that is none of them: give its number or its name".yellow()),
        }
    }
}

async fn value_of(parameter: &MissingParameter) -> Result<String, CliError> {
    let name = neutral_line(&parameter.name);
    let mut asked = format!(
        "the template needs a value for {} ({})",
        name.bold(),
        neutral_line(&parameter.type_name)
    );
    if let Some(description) = &parameter.description {
        asked.push_str(&format!(": {}", neutral_line(description)));
    }
    note(asked);
    let allowed = &parameter.allowed_values;
    if !allowed.is_empty() {
        let allowed = format!("  one of: {}", allowed.join(", "));
        note(neutral_line(&allowed).dimmed());
    }
    let echo = if parameter.no_echo {
        Echo::Off
    } else {
        Echo::On
    };
    let flag = format!("--parameter {}=VALUE", parameter.name);
    loop {
        let answer = ask(&name, echo, &flag).await?;
        if !allowed.is_empty() && !allowed.contains(&answer) {
            note("that is none of the allowed values".yellow());
        } else if parameter.type_name == "Number" && answer.parse::<f64>().is_err() {
            note("that is not a number".yellow());
        } else {
            return Ok(answer);
        }
    }
}

/// Whether the terminal shows typed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Echo {
    On,
    Off,
}

/// Asks for one line. When cancelled, the terminal shows typed text again.
async fn ask(prompt: &str, echo: Echo, flag: &str) -> Result<String, CliError> {
    let hidden = match echo {
        Echo::Off => Some(Hidden::begin()?),
        Echo::On => None,
    };
    eprint!("{prompt}: ");
    io::stderr().flush()?;
    let (typed, line) = oneshot::channel();
    // The thread blocks in a read; a thread of the runtime would hold up the end of the process.
    thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        // After Ctrl-C the receiver is gone.
        let _ = typed.send(read.map(|bytes| (bytes > 0).then_some(line)));
    });
    let line = line.await.unwrap_or(Ok(None))?;
    if hidden.is_some() {
        // The end of the line was not shown either.
        eprintln!();
    }
    drop(hidden);
    let Some(line) = line else {
        let message = format!("no answer for `{prompt}`");
        return Err(CliError::usage(message, format!("give it with `{flag}`")));
    };
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// A terminal that does not show typed text until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(stdin.as_fd())?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, &self.0) {
            tracing::warn!(%error, "the terminal cannot be put back: `stty sane` does it");
        }
    }
}
