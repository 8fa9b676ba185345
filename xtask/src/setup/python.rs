//! A Python environment of our own, with the packages from PyPI that the checks need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{debian, version};
use crate::workspace::Workspace;
use crate::{process, screen};

/// A virtual environment below the target folder.
#[derive(Debug)]
pub struct PythonEnvironment {
    folder: PathBuf,
}

impl PythonEnvironment {
    /// The environment with the packages of all `requirements` files; made anew when one of them changed.
    pub fn prepare(workspace: &Workspace, requirements: &[PathBuf]) -> Result<Self> {
        let advice = "install Python from https://www.python.org or with your system's packages";
        version::require("python3", (3, 11), advice)?;
        let environment = Self {
            folder: workspace.chores().join("python"),
        };
        let mut wanted = String::new();
        for file in requirements {
            let text =
                fs::read_to_string(file).with_context(|| format!("read `{}`", file.display()))?;
            wanted.push_str(&format!("# {}\n{text}\n", file.display()));
        }
        let stamp = environment.folder.join("installed-requirements.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(environment);
        }
        screen::step("Installing Python packages for the checks");
        environment.create()?;
        let (any_python, ordinary): (Vec<_>, Vec<_>) =
            requirements.iter().partition(|file| is_any_python(file));
        environment.install(&ordinary, &[])?;
        if !any_python.is_empty() {
            // Without dependencies, so that nothing but what the files name escapes pip's check.
            environment.install(&any_python, &["--ignore-requires-python", "--no-deps"])?;
        }
        fs::write(&stamp, wanted).with_context(|| format!("write `{}`", stamp.display()))?;
        Ok(environment)
    }

    /// A program of the environment, such as `python`, `aws` or `cfn-lint`.
    pub fn program(&self, name: &str) -> Command {
        Command::new(self.path().join(name))
    }

    /// The folder with its programs.
    pub fn path(&self) -> PathBuf {
        self.folder.join("bin")
    }

    fn install(&self, requirements: &[&PathBuf], options: &[&str]) -> Result<()> {
        let mut pip = self.program("python");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        pip.args(options);
        for file in requirements {
            pip.arg("--requirement").arg(file);
        }
        process::run(&mut pip)
    }

    fn create(&self) -> Result<()> {
        // Debian leaves this part of the standard library out of its package `python3`.
        let has_pip = process::output(Command::new("python3").args(["-c", HAS_ENSUREPIP]))?;
        if has_pip.trim() != "True" {
            debian::install("python3-venv", "Python's `venv` with `pip`")?;
        }
        make_folder(&self.folder)?;
        let mut command = Command::new("python3");
        process::run(command.args(["-m", "venv", "--clear"]).arg(&self.folder))
    }
}

/// Requirements of packages that say they need a newer Python than they do.
pub const ANY_PYTHON: &str = "requirements-any-python.txt";

fn is_any_python(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == ANY_PYTHON)
}

const HAS_ENSUREPIP: &str =
    "import importlib.util; print(importlib.util.find_spec('ensurepip') is not None)";

fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))
}
