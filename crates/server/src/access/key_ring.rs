//! The access keys of a server: the store's keys, opened, and cached as long as the store's revision is the same.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use access::policy::{PolicyError, PolicySet};
use access::{AccessKeyId, NewAccessKey, NoRandomness, SealingKey, SessionKeys, UnsealError};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{AccessKeyRecord, AccessKeyRevision, AccessKeys, Sessions, StoreFault};

use super::principal::Key;
use super::sealing_file::{self, SealingFileError};

/// How long cached keys are used without asking the store, in milliseconds. A change by this server takes effect at
/// once, a change by another server after this time.
const BELIEVED_MILLIS: i64 = 1_000;

/// Longest name of a key. Source: IAM quotas, names of users.
const NAME_CHARS_MAX: usize = 64;

/// Most keys. A hundred people and their programs, ten times over.
const KEYS_MAX: usize = 1_000;

/// The name of the secret from which session credentials are made, and the id for which it is sealed. No access key has
/// such an id.
const SESSIONS: &str = "SESSIONS";

/// Why a key cannot be created, changed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name is not valid.
    #[error(
        "`{0}` is not a name of an access key: 1 to {NAME_CHARS_MAX} letters, digits and any of `+=,.@_-` are allowed"
    )]
    Name(String),
    /// Another key has the name.
    #[error("there is an access key `{0}` already: `rotate` gives it another secret")]
    Taken(String),
    /// There is no such key.
    #[error("there is no access key `{0}`")]
    Unknown(String),
    /// There are too many.
    #[error("there are {KEYS_MAX} access keys, which is as many as there may be")]
    TooMany,
    /// A policy is not valid.
    #[error("the policy of an access key: {0}")]
    Policy(#[from] PolicyError),
    /// A secret cannot be opened.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    /// There are keys, but no sealing key to open them.
    #[error(
        "there are access keys, and no `access.key` in the data folder to open them with: put it back, set \
         LAMBDURA_SEALING_KEY, or delete the keys and create others"
    )]
    NoSealingKey,
    /// The sealing key cannot be used.
    #[error(transparent)]
    SealingFile(#[from] SealingFileError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// An access key as it is shown: everything but its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyView {
    pub access_key_id: String,
    pub name: String,
    /// Names of ready policies, and policy documents.
    pub policies: Vec<Value>,
    /// Epoch milliseconds.
    pub created_at: i64,
    /// When its secret was drawn.
    pub rotated_at: i64,
    /// Since when nobody may sign with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<i64>,
}

/// An access key with its secret, which is shown once.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyWithSecret {
    #[serde(flatten)]
    pub key: KeyView,
    pub secret_access_key: String,
    /// What is odd about its policies, in sentences: actions that they name and that there are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The cached keys, and when the store was last asked.
#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<AccessKeyId, Arc<Key>>,
    revision: Option<AccessKeyRevision>,
    asked_at: i64,
}

/// The access keys of a server.
pub struct KeyRing {
    store: Arc<dyn AccessKeys>,
    data_dir: PathBuf,
    /// None until the first key is created.
    sealing: Mutex<Option<SealingKey>>,
    known: RwLock<Known>,
    /// Held while keys are changed, from the first read to the last write.
    changes: tokio::sync::Mutex<()>,
}

impl KeyRing {
    /// The keys of a store. The sealing key is given or lies in the data folder.
    ///
    /// # Errors
    /// When there are keys that cannot be opened.
    pub async fn open(
        store: Arc<dyn AccessKeys>,
        data_dir: &Path,
        given: Option<SealingKey>,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let sealing = match given {
            Some(given) => Some(given),
            None => sealing_file::read(data_dir)?,
        };
        let ring = Self {
            store,
            data_dir: data_dir.to_owned(),
            sealing: Mutex::new(sealing),
            known: RwLock::default(),
            changes: tokio::sync::Mutex::default(),
        };
        ring.refresh(now).await?;
        Ok(ring)
    }

    /// The secret from which all servers of a store make session credentials. The store keeps it, sealed like the
    /// secrets of access keys.
    ///
    /// # Errors
    /// When there is no sealing key, or the store fails.
    pub(crate) async fn session_keys(&self, store: &dyn Sessions) -> Result<SessionKeys, KeyError> {
        let sealing = self.sealing().clone().ok_or(KeyError::NoSealingKey)?;
        let id = AccessKeyId::parse(SESSIONS).expect("it is made of letters");
        let sealed = sealing.seal(&id, &NewAccessKey::draw_secret()?)?;
        let kept = store.keep_secret(SESSIONS, sealed.clone(), None).await?;
        let secret = match sealing.open(&id, &kept) {
            Ok(secret) => secret,
            // The access keys open with this sealing key, so only this secret was sealed with an earlier one.
            Err(_) => {
                tracing::warn!(
                    "the secret of session credentials was sealed with another sealing key: a new one is made, and credentials of \
                     function processes that were made with the old one are no longer valid"
                );
                let kept = store.keep_secret(SESSIONS, sealed, Some(kept)).await?;
                sealing.open(&id, &kept)?
            }
        };
        Ok(SessionKeys::from_secret(&secret))
    }

    /// How many keys may sign.
    pub fn enabled_count(&self) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.by_id.len()
    }

    /// The key with this id, if it may sign.
    ///
    /// # Errors
    /// When the store fails: cached keys may be outdated, and let no request in.
    pub(crate) async fn find(
        &self,
        id: &AccessKeyId,
        now: Timestamp,
    ) -> Result<Option<Arc<Key>>, KeyError> {
        let (found, asked_at) = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            (known.by_id.get(id).cloned(), known.asked_at)
        };
        // A clock that was set back must not keep old keys valid.
        if (0..BELIEVED_MILLIS).contains(&(now.as_millis() - asked_at)) {
            return Ok(found);
        }
        self.refresh(now).await?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Ok(known.by_id.get(id).cloned())
    }

    /// Loads the store's keys, unless their revision is cached already.
    async fn refresh(&self, now: Timestamp) -> Result<(), KeyError> {
        let revision = self.store.access_key_revision().await?;
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if known.revision == Some(revision) {
                known.asked_at = now.as_millis();
                return Ok(());
            }
        }
        let mut by_id = HashMap::new();
        let records = self.store.access_keys().await?;
        for record in records.iter().filter(|one| one.disabled_at.is_none()) {
            match self.opened(record) {
                Ok(key) => drop(by_id.insert(key.id.clone(), Arc::new(key))),
                // One damaged key must not lock out the others.
                Err(error @ KeyError::Policy(_)) => {
                    tracing::warn!(key = record.name, %error, "an access key cannot be used");
                }
                Err(error) => return Err(error),
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Never back to an older revision.
        if known.revision.is_none_or(|newest| newest <= revision) {
            *known = Known {
                by_id,
                revision: Some(revision),
                asked_at: now.as_millis(),
            };
        }
        Ok(())
    }

    fn opened(&self, record: &AccessKeyRecord) -> Result<Key, KeyError> {
        let id = AccessKeyId::parse(&record.id);
        let id = id.ok_or_else(|| KeyError::Unknown(record.id.clone()))?;
        let sealing = self.sealing();
        let sealing = sealing.as_ref().ok_or(KeyError::NoSealingKey)?;
        Ok(Key {
            secret: sealing.open(&id, &record.sealed_secret)?,
            name: record.name.clone(),
            policies: PolicySet::parse(&record.policies)?,
            rotated_at: record.rotated_at,
            id,
        })
    }

    fn sealing(&self) -> std::sync::MutexGuard<'_, Option<SealingKey>> {
        self.sealing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All keys, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<KeyView>, KeyError> {
        let records = self.store.access_keys().await?;
        Ok(records.iter().map(view).collect())
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
        check_name(name)?;
        let policies = PolicySet::new(policies)?;
        let _changing = self.changes.lock().await;
        let records = self.store.access_keys().await?;
        if records.iter().any(|record| record.name == name) {
            return Err(KeyError::Taken(name.to_owned()));
        }
        if records.len() >= KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        let drawn = NewAccessKey::draw()?;
        let record = AccessKeyRecord {
            id: drawn.id.to_string(),
            name: name.to_owned(),
            sealed_secret: self.seal(&drawn)?,
            policies: policies.text(),
            created_at: now,
            rotated_at: now,
            disabled_at: None,
        };
        self.store.create_access_key(record.clone()).await?;
        self.refresh(now).await?;
        let warnings = policies.unknown_actions().map(|action| {
            format!("no request needs the action `{action}`, so that it allows and denies nothing: is it misspelled?")
        });
        Ok(KeyWithSecret {
            warnings: warnings.collect(),
            ..with_secret(&record, &drawn)
        })
    }

    /// Gives a key another secret. The old secret is invalid from then on.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn rotate(&self, named: &str, now: Timestamp) -> Result<KeyWithSecret, KeyError> {
        let _changing = self.changes.lock().await;
        let mut record = self.record(named).await?;
        let id = AccessKeyId::parse(&record.id);
        let drawn = NewAccessKey {
            id: id.ok_or_else(|| KeyError::Unknown(named.to_owned()))?,
            secret: NewAccessKey::draw_secret()?,
        };
        record.sealed_secret = self.seal(&drawn)?;
        record.rotated_at = now;
        self.store.replace_access_key(record.clone()).await?;
        self.refresh(now).await?;
        Ok(with_secret(&record, &drawn))
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
        let _changing = self.changes.lock().await;
        let mut record = self.record(named).await?;
        record.disabled_at = match (disabled, record.disabled_at) {
            (true, Some(since)) => Some(since),
            (true, None) => Some(now),
            (false, _) => None,
        };
        self.store.replace_access_key(record.clone()).await?;
        self.refresh(now).await?;
        Ok(view(&record))
    }

    /// Deletes a key.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn delete(&self, named: &str, now: Timestamp) -> Result<KeyView, KeyError> {
        let _changing = self.changes.lock().await;
        let record = self.record(named).await?;
        self.store.delete_access_key(&record.id).await?;
        self.refresh(now).await?;
        Ok(view(&record))
    }

    /// The record of a key, by its name or id.
    async fn record(&self, named: &str) -> Result<AccessKeyRecord, KeyError> {
        let records = self.store.access_keys().await?;
        let mut records = records.into_iter();
        let found = records.find(|record| record.name == named || record.id == named);
        found.ok_or_else(|| KeyError::Unknown(named.chars().take(128).collect()))
    }

    /// Seals a secret; creates the sealing key if there is none yet.
    fn seal(&self, key: &NewAccessKey) -> Result<Vec<u8>, KeyError> {
        let mut sealing = self.sealing();
        let sealing = match &mut *sealing {
            Some(sealing) => sealing,
            none => none.insert(sealing_file::create(&self.data_dir)?),
        };
        Ok(sealing.seal(&key.id, &key.secret)?)
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(KeyError::Name(name.chars().take(128).collect()))
}

fn view(record: &AccessKeyRecord) -> KeyView {
    KeyView {
        access_key_id: record.id.clone(),
        name: record.name.clone(),
        // A text that is not a list is shown as it is.
        policies: serde_json::from_str(&record.policies)
            .unwrap_or_else(|_| vec![Value::from(record.policies.as_str())]),
        created_at: record.created_at.as_millis(),
        rotated_at: record.rotated_at.as_millis(),
        disabled_at: record.disabled_at.map(Timestamp::as_millis),
    }
}

fn with_secret(record: &AccessKeyRecord, drawn: &NewAccessKey) -> KeyWithSecret {
    KeyWithSecret {
        key: view(record),
        secret_access_key: drawn.secret.reveal().to_owned(),
        warnings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::MemoryStore;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[tokio::test]
    async fn keys_are_created_rotated_disabled_and_deleted() {
        let folder = tempfile::tempdir().expect("there is room");
        let store = Arc::new(MemoryStore::new());
        let open = async |at| KeyRing::open(Arc::clone(&store) as _, folder.path(), None, at).await;
        let ring = open(at(0)).await.expect("there is nothing to open");
        assert_eq!(ring.enabled_count(), 0);
        let created = ring.create("ci", vec![json!("invoke")], at(1)).await;
        let created = created.expect("it is new");
        let id = AccessKeyId::parse(&created.key.access_key_id).expect("it is an id");
        let found = async |ring: &KeyRing, now| ring.find(&id, at(now)).await.expect("it works");
        let key = found(&ring, 2).await.expect("it may sign");
        assert!(key.secret.is(&created.secret_access_key));
        let taken = ring.create("ci", vec![json!("admin")], at(3)).await;
        assert!(matches!(taken, Err(KeyError::Taken(_))));
        let odd = ring.create("c i", vec![json!("admin")], at(3)).await;
        assert!(matches!(odd, Err(KeyError::Name(_))));
        let unknown = ring.create("x", vec![json!("root")], at(3)).await;
        assert!(matches!(unknown, Err(KeyError::Policy(_))));

        let rotated = ring.rotate("ci", at(4)).await.expect("it is there");
        let key = found(&ring, 5).await.expect("it may sign");
        assert!(key.secret.is(&rotated.secret_access_key));
        assert!(!key.secret.is(&created.secret_access_key));

        // Another server sees it at most a second later.
        let other = open(at(5)).await.expect("the sealing key is in the folder");
        ring.set_disabled("ci", true, at(6))
            .await
            .expect("it is there");
        assert!(found(&ring, 6).await.is_none());
        assert!(found(&other, 5 + BELIEVED_MILLIS).await.is_none());
        ring.set_disabled(id.as_str(), false, at(7))
            .await
            .expect("by its id, too");
        assert!(found(&ring, 8).await.is_some());
        ring.delete("ci", at(9)).await.expect("it is there");
        assert!(found(&ring, 9).await.is_none());
        assert_eq!(ring.list().await.expect("it works"), []);
        let gone = ring.delete("ci", at(9)).await;
        assert!(matches!(gone, Err(KeyError::Unknown(_))));
    }

    #[tokio::test]
    async fn servers_with_one_sealing_key_know_each_others_sessions() {
        let folder = tempfile::tempdir().expect("there is room");
        let sessions = store::MemorySessions::default();
        let keys = async |sealing: &SealingKey| {
            let store = Arc::new(MemoryStore::new());
            let ring = KeyRing::open(store, folder.path(), Some(sealing.clone()), at(0)).await;
            let ring = ring.expect("there is nothing to open");
            ring.session_keys(&sessions).await.expect("it works")
        };
        let sealing = SealingKey::draw().expect("there is randomness");
        let (one, two) = (keys(&sealing).await, keys(&sealing).await);
        let made = one.issue("Orders:3", 1).expect("there is randomness");
        let look_up =
            |keys: &SessionKeys| keys.look_up(&made.access_key_id, &made.token, 0).is_ok();
        assert!(look_up(&two));
        // With another sealing key the old secret is useless, and a new one is created.
        let other = SealingKey::draw().expect("there is randomness");
        let (three, four) = (keys(&other).await, keys(&other).await);
        assert!(!look_up(&three));
        let made = three.issue("Orders:3", 1).expect("there is randomness");
        let found = four.look_up(&made.access_key_id, &made.token, 0);
        assert!(found.is_ok());
    }

    #[tokio::test]
    async fn without_the_sealing_key_nothing_opens() {
        let folder = tempfile::tempdir().expect("there is room");
        let store = Arc::new(MemoryStore::new());
        let ring = KeyRing::open(Arc::clone(&store) as _, folder.path(), None, at(0)).await;
        let ring = ring.expect("there is nothing to open");
        ring.create("ci", vec![json!("invoke")], at(1))
            .await
            .expect("it is new");
        let elsewhere = tempfile::tempdir().expect("there is room");
        let open = async |given| {
            KeyRing::open(Arc::clone(&store) as _, elsewhere.path(), given, at(0)).await
        };
        assert!(matches!(open(None).await, Err(KeyError::NoSealingKey)));
        let other = SealingKey::draw().expect("there is randomness");
        assert!(matches!(open(Some(other)).await, Err(KeyError::Unseal(_))));
    }
}
