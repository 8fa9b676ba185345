//! The stages that npm, Python and packages run without a system.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::demo::DEMO;
use crate::process;
use crate::setup::{self, CONSOLE, build_pages, install_packages, npm};
use crate::test::stage::Context;

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
    build_pages(&context.workspace)
}

/// cfn-lint knows SAM and CloudFormation better than we do.
pub fn template(context: &mut Context) -> Result<()> {
    let template = context.workspace.root.join(DEMO).join("template.yaml");
    let mut lint = context.python()?.program("cfn-lint");
    process::run(lint.arg("--template").arg(template))
}

/// Checks all conditions of crates.io that need no compilation, and whether the next release could be made.
pub fn crates(context: &mut Context) -> Result<()> {
    crate::release::rehearse(&context.workspace)
}

/// The packages of the command, made of the program that the tests have.
pub fn installers(context: &mut Context) -> Result<()> {
    let binaries = context.binaries()?;
    let scratch = context.scratch("packages")?;
    crate::dist::rehearse(&context.workspace, &binaries, &scratch)
}
