//! Hot reload: a changed source or template is built and deployed while everything runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use owo_colors::OwoColorize;
use server::{DeployedFunction, Deployment, Runtimes, Server};
use stack::{Stack, Warning};
use tokio::sync::mpsc;

use super::objects::Fetch;
use super::tree::is_left_out;
use super::{
    build, image, inline, left_out, missing_layers, objects, own_sources, stack_options, start,
    state_machines,
};
use crate::args::UpArguments;
use crate::exit::{self, CliError};
use crate::screen::note;

/// How long the sources must be quiet before they are built: editors and version control write many files in a row.
const QUIET: Duration = Duration::from_millis(300);

/// Changes that may wait: one is enough to cause a build.
const CHANGES_MAX: usize = 1;

/// The file with settings beside a template.
const SETTINGS: &str = "samconfig.toml";

/// Watches the template and the sources of its functions.
pub struct Sources {
    _watcher: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    changes: mpsc::Receiver<()>,
}

/// The files and folders whose changes matter.
struct Watched {
    /// Folders of functions.
    roots: Vec<PathBuf>,
    /// Files that matter wherever they are.
    files: Vec<PathBuf>,
    data_dir: PathBuf,
}

impl Sources {
    /// Begins to watch.
    ///
    /// # Errors
    /// Most likely, the system has no more watches.
    pub fn watch(stack: &Stack, data_dir: &Path) -> notify::Result<Self> {
        let folders = folders(stack);
        let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let template = whole(&stack.template_path);
        let settings = template.with_file_name(SETTINGS);
        let files: Vec<PathBuf> = std::iter::once(&stack.template_path)
            .chain(&stack.more_files)
            .map(|path| whole(path))
            .collect();
        let watched = Watched {
            roots: folders.iter().map(|path| whole(path)).collect(),
            files: files.iter().cloned().chain([settings]).collect(),
            data_dir: whole(data_dir),
        };
        let roots = watched.roots.clone();
        let (changed, changes) = mpsc::channel(CHANGES_MAX);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| watched.matters(&event)) {
                // A full channel means that a change is waiting already.
                let _ = changed.try_send(());
            }
        })?;
        for root in &roots {
            match root.parent().filter(|_| root.is_file()) {
                // An archive is replaced by a new file, not written to.
                Some(folder) => watcher.watch(folder, RecursiveMode::NonRecursive)?,
                None => watcher.watch(root, RecursiveMode::Recursive)?,
            }
        }
        // Folders are watched, because editors replace files.
        let beside: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        for folder in beside {
            if !roots.iter().any(|root| folder.starts_with(root)) {
                watcher.watch(folder, RecursiveMode::NonRecursive)?;
            }
        }
        Ok(Self {
            _watcher: watcher,
            folders,
            changes,
        })
    }

    /// Waits for a change, and until no more follow. Cancel safe: a change that was noticed is not forgotten, because
    /// the next build compares contents.
    async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending().await
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changes.recv()).await {}
    }
}

/// The folders that hold the functions' code.
fn folders(stack: &Stack) -> BTreeSet<PathBuf> {
    let functions = stack
        .functions
        .iter()
        .map(|function| match &function.image {
            Some(image) => &image.context,
            None => &function.code_path,
        });
    let layers = stack.layers.iter().map(|layer| &layer.path);
    let paths = functions.chain(layers);
    paths.filter(|path| path.exists()).cloned().collect()
}

impl Watched {
    /// Whether an event is about a template, or a file that is part of a function's code.
    fn matters(&self, event: &Event) -> bool {
        let writes = match event.kind {
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any => {
                true
            }
            EventKind::Access(_) | EventKind::Other => false,
        };
        writes
            && event
                .paths
                .iter()
                .any(|path| self.files.contains(path) || self.is_code(path))
    }

    fn is_code(&self, path: &Path) -> bool {
        let roots = self.roots.iter();
        let mut below = roots.filter_map(|root| path.strip_prefix(root).ok());
        !path.starts_with(&self.data_dir)
            && below.any(|path| !path.components().any(|part| is_left_out(part.as_os_str())))
    }
}

/// The running stack: its template, and the result of its deployment.
pub struct Deployed {
    pub stack: Stack,
    pub deployment: Deployment,
    /// Logical ids of the functions whose code has been deployed, now or before.
    pub functions: BTreeSet<String>,
}

/// The parts that a reload needs.
pub struct Reload<'a> {
    pub server: &'a Server,
    pub arguments: &'a UpArguments,
    pub data_dir: &'a Path,
    pub runtimes: &'a Arc<Runtimes>,
}

impl Reload<'_> {
    /// Builds and deploys after every change, for as long as it is polled. A failure is printed, and the earlier code
    /// goes on. Without sources this does nothing.
    pub async fn run(&self, mut was: Deployed, sources: Option<Sources>) {
        let Some(mut sources) = sources else {
            return std::future::pending().await;
        };
        let mut looks_again = false;
        loop {
            if !std::mem::take(&mut looks_again) {
                sources.changed().await;
            }
            match self.once(&was.functions).await {
                Ok(is) => {
                    self.say(&was, &is).await;
                    was = is;
                }
                Err(error) => {
                    exit::report(Err(error));
                    note(format!("{}", "the functions stay as they were".dimmed()));
                }
            }
            if folders(&was.stack) != sources.folders {
                match Sources::watch(&was.stack, self.data_dir) {
                    Ok(watched) => {
                        sources = watched;
                        // What changed before these folders were watched was not noticed. A build of what is the same
                        // changes nothing.
                        looks_again = true;
                    }
                    Err(error) => note(format!(
                        "{} the folders of new functions are not watched: {error}",
                        "!".yellow()
                    )),
                }
            }
        }
    }

    async fn once(&self, functions: &BTreeSet<String>) -> Result<Deployed, CliError> {
        let mut stack = stack_options::load(self.arguments).map_err(CliError::diagnostic)?;
        inline::place(&mut stack, self.data_dir)?;
        let elsewhere = stack_options::elsewhere(&self.arguments.server)?;
        state_machines::place(&mut stack, self.data_dir, Some(&elsewhere))?;
        image::place(&mut stack, self.data_dir);
        objects::fetch(&mut stack, &elsewhere, self.data_dir, Fetch::Missing).await;
        let built = build::build(&stack, self.arguments, self.data_dir, self.runtimes).await;
        missing_layers::start_without_wrappers(&mut stack, &built);
        let artifacts = left_out::artifacts(&built, functions, own_sources::folders(&stack));
        left_out::say(built.problems, functions, &stack);
        let deployment = start::deploy(self.server, &stack, &artifacts).await?;
        let mut functions = functions.clone();
        functions.extend(artifacts.folders.into_keys());
        Ok(Deployed {
            stack,
            deployment,
            functions,
        })
    }

    /// Says what changed.
    async fn say(&self, was: &Deployed, is: &Deployed) {
        let (before, now) = (&was.stack, &is.stack);
        let (was, is) = (&was.deployment, &is.deployment);
        for function in is.functions.iter().filter(|function| function.changed) {
            note(self.changed(function).await);
        }
        let known = |stack: &Stack, name: &str| stack.functions.iter().any(|it| it.name == name);
        for gone in before.functions.iter().filter(|it| !known(now, &it.name)) {
            note(format!(
                "{} {} is no longer in the template, and stays for its executions",
                "−".yellow(),
                gone.shown().bold()
            ));
        }
        let urls = |deployment: &Deployment| {
            let all = [
                &deployment.http_apis,
                &deployment.rest_apis,
                &deployment.function_urls,
            ];
            let all = all.into_iter().flatten();
            all.map(|(id, url)| (id.clone(), url.clone())).collect()
        };
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (urls(was), urls(is));
        for (id, url) in new.difference(&old) {
            note(format!("{} {} {url}", "+".green(), id.bold()));
        }
        // Lines move with every edit.
        let said = |it: &Warning| {
            let same = |other: &Warning| {
                (&it.logical_id, &it.property, &it.meaning)
                    == (&other.logical_id, &other.property, &other.meaning)
            };
            was.warnings.iter().any(same)
        };
        for warning in is.warnings.iter().filter(|it| !said(it)) {
            note(format!("{} {warning}", "!".yellow()));
        }
    }

    async fn changed(&self, function: &DeployedFunction) -> String {
        let now = match &function.alias {
            Some(alias) => format!("version {} ({alias})", function.version),
            None => "new $LATEST".to_owned(),
        };
        let mut line = format!("{} {} {now}", "↻".green(), function.shown().bold());
        let open = self.server.open_executions(&function.name).await;
        let older: Vec<String> = open
            .iter()
            .filter(|(version, _)| **version != function.version)
            .map(|(version, count)| {
                let executions = if *count == 1 {
                    "execution goes"
                } else {
                    "executions go"
                };
                format!("{count} {executions} on with version {version}")
            })
            .collect();
        if !older.is_empty() {
            let older = older.join(", ");
            let text = format!("; {older} (`lambdura retry NAME --now`: with the new one)");
            line.push_str(&text.dimmed().to_string());
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, ModifyKind};

    use super::*;

    #[test]
    fn only_changes_of_code_matter() {
        let watched = Watched {
            roots: vec!["/app/src".into()],
            files: vec!["/app/template.yaml".into()],
            data_dir: "/app/src/data".into(),
        };
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let matters = |event| watched.matters(&event);
        let modify = EventKind::Modify(ModifyKind::Any);
        assert!(matters(event(modify, "/app/src/app.py")));
        assert!(matters(event(modify, "/app/template.yaml")));
        assert!(!matters(event(modify, "/app/README.md")));
        assert!(matters(event(
            EventKind::Create(CreateKind::Any),
            "/app/src/lib/new.py"
        )));
        assert!(!matters(event(
            EventKind::Access(AccessKind::Any),
            "/app/src/app.py"
        )));
        for path in [
            "/app/src/__pycache__/app.pyc",
            "/app/src/node_modules/x/index.js",
            "/app/src/target/debug/app",
            "/app/src/data/lambdura.sqlite3",
            "/elsewhere/app.py",
        ] {
            assert!(!matters(event(modify, path)), "{path}");
        }
    }
}
