//! Functions of servers that share a store: each server takes in what another one deployed, with its code.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::{FunctionName, Version};
use stdx::error_chain;
use store::{Catalogue, CatalogueRevision, CodeBlobs, FunctionVersionRecord, StoreFault};
use tokio::task::spawn_blocking;

use super::{CodeStore, FunctionSettings, FunctionVersion, Reference, Registry};

impl Registry {
    /// Stores the code of a version where other servers find it, before any of them sees the version.
    pub async fn share_code(&self, code_dir: &Path) -> Result<(), StoreFault> {
        let Some((together, name)) = self.together.as_ref().zip(CodeStore::shared_name(code_dir))
        else {
            return Ok(());
        };
        if together.code.has_code(name).await? {
            return Ok(());
        }
        self.share_code_anew(code_dir).await
    }

    /// The same, but replaces code that is there already: it may be damaged.
    ///
    /// # Errors
    /// When it cannot be read, or the store fails.
    pub async fn share_code_anew(&self, code_dir: &Path) -> Result<(), StoreFault> {
        let Some((together, name)) = self.together.as_ref().zip(CodeStore::shared_name(code_dir))
        else {
            return Ok(());
        };
        let shared = &together.code;
        let (code, packed) = (Arc::clone(&self.code), name.to_owned());
        let packing = spawn_blocking(move || code.pack(&packed));
        let archive = match packing.await {
            Ok(packed) => packed.map_err(|cause| {
                StoreFault::new(
                    format!("pack the code in `{}`", code_dir.display()),
                    true,
                    cause,
                )
            })?,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        shared.put_code(name, archive).await
    }

    /// Deletes the archives of code that no version of any server needs, and that were not used for so long; returns
    /// how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn collect_shared(&self, unused_for: Duration) -> Result<usize, StoreFault> {
        let Some(together) = &self.together else {
            return Ok(0);
        };
        let forgotten = together.code.collect_code(unused_for).await?;
        Ok(forgotten.len())
    }

    /// Takes in the changes of other servers. Returns whether there were any.
    ///
    /// # Errors
    /// When the store fails; nothing has changed here then.
    pub async fn catch_up(&self) -> Result<bool, StoreFault> {
        let Some(together) = &self.together else {
            return Ok(false);
        };
        let known = *together.known();
        let revision = self.refresh(together.catalogue.as_ref(), known).await?;
        *together.known() = Some(revision);
        Ok(known != Some(revision))
    }

    /// The same, before an unknown name is refused: another server may have made it a moment ago.
    pub async fn look_again(&self) -> bool {
        match self.catch_up().await {
            Ok(is_changed) => is_changed,
            Err(fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::error!(error, "failed to look for what other servers deployed");
                false
            }
        }
    }

    /// Catches up with the other servers if the reference is not known here.
    pub async fn look_for(&self, reference: &Reference) {
        if self.together.is_some() && self.resolve(reference).is_err() {
            self.look_again().await;
        }
    }

    /// A version, which another server may have made a moment ago.
    pub async fn find_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> Option<Arc<FunctionVersion>> {
        let known = self.version(function, version);
        if known.is_some() || !self.look_again().await {
            return known;
        }
        self.version(function, version)
    }

    /// Takes in the changes of other servers since this revision. Returns the revision that is known now.
    ///
    /// # Errors
    /// When the store fails; nothing has changed here then.
    pub async fn refresh(
        &self,
        store: &dyn Catalogue,
        known: Option<CatalogueRevision>,
    ) -> Result<CatalogueRevision, StoreFault> {
        let revision = store.revision().await?;
        if known == Some(revision) {
            return Ok(revision);
        }
        // Before the lock is taken: unpacking an archive takes its time.
        if let Some(together) = &self.together {
            for record in store.function_versions().await? {
                self.fetch_code(together.code.as_ref(), &record).await?;
            }
        }
        let _changes = self.changes.lock().await;
        let settings = store.function_settings().await?;
        let versions = store.function_versions().await?;
        let aliases = store.aliases().await?;
        let mut stored = BTreeSet::new();
        for record in settings {
            stored.insert((record.function.clone(), Part::Function));
            match FunctionSettings::from_record(&record) {
                Ok(settings) if settings != *self.settings(&record.function) => {
                    self.insert_settings(&record.function, settings);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(function = %record.function, %error, "the settings cannot be read");
                }
            }
        }
        for record in versions {
            stored.insert((record.function.clone(), Part::Function));
            stored.insert((
                record.function.clone(),
                Part::Version(record.version.clone()),
            ));
            self.take_version(&record);
        }
        for alias in aliases {
            stored.insert((alias.function.clone(), Part::Alias(alias.name.clone())));
            if self.alias(&alias.function, &alias.name).as_ref() != Some(&alias) {
                self.insert_alias(alias);
            }
        }
        self.drop_what_is_gone(&stored);
        self.event_source_states.note_change();
        Ok(revision)
    }

    fn take_version(&self, record: &FunctionVersionRecord) {
        let known = self.version(&record.function, &record.version);
        if known.is_some_and(|known| {
            known.config_sha256 == record.config_sha256
                && serde_json::to_string(&known.configuration)
                    .is_ok_and(|configuration| configuration == record.configuration)
        }) {
            return;
        }
        let arn = self.home.arn(&record.function);
        let running = self.running_of(&record.function);
        let code_dir = self.code.locate(&record.code_dir);
        match FunctionVersion::from_record(record, &arn, &running, code_dir) {
            Ok(version) => self.insert(&record.function, Arc::new(version)),
            Err(error) => {
                let function = arn.qualified(&record.version.to_string());
                tracing::error!(function, %error, "the stored configuration cannot be read");
            }
        }
    }

    fn drop_what_is_gone(&self, stored: &BTreeSet<(FunctionName, Part)>) {
        for name in self.names() {
            if !stored.contains(&(name.clone(), Part::Function)) {
                self.remove(&name);
                continue;
            }
            for version in self.versions(&name).unwrap_or_default() {
                let part = Part::Version(version.version.clone());
                if !stored.contains(&(name.clone(), part)) {
                    self.remove_version(&name, &version.version);
                }
            }
            for alias in self.aliases(&name).unwrap_or_default() {
                if !stored.contains(&(name.clone(), Part::Alias(alias.name.clone()))) {
                    self.remove_alias(&name, &alias.name);
                }
            }
        }
    }

    /// Fetches the code that was uploaded to another server, by the hash of its archive, if there is such code.
    pub async fn fetch_archive(&self, sha256_hex: &str) -> Result<(), StoreFault> {
        let name = sha256_hex.get(..store::CODE_NAME_DIGITS);
        let (Some(together), Some(name)) = (&self.together, name) else {
            return Ok(());
        };
        self.take_from(together.code.as_ref(), name).await.map(drop)
    }

    /// Fetches the code of a version that another server froze. Code that cannot be fetched is logged; its invocations
    /// fail.
    async fn fetch_code(
        &self,
        shared: &dyn CodeBlobs,
        record: &FunctionVersionRecord,
    ) -> Result<(), StoreFault> {
        let dir = self.code.locate(&record.code_dir);
        let Some(name) = CodeStore::shared_name(&dir).map(ToOwned::to_owned) else {
            return Ok(());
        };
        if self.code.has(&name) {
            return Ok(());
        }
        if !self.take_from(shared, &name).await? {
            tracing::error!(function = %record.function, code = name, "the code is in no archive");
        }
        Ok(())
    }

    /// Takes code from where servers share it. Returns whether it is there; logs an archive that cannot be unpacked.
    async fn take_from(&self, shared: &dyn CodeBlobs, name: &str) -> Result<bool, StoreFault> {
        let Some(archive) = shared.code(name).await? else {
            return Ok(false);
        };
        let (code, packed) = (Arc::clone(&self.code), name.to_owned());
        let taking = spawn_blocking(move || code.take_packed(&packed, &archive));
        match taking.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let error = error_chain(&error);
                tracing::error!(code = name, error, "the code cannot be unpacked");
            }
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
        Ok(true)
    }
}

/// A function, or a part of it, in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Function,
    Version(Version),
    Alias(String),
}
