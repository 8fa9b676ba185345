//! Why a request is refused, in AWS's names and words.

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which of AWS's errors it is.
    pub kind: RefusalKind,
    /// What the sender is told.
    pub message: String,
}

/// AWS's errors about who may do what.
/// Source: Lambda API reference, "Common Errors", and answers of AWS's services as SDKs know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The request is not signed at all.
    MissingAuthenticationToken,
    /// Something of the signature is missing or malformed.
    IncompleteSignature,
    /// The signature is not what the request and the secret come to, or not of this time.
    InvalidSignature,
    /// Nobody has this access key, or it is disabled.
    UnrecognizedClient,
    /// The credentials were good for a time that is over.
    ExpiredToken,
    /// The sender is known, and no policy allows it.
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
    /// A refusal with a message of its own.
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

    /// The refusal of an access key that nobody has.
    pub fn unknown_key() -> Self {
        Self::new(
            RefusalKind::UnrecognizedClient,
            "The security token included in the request is invalid.",
        )
    }

    /// The refusal of credentials whose time is over.
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
