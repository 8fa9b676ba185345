//! `lambdura init`: adds to an existing project what a developer would add by hand.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use owo_colors::OwoColorize;
use serde_json::json;

use crate::args::InitArguments;
use crate::exit::CliError;
use crate::screen::Screen;

/// The line of `.gitignore` for the data folder.
const IGNORED: &str = ".lambdura/";

/// The file that tells a kind of project, its name, and its command. As for `lambdura up`, a folder with a template is
/// a SAM project, even with a `cdk.json` in it.
const PROJECTS: [(&str, &str, &str); 5] = [
    ("template.yaml", "a SAM template", "lambdura up"),
    ("template.yml", "a SAM template", "lambdura up"),
    ("template.json", "a SAM template", "lambdura up"),
    ("samconfig.toml", "a SAM project", "lambdura up"),
    (
        "cdk.json",
        "an app of the CDK",
        // Without `cdk synth`, `up` would take an existing `cdk.out`, which may be old.
        "npx cdk synth && lambdura up",
    ),
];

pub fn run(arguments: &InitArguments, screen: &Screen) -> Result<(), CliError> {
    let project = &arguments.project;
    let known = PROJECTS
        .iter()
        .find(|(file, _, _)| project.join(file).is_file());
    let Some((_, kind, run)) = known else {
        return Err(CliError::not_found(
            format!(
                "`{}` contains neither a template nor a CDK app",
                project.display()
            ),
            "`lambdura new NAME --language python` makes a project",
        ));
    };
    let changed = ignore(project, arguments.dry_run)?;
    let hints = hints(project, run)?;
    if screen.is_json() {
        screen.json(&json!({
            "project": kind,
            "changed": changed.then_some(".gitignore"),
            "dry_run": arguments.dry_run,
            "next": hints,
        }))?;
        return Ok(());
    }
    screen.line(format!("{} {}", "✓".green(), kind.bold()))?;
    let did = match (changed, arguments.dry_run) {
        (true, true) => format!(".gitignore would get the line `{IGNORED}`"),
        (true, false) => format!(
            ".gitignore has the line `{IGNORED}`, so that git ignores the data of local runs"
        ),
        (false, _) => "nothing needs to change".to_owned(),
    };
    screen.line(format!("  {did}"))?;
    screen.line("")?;
    for (command, why) in &hints {
        screen.line(format!("  {command}  {}", why.dimmed()))?;
    }
    Ok(())
}

/// Has git ignore the data folder, unless it does.
fn ignore(project: &Path, dry_run: bool) -> Result<bool, CliError> {
    let path = project.join(".gitignore");
    let before = read(&path)?.unwrap_or_default();
    let Some(after) = with_line(&before) else {
        return Ok(false);
    };
    if !dry_run {
        fs::write(&path, after).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(true)
}

fn with_line(ignored: &str) -> Option<String> {
    let name = |line: &str| line.trim().trim_matches('/') == IGNORED.trim_matches('/');
    if ignored.lines().any(name) {
        return None;
    }
    let end = match ignored.is_empty() || ignored.ends_with('\n') {
        true => "",
        false => "\n",
    };
    Some(format!("{ignored}{end}{IGNORED}\n"))
}

/// Commands that go on from here, and what each is for.
fn hints(project: &Path, run: &'static str) -> Result<Vec<(&'static str, &'static str)>, CliError> {
    let mut hints = vec![
        (
            "lambdura doctor",
            "what this machine has, and what to install",
        ),
        (run, "run it; then open the console"),
    ];
    if project.join("package.json").is_file() {
        hints.push((
            "npm install --save-dev lambdura @lambdura/testing",
            "for tests with vitest, jest or node:test",
        ));
    }
    let python = [
        "pyproject.toml",
        "pytest.ini",
        "requirements.txt",
        "setup.cfg",
    ];
    if python.iter().any(|file| project.join(file).is_file()) {
        hints.push((
            "pip install 'lambdura[pytest]'",
            "for tests with pytest: `lambdura_template = template.yaml` in its settings",
        ));
    }
    if let Some(manifest) = read(&project.join("Cargo.toml"))?
        && manifest.contains("lambdura")
    {
        hints.push((
            "cargo add --dev lambdura-testing",
            "for tests in the handler's own process",
        ));
    }
    Ok(hints)
}

fn read(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("cannot read `{}`", path.display()))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_added_once() {
        assert_eq!(with_line(""), Some(".lambdura/\n".to_owned()));
        assert_eq!(with_line("dist"), Some("dist\n.lambdura/\n".to_owned()));
        for there in [".lambdura/\n", "dist\n/.lambdura\n", "  .lambdura"] {
            assert_eq!(with_line(there), None, "{there}");
        }
    }
}
