//! The formula for Homebrew, of the archives that a release has.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::checksums;
use crate::release::{HOMEPAGE, SUMMARY};

/// The formula's file.
pub const NAME: &str = "lambdura.rb";

/// Homebrew's words for a target, and ours; the first that a release has counts.
const TARGETS: [(&str, &str, &[&str]); 4] = [
    ("on_macos", "on_arm", &["aarch64-apple-darwin"]),
    ("on_macos", "on_intel", &["x86_64-apple-darwin"]),
    (
        "on_linux",
        "on_arm",
        &["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"],
    ),
    (
        "on_linux",
        "on_intel",
        &["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"],
    ),
];

/// Writes the formula for the archives in a folder.
pub fn write(version: &str, folder: &Path) -> Result<()> {
    let sums = checksums::of(folder)?;
    let found = |triples: &[&str]| {
        let mut archives = triples
            .iter()
            .map(|triple| format!("lambdura-{version}-{triple}.tar.xz"));
        archives.find_map(|name| Some((name.clone(), sums.get(&name)?.clone())))
    };
    let mut text = String::new();
    let mut places = String::new();
    for (system, machine, triples) in TARGETS {
        if let Some((name, sum)) = found(triples) {
            write!(
                places,
                "\n  {system} do\n    {machine} do\n      url \"{HOMEPAGE}/releases/download/v{version}/{name}\"\n      \
                 sha256 \"{sum}\"\n    end\n  end\n"
            )
            .context("write the formula")?;
        }
    }
    write!(
        text,
        "# Runs AWS Lambda durable functions on this machine.\nclass Lambdura < Formula\n  desc \"{SUMMARY}\"\n  \
         homepage \"{HOMEPAGE}\"\n  version \"{version}\"\n  license any_of: [\"MIT\", \"Apache-2.0\"]\n{places}\n  \
         def install\n    bin.install \"lambdura\"\n    man1.install Dir[\"man/man1/*\"]\n    \
         bash_completion.install \"completions/lambdura.bash\" => \"lambdura\"\n    \
         zsh_completion.install \"completions/_lambdura\"\n    fish_completion.install \"completions/lambdura.fish\"\n  \
         end\n\n  test do\n    assert_match version.to_s, shell_output(\"#{{bin}}/lambdura --version\")\n  end\nend\n"
    )
    .context("write the formula")?;
    let path = folder.join(NAME);
    fs::write(&path, text).with_context(|| format!("write `{}`", path.display()))
}
