//! The command as a Linux distribution has it: program, manual, completions, service, settings.

use anyhow::Result;

use crate::compress::{Effort, gzip};
use crate::inputs::Inputs;
use crate::tree::Tree;

/// The settings of the service, which their owner edits.
pub const SETTINGS: &str = "etc/lambdura/lambdura.env";

/// The folder of the documents for users.
const DOCUMENTS: &str = "usr/share/doc/lambdura";

/// The files, from the root folder on.
pub fn tree(inputs: &Inputs) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.add_program("usr/bin/lambdura", inputs.binary.clone());
    for (page, file) in inputs.manual.files() {
        let compressed = gzip(&file.content, Effort::Tight)?;
        tree.add(format!("usr/share/man/man1/{page}.gz"), compressed);
    }
    let completions = [
        ("bash", "usr/share/bash-completion/completions/lambdura"),
        ("zsh", "usr/share/zsh/vendor-completions/_lambdura"),
        ("fish", "usr/share/fish/vendor_completions.d/lambdura.fish"),
    ];
    for (shell, path) in completions {
        tree.add(path, inputs.completions[shell].clone());
    }
    tree.add(
        "usr/lib/systemd/system/lambdura.service",
        include_str!("../files/lambdura.service"),
    );
    tree.add(SETTINGS, include_str!("../files/lambdura.env"));
    tree.add(format!("{DOCUMENTS}/copyright"), copyright(inputs));
    let changelog = gzip(&inputs.changelog, Effort::Tight)?;
    tree.add(format!("{DOCUMENTS}/changelog.gz"), changelog);
    Ok(tree)
}

fn copyright(inputs: &Inputs) -> Vec<u8> {
    let mut text = format!(
        "Lambdura, {}\n\nLicensed under either of the following, at your option.\n",
        crate::release::HOMEPAGE
    )
    .into_bytes();
    for (_, license) in &inputs.licenses {
        text.extend(b"\n----\n\n");
        text.extend(license);
    }
    text
}
