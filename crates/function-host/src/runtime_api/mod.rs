//! The Lambda Runtime API 2018-06-01 and the APIs of extensions, one listener per function process.
//!
//! This module speaks HTTP and keeps no state: every call of the runtime becomes a message to the process's own task,
//! which alone decides. Whether a client may call is decided once for each connection, see [`peer`]. The protocol
//! reference, section 6, describes the calls.

mod body;
mod call;
mod extension;
mod extension_call;
mod peer;
mod route;
mod server;
mod subscription;
mod watched_stream;

pub(crate) use body::RESPONSE_BYTES_MAX;
pub(crate) use call::{Answer, ConnectionId, NextEvent, Posted, Refusal, RuntimeCall};
pub(crate) use extension_call::{
    EXTENSIONS_MAX, ExtensionAnswer, ExtensionCall, ExtensionEvent, ExtensionRefusal,
    LifecycleEvents, Registered,
};
pub(crate) use peer::Guard;
pub(crate) use server::RuntimeApi;
pub(crate) use subscription::{Destination, Subscription};
