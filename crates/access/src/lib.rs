//! The sender of a request, and the sender's permissions.
//!
//! [`signature`] verifies and creates AWS Signature Version 4; [`policy`] reads IAM policy documents and evaluates
//! them; [`AccessKeyId`], [`SecretKey`] and [`SealingKey`] are access keys and the way their secrets are stored;
//! [`SessionKeys`] makes the credentials of function processes. Nothing here serves HTTP, stores anything, or reads a
//! clock: callers pass in request heads, records and times.

pub mod policy;
pub mod signature;

mod key;
mod refusal;
mod sealing;
mod session;

pub use key::{AccessKeyId, NewAccessKey, NoRandomness, SecretKey};
pub use refusal::{Refusal, RefusalKind};
pub use sealing::{SealingKey, SealingKeyError, UnsealError};
pub use session::{SessionCredentials, SessionKeys};
