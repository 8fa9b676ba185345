//! Keeps the code of functions in order: removes what nothing needs any more, and compares the rest
//! with what was deployed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use stdx::error_chain;

use crate::app::App;
use crate::functions::{Depth, FunctionVersion};

/// How often it is looked whether something has become of no use without a deployment: executions
/// end, and so do processes. Also how soon a damaged file that somebody put back is noticed.
const PAUSE: Duration = Duration::from_secs(10);

/// How often it is looked whether servers keep archives of code that nothing needs.
const COLLECT_PAUSE: Duration = Duration::from_secs(3_600);

/// How long such an archive is kept all the same: whoever uploaded it may not have deployed it yet.
const ARCHIVES_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// How long contents are left alone after the start: until the deployment, which reads them too, is
/// likely over.
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
    /// Removes versions and code that nothing needs, again and again.
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

    /// Forgets archives of code that servers share and that nothing needs, again and again.
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

    /// Compares all code with what was deployed: sizes and times at once, contents after that.
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

    /// A version for each folder of code: many differ in their settings alone.
    fn versions_by_code(&self) -> Vec<Arc<FunctionVersion>> {
        let mut seen = BTreeSet::new();
        let mut versions = self.registry.all_versions();
        versions.retain(|version| seen.insert(version.config.code_dir.clone()));
        versions
    }
}
