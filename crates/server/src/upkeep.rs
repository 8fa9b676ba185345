//! Keeps the code of functions in order: removes unneeded code, and compares the rest with the
//! deployed code.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stdx::error_chain;

use crate::app::App;
use crate::functions::{Depth, FunctionVersion};

/// How often to look for code that became unneeded without a deployment, because executions or
/// processes ended. Also how soon a repaired file is noticed.
const PAUSE: Duration = Duration::from_secs(10);

/// How often to look for unneeded shared archives of code.
const COLLECT_PAUSE: Duration = Duration::from_secs(3_600);

/// How long such an archive is kept all the same: it may be uploaded for a deployment that has not
/// yet come.
const ARCHIVES_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// How long to wait with the contents after the start: until the deployment, which reads them too,
/// is likely over.
const CONTENTS_AFTER: Duration = Duration::from_secs(5);

/// Starts the tasks, which end with the server.
pub(crate) fn start(app: &Arc<App>) {
    let (tidying, comparing) = (Arc::clone(app), Arc::clone(app));
    let collecting = Arc::clone(app);
    app.tasks.spawn(async move {
        let shutdown = collecting.shutdown.clone();
        tokio::select! {
            () = collecting.collect_archives() => {}
            () = shutdown.cancelled() => {}
        }
    });
    app.tasks.spawn(async move {
        let shutdown = tidying.shutdown.clone();
        tokio::select! {
            () = tidying.tidy() => {}
            () = shutdown.cancelled() => {}
        }
    });
    app.tasks.spawn(async move {
        let shutdown = comparing.shutdown.clone();
        tokio::select! {
            () = comparing.compare() => {}
            () = shutdown.cancelled() => {}
        }
    });
}

impl App {
    /// Removes unneeded versions and code, again and again.
    async fn tidy(&self) {
        loop {
            let store = self.driver.store();
            let collected = self
                .registry
                .collect(store.as_ref(), self.driver.now())
                .await;
            if let Err(fault) = collected {
                let error = error_chain(&fault);
                tracing::error!(
                    error,
                    "failed to remove versions that nothing needs any more"
                );
            }
            let code = Arc::clone(&self.registry.code);
            match tokio::task::spawn_blocking(move || code.sweep()).await {
                Ok(0) => {}
                Ok(folders) => tracing::info!(folders, "removed code that nothing needs any more"),
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
            tokio::select! {
                () = self.upkeep.notified() => {}
                () = tokio::time::sleep(PAUSE) => self.look_at_damaged().await,
            }
        }
    }

    /// Removes unneeded shared archives of code, again and again.
    async fn collect_archives(&self) {
        loop {
            match self.registry.collect_shared(ARCHIVES_KEPT).await {
                Ok(0) => {}
                Ok(archives) => {
                    tracing::info!(
                        archives,
                        "forgot archives of code that nothing needs any more"
                    );
                }
                Err(fault) => {
                    let error = error_chain(&fault);
                    tracing::error!(
                        error,
                        "failed to forget archives of code that nothing needs any more"
                    );
                }
            }
            tokio::time::sleep(COLLECT_PAUSE).await;
        }
    }

    /// Compares all code with the deployed code: sizes and times at once, contents later.
    async fn compare(&self) {
        for version in self.versions_by_code() {
            self.registry.check_code(&version, Depth::Sizes).await;
        }
        tokio::time::sleep(CONTENTS_AFTER).await;
        for version in self.versions_by_code() {
            if !self.registry.code.was_verified(&version.config.code_dir) {
                self.registry.check_code(&version, Depth::Contents).await;
            }
        }
    }

    async fn look_at_damaged(&self) {
        for version in self.versions_by_code() {
            if self
                .registry
                .code
                .damage(&version.config.code_dir)
                .is_some()
            {
                self.registry.check_code(&version, Depth::Contents).await;
            }
        }
    }

    /// One version for each folder of code: many versions differ only in their settings.
    fn versions_by_code(&self) -> Vec<Arc<FunctionVersion>> {
        let mut seen = BTreeSet::new();
        let mut versions = self.registry.all_versions();
        versions.retain(|version| seen.insert(version.config.code_dir.clone()));
        versions
    }
}
