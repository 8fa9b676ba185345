//! The archive for everybody else, which `cargo binstall` and Homebrew also take.

use anyhow::Result;

use crate::Package;
use crate::compress::xz;
use crate::inputs::Inputs;
use crate::release::Release;
use crate::tar;
use crate::tree::Tree;

pub fn package(release: &Release, inputs: &Inputs) -> Result<Package> {
    let mut tree = Tree::default();
    tree.add_program("lambdura", inputs.binary.clone());
    inputs.add_documents(&mut tree);
    tree.extend_below("man/man1", &inputs.manual);
    for (shell, text) in &inputs.completions {
        let name = match *shell {
            "zsh" => "_lambdura".to_owned(),
            shell => format!("lambdura.{shell}"),
        };
        tree.add(format!("completions/{name}"), text.clone());
    }
    let name = format!("lambdura-{}-{}", release.version, release.target.triple());
    let archive = tar::write(&tree, &format!("{name}/"), false, release.epoch)?;
    Ok(Package {
        name: format!("{name}.tar.xz"),
        content: xz(&archive, release)?,
    })
}
