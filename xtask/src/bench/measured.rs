//! A system that is measured, and its driver's arguments.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::port;
use crate::screen;
use crate::setup::{Binaries, FunctionProgram, Profile};
use crate::system::{System, SystemConfig};
use crate::workspace::Workspace;

/// A system to measure.
pub struct Measured<'a> {
    pub template: &'a str,
    pub functions: &'a [FunctionProgram],
    pub data_dir: &'a Path,
    pub durability: &'a str,
    /// Settings of `lambdura up`, by the names of their variables.
    pub settings: Vec<(&'a str, String)>,
}

impl Measured<'_> {
    pub fn start(&self, workspace: &Workspace, binaries: &Binaries) -> Result<System> {
        screen::step("Starting the system that is measured");
        let config = SystemConfig {
            template: workspace.root.join(self.template),
            functions: self.functions,
            data_dir: self.data_dir.to_owned(),
            listen: port::loopback(0),
            http_api_listen: port::loopback(0),
            environment: Vec::new(),
            settings: self.settings.clone(),
            durability: Some(self.durability),
            log: workspace.chores().join("bench/lambdura.log"),
        };
        System::start(binaries, &config)
    }
}

/// Tells a driver which system it measures.
pub fn point_at(driver: &mut Command, system: &System) {
    let endpoint = &system.ready.endpoint;
    let address = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    driver.args(["--endpoint", address.trim_end_matches('/')]);
    driver.args(["--pid", &system.ready.pid.to_string()]);
}

/// A text for the report: the commit that is checked out, whether the files differ from it, and how it is built and
/// run.
pub fn subject(workspace: &Workspace, profile: Profile, durability: &str) -> Result<String> {
    let commit = workspace.git(&["describe", "--always", "--dirty"])?;
    let (commit, profile) = (commit.trim(), profile.name());
    Ok(format!(
        "{commit}, {profile} build, durability {durability}"
    ))
}
