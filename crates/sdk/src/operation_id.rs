//! How operations are recognised from one invocation to the next: by their place in the program.
//!
//! Every context counts the operations that are called on it, from 1.
//! The n-th of the root has the path `n`, the n-th inside an operation with path `p` has `p-n`; the id on the wire is
//! the SHA-256 of the path in hexadecimal, as in AWS's Rust SDK.

use std::fmt::{self, Write};

use lambda_api::{OperationAction, OperationType, OperationUpdate};
use sha2::{Digest, Sha256};

use crate::error::Failure;

/// Longest name of an operation, in characters. Source: service model, `OperationName`.
const NAME_CHARACTERS_MAX: usize = 256;

/// The id of an operation on the wire.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct OperationId(String);

impl OperationId {
    fn of_path(path: &str) -> Self {
        let mut id = String::with_capacity(64);
        for byte in Sha256::digest(path) {
            write!(id, "{byte:02x}").expect("writing to a string cannot fail");
        }
        Self(id)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A place in the program that an operation was called from.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) path: String,
    pub(crate) id: OperationId,
}

impl Claim {
    /// The `number`-th operation (from 1) of the context with path `prefix`.
    pub(crate) fn new(prefix: Option<&str>, number: u64) -> Self {
        let path = match prefix {
            None => number.to_string(),
            Some(prefix) => format!("{prefix}-{number}"),
        };
        let id = OperationId::of_path(&path);
        Self { path, id }
    }
}

/// The properties of an operation that must be the same in every invocation.
#[derive(Clone, Debug)]
pub(crate) struct OperationSpec {
    pub(crate) claim: Claim,
    pub(crate) parent_id: Option<OperationId>,
    pub(crate) r#type: OperationType,
    pub(crate) sub_type: &'static str,
    pub(crate) name: Option<String>,
}

impl OperationSpec {
    pub(crate) fn id(&self) -> &OperationId {
        &self.claim.id
    }

    /// An update of this operation without options, payload or error.
    pub(crate) fn update(&self, action: OperationAction) -> OperationUpdate {
        OperationUpdate {
            id: self.claim.id.0.clone(),
            parent_id: self.parent_id.as_ref().map(|id| id.0.clone()),
            name: self.name.clone(),
            r#type: self.r#type.clone(),
            sub_type: Some(self.sub_type.to_owned()),
            action,
            ..OperationUpdate::default()
        }
    }

    /// Rejects names that the service would reject, before anything is recorded.
    pub(crate) fn check_name(&self) -> Result<(), Failure> {
        let Some(name) = &self.name else {
            return Ok(());
        };
        let fits = (1..=NAME_CHARACTERS_MAX).contains(&name.len())
            && name.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if fits {
            return Ok(());
        }
        Err(Failure::invalid(format!(
            "operation name {name:?} must have 1 to {NAME_CHARACTERS_MAX} printable ASCII characters"
        )))
    }
}

impl fmt::Display for OperationSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("(unnamed)");
        write!(
            formatter,
            "{}/{} {name} at {}",
            self.r#type, self.sub_type, self.claim.path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_official_rust_sdk() {
        let starts = [
            (Claim::new(None, 1), "6b86b273ff34fce1"),
            (Claim::new(None, 2), "d4735e3a265e16ee"),
            (Claim::new(Some("2"), 1), "e2433ac3278279ac"),
        ];
        for (claim, start) in starts {
            assert!(claim.id.as_str().starts_with(start), "{claim:?}");
            assert_eq!(claim.id.as_str().len(), 64);
        }
    }
}
