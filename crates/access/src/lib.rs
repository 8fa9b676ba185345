//! Who sends a request, and what they may do.
//!
//! [`signature`] verifies AWS Signature Version 4 and signs; [`policy`] reads IAM policy documents and decides by
//! them; [`AccessKeyId`], [`SecretKey`] and [`SealingKey`] are access keys and how their secrets are kept;
//! [`SessionKeys`] makes the credentials that function processes have. Nothing here serves HTTP, keeps anything, or
//! asks for the time: callers hand in heads of requests, records and instants.

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
