//! Why a request is refused, with AWS's names and messages.

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The kind of AWS's error.
    pub kind: RefusalKind,
    /// The message to the sender.
    pub message: String,
}

/// AWS's errors about authentication and authorization.
/// Source: Lambda API reference, "Common Errors", and answers of AWS's services as SDKs know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The request is not signed at all.
    MissingAuthenticationToken,
    /// A part of the signature is missing or malformed.
    IncompleteSignature,
    /// The signature does not match the request and the secret, or its time is not current.
    InvalidSignature,
    /// The access key does not exist, or is disabled.
    UnrecognizedClient,
    /// The credentials have expired.
    ExpiredToken,
    /// The sender is known, but no policy allows the action.
    AccessDenied,
}

impl RefusalKind {
    /// AWS's name, as in `x-amzn-errortype`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::IncompleteSignature => "IncompleteSignatureException",
            Self::InvalidSignature => "InvalidSignatureException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
            Self::AccessDenied => "AccessDeniedException",
        }
    }
}

impl Refusal {
    /// A refusal with its own message.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The refusal of a request that is not signed.
    pub fn unsigned() -> Self {
        Self::new(
            RefusalKind::MissingAuthenticationToken,
            "Missing Authentication Token",
        )
    }

    /// The refusal of an access key that does not exist.
    pub fn unknown_key() -> Self {
        Self::new(
            RefusalKind::UnrecognizedClient,
            "The security token included in the request is invalid.",
        )
    }

    /// The refusal of expired credentials.
    pub fn expired_token() -> Self {
        Self::new(
            RefusalKind::ExpiredToken,
            "The security token included in the request is expired",
        )
    }

    /// The refusal of a signature that does not match.
    pub fn mismatch() -> Self {
        Self::new(
            RefusalKind::InvalidSignature,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    }

    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Self::new(RefusalKind::IncompleteSignature, message)
    }
}
