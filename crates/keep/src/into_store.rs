//! Writing everything into a store that is empty.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Shards;
use store::{AuditQuery, AuditRecord, CommitError, ExecutionFilter, Store, StoreFuture, code_name};

use crate::{Beside, Item, LeftOut, Sink, TransferError};

/// Executions that are handed over and not acknowledged, at the most: enough that commits are shared.
const IN_FLIGHT_MAX: usize = 256;

/// Their bytes, about, at the most; one is handed over however large it is.
const IN_FLIGHT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Refuses a store that holds anything.
///
/// # Errors
/// The content, and the store's own faults.
pub async fn require_empty(store: &dyn Store) -> Result<(), TransferError> {
    let one = ExecutionFilter {
        limit: 1,
        ..ExecutionFilter::default()
    };
    let found = [
        (!store.list(one).await?.is_empty(), "executions"),
        (!store.function_versions().await?.is_empty(), "functions"),
        (!store.function_settings().await?.is_empty(), "functions"),
        (!store.aliases().await?.is_empty(), "aliases"),
        (
            !store.queued(Shards::ALL, None, 1).await?.is_empty(),
            "accepted invocations",
        ),
        (store.dead_letter_count().await? > 0, "dead letters"),
        (!store.schedule_marks().await?.is_empty(), "schedules"),
    ];
    match found.into_iter().find(|(holds, _)| *holds) {
        Some((_, what)) => Err(TransferError::NotEmpty(what)),
        None => Ok(()),
    }
}

/// Records of changes that are written together.
const AUDIT_AT_ONCE: usize = 500;

/// A store that is filled. Everything is durable when [`IntoStore::finish`] has returned.
pub struct IntoStore<'a> {
    store: &'a dyn Store,
    beside: Beside<'a>,
    files: Option<Files<'a>>,
    /// Records of changes that are not written yet.
    audit: Vec<AuditRecord>,
    in_flight: VecDeque<(usize, StoreFuture<'a, (), CommitError>)>,
    bytes: usize,
    left_out: Vec<LeftOut>,
}

/// Where files go that are not in the store.
struct Files<'a> {
    folder: PathBuf,
    names: &'a [&'a str],
    open: Option<(String, File)>,
}

impl<'a> IntoStore<'a> {
    /// Fills a store, which has to be empty, and so have its parts beside it. Items without a place are left out.
    ///
    /// # Errors
    /// [`require_empty`]'s.
    pub async fn begin(store: &'a dyn Store, beside: Beside<'a>) -> Result<Self, TransferError> {
        require_empty(store).await?;
        if let Some(keys) = beside.keys
            && !keys.access_keys().await?.is_empty()
        {
            return Err(TransferError::NotEmpty("access keys"));
        }
        if let Some(stacks) = beside.stacks
            && !stacks.stacks().await?.stacks.is_empty()
        {
            return Err(TransferError::NotEmpty("stacks"));
        }
        if let Some(audit) = beside.audit {
            let one = AuditQuery {
                limit: 1,
                ..AuditQuery::default()
            };
            if !audit.audit(one).await?.is_empty() {
                return Err(TransferError::NotEmpty("a record of changes"));
            }
        }
        Ok(Self {
            store,
            beside,
            files: None,
            audit: Vec::new(),
            in_flight: VecDeque::new(),
            bytes: 0,
            left_out: Vec::new(),
        })
    }

    /// Takes files of these names too, into this folder.
    #[must_use]
    pub fn with_files(mut self, folder: PathBuf, names: &'a [&'a str]) -> Self {
        self.files = Some(Files {
            folder,
            names,
            open: None,
        });
        self
    }

    /// Waits until all is durable. Returns the items without a place here.
    ///
    /// # Errors
    /// When something could not be written.
    pub async fn finish(mut self) -> Result<Vec<LeftOut>, TransferError> {
        self.write_audit().await?;
        while self.settle_one().await? {}
        self.close_file()?;
        Ok(self.left_out)
    }

    async fn settle_one(&mut self) -> Result<bool, TransferError> {
        let Some((bytes, commit)) = self.in_flight.pop_front() else {
            return Ok(false);
        };
        commit.await?;
        self.bytes -= bytes;
        Ok(true)
    }

    async fn write_audit(&mut self) -> Result<(), TransferError> {
        let records = std::mem::take(&mut self.audit);
        if let Some(audit) = self.beside.audit
            && !records.is_empty()
        {
            audit.append_audit(records).await?;
        }
        Ok(())
    }

    fn close_file(&mut self) -> Result<(), TransferError> {
        let open = self.files.as_mut().and_then(|files| files.open.take());
        let Some((name, file)) = open else {
            return Ok(());
        };
        file.sync_all()
            .map_err(|cause| TransferError::File { name, cause })
    }

    fn open_file(&mut self, name: String) -> Result<(), TransferError> {
        self.close_file()?;
        let Some(files) = &mut self.files else {
            let why = "it belongs into a data folder, and this is a store".to_owned();
            self.left_out.push(LeftOut {
                what: format!("the file `{name}`"),
                why,
            });
            return Ok(());
        };
        // Nothing of a backup decides where a file is written.
        if !files.names.contains(&name.as_str()) {
            let why = "this program has no such file".to_owned();
            self.left_out.push(LeftOut {
                what: format!("the file `{name}`"),
                why,
            });
            return Ok(());
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        match options.open(files.folder.join(&name)) {
            Ok(file) => files.open = Some((name, file)),
            Err(cause) => return Err(TransferError::File { name, cause }),
        }
        Ok(())
    }

    fn write_file(&mut self, bytes: &[u8]) -> Result<(), TransferError> {
        let open = self.files.as_mut().and_then(|files| files.open.as_mut());
        let Some((name, file)) = open else {
            return Ok(());
        };
        file.write_all(bytes).map_err(|cause| TransferError::File {
            name: name.clone(),
            cause,
        })
    }
}

impl Sink for IntoStore<'_> {
    async fn put(&mut self, item: Item) -> Result<(), TransferError> {
        let store = self.store;
        match item {
            Item::Code { name, .. }
                if self.files.is_some() && code_name(Path::new(&name)).is_none() =>
            {
                self.left_out.push(LeftOut {
                    what: format!("the archive `{name}`"),
                    why: "it is of a stack that servers share, and a data folder is one server's"
                        .to_owned(),
                });
            }
            Item::Code { name, archive } => match self.beside.code {
                Some(code) => code.put_code(&name, archive).await?,
                None => self.left_out.push(LeftOut {
                    what: format!("the code `{name}`"),
                    why: "there is no place for code here".to_owned(),
                }),
            },
            Item::FunctionSettings(record) => store.put_function_settings(record).await?,
            Item::FunctionVersion(record) => store.put_function_version(record).await?,
            Item::Alias(record) => store.put_alias(record).await?,
            Item::AccessKey(record) => match self.beside.keys {
                Some(keys) => keys.create_access_key(record).await?,
                None => self.left_out.push(LeftOut {
                    what: format!("the access key `{}`", record.name),
                    why: "access keys are not taken over".to_owned(),
                }),
            },
            Item::Stack(record) => match self.beside.stacks {
                Some(stacks) => {
                    let seen = stacks.stacks_revision().await?;
                    stacks.put_stack(record, seen).await?;
                }
                None => self.left_out.push(LeftOut {
                    what: format!("the stack `{}`", record.name),
                    why: "there is no place for stacks here".to_owned(),
                }),
            },
            Item::Audit(record) => match self.beside.audit {
                Some(_) => {
                    self.audit.push(record);
                    if self.audit.len() >= AUDIT_AT_ONCE {
                        self.write_audit().await?;
                    }
                }
                None => self.left_out.push(LeftOut {
                    what: format!("the record of a change, `{}`", record.id),
                    why: "there is no place for the record of changes here".to_owned(),
                }),
            },
            Item::ScheduleMark(mark) => store.put_schedule_mark(mark).await?,
            Item::Accepted(invocation) => {
                store.enqueue(invocation).await?;
            }
            Item::DeadLetter(letter) => {
                // The only way to the dead letters is through the queue.
                let id = store.enqueue(letter.invocation.clone()).await?;
                store.bury(id, letter).await?;
            }
            Item::SetAside(record) => store.set_aside(record).await?,
            Item::Execution(whole) => {
                let bytes = whole.bytes();
                while !self.in_flight.is_empty()
                    && (self.in_flight.len() >= IN_FLIGHT_MAX
                        || self.bytes + bytes > IN_FLIGHT_BYTES_MAX)
                {
                    self.settle_one().await?;
                }
                let commit = store.commit(Arc::new(whole.into_transition()));
                self.bytes += bytes;
                self.in_flight.push_back((bytes, commit));
            }
            Item::File { name, bytes: _ } => self.open_file(name)?,
            Item::FileBytes(bytes) => self.write_file(&bytes)?,
        }
        Ok(())
    }
}
