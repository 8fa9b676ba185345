//! Versions that are no longer needed: published by a deployment because `AutoPublishAlias` says so, replaced by a
//! later one, and without anything open.
//!
//! On AWS they would stay for good, and cost nothing; here each keeps its code. A version that was published by a
//! request stays here too. An execution that has ended keeps the name of its version.

use model::{FunctionName, Version};
use store::{Store, StoreFault};

use super::{Registry, leads_to};
use crate::functions::change::CatalogueChanges;

impl Registry {
    /// Removes versions that are no longer needed; returns how many.
    ///
    /// # Errors
    /// When the store fails. A removal that was begun goes on at the next start.
    pub async fn collect(
        &self,
        store: &dyn Store,
        now: model::Timestamp,
    ) -> Result<usize, StoreFault> {
        let changes = self.changes(store, now).await;
        let mut candidates = self.candidates();
        if candidates.is_empty() {
            return Ok(0);
        }
        let needed = store.versions_needed().await?;
        candidates.retain(|(name, number)| !is_needed(&needed, name, *number));
        let mut removed = 0;
        for (name, number) in candidates {
            removed += usize::from(self.remove_unneeded(&changes, store, &name, number).await?);
        }
        Ok(removed)
    }

    /// Removes a version unless something needs it again.
    ///
    /// First it takes no more invocations. A request that chose it before either still holds it, or has
    /// handed its write over to the store: then the store sees it once a later write is done.
    async fn remove_unneeded(
        &self,
        changes: &CatalogueChanges<'_>,
        store: &dyn Store,
        name: &FunctionName,
        number: u64,
    ) -> Result<bool, StoreFault> {
        changes.set_deleting(name, number, true).await?;
        let is_held = self.is_held(name, number);
        if !is_held {
            let settings = self.settings(name);
            store
                .put_function_settings(settings.to_record(name))
                .await?;
        }
        if is_held || is_needed(&store.versions_needed().await?, name, number) {
            changes.set_deleting(name, number, false).await?;
            return Ok(false);
        }
        changes.end_delete(name, Some(number)).await?;
        tracing::info!(function = %name, version = number, "removed a version that nothing needs any more");
        Ok(true)
    }

    /// Versions that deployments have published and that no alias leads to. The newest stays: the next
    /// deployment is compared with it.
    fn candidates(&self) -> Vec<(FunctionName, u64)> {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        let mut candidates = Vec::new();
        for (name, function) in functions.iter() {
            let settings = &function.settings;
            let Some((newest, version)) = function.published.last_key_value() else {
                continue;
            };
            // They are small, and the history of an ended execution is made with its definition.
            if version.is_state_machine() {
                continue;
            }
            for number in settings.automatic_versions.range(..newest) {
                let version = Version::Published(*number);
                let is_aliased = function.aliases.values().any(|it| leads_to(it, &version));
                let is_configured = settings.event_invoke.contains_key(&number.to_string());
                if function.published.contains_key(number)
                    && !is_aliased
                    && !is_configured
                    && !settings.is_deleting(&version)
                {
                    candidates.push((name.clone(), *number));
                }
            }
        }
        candidates
    }

    /// Whether a request or another holder besides the registry still has the version.
    fn is_held(&self, name: &FunctionName, number: u64) -> bool {
        let functions = self
            .functions
            .read()
            .expect("the map is never left half changed");
        let version = functions
            .get(name)
            .and_then(|function| function.published.get(&number));
        version.is_some_and(|version| {
            std::sync::Arc::strong_count(version) > 1
                || std::sync::Arc::strong_count(&version.holders) > 1
        })
    }
}

/// Whether an open execution or invocation needs a version.
pub(crate) fn is_needed(
    needed: &[(FunctionName, Version)],
    name: &FunctionName,
    number: u64,
) -> bool {
    let version = Version::Published(number);
    needed.iter().any(|one| one.0 == *name && one.1 == version)
}
