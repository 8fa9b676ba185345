//! The functions that are deployed here: versions, aliases, and how names in requests are resolved.

mod activities;
mod change;
mod code;
mod collect;
mod concurrency;
mod event_filter;
mod event_source;
mod event_sources_from_template;
mod from_template;
mod health;
mod invocation_record;
mod left_out;
mod machine_key;
mod reference;
mod registry;
mod routing;
mod settings;
mod shared;
mod staged;
mod state_machine;
mod together;
mod version;

pub(crate) use activities::{Activities, Activity, ActivityTurns};
pub(crate) use change::{CatalogueChanges, NewFunction};
pub use code::{ArchivedCode, FolderCode, FreezeCodeError, UnpackError, archive_damage, unpack};
pub(crate) use code::{CodeStore, Damage, Depth, FrozenCode, UNPACKED_BYTES_MAX};
pub(crate) use collect::is_needed;
pub(crate) use event_filter::EventFilter;
pub(crate) use event_source::{EventSourceMapping, EventSourceStates};
pub(crate) use invocation_record::invocation_record;
pub(crate) use machine_key::{KeySharing, MachineKey};
pub(crate) use reference::Reference;
pub(crate) use registry::{Home, Registry, Resolved, unqualified};
pub(crate) use routing::{leads_to, weights};
pub(crate) use settings::{EventInvoke, FunctionSettings};
pub(crate) use staged::{PublishStagedError, StagedFunction};
pub(crate) use state_machine::{
    MachineAlias, MachineRedrive, MachineRoute, MachineVersion, StateMachineSettings,
};
pub use state_machine::{
    STATE_MACHINE_DEFINITION, STATE_MACHINE_PROGRAM, STATE_MACHINE_ROLE, STATE_MACHINE_TYPE,
    state_machine_bootstrap, state_machine_type,
};
pub(crate) use together::Together;
pub(crate) use version::{ENDPOINTS_HERE, FunctionVersion, Running};
