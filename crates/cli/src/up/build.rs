//! Builds the functions of a stack.
//!
//! Functions in Python and JavaScript are `packages`; the rest of this file is about Rust.
//! All Rust functions of a workspace are built by one call of cargo, which shares their dependencies and its cores
//! better than we could. The binaries are copied, as `bootstrap`, into the data directory, so that deployed code does
//! not change when the next build overwrites cargo's own files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use server::{PreparedRuntime, Runtimes};
use stack::{FunctionResource, Stack};

use super::build_dir::build_dir;
use super::build_error::{BuildError, Subject};
use super::cargo::{self, Binary, CargoFailed, Workspace};
use super::debugging;
use super::layers::Layers;
use super::packages::{self, Provided, Workshop};
use super::progress::Progress;
use super::same_code::{self, SameCode};
use super::source::{BOOTSTRAP, Source, is_built_by_sam};
use crate::args::{BuildProfile, UpArguments};

/// The results of a build.
#[derive(Debug, Default)]
pub struct Built {
    /// The folder with each function's code, by logical id.
    pub artifacts: BTreeMap<String, PathBuf>,
    /// Messages about substitutes: another version of an interpreter, packages that the project does not name.
    pub stand_ins: BTreeSet<String>,
    /// Functions that could not be built.
    pub problems: Vec<Problem>,
}

/// Why functions could not be built.
#[derive(Debug)]
pub struct Problem {
    /// Their logical ids.
    pub functions: Vec<String>,
    pub error: BuildError,
}

impl Built {
    fn leave_out(&mut self, functions: Vec<String>, error: BuildError) {
        for function in &functions {
            self.artifacts.remove(function);
        }
        self.problems.push(Problem { functions, error });
    }

    /// Gives all functions of a group the result of the first one.
    fn share(&mut self, groups: &[SameCode<'_>]) {
        for group in groups {
            let artifact = self.artifacts.get(&group.first.logical_id).cloned();
            for function in &group.others {
                let artifact = artifact.clone();
                let shared = artifact.map(|artifact| (function.logical_id.clone(), artifact));
                self.artifacts.extend(shared);
            }
        }
        let group_of = |id: &String| groups.iter().find(|it| it.first.logical_id == *id);
        for Problem { functions, error } in &mut self.problems {
            let all = functions.iter().flat_map(|id| match group_of(id) {
                Some(group) => group.ids(),
                None => vec![id.clone()],
            });
            *functions = all.collect();
            if let BuildError::Compile { names } = error {
                let all = names.iter().flat_map(|id| match group_of(id) {
                    Some(group) => group.shown(),
                    None => vec![id.clone()],
                });
                *names = all.collect();
            }
        }
    }

    fn provide(&mut self, provided: Option<Provided>) {
        let versions = provided.into_iter().flat_map(|it| it.versions);
        let versions: Vec<String> = versions
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        if !versions.is_empty() {
            self.stand_ins.insert(format!(
                "functions that do not bring them find, as on Lambda: {}",
                versions.join(", ")
            ));
        }
    }
}

/// Builds all functions that need it, each code once. A function that cannot be built does not stop the others.
pub async fn build(
    stack: &Stack,
    arguments: &UpArguments,
    data_dir: &Path,
    runtimes: &Arc<Runtimes>,
) -> Built {
    let beside = stack.template_path.parent().unwrap_or(Path::new("."));
    let project = std::path::absolute(if beside.as_os_str().is_empty() {
        Path::new(".")
    } else {
        beside
    });
    let project = project.unwrap_or_else(|_| beside.to_owned());
    let workshop = Workshop {
        data_dir,
        project: &project,
        runtimes,
    };
    let is_built = is_built_by_sam(&stack.template_path);
    let debugged = debugging::ids(arguments, stack);
    let (groups, problems) = same_code::groups(stack, is_built, &debugged);
    let mut building = Building {
        workshop,
        no_build: arguments.no_build,
        wanted: Wanted::default(),
        built: Built {
            problems,
            ..Built::default()
        },
    };
    for group in &groups {
        if let Err(error) = building.group(group).await {
            let functions = vec![group.first.logical_id.clone()];
            building.built.leave_out(functions, error);
        }
    }
    let Building {
        wanted, mut built, ..
    } = building;
    for problem in wanted.build(arguments.build_profile).await {
        built.leave_out(problem.functions, problem.error);
    }
    let mut layers = Layers::new(workshop, &stack.layers, is_built, arguments.no_build);
    for function in groups.iter().map(|group| group.first) {
        let Some(artifact) = built.artifacts.get(&function.logical_id).cloned() else {
            continue;
        };
        if function.layers.is_empty() {
            continue;
        }
        match layers.add(function, &artifact).await {
            Ok(merged) => {
                built.artifacts.insert(function.logical_id.clone(), merged);
            }
            Err(error) => built.leave_out(vec![function.logical_id.clone()], error),
        }
    }
    if !arguments.no_build {
        let missing = missing_packages(&groups, &built);
        let provided = packages::provide(missing, runtimes).await;
        built.provide(provided);
        same_code::tidy(&groups, workshop);
    }
    built.share(&groups);
    built
}

/// Packages that Lambda brings and that the stack's functions in JavaScript import without bringing them.
fn missing_packages(groups: &[SameCode<'_>], built: &Built) -> BTreeSet<String> {
    let functions = groups.iter().map(|group| group.first);
    functions
        .filter(|function| function.runtime.starts_with("nodejs"))
        .filter_map(|function| built.artifacts.get(&function.logical_id))
        .flat_map(|artifact| packages::missing(artifact))
        .collect()
}

/// A build under way.
struct Building<'a> {
    workshop: Workshop<'a>,
    no_build: bool,
    wanted: Wanted,
    built: Built,
}

impl Building<'_> {
    /// Builds functions of the same code, or adds them to what cargo will build.
    async fn group(&mut self, group: &SameCode<'_>) -> Result<(), BuildError> {
        let function = group.first;
        let logical_id = &function.logical_id;
        let subject = Subject::function(function);
        let source = group.source.clone();
        let prepared = self.prepare(&subject, function).await?;
        let needs_building = !matches!(source, Source::Built(_) | Source::Archive(_));
        let artifact = match source {
            Source::Cargo { manifest, binary } => {
                let dir = build_dir(self.workshop.data_dir, logical_id)?;
                if self.no_build {
                    check_built(&subject, &dir.join(BOOTSTRAP))?;
                } else {
                    let wanted = &mut self.wanted;
                    wanted
                        .add(group, &manifest, binary.as_deref(), dir.clone())
                        .await?;
                }
                dir
            }
            _ if needs_building && self.no_build => {
                let dir = build_dir(self.workshop.data_dir, logical_id)?;
                check_built(&subject, &dir)?;
                dir
            }
            source => {
                self.assemble(group, &subject, source, prepared.as_ref())
                    .await?
            }
        };
        self.built.artifacts.insert(logical_id.clone(), artifact);
        Ok(())
    }

    async fn prepare(
        &mut self,
        subject: &Subject,
        function: &FunctionResource,
    ) -> Result<Option<PreparedRuntime>, BuildError> {
        if !Runtimes::is_managed(&function.runtime) {
            return Ok(None);
        }
        let runtimes = self.workshop.runtimes;
        let runtime = packages::prepare_runtime(runtimes, subject, &function.runtime).await?;
        let stand_in = packages::stand_in(&function.runtime, &runtime);
        self.built.stand_ins.extend(stand_in);
        Ok(Some(runtime))
    }

    async fn assemble(
        &mut self,
        group: &SameCode<'_>,
        subject: &Subject,
        source: Source,
        prepared: Option<&PreparedRuntime>,
    ) -> Result<PathBuf, BuildError> {
        let (function, workshop) = (group.first, self.workshop);
        let artifact = match source {
            Source::Built(dir) => packages::as_it_is(subject, &dir, workshop)?,
            Source::Archive(file) => packages::unpack(subject, &file, workshop)?,
            Source::Python { dir, by_uv } => {
                let prepared = match prepared {
                    Some(prepared) => prepared.clone(),
                    None => {
                        let runtimes = workshop.runtimes;
                        packages::prepare_runtime(runtimes, subject, "python3.13").await?
                    }
                };
                packages::python(subject, &dir, by_uv, &prepared, workshop).await?
            }
            Source::Node(dir) => packages::node(subject, &dir, workshop).await?,
            Source::Esbuild(dir) => {
                let (bundle, provided) =
                    packages::esbuild(function, subject, &dir, group.debugged, workshop).await?;
                self.built.provide(provided);
                bundle
            }
            Source::Makefile(dir) => packages::makefile(subject, &dir, workshop).await?,
            Source::Go(dir) => packages::go(subject, &dir, workshop).await?,
            Source::Cargo { .. } => unreachable!("cargo builds all of a workspace at once"),
        };
        if function.runtime.starts_with("java") {
            return packages::java(subject, &artifact, workshop);
        }
        if function.runtime.starts_with("provided")
            && function.layers.is_empty()
            && !artifact.join(BOOTSTRAP).is_file()
        {
            return Err(BuildError::NoCode {
                subject: subject.clone(),
                dir: function.code_path.clone(),
                wanted: "an executable `bootstrap`".to_owned(),
            });
        }
        Ok(artifact)
    }
}

fn check_built(subject: &Subject, path: &Path) -> Result<(), BuildError> {
    if path.exists() {
        return Ok(());
    }
    Err(BuildError::NotBuilt {
        subject: subject.clone(),
        path: path.to_owned(),
    })
}

/// Functions and binaries that cargo is to build.
#[derive(Debug, Default)]
struct Wanted {
    workspaces: Vec<Workspace>,
    functions: Vec<(String, Binary, PathBuf)>,
    /// The developer's names for all of them, with those of the same code.
    shown: Vec<String>,
}

impl Wanted {
    async fn add(
        &mut self,
        group: &SameCode<'_>,
        manifest: &Path,
        binary: Option<&str>,
        dir: PathBuf,
    ) -> Result<(), BuildError> {
        let known = self.workspaces.iter().position(|it| it.has(manifest));
        let index = match known {
            Some(index) => index,
            None => {
                let workspace = Workspace::of(manifest, group.first.shown()).await?;
                self.workspaces.push(workspace);
                self.workspaces.len() - 1
            }
        };
        let binary = self.workspaces[index].binary(manifest, binary, group.first.shown())?;
        self.functions
            .push((group.first.logical_id.clone(), binary, dir));
        self.shown.extend(group.shown());
        Ok(())
    }

    async fn build(&self, profile: BuildProfile) -> Vec<Problem> {
        if self.functions.is_empty() {
            return Vec::new();
        }
        let progress = Progress::start(format!("building {}", self.shown.join(", ")));
        let binaries: BTreeSet<&Binary> = self.functions.iter().map(|(_, it, _)| it).collect();
        let mut problems = Vec::new();
        for round in rounds(binaries) {
            self.round(round, profile, &progress, &mut problems).await;
        }
        if problems.is_empty() {
            progress.done();
        } else {
            progress.failed();
        }
        problems
    }

    /// Builds binaries; where some do not compile, the others without them.
    async fn round(
        &self,
        mut binaries: Vec<Binary>,
        profile: BuildProfile,
        progress: &Progress,
        problems: &mut Vec<Problem>,
    ) {
        while !binaries.is_empty() {
            let (functions, error) = match cargo::build(&binaries, profile, progress).await {
                Ok(built) => {
                    problems.extend(self.install(&binaries, &built));
                    return;
                }
                Err(CargoFailed::Started(error)) => (self.functions_of(&binaries), error),
                Err(CargoFailed::Compile { packages }) => {
                    let names = self.blame(&binaries, &packages);
                    let error = BuildError::Compile {
                        names: names.clone(),
                    };
                    (names, error)
                }
            };
            let guilty = self.functions.iter();
            let guilty: BTreeSet<&Binary> = guilty
                .filter(|(logical_id, ..)| functions.contains(logical_id))
                .map(|(_, binary, _)| binary)
                .collect();
            binaries.retain(|binary| !guilty.contains(binary));
            problems.push(Problem { functions, error });
        }
    }

    fn install(&self, binaries: &[Binary], built: &BTreeMap<Binary, PathBuf>) -> Vec<Problem> {
        let functions = self.functions.iter().filter(|it| binaries.contains(&it.1));
        let mut problems = Vec::new();
        for (logical_id, binary, dir) in functions {
            let installed = match built.get(binary) {
                Some(executable) => install(executable, dir),
                None => Err(BuildError::NoExecutable {
                    function: logical_id.clone(),
                    binary: binary.name.clone(),
                }),
            };
            if let Err(error) = installed {
                let functions = vec![logical_id.clone()];
                problems.push(Problem { functions, error });
            }
        }
        problems
    }

    fn functions_of(&self, binaries: &[Binary]) -> Vec<String> {
        let functions = self.functions.iter();
        functions
            .filter(|(_, binary, _)| binaries.contains(binary))
            .map(|(logical_id, ..)| logical_id.clone())
            .collect()
    }

    /// The functions whose own package does not compile; all of them if a package that they use does not.
    fn blame(&self, binaries: &[Binary], packages: &[String]) -> Vec<String> {
        let of = |wrong: &dyn Fn(&Binary) -> bool| -> Vec<String> {
            let functions = self.functions.iter();
            functions
                .filter(|(_, binary, _)| binaries.contains(binary) && wrong(binary))
                .map(|(logical_id, ..)| logical_id.clone())
                .collect()
        };
        let own = of(&|binary| packages.contains(&binary.package));
        if own.is_empty() { of(&|_| true) } else { own }
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
            shown: Vec::new(),
        };
        let binaries = [api, workflow];
        let message = |packages: &[&str]| {
            let packages: Vec<String> = packages.iter().map(|&it| it.to_owned()).collect();
            let names = wanted.blame(&binaries, &packages);
            BuildError::Compile { names }.to_string()
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
