//! The stages that npm and Python run without a system.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::console::CONSOLE;
use crate::demo::DEMO;
use crate::process;
use crate::setup::{self, install_packages, npm};
use crate::test::stage::Context;
use crate::workspace::Workspace;

/// Where suites in Python are looked for.
const SUITE_FOLDERS: [&str; 2] = ["conformance", DEMO];

/// Types, lints, unit tests and the build of the page.
pub fn page(context: &mut Context) -> Result<()> {
    setup::require_node()?;
    let frontend = context.workspace.root.join(DEMO).join("frontend");
    install_packages(&frontend)?;
    process::run(npm(&frontend).args(["run", "lint"]))?;
    process::run(npm(&frontend).args(["test"]))?;
    process::run(npm(&frontend).args(["run", "build"]))
}

/// Types, lints, unit tests and the build of the console; whether its types are those of the routes' description.
pub fn console(context: &mut Context) -> Result<()> {
    setup::require_node()?;
    let console = context.workspace.root.join(CONSOLE);
    install_packages(&console)?;
    process::run(npm(&console).args(["run", "lint"]))?;
    process::run(npm(&console).args(["test"]))?;
    let generated = context.scratch("console-types")?.join("schema.d.ts");
    let mut types = npm(&console);
    types.args(["exec", "--", "openapi-typescript", "openapi.json"]);
    process::run(types.arg("--output").arg(&generated))?;
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))
    };
    ensure!(
        read(&generated)? == read(&console.join("src/api/schema.d.ts"))?,
        "console/src/api/schema.d.ts is not what console/openapi.json says: run `npm run types` in console"
    );
    crate::console::build(&context.workspace)
}

/// cfn-lint knows SAM and CloudFormation better than we do.
pub fn template(context: &mut Context) -> Result<()> {
    let template = context.workspace.root.join(DEMO).join("template.yaml");
    let mut lint = context.python()?.program("cfn-lint");
    process::run(lint.arg("--template").arg(template))
}

/// What has to be installed: what the stages need themselves, and every `requirements.txt` and
/// `requirements-any-python.txt` beside a suite.
pub fn requirements(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut files = vec![workspace.root.join("xtask/requirements.txt")];
    let suites = suites(workspace)?;
    let named = |name: &str| name == "requirements.txt" || name == setup::ANY_PYTHON;
    // Those of the applications that suites start are installed where `lambdura up` puts them.
    files.extend(
        suite_files(workspace, named)?
            .into_iter()
            .filter(|file| suites.iter().any(|suite| suite.parent() == file.parent())),
    );
    Ok(files)
}

/// Every suite in Python: files named `test_*.py`.
pub fn suites(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let is_suite = |name: &str| name.starts_with("test_") && name.ends_with(".py");
    let suites = suite_files(workspace, is_suite)?;
    let folders = SUITE_FOLDERS.join(" or ");
    ensure!(
        !suites.is_empty(),
        "there is no suite in Python below {folders}"
    );
    Ok(suites)
}

fn suite_files(workspace: &Workspace, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
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
