//! A stage, which can fail by itself, and the parts that all stages share.

use std::path::PathBuf;

use anyhow::Result;

use crate::demo::{DEMO, FUNCTIONS};
use crate::port;
use crate::setup::{Binaries, PythonEnvironment, build_everything, build_pages};
use crate::system::{System, SystemConfig};
use crate::test::suites;
use crate::workspace::Workspace;

/// A stage of the tests.
#[derive(Debug)]
pub struct Stage {
    pub name: &'static str,
    pub about: &'static str,
    /// Stages without which this one cannot succeed.
    pub needs: &'static [&'static str],
    pub run: fn(&mut Context) -> Result<()>,
}

/// The parts that stages share. Each part is made when the first stage asks for it.
#[derive(Debug)]
pub struct Context {
    pub workspace: Workspace,
    binaries: Option<Binaries>,
    python: Option<PythonEnvironment>,
    system: Option<System>,
}

impl Context {
    pub fn new(workspace: Workspace) -> Self {
        Self {
            workspace,
            binaries: None,
            python: None,
            system: None,
        }
    }

    /// All programs, as the tests use them.
    pub fn binaries(&mut self) -> Result<Binaries> {
        if self.binaries.is_none() {
            // The binary carries the pages.
            build_pages(&self.workspace)?;
            self.binaries = Some(build_everything(&self.workspace)?);
        }
        Ok(self.binaries.clone().expect("it was filled above"))
    }

    /// The Python environment of all checks.
    pub fn python(&mut self) -> Result<&PythonEnvironment> {
        if self.python.is_none() {
            let requirements = suites::requirements(&self.workspace)?;
            self.python = Some(PythonEnvironment::prepare(&self.workspace, &requirements)?);
        }
        Ok(self.python.as_ref().expect("it was filled above"))
    }

    /// The demo's system on free ports, without simulated work, on a store of its own.
    pub fn system(&mut self) -> Result<&mut System> {
        if self.system.is_none() {
            let binaries = self.binaries()?;
            let folder = self.scratch("system")?;
            let config = SystemConfig {
                template: self.workspace.root.join(DEMO),
                functions: FUNCTIONS,
                data_dir: folder.join("data"),
                listen: port::loopback(0),
                http_api_listen: port::loopback(0),
                environment: vec![("DEMO_PACE", "0".to_owned())],
                settings: Vec::new(),
                durability: None,
                log: folder.join("lambdura.log"),
            };
            self.system = Some(System::start(&binaries, &config)?);
        }
        Ok(self.system.as_mut().expect("it was filled above"))
    }

    /// An empty folder for this run.
    pub fn scratch(&self, name: &str) -> Result<PathBuf> {
        let folder = self.workspace.chores().join("test").join(name);
        crate::workspace::empty_folder(&folder)?;
        Ok(folder)
    }
}
