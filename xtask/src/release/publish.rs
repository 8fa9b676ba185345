//! Uploads the published crates to crates.io, one by one.
//!
//! `cargo publish --workspace` gives up at the first refusal, and crates.io refuses the sixth new name within ten
//! minutes. Here, a crate that is there already is skipped, and a refusal for haste only causes a pause. A run that
//! broke off is simply started again.

use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use anstream::eprint;
use anyhow::{Context as _, Result, bail, ensure};

use super::{crates, versions};
use crate::process::ProcessGroup;
use crate::screen;
use crate::workspace::{Workspace, cargo};

/// How long crates.io takes to allow one more new name, and a little. Source: crates.io/docs/rate-limits, November
/// 2026.
const PAUSE: Duration = Duration::from_secs(10 * 60 + 5);

/// Uploads of one crate at the most: after so many, haste is not the cause.
const ATTEMPTS_MAX: u32 = 4;

/// The outcome of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Published,
    /// This version is on crates.io.
    IsThere,
    /// Too many within a short time.
    TooSoon,
    Refused,
}

/// Uploads all crates, each after those that it needs. Only of a commit that has the version's tag.
pub fn run(workspace: &Workspace) -> Result<()> {
    let tag = format!("v{}", versions::current(workspace)?);
    let tags = workspace.git(&["tag", "--points-at", "HEAD"])?;
    ensure!(
        tags.lines().any(|it| it == tag),
        "this commit does not have the tag `{tag}`: only a release is published"
    );
    let stage = crates::stage(workspace)?;
    let target = workspace.chores().join("crates-target");
    let upload = |name: &str| {
        screen::step(&format!("Publishing {name}"));
        let mut command = cargo();
        command.current_dir(&stage);
        command.env("CARGO_TARGET_DIR", &target);
        // They were compiled by `cargo xtask release --crates --build`; compiling each again would outlive the token.
        command.args(["publish", "--package", name, "--no-verify", "--allow-dirty"]);
        let (mut reader, writer) = std::io::pipe().context("make a pipe")?;
        command.stderr(writer);
        let mut group = ProcessGroup::spawn(&mut command)?;
        // The pipe ends when no process has it open any more.
        command.stderr(Stdio::null());
        let mut said = String::new();
        reader
            .read_to_string(&mut said)
            .context("read what `cargo publish` says")?;
        eprint!("{said}");
        Ok(outcome(group.wait()?.success(), &said))
    };
    let pause = || {
        screen::note("crates.io wants to wait before the next new name");
        std::thread::sleep(PAUSE);
    };
    each(crates::names(), upload, pause)
}

/// Uploads each until it is there.
fn each<'n>(
    names: impl Iterator<Item = &'n str>,
    mut upload: impl FnMut(&str) -> Result<Outcome>,
    mut pause: impl FnMut(),
) -> Result<()> {
    for name in names {
        let mut attempts = 1;
        loop {
            match upload(name)? {
                Outcome::Published => break,
                Outcome::IsThere => {
                    screen::note("it is there already");
                    break;
                }
                Outcome::TooSoon if attempts < ATTEMPTS_MAX => pause(),
                Outcome::TooSoon => bail!("crates.io still refuses `{name}` for haste"),
                Outcome::Refused => bail!("`{name}` was not published"),
            }
            attempts += 1;
        }
    }
    Ok(())
}

/// The outcome, read from cargo's output.
fn outcome(is_success: bool, said: &str) -> Outcome {
    if is_success {
        return Outcome::Published;
    }
    // Messages of cargo, which looks before it packs, and of crates.io, if another upload was faster.
    let is_there = ["already exists on", "is already uploaded"];
    if is_there.iter().any(|it| said.contains(it)) {
        return Outcome::IsThere;
    }
    match said.contains("429 Too Many Requests") {
        true => Outcome::TooSoon,
        false => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uploads `one` and `two` with these outcomes; returns the uploads, the number of pauses, and the result.
    fn uploaded(outcomes: &[Outcome]) -> (Vec<String>, u32, Result<()>) {
        let mut outcomes = outcomes.iter();
        let mut names = Vec::new();
        let mut pauses = 0;
        let ended = each(
            ["one", "two"].into_iter(),
            |name| {
                names.push(name.to_owned());
                Ok(*outcomes.next().expect("no more uploads than outcomes"))
            },
            || pauses += 1,
        );
        (names, pauses, ended)
    }

    #[test]
    fn haste_is_waited_out_and_what_is_there_is_skipped() {
        use Outcome::{IsThere, Published, TooSoon};
        let (names, pauses, ended) = uploaded(&[IsThere, TooSoon, TooSoon, Published]);
        assert!(ended.is_ok(), "{ended:?}");
        assert_eq!(names, ["one", "two", "two", "two"]);
        assert_eq!(pauses, 2);
    }

    #[test]
    fn nothing_is_published_after_what_was_refused() {
        use Outcome::{Refused, TooSoon};
        let (names, pauses, ended) = uploaded(&[Refused]);
        let error = ended.expect_err("it was refused").to_string();
        assert_eq!(error, "`one` was not published");
        assert_eq!((names.len(), pauses), (1, 0));
        let (names, pauses, ended) = uploaded(&[TooSoon; 4]);
        let error = ended.expect_err("it was refused for good").to_string();
        assert_eq!(error, "crates.io still refuses `one` for haste");
        assert_eq!((names.len(), pauses), (4, 3));
    }

    #[test]
    fn cargo_says_what_became_of_it() {
        assert_eq!(outcome(true, "warning: it is 429"), Outcome::Published);
        let there = "error: crate lambdura-stdx@0.1.0 already exists on crates.io index\n";
        assert_eq!(outcome(false, there), Outcome::IsThere);
        let hasty = "error: failed to publish to registry at https://crates.io\n\nCaused by:\n  the remote server \
            responded with an error (status 429 Too Many Requests): You have published too many new crates\n";
        assert_eq!(outcome(false, hasty), Outcome::TooSoon);
        assert_eq!(outcome(false, "error: no token found"), Outcome::Refused);
    }
}
