//! Runs cargo, and reads its output about packages and builds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::build_error::BuildError;
use super::progress::Progress;
use crate::args::BuildProfile;

/// `cargo metadata --no-deps`: the packages of one workspace.
#[derive(Debug, Clone, Deserialize)]
pub struct Workspace {
    workspace_root: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Clone, Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    default_run: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Target {
    fn is_binary(&self) -> bool {
        self.kind.iter().any(|kind| kind == "bin")
    }
}

/// A binary of a package of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binary {
    /// Where cargo is run.
    pub workspace_root: PathBuf,
    /// Cargo's id of the package.
    pub package_id: String,
    /// The package's name.
    pub package: String,
    /// The binary's name.
    pub name: String,
}

/// A line of `cargo build --message-format=json`.
#[derive(Debug, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        package_id: String,
        target: Target,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

/// The program `cargo`, or the one that runs this program under `cargo run`.
fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    // Once this command is gone, no process uses the build.
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

fn not_started(cause: std::io::Error) -> BuildError {
    BuildError::CargoMissing { cause }
}

impl Workspace {
    /// Asks cargo about the workspace that the manifest belongs to.
    ///
    /// # Errors
    /// Cargo cannot be started, or the manifest is wrong.
    pub async fn of(manifest: &Path, function: &str) -> Result<Self, BuildError> {
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .arg("--manifest-path")
            .arg(manifest)
            .output()
            .await
            .map_err(not_started)?;
        let failed = |message: String| BuildError::Manifest {
            function: function.to_owned(),
            manifest: manifest.to_owned(),
            message,
        };
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(failed(message.trim().to_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
    }

    /// Whether the manifest is one of this workspace's packages.
    pub fn has(&self, manifest: &Path) -> bool {
        self.packages
            .iter()
            .any(|package| same_file(&package.manifest_path, manifest))
    }

    /// The binary that a function with this manifest means.
    ///
    /// # Errors
    /// No binary, or several and no word about which.
    pub fn binary(
        &self,
        manifest: &Path,
        wanted: Option<&str>,
        function: &str,
    ) -> Result<Binary, BuildError> {
        let own: Vec<&Package> = self
            .packages
            .iter()
            .filter(|package| same_file(&package.manifest_path, manifest))
            .collect();
        // A manifest that is only a workspace stands for all its packages.
        let packages = if own.is_empty() {
            self.packages.iter().collect()
        } else {
            own
        };
        let all: Vec<(&Package, &str)> = packages
            .iter()
            .flat_map(|package| {
                let binaries = package.targets.iter().filter(|target| target.is_binary());
                binaries.map(|target| (*package, target.name.as_str()))
            })
            .collect();
        let default = match packages.as_slice() {
            [package] => package.default_run.as_deref(),
            _ => None,
        };
        let chosen: Vec<&(&Package, &str)> = match wanted.or(default) {
            Some(name) => all.iter().filter(|(_, binary)| *binary == name).collect(),
            None => all.iter().collect(),
        };
        match chosen.as_slice() {
            [(package, name)] => Ok(Binary {
                workspace_root: self.workspace_root.clone(),
                package_id: package.id.clone(),
                package: package.name.clone(),
                name: (*name).to_owned(),
            }),
            _ => Err(BuildError::Binary {
                function: function.to_owned(),
                manifest: manifest.to_owned(),
                problem: match (wanted, all.as_slice()) {
                    (_, []) => "has no binary".to_owned(),
                    (Some(name), _) => format!("has no binary `{name}`"),
                    (None, _) => "has more than one binary".to_owned(),
                },
                help: binary_help(&all),
            }),
        }
    }
}

fn binary_help(all: &[(&Package, &str)]) -> String {
    if all.is_empty() {
        return "a function is a program: give the package a `src/main.rs`".to_owned();
    }
    let names: Vec<String> = all.iter().map(|(_, name)| format!("`{name}`")).collect();
    format!(
        "set `Metadata.BuildProperties.Binary` of the function to one of {}",
        names.join(", ")
    )
}

fn same_file(left: &Path, right: &Path) -> bool {
    match (left.canonicalize(), right.canonicalize()) {
        (Ok(left), Ok(right)) => left == right,
        (Err(_), _) | (_, Err(_)) => left == right,
    }
}

/// Builds binaries of one workspace, no two of the same name, in one call. Returns where each executable is.
///
/// # Errors
/// Cargo cannot be started, or the build fails; the compiler's output has then been printed.
pub async fn build(
    binaries: &[Binary],
    profile: BuildProfile,
    progress: &Progress,
) -> Result<BTreeMap<Binary, PathBuf>, CargoFailed> {
    let Some(first) = binaries.first() else {
        return Ok(BTreeMap::new());
    };
    let mut command = cargo();
    command
        .args(["build", "--message-format=json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(first.workspace_root.join("Cargo.toml"));
    match profile {
        BuildProfile::Dev => {}
        BuildProfile::Release => {
            command.arg("--release");
        }
    }
    for binary in binaries {
        command.args(["--package", &binary.package_id, "--bin", &binary.name]);
    }
    if progress.is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| CargoFailed::Started(not_started(cause)))?;
    let stdout = child.stdout.take().expect("standard output is piped");
    let stderr = child.stderr.take().expect("standard error is piped");
    let (built, said) = tokio::join!(
        artifacts(stdout, binaries, progress),
        relay(stderr, progress)
    );
    let status = child
        .wait()
        .await
        .map_err(|cause| CargoFailed::Started(not_started(cause)))?;
    match (status.success(), built, said) {
        (true, Ok(built), Ok(_)) => Ok(built),
        (true, Err(cause), _) | (true, _, Err(cause)) => {
            Err(CargoFailed::Started(not_started(cause)))
        }
        (false, _, said) => Err(CargoFailed::Compile {
            packages: said.unwrap_or_default(),
        }),
    }
}

/// How a build failed.
#[derive(Debug)]
pub enum CargoFailed {
    /// Cargo could not be run at all.
    Started(BuildError),
    /// A package did not compile.
    Compile {
        /// Those that cargo names.
        packages: Vec<String>,
    },
}

async fn artifacts(
    stdout: tokio::process::ChildStdout,
    binaries: &[Binary],
    progress: &Progress,
) -> std::io::Result<BTreeMap<Binary, PathBuf>> {
    let mut built = BTreeMap::new();
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        // Build scripts and other tools may write lines of their own.
        let Ok(Message::CompilerArtifact {
            package_id,
            target,
            executable,
        }) = serde_json::from_str(&line)
        else {
            continue;
        };
        progress.unit_done();
        let binary = binaries
            .iter()
            .find(|it| it.package_id == package_id && it.name == target.name);
        if let (Some(binary), Some(executable), true) = (binary, executable, target.is_binary()) {
            built.insert(binary.clone(), executable);
        }
    }
    Ok(built)
}

/// Shows cargo's progress, prints the compiler's output, and returns the packages that could not be compiled.
async fn relay(
    stderr: tokio::process::ChildStderr,
    progress: &Progress,
) -> std::io::Result<Vec<String>> {
    let mut failed = Vec::new();
    let mut lines = BufReader::new(stderr).lines();
    while let Some(line) = lines.next_line().await? {
        let plain = anstream::adapter::strip_str(&line).to_string();
        if let Some(package) = uncompiled_package(&plain) {
            failed.push(package.to_owned());
        }
        match status(&plain) {
            Some(status) => progress.doing(status),
            None => progress.print(&line),
        }
    }
    Ok(failed)
}

/// Cargo's own progress: a verb, right-aligned to twelve columns, and its object.
fn status(line: &str) -> Option<&str> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let verb = text.split_whitespace().next()?;
    let is_status = indent > 0
        && indent + verb.len() == 12
        && verb.starts_with(|first: char| first.is_ascii_uppercase())
        && verb.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_status.then_some(text)
}

fn uncompiled_package(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("error: could not compile `")?;
    rest.split(['`', ' ']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_and_the_compiler_are_told_apart() {
        for line in [
            "   Compiling serde v1.0.0",
            "    Finished `dev` profile [unoptimized] target(s) in 0.1s",
            "    Blocking waiting for file lock on build directory",
        ] {
            assert_eq!(status(line), Some(line.trim_start()));
        }
        for line in [
            "error[E0425]: cannot find value `x` in this scope",
            "  --> src/main.rs:1:1",
            "   |",
            "",
        ] {
            assert_eq!(status(line), None, "{line}");
        }
        assert_eq!(
            uncompiled_package(
                "error: could not compile `loan-api` (bin \"loan-api\") due to 1 previous error"
            ),
            Some("loan-api")
        );
    }

    #[test]
    fn messages_of_newer_cargos_are_skipped() {
        let artifact = r#"{"reason":"compiler-artifact","package_id":"p","target":{"name":"b","kind":["bin"],"new":1},"executable":"/t/b","fresh":true}"#;
        assert!(matches!(
            serde_json::from_str(artifact),
            Ok(Message::CompilerArtifact {
                executable: Some(_),
                ..
            })
        ));
        let other = r#"{"reason":"build-script-executed","package_id":"p"}"#;
        assert!(matches!(serde_json::from_str(other), Ok(Message::Other)));
    }

    fn workspace(binaries: &[&str]) -> Workspace {
        let target = |name: &&str| Target {
            name: (*name).to_owned(),
            kind: vec!["bin".to_owned()],
        };
        Workspace {
            workspace_root: "/w".into(),
            packages: vec![Package {
                id: "path+file:///w/f#0.1.0".to_owned(),
                name: "f".to_owned(),
                manifest_path: "/w/f/Cargo.toml".into(),
                targets: binaries.iter().map(target).collect(),
                default_run: None,
            }],
        }
    }

    #[test]
    fn several_binaries_need_a_word() {
        let manifest = Path::new("/w/f/Cargo.toml");
        let of = |binaries: &[&str], wanted| workspace(binaries).binary(manifest, wanted, "F");
        assert_eq!(of(&["one"], None).unwrap().name, "one");
        assert_eq!(of(&["one", "two"], Some("two")).unwrap().name, "two");
        let error = of(&["one", "two"], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "function `F` cannot be built: `/w/f/Cargo.toml` has more than one binary"
        );
        assert!(
            of(&[], None)
                .unwrap_err()
                .to_string()
                .ends_with("has no binary")
        );
    }
}
