//! Builds the functions of a stack.
//!
//! Functions in Python and JavaScript are `packages`; the rest of this file is about Rust.
//! All Rust functions of a workspace are built by one call of cargo, which shares their dependencies and its cores
//! better than we could. The binaries are copied, as `bootstrap`, into the data directory: what is deployed from there
//! does not change when the next build overwrites cargo's own files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use server::Runtimes;
use stack::Stack;

use super::build_dir::build_dir;
use super::build_error::BuildError;
use super::cargo::{self, Binary, CargoFailed, Workspace};
use super::layers;
use super::packages;
use super::progress::Progress;
use super::source::{BOOTSTRAP, Source, source};
use crate::args::{BuildProfile, UpArguments};

/// What a build came to.
#[derive(Debug)]
pub struct Built {
    /// The folder with each function's code, by logical id.
    pub artifacts: BTreeMap<String, PathBuf>,
    /// Where another version of an interpreter stands in for one that is not installed.
    pub stand_ins: BTreeSet<String>,
}

/// Builds what needs building.
///
/// # Errors
/// See [`BuildError`].
pub async fn build(
    stack: &Stack,
    arguments: &UpArguments,
    data_dir: &Path,
    runtimes: &Arc<Runtimes>,
) -> Result<Built, BuildError> {
    let mut artifacts = BTreeMap::new();
    let mut stand_ins = BTreeSet::new();
    let mut wanted = Wanted::default();
    for function in &stack.functions {
        let logical_id = &function.logical_id;
        let source = source(function)?;
        let mut prepared = None;
        if Runtimes::is_managed(&function.runtime) {
            let runtime = packages::prepare_runtime(runtimes, function).await?;
            stand_ins.extend(packages::stand_in(&function.runtime, &runtime));
            prepared = Some(runtime);
        }
        match source {
            Source::Built(dir) => {
                artifacts.insert(logical_id.clone(), dir);
            }
            Source::Python(_) | Source::Node(_) | Source::Esbuild(_) | Source::Makefile(_)
                if arguments.no_build =>
            {
                let dir = build_dir(data_dir, logical_id)?;
                if !dir.is_dir() {
                    let function = logical_id.clone();
                    return Err(BuildError::NotBuilt {
                        function,
                        path: dir,
                    });
                }
                artifacts.insert(logical_id.clone(), dir);
            }
            Source::Python(dir) => {
                let prepared = prepared.expect("a Python runtime is a managed one");
                let built = packages::python(function, &dir, &prepared, data_dir).await?;
                artifacts.insert(logical_id.clone(), built);
            }
            Source::Node(dir) => {
                let built = packages::node(function, &dir, data_dir).await?;
                artifacts.insert(logical_id.clone(), built);
            }
            Source::Esbuild(dir) => {
                let built = packages::esbuild(function, &dir, data_dir).await?;
                artifacts.insert(logical_id.clone(), built);
            }
            Source::Makefile(dir) => {
                let built = packages::makefile(function, &dir, data_dir).await?;
                artifacts.insert(logical_id.clone(), built);
            }
            Source::Cargo { manifest, binary } => {
                let dir = build_dir(data_dir, logical_id)?;
                artifacts.insert(logical_id.clone(), dir.clone());
                if arguments.no_build {
                    check_built(logical_id, &dir)?;
                } else {
                    wanted
                        .add(logical_id, &manifest, binary.as_deref(), dir)
                        .await?;
                }
            }
        }
    }
    wanted.build(arguments.build_profile).await?;
    for function in stack
        .functions
        .iter()
        .filter(|function| !function.layers.is_empty())
    {
        if let Some(artifact) = artifacts.get_mut(&function.logical_id) {
            *artifact = layers::add(function, artifact, data_dir)?;
        }
    }
    Ok(Built {
        artifacts,
        stand_ins,
    })
}

fn check_built(logical_id: &str, dir: &Path) -> Result<(), BuildError> {
    let path = dir.join(BOOTSTRAP);
    if path.is_file() {
        return Ok(());
    }
    Err(BuildError::NotBuilt {
        function: logical_id.to_owned(),
        path,
    })
}

/// What cargo is asked for.
#[derive(Debug, Default)]
struct Wanted {
    workspaces: Vec<Workspace>,
    functions: Vec<(String, Binary, PathBuf)>,
}

impl Wanted {
    async fn add(
        &mut self,
        logical_id: &str,
        manifest: &Path,
        binary: Option<&str>,
        dir: PathBuf,
    ) -> Result<(), BuildError> {
        let known = self.workspaces.iter().position(|it| it.has(manifest));
        let index = match known {
            Some(index) => index,
            None => {
                let workspace = Workspace::of(manifest, logical_id).await?;
                self.workspaces.push(workspace);
                self.workspaces.len() - 1
            }
        };
        let binary = self.workspaces[index].binary(manifest, binary, logical_id)?;
        self.functions.push((logical_id.to_owned(), binary, dir));
        Ok(())
    }

    async fn build(&self, profile: BuildProfile) -> Result<(), BuildError> {
        if self.functions.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.functions.iter().map(|(id, ..)| id.as_str()).collect();
        let progress = Progress::start(format!("building {}", names.join(", ")));
        let binaries: BTreeSet<&Binary> = self.functions.iter().map(|(_, it, _)| it).collect();
        for round in rounds(binaries) {
            if let Err(error) = self.round(&round, profile, &progress).await {
                progress.failed();
                return Err(error);
            }
        }
        progress.done();
        Ok(())
    }

    async fn round(
        &self,
        binaries: &[Binary],
        profile: BuildProfile,
        progress: &Progress,
    ) -> Result<(), BuildError> {
        let built =
            cargo::build(binaries, profile, progress)
                .await
                .map_err(|failed| match failed {
                    CargoFailed::Started(error) => error,
                    CargoFailed::Compile { packages } => self.blame(binaries, &packages),
                })?;
        let functions = self.functions.iter().filter(|it| binaries.contains(&it.1));
        for (logical_id, binary, dir) in functions {
            let executable = built.get(binary).ok_or_else(|| BuildError::NoExecutable {
                function: logical_id.clone(),
                binary: binary.name.clone(),
            })?;
            install(executable, dir)?;
        }
        Ok(())
    }

    /// The functions whose own package does not compile; all of them where it is something that they use.
    fn blame(&self, binaries: &[Binary], packages: &[String]) -> BuildError {
        let of = |wrong: &dyn Fn(&Binary) -> bool| -> Vec<String> {
            let functions = self.functions.iter();
            functions
                .filter(|(_, binary, _)| binaries.contains(binary) && wrong(binary))
                .map(|(logical_id, ..)| logical_id.clone())
                .collect()
        };
        let own = of(&|binary| packages.contains(&binary.package));
        let names = if own.is_empty() { of(&|_| true) } else { own };
        BuildError::Compile { names }
    }
}

/// Groups binaries into calls of cargo: one workspace, and no name twice, because cargo would put both in one place.
fn rounds(binaries: BTreeSet<&Binary>) -> Vec<Vec<Binary>> {
    let mut rounds: Vec<Vec<Binary>> = Vec::new();
    for binary in binaries {
        let fits = |round: &&mut Vec<Binary>| {
            round.iter().all(|other| {
                other.workspace_root == binary.workspace_root && other.name != binary.name
            })
        };
        match rounds.iter_mut().find(fits) {
            Some(round) => round.push(binary.clone()),
            None => rounds.push(vec![binary.clone()]),
        }
    }
    rounds
}

/// Copies the executable to its place, whole or not at all: the file may be running.
fn install(executable: &Path, dir: &Path) -> Result<(), BuildError> {
    let path = dir.join(BOOTSTRAP);
    let partial = dir.with_extension(format!("partial-{}", std::process::id()));
    let failed = |cause| BuildError::Copy {
        path: path.clone(),
        cause,
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    std::fs::copy(executable, &partial).map_err(failed)?;
    std::fs::rename(&partial, &path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(workspace: &str, package: &str, name: &str) -> Binary {
        Binary {
            workspace_root: workspace.into(),
            package_id: package.to_owned(),
            package: package.to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn one_call_builds_a_workspace_unless_names_collide() {
        let all = [
            binary("/a", "api", "api"),
            binary("/a", "workflow", "workflow"),
            binary("/b", "x", "bootstrap"),
            binary("/b", "y", "bootstrap"),
        ];
        let rounds = rounds(all.iter().collect());
        let names: Vec<Vec<&str>> = rounds
            .iter()
            .map(|round| round.iter().map(|it| it.package.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["api", "workflow"], vec!["x"], vec!["y"]]);
    }

    #[test]
    fn the_function_that_does_not_compile_is_named() {
        let (api, workflow) = (
            binary("/a", "api", "api"),
            binary("/a", "workflow", "workflow"),
        );
        let wanted = Wanted {
            workspaces: Vec::new(),
            functions: vec![
                ("Api".to_owned(), api.clone(), "/d".into()),
                ("Workflow".to_owned(), workflow.clone(), "/d".into()),
            ],
        };
        let binaries = [api, workflow];
        let message = |packages: &[&str]| {
            let packages: Vec<String> = packages.iter().map(|&it| it.to_owned()).collect();
            wanted.blame(&binaries, &packages).to_string()
        };
        assert!(message(&["api"]).starts_with("function `Api` cannot be built"));
        assert!(message(&["shared"]).starts_with("functions `Api`, `Workflow` cannot be built"));
    }

    #[test]
    fn installing_replaces_the_file_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("built"), dir.path().join("Api"));
        for content in ["first", "second"] {
            std::fs::write(&source, content).unwrap();
            install(&source, &target).unwrap();
            let read = std::fs::read_to_string(target.join(BOOTSTRAP)).unwrap();
            assert_eq!(read, content);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
