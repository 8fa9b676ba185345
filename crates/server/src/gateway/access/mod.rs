//! Who is let in: authorizers, API keys, and what requests must have.
//!
//! [`Gate`] is what a template says of one API; [`lambda`] asks functions, [`policy`] reads what they answer,
//! [`token`] goes by signed tokens, and [`request_check`] holds requests against models.

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
