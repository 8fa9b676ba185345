//! Tests pages of the book against the program: `docs/cli.md`, made of the command line's own definition, and the
//! numbers of `docs/limits.md`.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};
use expect_test::expect_file;
use model::Limits;

use crate::args::Arguments;

const HEAD: &str = "\
# Commands

Generated from the program: `lambdura COMMAND --help` prints the same.
An execution is named by ARN, by name, by a unique prefix of name or id, or as `@last`.
[Run a stack](using.md) and [Work with executions](operate.md) explain what the commands are for; [exit codes](operate.md#exit-codes) are the same for all.
";

#[test]
fn the_page_of_the_commands_is_current() {
    let mut program = Arguments::command();
    program.build();
    let mut page = HEAD.to_owned();
    page.push_str("\n## Options of every command\n");
    let of_every = program.get_arguments().filter(|it| it.is_global_set());
    table(&mut page, of_every);
    for command in program.get_subcommands() {
        describe(&mut page, command, "lambdura", 2);
    }
    expect_file!["../../../docs/cli.md"].assert_eq(&page);
}

/// Adds a command, and those below it.
fn describe(page: &mut String, command: &Command, above: &str, level: usize) {
    if command.is_hide_set() || command.get_name() == "help" {
        return;
    }
    let name = format!("{above} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string);
    // Writing into a string cannot fail.
    let _ = write!(
        page,
        "\n{} {name}\n\n{}.\n",
        "#".repeat(level),
        about.unwrap_or_default()
    );
    let aliases: Vec<_> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        let _ = writeln!(page, "Also called `{}`.", aliases.join("`, `"));
    }
    let own = command.get_arguments().filter(|it| {
        !it.is_hide_set() && !matches!(it.get_id().as_str(), "help" | "version") && !is_global(it)
    });
    table(page, own);
    if let Some(after) = command.get_after_help() {
        let _ = write!(page, "\n```text\n{}\n```\n", after.to_string().trim_end());
    }
    for below in command.get_subcommands() {
        describe(page, below, &name, level + 1);
    }
}

/// Whether every command has the argument; the page lists it once.
fn is_global(argument: &Arg) -> bool {
    matches!(
        argument.get_id().as_str(),
        "endpoint" | "output" | "verbose"
    )
}

fn table<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let rows: Vec<String> = arguments.map(row).collect();
    if rows.is_empty() {
        return;
    }
    page.push_str("\n| argument | default | what it is |\n| --- | --- | --- |\n");
    page.push_str(&rows.concat());
}

fn row(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let value = if argument.get_action().takes_values() {
        values.first().map(|it| it.to_string()).unwrap_or_default()
    } else {
        String::new()
    };
    let mut names = Vec::new();
    names.extend(argument.get_short().map(|short| format!("`-{short}`")));
    names.extend(
        argument
            .get_long()
            .map(|long| format!("`{}`", format!("--{long} {value}").trim_end())),
    );
    if names.is_empty() {
        names.push(format!("`{value}`"));
    }
    if let Some(variable) = argument.get_env() {
        names.push(format!("`{}`", variable.to_string_lossy()));
    }
    let defaults = argument.get_default_values().iter();
    let default = defaults.map(|it| format!("`{}`", it.to_string_lossy()));
    let default = match argument.get_action().takes_values() {
        true => default.collect::<Vec<_>>().join(", "),
        false => String::new(),
    };
    let mut help = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let choices = argument.get_possible_values();
    if !choices.is_empty() && argument.get_action().takes_values() {
        let choices: Vec<String> = choices
            .iter()
            .map(|it| match it.get_help() {
                Some(help) => format!("`{}` ({help})", it.get_name()),
                None => format!("`{}`", it.get_name()),
            })
            .collect();
        let _ = write!(help, ": {}", choices.join(", "));
    }
    let cell = |text: String| text.replace('|', "\\|").replace('\n', " ");
    format!(
        "| {} | {} | {} |\n",
        cell(names.join(", ")),
        cell(default),
        cell(help)
    )
}

#[test]
fn the_page_of_the_limits_has_the_numbers() {
    let page = book_assets::markdown("limits", Some("of-one-execution"));
    let page = page.expect("docs/limits.md says what one execution may use");
    let (aws, unbounded) = (Limits::AWS, Limits::UNBOUNDED);
    let row = |it: &Limits| {
        [
            (
                "operations, including the execution itself",
                number(it.operations_max.into()),
            ),
            ("recorded data in total", size(it.execution_bytes_max)),
            (
                "result or state of a step",
                bytes(it.step_payload_bytes_max),
            ),
            (
                "result of a context: a branch, an item, a child",
                bytes(it.context_payload_bytes_max),
            ),
            (
                "input of a chained invoke",
                bytes(it.chained_input_bytes_max),
            ),
            (
                "result of an execution that nobody waits for",
                bytes(it.async_result_bytes_max),
            ),
            (
                "result of an execution whose caller waits",
                bytes(it.sync_result_bytes_max),
            ),
            ("result of a callback", bytes(it.callback_result_bytes_max)),
            ("one error", bytes(it.error_bytes_max)),
            (
                "consecutive errors of the function until the execution fails",
                number(it.failed_invocations_max.into()),
            ),
        ]
    };
    for ((what, aws), (_, unbounded)) in row(&aws).iter().zip(row(&unbounded)) {
        let row = format!("| {what} | {aws} | {unbounded} |");
        assert!(page.contains(&row), "docs/limits.md lacks `{row}`");
    }
}

fn bytes(count: usize) -> String {
    size(u64::try_from(count).unwrap_or(u64::MAX))
}

fn size(bytes: u64) -> String {
    match bytes {
        u64::MAX => "no limit".to_owned(),
        it if it >= 1024 * 1024 => format!("{} MB", it / 1024 / 1024),
        it => format!("{} KB", it / 1024),
    }
}

fn number(count: u64) -> String {
    match count {
        it if it == u64::from(u32::MAX) => "no limit".to_owned(),
        it if it >= 1000 => format!("{},{:03}", it / 1000, it % 1000),
        it => it.to_string(),
    }
}
