//! Completion in shells. The command itself completes: what `lambdura completions` prints asks it at each press of the
//! key, and so functions, executions and callbacks are those that there are.

use std::ffi::OsStr;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use crate::args::{Arguments, Shell};
use crate::client::{Client, ExecutionQuery};
use crate::execution_selector;
use crate::exit::CliError;
use crate::screen::Screen;

/// How long a person waits for words; where the service is slower there are none.
const ANSWER_WITHIN: Duration = Duration::from_millis(800);

/// The newest executions that are offered.
const EXECUTIONS_MAX: usize = 50;

/// What the shell asks by.
const VARIABLE: &str = "COMPLETE";

/// Answers a shell, if one asks, and ends the process then.
pub fn answer() {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// Prints what makes a shell ask.
///
/// # Errors
/// Nobody reads it.
pub fn print(shell: Shell, screen: &Screen) -> Result<(), CliError> {
    let name = match shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
        Shell::Pwsh => "powershell",
    };
    let shells = Shells::builtins();
    let completer = shells
        .completer(name)
        .context("this shell is not known to the completion engine")?;
    let mut text = Vec::new();
    completer
        .write_registration(VARIABLE, "lambdura", "lambdura", "lambdura", &mut text)
        .context("write the completions")?;
    screen.line(String::from_utf8_lossy(&text).trim_end())?;
    Ok(())
}

/// The command line, whose arguments know what there is.
fn command() -> Command {
    with_live_values(Arguments::command())
}

fn with_live_values(command: Command) -> Command {
    command
        .mut_args(with_live_value)
        .mut_subcommands(with_live_values)
}

fn with_live_value(argument: Arg) -> Arg {
    match argument.get_id().as_str() {
        "execution" => argument.add(ArgValueCompleter::new(executions)),
        "function" => argument.add(ArgValueCompleter::new(functions)),
        "subject" => argument.add(ArgValueCompleter::new(executions_and_functions)),
        "callback" => argument.add(ArgValueCompleter::new(executions)),
        _ => argument,
    }
}

fn executions(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut words = vec![("@last".to_owned(), "the newest one".to_owned())];
    let query = ExecutionQuery {
        limit: EXECUTIONS_MAX,
        ..ExecutionQuery::default()
    };
    let asked = ask(async |client| execution_selector::list(&client, None, &query).await);
    words.extend(asked.into_iter().flatten().map(|it| {
        let about = it.status.as_str().to_lowercase();
        (it.durable_execution_name, about)
    }));
    candidates(typed, words)
}

fn functions(typed: &OsStr) -> Vec<CompletionCandidate> {
    let asked = ask(async |client| Ok(client.list_functions().await?));
    let words = asked.into_iter().flatten().map(|it| {
        let about = it.runtime.unwrap_or_default();
        (it.function_name, about)
    });
    candidates(typed, words.collect())
}

fn executions_and_functions(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut all = executions(typed);
    all.extend(functions(typed));
    all
}

fn candidates(typed: &OsStr, words: Vec<(String, String)>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let fitting = words
        .into_iter()
        .filter(|(word, _)| word.starts_with(&*typed) && is_plain(word));
    fitting
        .map(|(word, about)| {
            let about = (!about.is_empty() && is_plain(&about)).then(|| about.into());
            CompletionCandidate::new(word).help(about)
        })
        .collect()
}

/// Names come from a service that may be anybody's: a shell gets nothing that it could take for more than a word.
fn is_plain(word: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "@-_.:/".contains(it);
    word.len() <= 256 && word.chars().all(plain)
}

/// Asks the service. A shell that completes is told of no failure: the words are just not there.
fn ask<T>(question: impl AsyncFnOnce(Client) -> Result<T, CliError>) -> Option<T> {
    let client = Client::new(&endpoint(std::env::args())).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let answered = runtime.block_on(async {
        // Within the runtime, whose clock it goes by.
        tokio::time::timeout(ANSWER_WITHIN, question(client)).await
    });
    answered.ok()?.ok()
}

/// The service that the words being typed name, or the environment does.
fn endpoint(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    let pairs = words.windows(2);
    let typed = pairs
        .filter(|pair| pair[0] == "--endpoint")
        .map(|pair| pair[1].clone())
        .next_back();
    let joined = words
        .iter()
        .filter_map(|word| word.strip_prefix("--endpoint="))
        .next_back();
    typed
        .or_else(|| joined.map(str::to_owned))
        .or_else(|| std::env::var("LAMBDURA_ENDPOINT").ok())
        .unwrap_or_else(|| "http://127.0.0.1:3001".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_that_is_typed_is_asked() {
        let of = |line: &str| endpoint(line.split_whitespace().map(str::to_owned));
        assert_eq!(
            of("lambdura -- lambdura --endpoint http://a:1 show"),
            "http://a:1"
        );
        assert_eq!(
            of("lambdura -- lambdura --endpoint=http://b:2 show"),
            "http://b:2"
        );
    }

    #[test]
    fn a_shell_gets_words_only() {
        let words = ["loan-1", "loan-2", "other", "loan-$(reboot)", "loan 3"];
        let words = words.map(|word| (word.to_owned(), String::new())).to_vec();
        let found = candidates(OsStr::new("loan"), words);
        let found: Vec<_> = found
            .iter()
            .map(|it| it.get_value().to_string_lossy())
            .collect();
        assert_eq!(found, ["loan-1", "loan-2"]);
    }

    #[test]
    fn the_command_line_is_one_that_completes() {
        command().debug_assert();
    }
}
