//! The functions that are deployed here: versions, aliases, and what a name in a request means.

mod archive;
mod change;
mod code;
mod deploy;
mod places;
mod reference;
mod registry;
mod routing;
mod settings;
mod version;

pub(crate) use archive::{UNPACKED_BYTES_MAX, UnpackError, unpack};
pub(crate) use change::{Changes, NewFunction};
pub use code::FreezeCodeError;
pub(crate) use code::{FrozenCode, sweep};
pub(crate) use reference::Reference;
pub(crate) use registry::{Home, Registry, Resolved, unqualified};
pub(crate) use routing::{leads_to, weights};
pub(crate) use settings::{EventInvoke, FunctionSettings};
pub(crate) use version::{FunctionVersion, Running};
