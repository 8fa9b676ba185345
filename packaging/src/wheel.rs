//! The wheel for PyPI: the binary, the code that unpacks and starts it, and the package for tests with its plugin for
//! pytest.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::calendar::date;
use crate::compress::xz;
use crate::elf::glibc_version;
use crate::inputs::Inputs;
use crate::package::Package;
use crate::release::{HOMEPAGE, LICENSE, Release, SUMMARY};
use crate::target::{Machine, System};
use crate::tree::Tree;

pub fn package(release: &Release, inputs: &Inputs) -> Result<Package> {
    let version = &release.version;
    let tag = format!("py3-none-{}", platform_tag(release, &inputs.binary));
    let mut tree = inputs.python.clone();
    let command = include_str!("../files/lambdura_command.py");
    tree.add("lambdura_command/__init__.py", command);
    let packed = xz(&inputs.binary, release)?;
    tree.add("lambdura_command/lambdura.xz", packed);
    let hash = format!("{:x}\n", Sha256::digest(&inputs.binary));
    tree.add("lambdura_command/lambdura.sha256", hash);
    let about = format!("lambdura-{version}.dist-info");
    tree.add(format!("{about}/METADATA"), metadata(release, inputs));
    tree.add(
        format!("{about}/WHEEL"),
        format!("Wheel-Version: 1.0\nGenerator: lambdura {version}\nRoot-Is-Purelib: false\nTag: {tag}\n"),
    );
    tree.add(
        format!("{about}/entry_points.txt"),
        "[console_scripts]\nlambdura = lambdura_command:main\n\n[pytest11]\nlambdura = lambdura_testing.plugin\n",
    );
    for (name, text) in &inputs.licenses {
        tree.add(format!("{about}/licenses/{name}"), text.clone());
    }
    let record = record(&tree, &format!("{about}/RECORD"))?;
    tree.add(format!("{about}/RECORD"), record);
    Ok(Package {
        name: format!("lambdura-{version}-{tag}.whl"),
        content: zip(&tree, release)?,
    })
}

/// Where the binary runs, by the names of PEP 600 and PEP 656.
fn platform_tag(release: &Release, binary: &[u8]) -> String {
    let target = release.target;
    let machine = target.linux_machine();
    match (target.system, glibc_version(binary)) {
        (System::MacOs, _) => match target.machine {
            Machine::X86_64 => "macosx_11_0_x86_64".to_owned(),
            Machine::Arm64 => "macosx_11_0_arm64".to_owned(),
        },
        (_, Some((major, minor))) => format!("manylinux_{major}_{minor}_{machine}"),
        // Linked statically, it runs with either library.
        (_, None) => format!("manylinux_2_17_{machine}.musllinux_1_1_{machine}"),
    }
}

fn metadata(release: &Release, inputs: &Inputs) -> String {
    let mut text = format!(
        "Metadata-Version: 2.4\nName: lambdura\nVersion: {}\nSummary: {SUMMARY}\nLicense-Expression: {LICENSE}\n",
        release.version
    );
    for (name, _) in &inputs.licenses {
        text.push_str("License-File: ");
        text.push_str(name);
        text.push('\n');
    }
    text.push_str("Project-URL: Homepage, ");
    text.push_str(HOMEPAGE);
    text.push_str("\nRequires-Python: >=3.11\nProvides-Extra: pytest\nRequires-Dist: pytest>=8; extra == 'pytest'\n");
    text.push_str("Description-Content-Type: text/markdown\n\n");
    text.push_str(&String::from_utf8_lossy(&inputs.readme));
    text
}

fn record(tree: &Tree, own_path: &str) -> Result<String> {
    let mut text = String::new();
    for (path, file) in tree.files() {
        let hash = url_base64(&Sha256::digest(&file.content));
        writeln!(text, "{path},sha256={hash},{}", file.content.len())
            .context("write the wheel's record")?;
    }
    writeln!(text, "{own_path},,").context("write the wheel's record")?;
    Ok(text)
}

/// Base64 for URLs, without padding.
fn url_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let group = u32::from_be_bytes(group);
        for place in 0..=chunk.len() {
            let digit = (group >> (18 - 6 * place)) & 63;
            text.push(char::from(DIGITS[digit as usize]));
        }
    }
    text
}

fn zip(tree: &Tree, release: &Release) -> Result<Vec<u8>> {
    let time = zip_time(release.epoch)?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, file) in tree.files() {
        let is_packed = path.ends_with(".xz");
        let options = SimpleFileOptions::default()
            .compression_method(match is_packed {
                true => CompressionMethod::Stored,
                false => CompressionMethod::Deflated,
            })
            .compression_level((!is_packed).then_some(i64::from(release.effort.level())))
            .last_modified_time(time)
            .unix_permissions(file.mode());
        archive
            .start_file(path, options)
            .and_then(|()| Ok(archive.write_all(&file.content)?))
            .with_context(|| format!("put `{path}` into the wheel"))?;
    }
    let written = archive.finish().context("write the wheel")?;
    Ok(written.into_inner())
}

/// Zip has no times before 1980, and none by the second; the day is enough.
fn zip_time(epoch: u64) -> Result<DateTime> {
    let (year, month, day) = date(epoch);
    DateTime::from_date_and_time(year.max(1980), month, day, 0, 0, 0)
        .with_context(|| format!("the day of {epoch} is none that zip has"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_urls() {
        assert_eq!(url_base64(b""), "");
        assert_eq!(url_base64(b"f"), "Zg");
        assert_eq!(url_base64(b"fo"), "Zm8");
        assert_eq!(url_base64(b"foo"), "Zm9v");
        assert_eq!(url_base64(&[0xfb, 0xff]), "-_8");
    }
}
