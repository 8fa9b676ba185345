//! The calls of an extension as messages to the task of its process.

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::oneshot;

use super::subscription::Subscription;

/// A call of an extension. A dropped answer means that the process is being ended.
#[derive(Debug)]
pub(crate) enum ExtensionCall {
    /// `POST /extension/register`.
    Register {
        name: String,
        events: LifecycleEvents,
        answer: ExtensionAnswer<Registered>,
    },
    /// `GET /extension/event/next`; answered when there is an event.
    Next {
        identifier: String,
        answer: ExtensionAnswer<ExtensionEvent>,
    },
    /// `POST /extension/init/error` and `/extension/exit/error`.
    Failed {
        identifier: String,
        failure: ExtensionFailure,
        answer: ExtensionAnswer<()>,
    },
    /// `PUT /telemetry` and `PUT /logs`.
    Subscribe {
        identifier: String,
        subscription: Subscription,
        answer: ExtensionAnswer<()>,
    },
}

pub(crate) type ExtensionAnswer<T> = oneshot::Sender<Result<T, ExtensionRefusal>>;

/// The events that an extension registers for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LifecycleEvents {
    pub(crate) invoke: bool,
    pub(crate) shutdown: bool,
}

/// The answer to a registration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registered {
    #[serde(skip)]
    pub(crate) identifier: String,
    pub(crate) function_name: String,
    pub(crate) function_version: String,
    pub(crate) handler: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<String>,
}

/// An event, as JSON.
#[derive(Clone, Debug)]
pub(crate) struct ExtensionEvent {
    pub(crate) identifier: String,
    pub(crate) document: Bytes,
}

/// An extension's report that it cannot go on.
#[derive(Debug)]
pub(crate) struct ExtensionFailure {
    /// `Extension.InitError` or `Extension.ExitError`.
    pub(crate) error_type: &'static str,
    /// Its message.
    pub(crate) message: String,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExtensionRefusal {
    /// No extension has this identifier.
    UnknownIdentifier,
    /// It is registered already.
    AlreadyRegistered,
    /// Extensions can register only while the process initializes.
    RegistrationClosed,
    /// Only external extensions can register for `SHUTDOWN`.
    InternalShutdown,
    /// More than [`EXTENSIONS_MAX`].
    TooMany,
    /// Extensions of functions on managed instances get no invocation events.
    NoInvokeEvents,
}

/// Most extensions of one process. Source: Lambda developer guide, "Using the Lambda Extensions API", read 2026-11.
pub(crate) const EXTENSIONS_MAX: usize = 10;
