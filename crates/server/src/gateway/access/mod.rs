//! Access to APIs: authorizers, API keys, and required parts of requests.
//!
//! [`Gate`] holds the rules of one API; [`lambda`] asks functions, [`policy`] reads their answers, [`token`] checks
//! signed tokens, and [`request_check`] checks requests against models.

mod caller;
mod gate;
mod gated_api;
mod lambda;
mod policy;
mod refusal;
mod request_check;
mod token;

pub(super) use caller::Caller;
pub(super) use gate::Gate;
pub(super) use gated_api::GateKind;
pub(super) use refusal::Refusal;
