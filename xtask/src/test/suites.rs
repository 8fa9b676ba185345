//! The suites in Python, and the packages that they need.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::demo::DEMO;
use crate::setup;
use crate::workspace::Workspace;

/// Where suites in Python are looked for.
const SUITE_FOLDERS: [&str; 2] = ["conformance", DEMO];

/// The suite that compares the results of all others with `docs/parity.md`: it runs when they have ended.
pub const PARITY: &str = "test_parity.py";

/// Suites that run one after the other: the first five share the demo's system, and each of the others starts several
/// servers and a database, which would starve each other. All suites that are not named here start their own systems.
pub const IN_TURN: &[&str] = &[
    "test_aws_clients.py",
    "test_crowd.py",
    "test_functions_api.py",
    "test_fuzz.py",
    "test_pause.py",
    "test_cluster.py",
    "test_failover.py",
    "test_shared.py",
    "test_audit.py",
    "test_port_scan.py",
];

/// Whether a suite has one of these names.
pub fn is_named(suite: &Path, names: &[&str]) -> bool {
    let name = suite.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| names.contains(&name))
}

/// Files of the packages to install: those of the stages themselves, and every `requirements.txt` and
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
