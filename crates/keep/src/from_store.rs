//! Reading everything out of a store.

use futures_util::future;
use model::{Event, ExecutionId, Shards};
use store::{
    AccessKeys, AsyncInvocationId, AuditQuery, AuditRecords, CodeBlobs, Cursor, DeadLetterId,
    EventPage, ExecutionFilter, ExecutionHead, Stacks, Store, StoreFault,
};

use crate::{Counts, Item, LeftOut, Sink, TransferError, Whole};

/// Rows of one reading.
const PAGE_ROWS: usize = 1000;

/// Bytes of payloads of one reading of events.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Executions that are read at the same time.
const AT_ONCE: usize = 4;

/// The result of a read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// How many of each.
    pub counts: Counts,
    /// The items that could not be read.
    pub left_out: Vec<LeftOut>,
}

/// The data beside the executions of a store, as far as there is a place for it.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The code of functions.
    pub code: Option<&'a dyn CodeBlobs>,
    /// Access keys.
    pub keys: Option<&'a dyn AccessKeys>,
    /// Stacks that were deployed.
    pub stacks: Option<&'a dyn Stacks>,
    /// The record of changes.
    pub audit: Option<&'a dyn AuditRecords>,
}

/// Puts everything that a store holds, and the data beside it, into a sink.
///
/// The store may be in use: each execution comes as it was at one moment, with its history up to there. Only a store
/// that does not change, such as a snapshot, comes as a whole as it was at one moment.
///
/// # Errors
/// When the store fails, and those of the sink. A single execution that cannot be read is not an error.
pub async fn read_store<S: Sink>(
    store: &dyn Store,
    beside: Beside<'_>,
    into: &mut S,
    mut progress: impl FnMut(&Counts),
) -> Result<Read, TransferError> {
    let rows_before = store.stats().unreadable_rows;
    let mut reading = Reading {
        store,
        into,
        progress: &mut progress,
        read: Read::default(),
    };
    // A thing that names another is read before it, even if deployments go on: stacks, then versions, then code.
    let stacks = match beside.stacks {
        Some(stacks) => stacks.stacks().await?.stacks,
        None => Vec::new(),
    };
    let versions = store.function_versions().await?;
    if let Some(code) = beside.code {
        for name in code.code_hashes().await? {
            // It may have become of no use since.
            match code.code(&name).await {
                Ok(Some(archive)) => reading.put(Item::Code { name, archive }).await?,
                Ok(None) => {}
                Err(fault) if fault.retryable => return Err(fault.into()),
                Err(fault) => reading.read.left_out.push(LeftOut {
                    what: format!("the code `{name}`"),
                    why: stdx::error_chain(&fault),
                }),
            }
        }
    }
    for record in store.function_settings().await? {
        reading.put(Item::FunctionSettings(record)).await?;
    }
    for record in versions {
        reading.put(Item::FunctionVersion(record)).await?;
    }
    for record in store.aliases().await? {
        reading.put(Item::Alias(record)).await?;
    }
    if let Some(keys) = beside.keys {
        for record in keys.access_keys().await? {
            reading.put(Item::AccessKey(record)).await?;
        }
    }
    for record in stacks {
        reading.put(Item::Stack(record)).await?;
    }
    if let Some(audit) = beside.audit {
        reading.audit(audit).await?;
    }
    // Before the queue: an occurrence that is due between the two fires again, and is not lost.
    for mark in store.schedule_marks().await? {
        reading.put(Item::ScheduleMark(mark)).await?;
    }
    reading.accepted().await?;
    reading.dead_letters().await?;
    for record in store.executions_set_aside().await? {
        reading.put(Item::SetAside(record)).await?;
    }
    reading.executions().await?;
    let mut read = reading.read;
    let rows = store.stats().unreadable_rows.saturating_sub(rows_before);
    if rows > 0 {
        read.left_out.push(LeftOut {
            what: format!("{rows} rows"),
            why: "they cannot be decoded; the log names them".to_owned(),
        });
    }
    Ok(read)
}

struct Reading<'a, S> {
    store: &'a dyn Store,
    into: &'a mut S,
    progress: &'a mut dyn FnMut(&Counts),
    read: Read,
}

impl<S: Sink> Reading<'_, S> {
    async fn put(&mut self, item: Item) -> Result<(), TransferError> {
        self.read.counts.add(&item);
        self.into.put(item).await?;
        (self.progress)(&self.read.counts);
        Ok(())
    }

    async fn audit(&mut self, audit: &dyn AuditRecords) -> Result<(), TransferError> {
        let mut before: Option<String> = None;
        loop {
            let query = AuditQuery {
                before: before.take(),
                limit: PAGE_ROWS,
                ..AuditQuery::default()
            };
            let page = audit.audit(query).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            before = Some(last.id.clone());
            for record in page {
                self.put(Item::Audit(record)).await?;
            }
        }
    }

    async fn accepted(&mut self) -> Result<(), TransferError> {
        let mut after: Option<AsyncInvocationId> = None;
        loop {
            let page = self.store.queued(Shards::ALL, after, PAGE_ROWS).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for queued in page {
                // It may be done since.
                if let Some(invocation) = self.store.queued_invocation(queued.id).await? {
                    self.put(Item::Accepted(invocation)).await?;
                }
            }
        }
    }

    /// Oldest first, as they are written again, though a store lists the newest first.
    async fn dead_letters(&mut self) -> Result<(), TransferError> {
        let mut ids: Vec<DeadLetterId> = Vec::new();
        loop {
            let page = self.store.dead_letters(ids.last().copied(), PAGE_ROWS);
            let page = page.await?;
            if page.is_empty() {
                break;
            }
            ids.extend(page.iter().map(|(id, _)| *id));
        }
        for id in ids.into_iter().rev() {
            let page = self.store.dead_letters(Some(DeadLetterId(id.0 + 1)), 1);
            // The oldest may have made room for others since.
            if let Some((found, letter)) = page.await?.pop()
                && found == id
            {
                self.put(Item::DeadLetter(letter)).await?;
            }
        }
        Ok(())
    }

    async fn executions(&mut self) -> Result<(), TransferError> {
        let mut after: Option<Cursor> = None;
        loop {
            let filter = ExecutionFilter {
                oldest_first: true,
                after: after.take(),
                limit: PAGE_ROWS,
                ..ExecutionFilter::default()
            };
            let page = self.store.list(filter).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(Cursor {
                started_at: last.started_at,
                execution_id: last.arn.id.clone(),
            });
            // Read to the end before any is written: the sink may be slow, and must not keep connections of the store
            // that executions wait for.
            for heads in page.chunks(AT_ONCE) {
                let wholes = heads.iter().map(|head| whole(self.store, &head.arn.id));
                let wholes = future::join_all(wholes).await;
                for (head, whole) in heads.iter().zip(wholes) {
                    self.execution(head, whole?).await?;
                }
            }
        }
    }

    async fn execution(
        &mut self,
        head: &ExecutionHead,
        whole: Option<Result<Whole, String>>,
    ) -> Result<(), TransferError> {
        match whole {
            Some(Ok(whole)) => self.put(Item::Execution(Box::new(whole))).await,
            Some(Err(why)) => {
                self.read.left_out.push(LeftOut {
                    what: format!("execution `{}`", head.arn),
                    why,
                });
                Ok(())
            }
            // It was removed for its age since.
            None => Ok(()),
        }
    }
}

/// An execution with its history up to the state that it is read in; an inner error says why its records cannot be
/// read, which no later try would change.
async fn whole(
    store: &dyn Store,
    id: &ExecutionId,
) -> Result<Option<Result<Whole, String>>, StoreFault> {
    let execution = match store.load(id).await {
        Ok(Some(execution)) => execution,
        Ok(None) => return Ok(None),
        Err(fault) if fault.retryable => return Err(fault),
        Err(fault) => return Ok(Some(Err(stdx::error_chain(&fault)))),
    };
    let last = execution.state.event_id_last;
    let mut events: Vec<Event> = Vec::new();
    while (events.len() as u64) < last {
        let page = EventPage {
            after: events.last().map(|event| event.id),
            newest_first: false,
            limit: PAGE_ROWS,
            bytes_max: PAGE_BYTES,
        };
        let page = match store.events(id, page).await {
            Ok(page) => page,
            Err(fault) if fault.retryable => return Err(fault),
            Err(fault) => return Ok(Some(Err(stdx::error_chain(&fault)))),
        };
        if page.is_empty() {
            if store.head(id).await?.is_none() {
                return Ok(None);
            }
            break;
        }
        // Events after the state was read are left to the next backup.
        events.extend(page.into_iter().take_while(|event| event.id <= last));
        if events.last().is_some_and(|event| event.id >= last) {
            break;
        }
    }
    Ok(Some(Whole::loaded(execution, events)))
}
