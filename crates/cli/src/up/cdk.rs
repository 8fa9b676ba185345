//! CDK projects: `cdk synth` writes their templates, which are then run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use owo_colors::OwoColorize;
use serde_json::Value;
use stack::{FunctionResource, Stack, Warning};
use tokio::process::Command;

use super::build_error::package_manager;
use super::progress::Progress;
use super::stack_options;
use crate::exit::CliError;
use crate::neutral::neutral_lines;
use crate::screen::note;

/// Files that make a folder a SAM project, even with a `cdk.json` in it.
const SAM: [&str; 4] = [
    "template.yaml",
    "template.yml",
    "template.json",
    "samconfig.toml",
];

/// The folder to load instead of a CDK project: its assembly, which is made if it is not there. Anything else is
/// returned as it was given.
///
/// # Errors
/// `cdk synth` cannot be run, or fails.
pub async fn assembly(given: &Path) -> Result<PathBuf, CliError> {
    let is_project = given.join("cdk.json").is_file() && !given.join("manifest.json").is_file();
    if !is_project || SAM.iter().any(|file| given.join(file).is_file()) {
        return Ok(given.to_owned());
    }
    let output = given.join(output(given));
    if output.join("manifest.json").is_file() {
        note(format!(
            "{} using `{}`; after a change of the CDK app, `npx cdk synth` updates it",
            "!".yellow(),
            output.display()
        ));
    } else {
        synthesize(given, &output).await?;
    }
    Ok(output)
}

/// Where the project has its assembly written to.
fn output(project: &Path) -> PathBuf {
    let settings = fs::read_to_string(project.join("cdk.json")).unwrap_or_default();
    let settings: Value = serde_json::from_str(&settings).unwrap_or_default();
    settings["output"].as_str().unwrap_or("cdk.out").into()
}

async fn synthesize(project: &Path, output: &Path) -> Result<(), CliError> {
    let progress = Progress::start("making the CDK app's templates: npx cdk synth".to_owned());
    let mut ended = run_synth(project, None).await;
    // Without credentials the command line tells the app no account. An app that insists on one gets the local account
    // id; other apps do not, because CDK would then look up zones and networks in it.
    if let Ok(output) = &ended
        && is_about_the_account(output)
        && std::env::var_os(ACCOUNT_VARIABLE).is_none()
    {
        ended = run_synth(project, Some(stack_options::ACCOUNT_ID)).await;
    }
    let ended = match ended {
        Ok(ended) => ended,
        Err(cause) => {
            progress.failed();
            let message = "`npx cdk synth` cannot be run: install Node.js with npm, or run `cdk synth` elsewhere and name its \
                           `cdk.out`";
            return Err(anyhow::Error::new(cause).context(message).into());
        }
    };
    if ended.status.success() {
        progress.done();
        return Ok(());
    }
    progress.failed();
    let said = [ended.stdout, ended.stderr].concat();
    note(neutral_lines(String::from_utf8_lossy(&said).trim_end()));
    // The app has written its templates. A failure of the command line after that, such as refusing those of a newer
    // library, does not matter here.
    if output.join("manifest.json").is_file() {
        note(format!(
            "{} `npx cdk synth` failed, see above; the app had written `{}` before, which is used",
            "!".yellow(),
            output.display()
        ));
        return Ok(());
    }
    let hint = if project.join("package.json").is_file() && !project.join("node_modules").is_dir() {
        let program = package_manager(&std::path::absolute(project).unwrap_or_default());
        format!("the project's packages are not installed: run `{program} install` in it first")
    } else {
        "run it in the project until it succeeds, then start again".to_owned()
    };
    let message = format!(
        "`npx cdk synth` failed in `{}`, see above",
        project.display()
    );
    Err(CliError::Failed(anyhow::anyhow!("{message}; {hint}")))
}

/// Where an app finds the account that it is deployed to.
const ACCOUNT_VARIABLE: &str = "CDK_DEFAULT_ACCOUNT";

async fn run_synth(project: &Path, account: Option<&str>) -> io::Result<Output> {
    Command::new("npx")
        .args(["--yes", "cdk", "synth", "--quiet"])
        .envs(account.map(|account| (ACCOUNT_VARIABLE, account)))
        .current_dir(project)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
}

/// Whether the app failed with words about an account.
fn is_about_the_account(ended: &Output) -> bool {
    let said = [ended.stdout.as_slice(), &ended.stderr].concat();
    let said = String::from_utf8_lossy(&said).to_lowercase();
    !ended.status.success() && said.contains("account")
}

/// Takes the functions of CDK's own library out of a stack. They serve custom resources, which are not deployed here.
pub fn leave_out_its_own(stack: &mut Stack) {
    let used: BTreeSet<String> = [
        stack
            .schedules
            .iter()
            .map(|it| &it.function)
            .collect::<Vec<_>>(),
        stack.function_urls.iter().map(|it| &it.function).collect(),
        stack
            .http_apis
            .iter()
            .flat_map(|it| &it.routes)
            .map(|it| &it.function)
            .collect(),
        stack
            .rest_apis
            .iter()
            .flat_map(|it| &it.routes)
            .map(|it| &it.function)
            .collect(),
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect();
    let file = stack.template_path.display().to_string();
    let is_its_own = |it: &FunctionResource| it.is_of_cdk() && !used.contains(&it.logical_id);
    let own = stack.functions.iter().filter(|it| is_its_own(it));
    let warnings: Vec<Warning> = own
        .map(|function| Warning {
            logical_id: function.logical_id.clone(),
            resource_type: "functions of CDK's own".to_owned(),
            property: None,
            meaning: "they serve custom resources during deployments to AWS, which do not happen here, so they do not run"
                .to_owned(),
            file: file.clone(),
            line: 0,
            column: 0,
        })
        .collect();
    stack.functions.retain(|it| !is_its_own(it));
    stack.warnings.extend(warnings);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_cdk_project_without_a_template_is_synthesized() {
        let dir = tempfile::tempdir().unwrap();
        let given = dir.path();
        assert_eq!(assembly(given).await.unwrap(), given);
        fs::write(given.join("cdk.json"), r#"{"app": "x", "output": "out"}"#).unwrap();
        fs::create_dir(given.join("out")).unwrap();
        fs::write(given.join("out/manifest.json"), "{}").unwrap();
        assert_eq!(assembly(given).await.unwrap(), given.join("out"));
        assert_eq!(
            assembly(&given.join("out")).await.unwrap(),
            given.join("out")
        );
        fs::write(given.join("template.yaml"), "").unwrap();
        assert_eq!(assembly(given).await.unwrap(), given);
    }
}
