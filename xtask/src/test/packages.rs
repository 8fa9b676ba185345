//! The stages that npm and Python run without a system.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::demo::DEMO;
use crate::process;
use crate::setup::{self, install_packages, npm};
use crate::test::stage::Context;
use crate::workspace::Workspace;

/// Where suites in Python are looked for.
const SUITE_FOLDERS: [&str; 3] = ["conformance", DEMO, "xtask"];

/// Types, lints, unit tests and the build of the page.
pub fn page(context: &mut Context) -> Result<()> {
    setup::require_node()?;
    let frontend = context.workspace.root.join(DEMO).join("frontend");
    install_packages(&frontend)?;
    process::run(npm(&frontend).args(["run", "lint"]))?;
    process::run(npm(&frontend).args(["test"]))?;
    process::run(npm(&frontend).args(["run", "build"]))
}

/// cfn-lint knows SAM and CloudFormation better than we do.
pub fn template(context: &mut Context) -> Result<()> {
    let template = context.workspace.root.join(DEMO).join("template.yaml");
    let mut lint = context.python()?.program("cfn-lint");
    process::run(lint.arg("--template").arg(template))
}

/// Every `requirements.txt` of a suite, in the order of their paths.
pub fn requirements(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    suite_files(workspace, |name| name == "requirements.txt")
}

/// Every suite in Python: files named `test_*.py`.
pub fn suites(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    suite_files(workspace, |name| {
        name.starts_with("test_") && name.ends_with(".py")
    })
}

fn suite_files(workspace: &Workspace, wanted: fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let is_suite = |path: &Path| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        wanted(name) && SUITE_FOLDERS.iter().any(|folder| path.starts_with(folder))
    };
    let files = workspace.files()?.into_iter().filter(|path| is_suite(path));
    Ok(files.map(|path| workspace.root.join(path)).collect())
}
