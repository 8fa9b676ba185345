//! The package for Debian, Ubuntu and their kin.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use crate::compress::xz;
use crate::elf::glibc_version;
use crate::inputs::Inputs;
use crate::installed::{self, SETTINGS};
use crate::package::Package;
use crate::release::{DESCRIPTION, HOMEPAGE, MAINTAINER, Release, SUMMARY};
use crate::tree::Tree;
use crate::{ar, tar};

/// systemd reads the unit again; the user enables the service.
const AFTER_INSTALLING: &str = "#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
";

const BEFORE_REMOVING: &str = "#!/bin/sh
set -e
if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now lambdura.service || true; fi
";

pub fn package(release: &Release, inputs: &Inputs) -> Result<Package> {
    let tree = installed::tree(inputs)?;
    let mut control = Tree::default();
    control.add("control", control_file(release, inputs, &tree)?);
    control.add("conffiles", format!("/{SETTINGS}\n"));
    control.add_program("postinst", AFTER_INSTALLING);
    control.add_program("prerm", BEFORE_REMOVING);
    let control = xz(&tar::write(&control, "./", false, release.epoch)?, release)?;
    let data = xz(&tar::write(&tree, "./", true, release.epoch)?, release)?;
    let members: [(&str, &[u8]); 3] = [
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", &control),
        ("data.tar.xz", &data),
    ];
    let machine = release.target.debian_machine();
    Ok(Package {
        name: format!("lambdura_{}_{machine}.deb", release.version),
        content: ar::write(&members, release.epoch)?,
    })
}

fn control_file(release: &Release, inputs: &Inputs, tree: &Tree) -> Result<String> {
    let mut text = String::new();
    writeln!(
        text,
        "Package: lambdura\nVersion: {}\nArchitecture: {}\nMaintainer: {MAINTAINER}\nInstalled-Size: {}\nSection: devel\n\
         Priority: optional\nHomepage: {HOMEPAGE}",
        release.version,
        release.target.debian_machine(),
        tree.bytes().div_ceil(1024)
    )
    .context("write the control file")?;
    if let Some((major, minor)) = glibc_version(&inputs.binary) {
        writeln!(text, "Depends: libc6 (>= {major}.{minor}), libgcc-s1")
            .context("write the control file")?;
    }
    writeln!(
        text,
        "Recommends: ca-certificates\nSuggests: python3, python3-venv, nodejs, npm\nDescription: {SUMMARY}\n {DESCRIPTION}"
    )
    .context("write the control file")?;
    Ok(text)
}
