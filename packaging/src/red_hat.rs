//! The package for Fedora, Red Hat, SUSE and their kin.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::{Context as _, Result};
use liblzma::read::XzDecoder;
use rpm::{
    BuildConfig, CompressionWithLevel, Dependency, FileOptions, Header, HeaderEntry, IndexData,
    IndexTag, PackageBuilder, SignatureHeaderBuilder, Tag as _,
};
use sha2::{Digest as _, Sha256};

use crate::compress::xz;
use crate::elf::glibc_version;
use crate::inputs::Inputs;
use crate::installed::{self, SETTINGS};
use crate::package::Package;
use crate::release::{DESCRIPTION, HOMEPAGE, LICENSE, MAINTAINER, Release, SUMMARY};

/// Folders that Debian and Fedora have in different places.
const MOVED: [(&str, &str); 1] = [(
    "usr/share/zsh/vendor-completions/",
    "usr/share/zsh/site-functions/",
)];

/// The level of xz at first.
const UNTIL_REPACKED: u32 = 0;

pub fn package(release: &Release, inputs: &Inputs) -> Result<Package> {
    let machine = release.target.linux_machine();
    let epoch = u32::try_from(release.epoch).context("RPM has no such time")?;
    let config = BuildConfig::default()
        .compression(CompressionWithLevel::Xz(UNTIL_REPACKED))
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
    let mut package = builder.build().context("build the RPM")?;
    repack(&mut package, release).context("pack the RPM's files")?;
    let mut content = Vec::new();
    package.write(&mut content).context("write the RPM")?;
    Ok(Package {
        name: format!("lambdura-{}-1.{machine}.rpm", release.version),
        content,
    })
}

/// Packs the files as in the other packages, a thirteenth smaller than the library does it. RPM's decompressor knows
/// every filter of xz.
fn repack(package: &mut rpm::Package, release: &Release) -> Result<()> {
    let mut archive = Vec::new();
    XzDecoder::new(&package.payload[..])
        .read_to_end(&mut archive)
        .context("unpack what was packed")?;
    package.payload = xz(&archive, release)?;
    let hash = format!("{:x}", Sha256::digest(&package.payload));
    let entries = package.metadata.header.get_all_entries();
    let mut entries: BTreeMap<_, _> = entries.context("read the header")?.into_iter().collect();
    // This entry has the places of the others, and is made anew.
    entries.remove(&IndexTag::RPMTAG_HEADERIMMUTABLE.to_u32());
    let replaced = [
        (
            IndexTag::RPMTAG_PAYLOADSHA256,
            IndexData::StringArray(vec![hash]),
        ),
        (
            IndexTag::RPMTAG_PAYLOADFLAGS,
            IndexData::StringTag(release.effort.level().to_string()),
        ),
    ];
    for (tag, value) in replaced {
        let before = entries.insert(tag.to_u32(), value);
        before.with_context(|| format!("the header has no {tag}"))?;
    }
    let entries = entries
        .into_iter()
        .map(|(tag, data)| HeaderEntry::new(tag, data));
    package.metadata.header = Header::from_entries(entries, IndexTag::RPMTAG_HEADERIMMUTABLE);
    let header = package.header_bytes().context("write the header")?;
    let length = header.len() + package.payload.len();
    package.metadata.signature = SignatureHeaderBuilder::from_existing(&package.metadata.signature)
        .context("read the header's sums")?
        .set_content_length(u64::try_from(length).context("count the bytes")?)
        .calculate_digests(&header)
        .build()
        .context("sum up the header")?;
    package.verify_digests().context("compare the sums")
}
