//! Hot reload: a changed source is built and deployed while everything runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use owo_colors::OwoColorize;
use server::{DeployedFunction, Runtimes, Server};
use stack::Stack;
use tokio::sync::mpsc;

use super::tree::is_left_out;
use super::{build, left_out, start};
use crate::args::UpArguments;
use crate::exit::{self, CliError};
use crate::screen::note;

/// How long the sources must be quiet before they are built: editors and version control write many files in a row.
const QUIET: Duration = Duration::from_millis(300);

/// Changes that may wait; more say nothing that the first does not.
const CHANGES_MAX: usize = 1;

/// Watches the sources of a stack's functions.
pub struct Sources {
    _watcher: RecommendedWatcher,
    changes: mpsc::Receiver<()>,
}

impl Sources {
    /// Begins to watch.
    ///
    /// # Errors
    /// The system has no more watches to give, most likely.
    pub fn watch(stack: &Stack, data_dir: &Path) -> notify::Result<Self> {
        let functions = stack.functions.iter();
        let sources: BTreeSet<PathBuf> = functions
            .flat_map(|function| {
                let layers = function.layers.iter().map(|layer| &layer.path);
                std::iter::once(&function.code_path).chain(layers)
            })
            .filter_map(|path| path.canonicalize().ok())
            .collect();
        let roots: Vec<PathBuf> = sources.iter().cloned().collect();
        let data_dir = data_dir
            .canonicalize()
            .unwrap_or_else(|_| data_dir.to_owned());
        let (changed, changes) = mpsc::channel(CHANGES_MAX);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| matters(&event, &roots, &data_dir)) {
                // A full channel means that a change is known already.
                let _ = changed.try_send(());
            }
        })?;
        for source in &sources {
            match source.parent().filter(|_| source.is_file()) {
                // An archive is replaced by a new file, not written to.
                Some(folder) => watcher.watch(folder, RecursiveMode::NonRecursive)?,
                None => watcher.watch(source, RecursiveMode::Recursive)?,
            }
        }
        Ok(Self {
            _watcher: watcher,
            changes,
        })
    }

    /// Waits for a change, and until no more follow. Cancel safe: a change that was noticed is not forgotten, because its
    /// build compares contents.
    async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending().await
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changes.recv()).await {}
    }
}

/// Whether an event is about a file that is part of a function's code.
fn matters(event: &Event, roots: &[PathBuf], data_dir: &Path) -> bool {
    let writes = match event.kind {
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Any => true,
        EventKind::Access(_) | EventKind::Other => false,
    };
    let is_code = |path: &PathBuf| {
        let below = roots.iter().filter_map(|root| path.strip_prefix(root).ok());
        !path.starts_with(data_dir)
            && below
                .into_iter()
                .any(|path| !path.components().any(|part| is_left_out(part.as_os_str())))
    };
    writes && event.paths.iter().any(is_code)
}

/// What a reload works with.
pub struct Reload<'a> {
    pub server: &'a Server,
    pub stack: &'a Stack,
    pub arguments: &'a UpArguments,
    pub data_dir: &'a Path,
    pub runtimes: &'a Arc<Runtimes>,
}

impl Reload<'_> {
    /// Builds and deploys after every change, for as long as it is polled. What fails is said, and what ran before goes on:
    /// the functions in `deployed`.
    pub async fn run(&self, mut sources: Sources, mut deployed: BTreeSet<String>) {
        loop {
            sources.changed().await;
            if let Err(error) = self.once(&mut deployed).await {
                exit::report(Err(error));
                note(format!("{}", "the functions go on as they were".dimmed()));
            }
        }
    }

    async fn once(&self, deployed: &mut BTreeSet<String>) -> Result<(), CliError> {
        let built = build::build(self.stack, self.arguments, self.data_dir, self.runtimes).await;
        let artifacts = left_out::artifacts(&built, deployed);
        left_out::say(built.problems, deployed);
        let deployment = start::deploy(self.server, self.stack, &artifacts).await?;
        deployed.extend(artifacts.folders.into_keys());
        for function in deployment
            .functions
            .iter()
            .filter(|function| function.changed)
        {
            note(self.changed(function).await);
        }
        Ok(())
    }

    async fn changed(&self, function: &DeployedFunction) -> String {
        let now = match &function.alias {
            Some(alias) => format!("version {} ({alias})", function.version),
            None => "new $LATEST".to_owned(),
        };
        let mut line = format!("{} {} {now}", "↻".green(), function.name.bold());
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
            line.push_str(&format!("; {}", older.join(", ")).dimmed().to_string());
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
        let roots = [PathBuf::from("/app/src")];
        let data_dir = Path::new("/app/src/data");
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let matters = |event| matters(&event, &roots, data_dir);
        let modify = EventKind::Modify(ModifyKind::Any);
        assert!(matters(event(modify, "/app/src/app.py")));
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
