//! Controls access to this server: access keys and credentials of function processes, their policies, limits on
//! requests, and the record of changes.
//!
//! Where nothing is enforced, which is how `lambdura up` starts on loopback, none of this checks a request. The
//! decisions are in `docs/adr/0020-*`; `docs/security.md` says what is protected, and how.

mod address;
mod at_console;
mod audit;
mod config;
mod gate;
mod grants;
mod identify;
mod key_ring;
mod limits;
mod notes;
mod offline;
mod principal;
mod sealing_file;
mod sign_in;

pub(crate) use audit::Audit;
pub use audit::AuditLine;
pub use config::{AccessConfig, AccessLimits, TlsFiles};
pub(crate) use gate::{Access, Admitted, Caller, Invoked};
pub use key_ring::{KeyError, KeyRing, KeyView, KeyWithSecret};
pub(crate) use notes::Concerned;
pub use offline::{OfflineKeys, OfflineKeysError, ReadAuditError};
pub(crate) use sign_in::{COOKIE, SignIns, SignedIn};
