//! The archive for all other systems, which `cargo binstall` and Homebrew also use.

use anyhow::Result;

use crate::compress::xz;
use crate::inputs::Inputs;
use crate::package::Package;
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
    let name = name(release);
    let archive = tar::write(&tree, &format!("{name}/"), false, release.epoch)?;
    Ok(Package {
        name: format!("{name}.tar.xz"),
        content: xz(&archive, release)?,
    })
}

/// The archive without its ending, which is also the folder in it.
fn name(release: &Release) -> String {
    format!("lambdura-{}-{}", release.version, release.target.triple())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::compress::Effort;
    use crate::release::HOMEPAGE;

    #[derive(Deserialize)]
    struct Manifest {
        package: Krate,
        bin: Vec<Program>,
    }

    #[derive(Deserialize)]
    struct Krate {
        metadata: Metadata,
    }

    #[derive(Deserialize)]
    struct Metadata {
        binstall: Binstall,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Binstall {
        pkg_url: String,
        pkg_fmt: String,
        bin_dir: String,
    }

    #[derive(Deserialize)]
    struct Program {
        name: String,
    }

    #[test]
    fn binstall_finds_the_archive_and_the_program_in_it() {
        let manifest = include_str!("../../crates/cli/Cargo.toml");
        let manifest: Manifest = toml::from_str(manifest).expect("it is a manifest");
        let release = Release {
            version: "1.2.3".to_owned(),
            target: "aarch64-apple-darwin".parse().expect("it is a target"),
            epoch: 0,
            effort: Effort::Quick,
        };
        let rendered = |template: &str| {
            [
                ("repo", HOMEPAGE),
                ("version", "1.2.3"),
                ("target", "aarch64-apple-darwin"),
                ("bin", manifest.bin[0].name.as_str()),
                ("binary-ext", ""),
            ]
            .iter()
            .fold(template.to_owned(), |text, (name, value)| {
                text.replace(&format!("{{ {name} }}"), value)
            })
        };
        let told = manifest.package.metadata.binstall;
        let name = name(&release);
        assert_eq!(
            rendered(&told.pkg_url),
            format!("{HOMEPAGE}/releases/download/v1.2.3/{name}.tar.xz")
        );
        assert_eq!(told.pkg_fmt, "txz");
        assert_eq!(rendered(&told.bin_dir), format!("{name}/lambdura"));
    }
}
