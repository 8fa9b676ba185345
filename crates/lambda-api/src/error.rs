//! Error answers: AWS's names, their HTTP status, and the body.

use serde::{Deserialize, Serialize};

use crate::wire_enum::wire_enum;

wire_enum! {
    /// The name of an error, as `x-amzn-ErrorType` and `__type` carry it.
    ErrorCode {
        /// A parameter has a value that makes no sense.
        InvalidParameterValue = "InvalidParameterValueException",
        /// A member violates a constraint of its shape.
        Validation = "ValidationException",
        /// A member has the wrong JSON type, or the body is not JSON.
        Serialization = "SerializationException",
        /// The payload of an Invoke is not JSON.
        InvalidRequestContent = "InvalidRequestContentException",
        /// The callback is timed out or completed.
        CallbackTimeout = "CallbackTimeoutException",
        /// The function has no published version.
        NoPublishedVersion = "NoPublishedVersionException",
        /// Functions invoke each other in a circle.
        RecursiveInvocation = "RecursiveInvocationException",
        /// The credentials do not allow it.
        AccessDenied = "AccessDeniedException",
        /// The request's signature is not right.
        InvalidSignature = "InvalidSignatureException",
        /// Something of the request's signature is missing or malformed.
        IncompleteSignature = "IncompleteSignatureException",
        /// The request is not signed.
        MissingAuthenticationToken = "MissingAuthenticationTokenException",
        /// The access key does not exist.
        UnrecognizedClient = "UnrecognizedClientException",
        /// The credentials were good for a time that is over.
        ExpiredToken = "ExpiredTokenException",
        /// The API does not have this path or method.
        UnknownOperation = "UnknownOperationException",
        /// A quota is used up.
        ServiceQuotaExceeded = "ServiceQuotaExceededException",
        /// No such function, execution or callback.
        ResourceNotFound = "ResourceNotFoundException",
        /// The resource exists already, or its state forbids the request.
        ResourceConflict = "ResourceConflictException",
        /// The resource is being changed or deleted.
        ResourceInUse = "ResourceInUseException",
        /// An execution of that name was started with another payload.
        DurableExecutionAlreadyStarted = "DurableExecutionAlreadyStartedException",
        /// The revision id does not match.
        PreconditionFailed = "PreconditionFailedException",
        /// The payload of an Invoke is too large.
        RequestTooLarge = "RequestTooLargeException",
        /// The serialised request is too large.
        SerializedRequestEntityTooLarge = "SerializedRequestEntityTooLargeException",
        /// The request with a deployment package is too large.
        RequestEntityTooLarge = "RequestEntityTooLargeException",
        /// The content type of an Invoke is not JSON.
        UnsupportedMediaType = "UnsupportedMediaTypeException",
        /// Too much at once.
        TooManyRequests = "TooManyRequestsException",
        /// The service failed.
        Service = "ServiceException",
        /// The key may not be used.
        KmsAccessDenied = "KMSAccessDeniedException",
        /// The key is disabled.
        KmsDisabled = "KMSDisabledException",
        /// The key's state does not allow its use.
        KmsInvalidState = "KMSInvalidStateException",
        /// There is no such key.
        KmsNotFound = "KMSNotFoundException",
        /// The runtime is not supported.
        InvalidRuntime = "InvalidRuntimeException",
        /// The deployment package cannot be unpacked.
        InvalidZipFile = "InvalidZipFileException",
        /// The function is not active yet.
        ResourceNotReady = "ResourceNotReadyException",
    }
}

impl ErrorCode {
    /// The HTTP status that goes with the error; 500 for names this version does not know.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::InvalidParameterValue
            | Self::Validation
            | Self::Serialization
            | Self::InvalidRequestContent
            | Self::CallbackTimeout
            | Self::NoPublishedVersion
            | Self::ResourceInUse
            | Self::RecursiveInvocation => 400,
            Self::ServiceQuotaExceeded => 402,
            Self::AccessDenied
            | Self::InvalidSignature
            | Self::IncompleteSignature
            | Self::MissingAuthenticationToken
            | Self::UnrecognizedClient
            | Self::ExpiredToken => 403,
            Self::ResourceNotFound | Self::UnknownOperation => 404,
            Self::ResourceConflict | Self::DurableExecutionAlreadyStarted => 409,
            Self::PreconditionFailed => 412,
            Self::RequestTooLarge
            | Self::RequestEntityTooLarge
            | Self::SerializedRequestEntityTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::TooManyRequests => 429,
            Self::Service | Self::Unknown(_) => 500,
            Self::KmsAccessDenied
            | Self::KmsDisabled
            | Self::KmsInvalidState
            | Self::KmsNotFound
            | Self::InvalidRuntime
            | Self::InvalidZipFile
            | Self::ResourceNotReady => 502,
        }
    }

    /// Reads the value of `x-amzn-ErrorType`, `__type` or `code`: drops the part after a colon, or before a `#`.
    #[must_use]
    pub fn from_wire(value: &str) -> Self {
        let name = value.split(':').next().unwrap_or(value);
        let name = name.rsplit('#').next().unwrap_or(name);
        Self::parse(name).unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }
}

/// The body of an error answer.
///
/// AWS spells the message `message` in some shapes and `Message` in others, and clients look for the error's name in
/// `__type` when the header is missing; [`ErrorBody::new`] sets all of them, which every client understands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error's name.
    #[serde(default, rename = "__type", skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// `User` when the caller is wrong, `Server` when the service failed.
    #[serde(default, rename = "Type", skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The error's message.
    #[serde(default, rename = "message", skip_serializing_if = "Option::is_none")]
    pub message_lower: Option<String>,
    /// The error's message, the other spelling.
    #[serde(default, rename = "Message", skip_serializing_if = "Option::is_none")]
    pub message_upper: Option<String>,
    /// Which limit was hit; only with `TooManyRequestsException`.
    #[serde(default, rename = "Reason", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ErrorBody {
    /// The body for `code`, complete for every client.
    #[must_use]
    pub fn new(code: &ErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        let fault = if code.status() < 500 {
            "User"
        } else {
            "Server"
        };
        Self {
            error_type: Some(code.as_str().to_owned()),
            fault: Some(fault.to_owned()),
            message_lower: Some(message.clone()),
            message_upper: Some(message),
            reason: None,
        }
    }

    /// The message, however it was spelled.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message_lower
            .as_deref()
            .or(self.message_upper.as_deref())
    }
}

/// The answer of a failed function to a synchronous Invoke, and the body that runtimes post to the Runtime API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionErrorBody {
    /// The error, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The error, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// One entry per frame; Node.js functions call it `trace`.
    #[serde(default, alias = "trace", skip_serializing_if = "Option::is_none")]
    pub stack_trace: Option<Vec<String>>,
    /// The invocation's Lambda request id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_carries_both_spellings() {
        let code = ErrorCode::ResourceNotFound;
        assert_eq!(code.status(), 404);
        assert_eq!(
            serde_json::to_string(&ErrorBody::new(&code, "gone")).unwrap(),
            r#"{"__type":"ResourceNotFoundException","Type":"User","message":"gone","Message":"gone"}"#
        );
    }

    #[test]
    fn message_is_read_in_either_spelling() {
        for text in [r#"{"message":"no"}"#, r#"{"Message":"no"}"#] {
            let body: ErrorBody = serde_json::from_str(text).unwrap();
            assert_eq!(body.message(), Some("no"));
        }
    }

    #[test]
    fn names_are_read_as_clients_read_them() {
        for text in [
            "KMSDisabledException",
            "KMSDisabledException:http://internal.amazon.com/",
            "com.amazonaws.lambda#KMSDisabledException",
        ] {
            assert_eq!(ErrorCode::from_wire(text), ErrorCode::KmsDisabled, "{text}");
        }
        assert_eq!(
            ErrorCode::from_wire("Odd"),
            ErrorCode::Unknown("Odd".into())
        );
    }
}
