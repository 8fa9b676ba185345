//! AWS Signature Version 4.
//!
//! Source: IAM user guide, "AWS Signature Version 4 for API requests", read 2026-11.
//!
//! [`Claim::of`] reads a request's claim about its sender. The caller finds the secret of the access key and the hash
//! of the body; [`Claim::verify`] checks the signature. [`sign`] makes one.

mod authorization;
mod canonical;
mod claim;
mod moment;
mod payload;
mod scope;
mod sign;

pub use claim::{Claim, DeclaredPayload, Head, SignedBy};
pub use payload::{PayloadHash, PayloadHasher};
pub use scope::Scope;
pub use sign::{Signer, sign};
