//! `lambdura new`: creates a project that runs here, has a test, and deploys to AWS.
//!
//! The content is in `templates/` of this crate and is embedded in the program; this only chooses files, fills in
//! names, and writes.

mod catalogue;
mod folder;
mod language;
mod name;
mod project;
mod sdk_source;
mod texts;

use std::path::Path;

use anyhow::Context as _;
use clap::ValueEnum;
use owo_colors::OwoColorize;
use serde_json::json;

use self::catalogue::about;
use self::project::Project;
use self::sdk_source::SdkSource;
use crate::args::{Language, NewArguments, Template};
use crate::exit::CliError;
use crate::screen::Screen;

pub fn run(arguments: &NewArguments, screen: &Screen) -> Result<(), CliError> {
    let Some(name) = &arguments.name else {
        return list(screen);
    };
    let Some(language) = arguments.language else {
        return Err(CliError::usage(
            "name a language: python, typescript or rust",
            format!(
                "`lambdura new {name} --language python`; `lambdura new --list` has the templates"
            ),
        ));
    };
    name::check(name, language)?;
    let here = std::env::current_dir().context("cannot tell where this is")?;
    let project = Project {
        name,
        language,
        template: arguments.template,
        sdk: SdkSource::find(&here, arguments.path_to_lambdura.as_deref())?,
        is_below_a_workspace: sdk_source::is_below_a_manifest(&here),
    };
    let files = project.files();
    folder::write(Path::new(name), &files)?;
    say(&project, &files, screen)
}

fn say(project: &Project, files: &[(String, String)], screen: &Screen) -> Result<(), CliError> {
    let next = project.next_commands();
    if screen.is_json() {
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        screen.json(&json!({
            "name": project.name,
            "language": value_name(project.language),
            "template": value_name(project.template),
            "files": paths,
            "next": next,
        }))?;
        return Ok(());
    }
    let what = format!(
        "{}, {}, {} files",
        value_name(project.template),
        project.language.title(),
        files.len()
    );
    screen.line(format!(
        "{} {}  {}",
        "✓".green(),
        project.name.bold(),
        what.dimmed()
    ))?;
    screen.line("")?;
    let [enter, up, invoke] = next;
    screen.line(format!("  {enter}"))?;
    screen.line(format!("  {up}"))?;
    screen.line(format!("  {invoke}   {}", "in another terminal".dimmed()))?;
    screen.line("")?;
    screen.line(
        "README.md says how to test, debug and deploy it, and what to change first.".dimmed(),
    )?;
    Ok(())
}

fn list(screen: &Screen) -> Result<(), CliError> {
    let languages = Language::value_variants();
    let templates = Template::value_variants();
    if screen.is_json() {
        let templates: Vec<_> = templates
            .iter()
            .map(|it| json!({"name": value_name(*it), "about": about(*it)}))
            .collect();
        let languages: Vec<_> = languages.iter().map(|it| value_name(*it)).collect();
        screen.json(&json!({"templates": templates, "languages": languages}))?;
        return Ok(());
    }
    for template in templates {
        let name = value_name(*template);
        screen.line(format!(
            "{}  {}",
            format!("{name:<8}").bold(),
            about(*template)
        ))?;
    }
    let languages: Vec<_> = languages.iter().map(|it| value_name(*it)).collect();
    screen.line("")?;
    screen.line(format!("Each in {}.", languages.join(", ")).dimmed())?;
    Ok(())
}

/// The value as a person types it.
fn value_name(value: impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |it| it.get_name().to_owned())
}
