//! An open subsegment, and the one that a task is in.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use super::daemon::Daemon;
use super::document::{Annotation, AwsCall, Document, Exception, Notes, Place};
use crate::text::bounded_format;

tokio::task_local! {
    /// The innermost open subsegment of the task; `None` where the invocation is not traced.
    pub(super) static OPEN: Option<Arc<Open>>;
}

/// The data of a subsegment that has begun.
pub(crate) struct Open {
    daemon: Arc<Daemon>,
    place: Place,
    id: String,
    name: String,
    start_time: f64,
    pub(super) aws: Option<AwsCall>,
    notes: Mutex<Notes>,
}

impl Open {
    pub(super) fn new(daemon: Arc<Daemon>, place: Place, name: &str) -> Self {
        Self {
            daemon,
            place,
            id: random_id(),
            name: name.to_owned(),
            start_time: seconds_now(),
            aws: None,
            notes: Mutex::default(),
        }
    }

    pub(super) fn child(&self, name: &str) -> Self {
        let place = Place {
            trace_id: self.place.trace_id.clone(),
            parent_id: Some(self.id.clone()),
        };
        Self::new(Arc::clone(&self.daemon), place, name)
    }

    pub(super) fn put_annotation(&self, key: &str, value: Annotation) {
        self.notes().annotate(key, value);
    }

    pub(super) fn put_metadata(&self, namespace: &str, key: &str, value: Value) {
        self.notes().add_metadata(namespace, key, value);
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        // The data is plain: it stays usable after a panic of another holder.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, kind: &str, message: &str) {
        self.notes().exception = Some(Exception::new(random_id(), kind, message));
    }

    fn send(&self) {
        let document = Document {
            name: &self.name,
            id: &self.id,
            place: &self.place,
            start_time: self.start_time,
            end_time: seconds_now(),
            aws: self.aws.as_ref(),
            notes: &self.notes(),
        };
        self.daemon.send(&document.to_json());
    }
}

/// An open subsegment; it is sent when it is finished, or as a fault when it is dropped before that.
pub struct Subsegment {
    open: Arc<Open>,
    finished: bool,
}

impl Subsegment {
    pub(super) fn begin(open: Arc<Open>) -> Self {
        Self {
            open,
            finished: false,
        }
    }

    /// Adds a key and value that traces can be searched by.
    pub fn put_annotation(&self, key: &str, value: impl Into<Annotation>) {
        self.open.put_annotation(key, value.into());
    }

    pub(super) async fn run<T, E: Display>(
        mut self,
        future: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let outcome = OPEN.scope(Some(Arc::clone(&self.open)), future).await;
        if let Err(error) = &outcome {
            self.open.fail(
                short_type_name::<E>(),
                &bounded_format(format_args!("{error}"), 8192),
            );
        }
        self.finished = true;
        self.open.send();
        outcome
    }
}

impl Drop for Subsegment {
    fn drop(&mut self) {
        if !self.finished {
            self.open.fail(
                "Unfinished",
                "the work panicked, or was cancelled before it ended",
            );
            self.open.send();
        }
    }
}

/// The subsegment that the task is in, if there is one.
pub(super) fn current() -> Option<Arc<Open>> {
    OPEN.try_with(Clone::clone).ok().flatten()
}

/// Takes the current subsegment along into another task.
pub(crate) fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    OPEN.scope(current(), future)
}

/// 16 hexadecimal digits, never all zero.
fn random_id() -> String {
    format!("{:016x}", fastrand::u64(1..))
}

fn seconds_now() -> f64 {
    // Whole microseconds stay exact in an `f64` for the next centuries.
    Timestamp::now().as_microsecond() as f64 / 1_000_000.0
}

/// `Error` of `alloc::boxed::Box<dyn core::error::Error + Send>`: the part that identifies the type.
fn short_type_name<E>() -> &'static str {
    let full = std::any::type_name::<E>();
    if full.contains("dyn core::error::Error") {
        return "Error";
    }
    let without_generics = full.split('<').next().unwrap_or(full);
    without_generics
        .rsplit("::")
        .next()
        .unwrap_or(without_generics)
}
