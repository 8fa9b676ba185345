//! Every command line that the documentation shows is one that this program accepts.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::Arguments;

/// Blocks in these languages are typed into a shell.
const SHELLS: [&str; 4] = ["sh", "bash", "shell", "console"];
/// What may stand before the program's name on a line.
const BEFORE: [&str; 6] = ["$", "sudo", "npx", "uvx", "exec", "pipx run"];
/// Where the rest of a line belongs to the shell or to another program.
const ENDS: [&str; 6] = ["|", "||", "&&", "&", ">", ";"];

#[test]
fn every_command_of_the_documentation_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut refused = Vec::new();
    let mut count = 0;
    for page in pages(&root) {
        let text = fs::read_to_string(&page).expect("the page is readable");
        for (number, line) in commands(&text) {
            count += 1;
            if let Some(problem) = problem(&line) {
                let place = page.strip_prefix(&root).unwrap_or(&page).display();
                refused.push(format!("{place}:{number}: {line}\n{problem}"));
            }
        }
    }
    // Fewer would mean that they are not found.
    assert!(count > 200, "only {count} commands");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
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

/// Lines of shell blocks that run this program, and code within a sentence that does, with their numbers.
fn commands(text: &str) -> Vec<(usize, String)> {
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
                commands.extend(own(&continued).map(|it| (number, it)));
                continued.clear();
            }
            Some(_) => {}
            None => {
                let code = line.split('`').skip(1).step_by(2);
                commands.extend(code.filter_map(own).map(|it| (number, it)));
            }
        }
    }
    commands
}

/// A line without what stands before the program's name, if it runs this program.
fn own(line: &str) -> Option<String> {
    let mut line = line.trim();
    while let Some(rest) = BEFORE.iter().find_map(|it| line.strip_prefix(it)) {
        line = rest.strip_prefix(' ')?.trim_start();
    }
    line.starts_with("lambdura ").then(|| line.to_owned())
}

/// Why a line is not accepted.
fn problem(line: &str) -> Option<String> {
    let words = words(line);
    // A subcommand's name in a sentence may be all that is said of it.
    let error = Arguments::command().try_get_matches_from(&words).err()?;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => None,
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            if words.iter().all(|word| !word.starts_with('-')) =>
        {
            None
        }
        _ => Some(error.to_string()),
    }
}

/// The words of a line as a shell would split it, up to where another program takes over. What stands for something
/// else (`…`, `N`, `bash|zsh`) becomes an example of it.
fn words(line: &str) -> Vec<String> {
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
    words.retain(|word| !["…", "[…]"].contains(&word.as_str()));
    for word in &mut words {
        if word == "N" {
            "1".clone_into(word);
        } else if let Some((first, _)) = word.split_once('|').filter(|_| !word.contains(' ')) {
            *word = first.to_owned();
        }
    }
    words
}

#[test]
fn a_wrong_line_is_found() {
    let text = "Say `lambdura shw`.\n\n```sh\n$ lambdura callback success TOKEN '{\"a\": 1}'\nlambdura up --concurrency N &   # well\n```\n\n```text\nlambdura is not typed\n```\n";
    let found = commands(text);
    let lines: Vec<&str> = found.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(
        lines,
        [
            "lambdura shw",
            "lambdura callback success TOKEN '{\"a\": 1}'",
            "lambdura up --concurrency N &   # well"
        ]
    );
    let accepted: Vec<bool> = lines.iter().map(|line| problem(line).is_none()).collect();
    assert_eq!(accepted, [false, false, true]);
}
