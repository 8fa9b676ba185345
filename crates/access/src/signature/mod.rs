//! AWS Signature Version 4.
//!
//! Source: IAM user guide, "AWS Signature Version 4 for API requests", read 2026-11.
//!
//! [`Claim::of`] reads what a request says of its sender. Whose secret belongs to the access key, and what the body's
//! hash is, the caller finds out; [`Claim::verify`] says whether the signature is right. [`sign`] makes one.

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
