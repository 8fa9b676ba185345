//! Access keys of a data folder that no server has open, or of a database. This is how the first key is created.

use std::path::Path;
use std::sync::Arc;

use access::{NoRandomness, SealingKey};
use model::Timestamp;
use serde_json::Value;
use store::{
    AccessKeys, AuditKind, AuditQuery, AuditRecord, AuditRecords, Durability, Store, StoreFault,
};
use store_sqlite::{OpenStoreError, SqliteStore};

use super::audit::{Audit, AuditLine, merged};
use super::key_ring::{KeyError, KeyRing, KeyView, KeyWithSecret};

/// Access keys of a data folder or a database, and the record of changes. Locks a folder until it is closed.
pub struct OfflineKeys {
    ring: KeyRing,
    store: Arc<dyn Store>,
    audit: Audit,
    who: String,
}

/// Why a data folder's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OfflineKeysError {
    /// Its store cannot be opened, most often because a server has it open.
    #[error("open the store")]
    Store(#[from] OpenStoreError),
    /// Its keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// Why a record of changes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadAuditError {
    /// Its store cannot be opened.
    #[error("open the store")]
    Open(#[from] OpenStoreError),
    /// Its store does not answer.
    #[error("ask the store")]
    Store(#[from] StoreFault),
    /// The lines in its data folder cannot be read.
    #[error("read the lines in the data folder")]
    File(#[from] std::io::Error),
}

impl OfflineKeys {
    /// Opens a data folder. `who` is the name of the operator in the record of changes.
    ///
    /// # Errors
    /// When a server has the folder open, or its keys cannot be opened.
    pub async fn open(
        data_dir: &Path,
        sealing_key: Option<SealingKey>,
        who: String,
        now: Timestamp,
    ) -> Result<Self, OfflineKeysError> {
        let path = data_dir.join("lambdura.sqlite3");
        let store = Arc::new(SqliteStore::open(&path, Durability::Disk)?);
        Self::over(store, Some(data_dir), sealing_key, who, now).await
    }

    /// The keys of a store that servers may have open. The data folder holds the sealing key, unless that is given, and
    /// a second record of changes.
    ///
    /// # Errors
    /// When the keys cannot be opened, or there is no sealing key.
    pub async fn over<S: Store + AccessKeys + AuditRecords>(
        store: Arc<S>,
        data_dir: Option<&Path>,
        sealing_key: Option<SealingKey>,
        who: String,
        now: Timestamp,
    ) -> Result<Self, OfflineKeysError> {
        let keys = Arc::clone(&store) as Arc<dyn AccessKeys>;
        if data_dir.is_none() && sealing_key.is_none() {
            return Err(KeyError::NoSealingKey.into());
        }
        let folder = data_dir.unwrap_or(Path::new(""));
        let is_on_disk = store.durability() == Durability::Disk;
        let audit = Audit::open(data_dir, Arc::clone(&store) as _, is_on_disk);
        let audit = audit.map_err(|_| KeyError::Randomness(NoRandomness))?;
        Ok(Self {
            ring: KeyRing::open(keys, folder, sealing_key, now).await?,
            store,
            audit,
            who,
        })
    }

    /// All keys, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<KeyView>, KeyError> {
        self.ring.list().await
    }

    /// Creates a key.
    ///
    /// # Errors
    /// When the name is not valid or is taken, or a policy is not valid.
    pub async fn create(
        &self,
        name: &str,
        policies: Vec<Value>,
        now: Timestamp,
    ) -> Result<KeyWithSecret, KeyError> {
        let created = self.ring.create(name, policies, now).await;
        self.noted("CreateAccessKey", name, now, created).await
    }

    /// Gives a key another secret.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn rotate(&self, named: &str, now: Timestamp) -> Result<KeyWithSecret, KeyError> {
        let rotated = self.ring.rotate(named, now).await;
        self.noted("RotateAccessKey", named, now, rotated).await
    }

    /// Disables or enables a key.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn set_disabled(
        &self,
        named: &str,
        disabled: bool,
        now: Timestamp,
    ) -> Result<KeyView, KeyError> {
        let set = self.ring.set_disabled(named, disabled, now).await;
        let action = if disabled {
            "DisableAccessKey"
        } else {
            "EnableAccessKey"
        };
        self.noted(action, named, now, set).await
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn delete(&self, named: &str, now: Timestamp) -> Result<KeyView, KeyError> {
        let deleted = self.ring.delete(named, now).await;
        self.noted("DeleteAccessKey", named, now, deleted).await
    }

    /// Closes the folder, so that other programs can open it.
    ///
    /// # Errors
    /// When the store fails to close.
    pub async fn close(self) -> Result<(), KeyError> {
        Ok(self.store.close().await?)
    }

    /// The newest lines of a data folder's record of changes, oldest first, whether a server has it open or not.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read_audit(
        data_dir: &Path,
        limit: usize,
        containing: Option<&str>,
    ) -> Result<Vec<AuditLine>, ReadAuditError> {
        let path = data_dir.join("lambdura.sqlite3");
        let query = AuditQuery {
            containing: containing.map(str::to_owned),
            limit,
            ..AuditQuery::default()
        };
        // There may be only the file, and a store of an earlier version has no records.
        let stored = match SqliteStore::look(&path) {
            Ok(store) => store.audit(query).await?,
            Err(OpenStoreError::NothingThere { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(merged(data_dir, stored, limit, containing)?)
    }

    /// The newest lines of the record of changes of a store that servers may have open, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read_audit_of(
        store: &dyn AuditRecords,
        limit: usize,
        containing: Option<&str>,
    ) -> Result<Vec<AuditLine>, ReadAuditError> {
        let query = AuditQuery {
            containing: containing.map(str::to_owned),
            limit,
            ..AuditQuery::default()
        };
        let found = store.audit(query).await?;
        Ok(found.into_iter().rev().map(AuditLine::from).collect())
    }

    async fn noted<T>(
        &self,
        action: &str,
        named: &str,
        now: Timestamp,
        outcome: Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        self.audit.note(AuditRecord {
            who: self.who.clone(),
            resource: named.to_owned(),
            outcome: if outcome.is_ok() { "done" } else { "refused" }.to_owned(),
            error: outcome.as_ref().err().map(ToString::to_string),
            ..self.audit.draft(&format!("lambdura:{action}"), now)
        });
        self.audit.settle(AuditKind::Management).await;
        outcome
    }
}
