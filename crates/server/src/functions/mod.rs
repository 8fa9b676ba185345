//! The functions that are deployed here: versions, aliases, and what a name in a request means.

mod code;
mod deploy;
mod reference;
mod registry;
mod version;

pub use code::FreezeCodeError;
pub(crate) use reference::Reference;
pub(crate) use registry::{Home, Registry, Resolved, unqualified};
pub(crate) use version::{FunctionVersion, Running};
