//! The package for Fedora, Red Hat, SUSE and their kin.

use anyhow::{Context as _, Result};
use rpm::{BuildConfig, CompressionWithLevel, Dependency, FileOptions, PackageBuilder};

use crate::Package;
use crate::elf::glibc_version;
use crate::inputs::Inputs;
use crate::installed::{self, SETTINGS};
use crate::release::{DESCRIPTION, HOMEPAGE, LICENSE, MAINTAINER, Release, SUMMARY};

/// Where Fedora keeps what Debian has elsewhere.
const MOVED: [(&str, &str); 1] = [(
    "usr/share/zsh/vendor-completions/",
    "usr/share/zsh/site-functions/",
)];

pub fn package(release: &Release, inputs: &Inputs) -> Result<Package> {
    let machine = release.target.linux_machine();
    let epoch = u32::try_from(release.epoch).context("RPM has no such time")?;
    // The window of xz is as large as the preset has it: 64 MiB.
    let config = BuildConfig::default()
        .compression(CompressionWithLevel::Xz(release.effort.level()))
        .source_date(epoch);
    let mut builder = PackageBuilder::new("lambdura", &release.version, LICENSE, machine, SUMMARY);
    builder
        .using_config(config)
        .release("1")
        .url(HOMEPAGE)
        .packager(MAINTAINER)
        .description(DESCRIPTION)
        // Neither the machine nor the moment is a part of the package.
        .build_host("lambdura")
        .post_install_script("if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi\n")
        .pre_uninstall_script(
            "if [ \"$1\" = 0 ] && [ -d /run/systemd/system ]; then systemctl disable --now lambdura.service || :; fi\n",
        );
    if let Some((major, minor)) = glibc_version(&inputs.binary) {
        builder.requires(Dependency::greater_eq("glibc", format!("{major}.{minor}")));
    }
    for (path, file) in installed::tree(inputs)?.files() {
        let moved = MOVED.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from)?;
            Some(format!("{to}{rest}"))
        });
        let path = moved.unwrap_or_else(|| path.to_owned());
        let mode = u16::try_from(file.mode()).context("a mode has 16 bits")?;
        let mut options = FileOptions::new(format!("/{path}")).permissions(mode);
        if path == SETTINGS {
            options = options.config().noreplace();
        }
        builder
            .with_file_contents(file.content.clone(), options)
            .with_context(|| format!("put `{path}` into the RPM"))?;
    }
    let package = builder.build().context("build the RPM")?;
    let mut content = Vec::new();
    package.write(&mut content).context("write the RPM")?;
    Ok(Package {
        name: format!("lambdura-{}-1.{machine}.rpm", release.version),
        content,
    })
}
