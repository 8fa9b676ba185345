//! Functions of a template that cannot run on this machine: invoking one returns the reason.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use lambda_api::ErrorCode;
use model::FunctionName;
use wire::ApiError;

/// Names of functions that were left out of the deployment, with the reason. Kept in memory: the next deployment decides
/// anew.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    reasons: RwLock<BTreeMap<FunctionName, String>>,
}

impl LeftOut {
    /// Replaces what an earlier deployment left out.
    pub fn replace(&self, reasons: BTreeMap<FunctionName, String>) {
        *self.reasons.write().unwrap_or_else(PoisonError::into_inner) = reasons;
    }

    /// Whether a function is left out, though an earlier version of it may be here.
    pub fn has(&self, name: &FunctionName) -> bool {
        let reasons = self.reasons.read().unwrap_or_else(PoisonError::into_inner);
        reasons.contains_key(name)
    }

    /// AWS's error for a function that does not exist, with the reason where it is known. A logical id finds its
    /// function, whose name a stack prefixes with its own name.
    pub fn not_found(&self, name: &FunctionName, named: &str) -> ApiError {
        let reasons = self.reasons.read().unwrap_or_else(PoisonError::into_inner);
        let suffix = format!("-{name}");
        let known = reasons.get_key_value(name).or_else(|| {
            let mut ending = reasons
                .iter()
                .filter(|(known, _)| known.as_str().ends_with(&suffix));
            ending.next().filter(|_| ending.next().is_none())
        });
        let message = match known {
            Some((known, reason)) => {
                format!("Function not found: {named}: `{known}` was left out: {reason}")
            }
            None => format!("Function not found: {named}"),
        };
        ApiError::new(ErrorCode::ResourceNotFound, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_part_of_the_error() {
        let name = |text: &str| FunctionName::parse(text).expect("it is a name");
        let left_out = LeftOut::default();
        let reason = "runtime `dotnet8` is not supported".to_owned();
        left_out.replace(BTreeMap::from([(name("shop-Net"), reason)]));
        assert!(left_out.has(&name("shop-Net")) && !left_out.has(&name("Net")));
        for asked in ["shop-Net", "Net"] {
            let error = left_out.not_found(&name(asked), "arn");
            assert_eq!(
                error.message,
                "Function not found: arn: `shop-Net` was left out: runtime `dotnet8` is not supported"
            );
        }
        assert_eq!(
            left_out.not_found(&name("et"), "arn").message,
            "Function not found: arn"
        );
    }
}
