//! `docs/cli.md`: the commands, made of the command line's own definition.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory};
use expect_test::expect_file;

use crate::args::Arguments;

const HEAD: &str = "\
# Commands

Made of the program itself: `lambdura COMMAND --help` says the same.
An execution is named by ARN, by name, by a unique prefix of name or id, or as `@last`.
What the commands are for is told in [Run a stack](using.md) and [Look and act](operate.md); [exit codes](operate.md#exit-codes) are the same for all.
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

/// What every command has is told once.
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
