//! Sets the facts about a build that `lambdura --version --verbose` prints: commit, date, target, compiler.
//!
//! Only release builds look for the commit: a development build would be linked anew after each one.

use std::env;
use std::fs;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["LAMBDURA_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let (commit, epoch) = if is_release {
        (commit(), epoch())
    } else {
        (None, None)
    };
    let say = |name: &str, value: Option<String>| {
        let value = value.unwrap_or_else(|| "unknown".to_owned());
        println!("cargo:rustc-env=LAMBDURA_BUILD_{name}={value}");
    };
    say("COMMIT", commit);
    say("EPOCH", epoch);
    say("TARGET", env::var("TARGET").ok());
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    say("RUSTC", output(&rustc, &["--version"]));
}

/// The commit: from `LAMBDURA_COMMIT`, from the file that cargo wrote into a crate's archive, or from git.
fn commit() -> Option<String> {
    if let Ok(told) = env::var("LAMBDURA_COMMIT") {
        return Some(told);
    }
    if let Ok(archived) = fs::read_to_string(".cargo_vcs_info.json") {
        let (_, rest) = archived.split_once("\"sha1\": \"")?;
        return rest.split('"').next().map(str::to_owned);
    }
    for name in ["HEAD", "refs/heads"] {
        if let Some(path) = output("git", &["rev-parse", "--git-path", name]) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    output("git", &["rev-parse", "HEAD"])
}

/// Seconds since 1970, of the commit and not of the build: two builds of a commit are the same.
fn epoch() -> Option<String> {
    let told = env::var("SOURCE_DATE_EPOCH").ok();
    told.or_else(|| output("git", &["log", "-1", "--format=%ct"]))
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
