//! Every command line that the documentation shows is one that this program accepts.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Arguments;

/// Blocks in these languages are typed into a shell.
const SHELLS: [&str; 3] = ["sh", "bash", "shell"];
/// What is typed begins with a `$` in these; the rest is what was answered.
const TRANSCRIPT: &str = "console";
/// What may stand before the program's name on a line.
const BEFORE: [&str; 6] = ["$", "sudo", "npx", "uvx", "exec", "pipx run"];
/// Where the rest of a line belongs to the shell or to another program.
const ENDS: [&str; 6] = ["|", "||", "&&", "&", ">", ";"];

/// What pages put into the environment, because it has a password that everybody could read in arguments.
const FROM_THE_ENVIRONMENT: &str = "--store <URL>";

#[test]
fn every_command_of_the_documentation_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut refused = Vec::new();
    let mut count = 0;
    for page in pages(&root) {
        let text = fs::read_to_string(&page).expect("the page is readable");
        for command in commands(&text) {
            count += 1;
            if let Some(problem) = problem(&command) {
                let place = page.strip_prefix(&root).unwrap_or(&page).display();
                let Shown { number, line, .. } = command;
                refused.push(format!("{place}:{number}: {line}\n{problem}"));
            }
        }
    }
    // Fewer would mean that they are not found.
    assert!(count > 200, "only {count} commands");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// A command line in the documentation.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// Of the line on its page.
    number: usize,
    line: String,
    /// It stands in a sentence, and need not be complete.
    is_mention: bool,
}

/// The book, and the pages that people see first.
fn pages(root: &Path) -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = fs::read_dir(root.join("docs"))
        .expect("the book is in the checkout")
        .map(|entry| entry.expect("the book's folder is readable").path())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect();
    pages.sort();
    let others = [
        "README.md",
        "CONTRIBUTING.md",
        "crates/sdk/README.md",
        "crates/cli/templates/shared/README.md",
        "demo/loan-approval/README.md",
    ];
    pages.extend(others.map(|name| root.join(name)));
    pages
}

/// Lines of shell blocks that run this program, and code within a sentence that does.
fn commands(text: &str) -> Vec<Shown> {
    let mut commands = Vec::new();
    // The language of the block that a line is in.
    let mut block: Option<&str> = None;
    let mut continued = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            block = match block {
                Some(_) => None,
                None => Some(info.split([' ', ',']).next().unwrap_or_default()),
            };
            continued.clear();
            continue;
        }
        match block {
            Some(language) if SHELLS.contains(&language) => {
                continued.push_str(line.trim());
                if continued.ends_with('\\') {
                    continued.pop();
                    continue;
                }
                commands.extend(own(&continued).map(|it| shown(number, it, false)));
                continued.clear();
            }
            Some(TRANSCRIPT) if line.starts_with("$ ") => {
                commands.extend(own(line).map(|it| shown(number, it, false)));
            }
            Some(_) => {}
            None => {
                let code = line.split('`').skip(1).step_by(2);
                let code = code.filter_map(own);
                commands.extend(code.map(|it| shown(number, it, true)));
            }
        }
    }
    commands
}

fn shown(number: usize, line: String, is_mention: bool) -> Shown {
    Shown {
        number,
        line,
        is_mention,
    }
}

/// A line without what stands before the program's name, if it runs this program.
fn own(line: &str) -> Option<String> {
    let mut line = line.trim();
    while let Some(rest) = BEFORE.iter().find_map(|it| line.strip_prefix(it)) {
        line = rest.strip_prefix(' ')?.trim_start();
    }
    let rest = line.strip_prefix("lambdura ")?;
    // A crate's line in a manifest, or any command.
    let is_another = rest.starts_with("= ") || rest.starts_with("COMMAND");
    (!is_another).then(|| line.to_owned())
}

/// Why a line is not accepted.
fn problem(command: &Shown) -> Option<String> {
    // What is left out may be nothing, or the value that something needs.
    let accepted = ["", "x"].map(|left_out| {
        let words = words(&command.line, left_out);
        Arguments::command().try_get_matches_from(words)
    });
    let [Err(error), Err(_)] = accepted else {
        return None;
    };
    let is_incomplete = matches!(
        error.kind(),
        ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::InvalidValue
            | ErrorKind::ValueValidation
    );
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => None,
        _ if is_incomplete && command.is_mention => None,
        ErrorKind::MissingRequiredArgument
            if error.get(ContextKind::InvalidArg) == Some(&from_the_environment()) =>
        {
            None
        }
        _ => Some(error.to_string()),
    }
}

fn from_the_environment() -> ContextValue {
    ContextValue::Strings(vec![FROM_THE_ENVIRONMENT.to_owned()])
}

/// The words of a line as a shell would split it, up to where another program takes over. What stands for something
/// else (`…`, `N`, `bash|zsh`) becomes an example of it.
fn words(line: &str, left_out: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '$') if letters.peek() == Some(&'(') => {
                let _inside: String = letters.by_ref().take_while(|it| *it != ')').collect();
                word.get_or_insert_default().push('x');
            }
            (None, '#') if word.is_none() => break,
            (None, ' ') => words.extend(word.take()),
            (_, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    let end = words.iter().position(|word| ENDS.contains(&word.as_str()));
    words.truncate(end.unwrap_or(words.len()));
    for word in &mut words {
        if word == "…" {
            left_out.clone_into(word);
        } else if word == "N" {
            "1".clone_into(word);
        } else if word == "URL" {
            "http://127.0.0.1:3001".clone_into(word);
        } else if let Some((first, _)) = word.split_once('|').filter(|_| !word.contains(' ')) {
            *word = first.to_owned();
        }
    }
    if left_out.is_empty() {
        words.retain(|word| !word.is_empty());
    }
    words
}

#[test]
fn a_wrong_line_is_found() {
    let text = "Say `lambdura shw` or `lambdura up --debug`.\n\n```sh\nlambdura callback success TOKEN '{\"a\": 1}'\n\
                lambdura up --concurrency N \\\n  --data-dir … &   # well\nlambdura up --debug\n```\n\n\
                ```console\n$ lambdura show\nlambdura is what it said\n```\n\n```toml\nlambdura = \"1\"\n```\n";
    let found = commands(text);
    let judged: Vec<(&str, bool)> = found
        .iter()
        .map(|it| (it.line.as_str(), problem(it).is_none()))
        .collect();
    assert_eq!(
        judged,
        [
            ("lambdura shw", false),
            ("lambdura up --debug", true),
            ("lambdura callback success TOKEN '{\"a\": 1}'", false),
            ("lambdura up --concurrency N --data-dir … &   # well", true),
            ("lambdura up --debug", false),
            ("lambdura show", true),
        ]
    );
}
