//! The programs of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Said by `cargo xtask test`, which has built everything: cargo, asked in any other way than there, would build it again.
const ARE_BUILT: &str = "PROGRAMS_ARE_BUILT";

/// Builds all of them unless they are, and returns their folder.
pub fn programs(workspace: &Path) -> PathBuf {
    if std::env::var_os(ARE_BUILT).is_none() {
        // Everything, as the tests themselves are built: a part of the workspace is built with other
        // features of the same dependencies, and so all over again.
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--locked", "--workspace", "--all-targets"])
            .current_dir(workspace);
        let built = cargo.status().expect("run cargo");
        assert!(built.success(), "build the workspace");
    }
    // This test's own server lies where cargo puts the others.
    let server = Path::new(env!("CARGO_BIN_EXE_crash-server"));
    let folder = server.parent().expect("a binary lies in a folder");
    folder.to_owned()
}
