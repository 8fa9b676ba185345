//! Completion in shells. The script that `lambdura completions` prints asks this program at each press of the key, so
//! it offers the functions, executions and callbacks that exist at that moment.

use std::ffi::OsStr;
use std::time::Duration;

use anyhow::Context as _;
use book_assets::CHAPTERS;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use crate::args::{Arguments, Shell};
use crate::client::{Client, ExecutionQuery};
use crate::execution_selector;
use crate::exit::CliError;
use crate::screen::Screen;

/// How long a person waits for words; a slower service offers none.
const ANSWER_WITHIN: Duration = Duration::from_millis(800);

/// The newest executions that are offered.
const EXECUTIONS_MAX: usize = 50;

/// The variable by which a shell asks.
const VARIABLE: &str = "COMPLETE";

/// Answers a shell, if one asks, and ends the process then.
pub fn answer() {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// Prints the script that makes a shell ask.
///
/// # Errors
/// Standard output cannot be written.
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
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_end();
    match shell {
        Shell::Zsh => screen.line(for_zsh(text))?,
        Shell::Bash | Shell::Fish | Shell::Pwsh => screen.line(text)?,
    }
    Ok(())
}

/// zsh may find the script in a folder of its `fpath`. Then it runs the script at the first press of the key, as the
/// function `_lambdura`, and expects words of it; a script that only registers a function answers from the second one
/// on.
fn for_zsh(script: &str) -> String {
    format!(
        "{script}\n\nif [[ $funcstack[1] == _lambdura ]]; then\n    _clap_dynamic_completer_lambdura \"$@\"\nfi"
    )
}

/// The command line, whose arguments complete names from the service.
fn command() -> Command {
    with_live_values(Arguments::command())
}

fn with_live_values(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|argument| with_live_value(&name, argument))
        .mut_subcommands(with_live_values)
}

fn with_live_value(command: &str, argument: Arg) -> Arg {
    match (command, argument.get_id().as_str()) {
        (_, "execution" | "callback") => argument.add(ArgValueCompleter::new(executions)),
        (_, "function") => argument.add(ArgValueCompleter::new(functions)),
        (_, "subject" | "subjects") => {
            argument.add(ArgValueCompleter::new(executions_and_functions))
        }
        // `show` without an execution is that of `stacks`.
        ("destroy" | "show", "name") => argument.add(ArgValueCompleter::new(stacks)),
        ("disable" | "enable" | "rotate" | "delete", "key") => {
            argument.add(ArgValueCompleter::new(keys))
        }
        ("docs", "page") => argument.add(ArgValueCompleter::new(chapters)),
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

fn stacks(typed: &OsStr) -> Vec<CompletionCandidate> {
    let asked = ask(async |client| Ok(client.stacks().await?.stacks));
    let words = asked.into_iter().flatten().map(|it| (it.name, it.status));
    candidates(typed, words.collect())
}

fn keys(typed: &OsStr) -> Vec<CompletionCandidate> {
    let asked = ask(async |client| Ok(client.access_keys().await?));
    let words = asked.into_iter().flatten();
    candidates(typed, words.map(|it| (it.name, String::new())).collect())
}

/// The chapters of the book, which need no service.
fn chapters(typed: &OsStr) -> Vec<CompletionCandidate> {
    let words = CHAPTERS
        .iter()
        .map(|(page, title)| ((*page).to_owned(), (*title).to_owned()));
    candidates(typed, words.collect())
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

/// Whether a shell takes the text for one plain word. Names come from a service that may not be trusted.
fn is_plain(word: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "@-_.:/".contains(it);
    word.len() <= 256 && word.chars().all(plain)
}

/// Asks the service. After a failure the shell just gets no words.
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

/// The endpoint that the typed words name, or else the environment.
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
    fn what_needs_no_service_is_completed_without_one() {
        let found = chapters(OsStr::new("test"));
        let found: Vec<_> = found
            .iter()
            .map(|it| it.get_value().to_string_lossy())
            .collect();
        assert_eq!(found, ["testing"]);
    }

    /// Ids of arguments are only names of fields: one that is renamed would silently have no words any more.
    #[test]
    fn every_live_value_is_an_argument_of_its_command() {
        let program = command();
        let completes = |path: &[&str], argument: &str| {
            let mut command = &program;
            for name in path {
                let below = command.find_subcommand(name);
                command = below.unwrap_or_else(|| panic!("there is no `{name}`"));
            }
            let mut arguments = command.get_arguments();
            let found = arguments.find(|it| it.get_id() == argument);
            found.is_some_and(|it| it.get::<ArgValueCompleter>().is_some())
        };
        for (path, argument) in [
            (&["show"][..], "execution"),
            (&["invoke"], "function"),
            (&["logs"], "subject"),
            (&["cost"], "subjects"),
            (&["callback", "succeed"], "callback"),
            (&["destroy"], "name"),
            (&["stacks", "show"], "name"),
            (&["keys", "rotate"], "key"),
            (&["docs"], "page"),
        ] {
            assert!(completes(path, argument), "{path:?} {argument}");
        }
        assert!(!completes(&["new"], "name"));
    }

    #[test]
    fn zsh_gets_words_at_the_first_press() {
        let script = for_zsh("function f() {}\n\ncompdef f lambdura");
        let (registers, answers) = script.split_once("compdef f lambdura\n").expect("it does");
        assert!(registers.starts_with("function"));
        assert!(answers.contains("$funcstack[1] == _lambdura"));
    }

    #[test]
    fn the_command_line_is_one_that_completes() {
        command().debug_assert();
    }
}
