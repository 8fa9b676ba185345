//! The names in requests: executions, callbacks and tokens, and the errors for malformed ones.

use lambda_api::ErrorCode;
use model::{CallbackId, CheckpointToken, ClientToken, ExecutionArn};

use crate::error::ApiError;
use crate::validate::Violations;

/// The durable execution of an ARN.
///
/// # Errors
/// `ValidationException` if the text is not such an ARN.
pub fn execution_arn(text: &str) -> Result<ExecutionArn, ApiError> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(256).collect();
        ApiError::new(
            ErrorCode::Validation,
            format!(
                "1 validation error detected: Value '{shown}' at 'durableExecutionArn' failed to \
                 satisfy constraint: Member must satisfy regular expression pattern: \
                 arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\\d{{12}}):function:([a-zA-Z0-9_-]+):\
                 (\\$LATEST(?:\\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/\
                 ([a-zA-Z0-9_-]+)"
            ),
        )
    })
}

/// The callback of an id.
///
/// # Errors
/// `InvalidParameterValueException` if the text cannot be one.
pub fn callback_id(text: &str) -> Result<CallbackId, ApiError> {
    CallbackId::parse(text).map_err(|_| ApiError::invalid_parameter("Invalid callback id"))
}

/// The token that a checkpoint, or a read of the state, comes with.
///
/// # Errors
/// `ValidationException` if the text does not look like a token.
pub fn checkpoint_token(text: &str) -> Result<CheckpointToken, ApiError> {
    CheckpointToken::parse(text).or_else(|_| {
        let mut violations = Violations::default();
        violations.pattern(
            text,
            "checkpointToken",
            2048,
            "[A-Za-z0-9+/]+={0,2}",
            |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
        );
        violations.none()?;
        Err(ApiError::invalid_token())
    })
}

/// The token by which a request that is repeated is known.
///
/// # Errors
/// `ValidationException` if the text does not look like a token.
pub fn client_token(text: &str) -> Result<ClientToken, ApiError> {
    ClientToken::parse(text).or_else(|_| {
        let mut violations = Violations::default();
        violations.pattern(text, "clientToken", 64, r"[\x21-\x7E]+", |byte| {
            (0x21..=0x7e).contains(&byte)
        });
        violations.none()?;
        Err(ApiError::invalid_parameter("Invalid client token"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fault of a text decides which error it is.
    #[test]
    fn errors_say_what_is_wrong() {
        let code = |error: ApiError| error.code;
        let not_one = execution_arn("arn:aws:lambda").unwrap_err();
        assert!(
            not_one
                .message
                .contains("Value 'arn:aws:lambda' at 'durableExecutionArn'")
        );
        assert_eq!(code(not_one), ErrorCode::Validation);
        assert_eq!(
            code(checkpoint_token("not a token").unwrap_err()),
            ErrorCode::Validation
        );
        assert_eq!(
            code(checkpoint_token("").unwrap_err()),
            ErrorCode::Validation
        );
        assert_eq!(
            code(client_token("a b").unwrap_err()),
            ErrorCode::Validation
        );
        let not_one = callback_id("abc:").unwrap_err();
        assert_eq!(code(not_one), ErrorCode::InvalidParameterValue);
    }
}
