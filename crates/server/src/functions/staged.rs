//! Deploys functions of a template in two steps: stages them, and applies them.
//!
//! In between, the deployment checks that they start, and is recorded as a whole. The first step is invisible until the
//! second: no alias leads to the new versions, so only a caller who knows the number can invoke one.

use std::sync::Arc;

use model::{FunctionName, Timestamp, Version};
use stack::FunctionResource;
use store::{Catalogue, FunctionVersionRecord, StoreFault};
use thiserror::Error;

use super::from_template::{Draft, configuration};
use super::{FrozenCode, FunctionVersion, Registry};

/// A function of a template, as it will be.
#[derive(Debug)]
pub(crate) struct StagedFunction {
    pub name: FunctionName,
    /// The version that its alias will lead to, or `$LATEST` where the template names no alias.
    pub record: FunctionVersionRecord,
    /// Whether this version is published by the deployment.
    pub is_new: bool,
    /// Whether invocations by its alias, or without one, will run another version or configuration than now.
    pub changes: bool,
}

/// Why staged functions were not published.
#[derive(Debug, Error)]
pub(crate) enum PublishStagedError {
    /// A request published a version meanwhile.
    #[error("function `{0}` was changed by another request in the meantime")]
    Changed(FunctionName),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl Registry {
    /// Computes the coming version of a template's function. Changes nothing.
    pub fn stage(
        &self,
        name: &FunctionName,
        resource: &FunctionResource,
        frozen: &FrozenCode,
        now: Timestamp,
    ) -> StagedFunction {
        let arn = self.home.arn(name);
        let draft = Draft {
            name,
            arn: &arn,
            frozen,
            configuration: configuration(resource, &arn, frozen, now),
            now,
        };
        let latest = draft.version(Version::Latest);
        let Some(alias) = &resource.auto_publish_alias else {
            let before = self.version(name, &Version::Latest);
            let changes = before.is_none_or(|it| it.config_sha256 != latest.config_sha256);
            return StagedFunction {
                name: name.clone(),
                record: latest,
                is_new: false,
                changes,
            };
        };
        let newest = self.newest(name);
        let same = newest.filter(|newest| newest.config_sha256 == latest.config_sha256);
        let version = match &same {
            Some(newest) => newest.version.clone(),
            None => Version::Published(self.next_version(name)),
        };
        let leads_there = self
            .alias(name, alias)
            .is_some_and(|it| it.version == version);
        StagedFunction {
            name: name.clone(),
            record: draft.version(version),
            is_new: same.is_none(),
            changes: !leads_there,
        }
    }

    /// A staged function as the host runs it.
    pub fn staged_version(&self, staged: &StagedFunction) -> Arc<FunctionVersion> {
        let running = self.running_of(&staged.name);
        let code_dir = self.code.locate(&staged.record.code_dir);
        let arn = self.home.arn(&staged.name);
        let version = FunctionVersion::from_record(&staged.record, &arn, &running, code_dir)
            .expect("what was just written as JSON reads as JSON");
        Arc::new(version)
    }

    /// Publishes the new versions among staged functions. No alias leads to them yet.
    ///
    /// # Errors
    /// When a number was taken meanwhile, or the store fails; versions that were published stay until nothing needs them.
    pub async fn publish_staged(
        &self,
        store: &dyn Catalogue,
        staged: &[StagedFunction],
    ) -> Result<(), PublishStagedError> {
        let _changing = self.changes.lock().await;
        for function in staged.iter().filter(|it| it.is_new) {
            let Version::Published(number) = function.record.version else {
                unreachable!("only published versions are new");
            };
            if self.next_version(&function.name) != number {
                return Err(PublishStagedError::Changed(function.name.clone()));
            }
        }
        for function in staged.iter().filter(|it| it.is_new) {
            let Version::Published(number) = function.record.version else {
                unreachable!("only published versions are new");
            };
            let arn = self.home.arn(&function.name);
            // Before the version: a number without a version does no harm should the server die in between.
            self.note_automatic(store, &function.name, number).await?;
            self.record(store, &function.record, &arn).await?;
        }
        Ok(())
    }

    /// Applies a staged function: stores its settings and `$LATEST`, and moves its alias. Doing it again gives the same
    /// result.
    ///
    /// # Errors
    /// When the store fails; doing it again goes on from there.
    pub async fn apply_staged(
        &self,
        store: &dyn Catalogue,
        name: &FunctionName,
        resource: &FunctionResource,
        frozen: &FrozenCode,
        version: &Version,
        now: Timestamp,
    ) -> Result<(), StoreFault> {
        let arn = self.home.arn(name);
        let _changing = self.changes.lock().await;
        self.deploy_settings(store, name, resource, now).await?;
        let draft = Draft {
            name,
            arn: &arn,
            frozen,
            configuration: configuration(resource, &arn, frozen, now),
            now,
        };
        let latest = draft.version(Version::Latest);
        let before = self.version(name, &Version::Latest);
        if before.is_none_or(|it| it.config_sha256 != latest.config_sha256) {
            self.record(store, &latest, &arn).await?;
        }
        for alias in resource
            .auto_publish_alias
            .iter()
            .chain(&resource.more_aliases)
        {
            let before = self.alias(name, alias);
            if before.is_some_and(|it| it.version == *version && it.routing.is_none()) {
                continue;
            }
            self.lead(store, name, alias, version).await?;
        }
        Ok(())
    }

    /// Code that was put here under the hash of its archive, if it is here.
    pub fn code_named(&self, sha256_hex: &str, bytes: u64) -> Option<FrozenCode> {
        self.code.of_archive(sha256_hex, bytes)
    }
}
