//! Checkpoint tokens and callback ids: their content, and how they are read back.
//!
//! Both are base64 text over `.`-separated parts, opaque to all other code. Each ends in a nonce that only the state
//! holds, so that one cannot be made up from public ids.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{
    CallbackId, CheckpointToken, ExecutionId, ExecutionSpec, ExecutionState, Invocation,
    OperationId,
};

/// The token that the running invocation must present next; `None` when no token is valid. A pause takes the token
/// away, so that the function stops.
pub fn checkpoint_token(spec: &ExecutionSpec, state: &ExecutionState) -> Option<CheckpointToken> {
    if state.outcome.is_some() || state.is_cut_short() {
        return None;
    }
    match state.invocation {
        Invocation::Active { number, nonce, .. } => Some(encode_token(
            &spec.arn.id,
            number,
            state.token_sequence,
            nonce,
        )),
        Invocation::Idle | Invocation::BackingOff { .. } => None,
    }
}

/// The execution that a token claims to be for: to find out where to check it, not whether it holds.
pub fn token_execution(token: &CheckpointToken) -> Option<ExecutionId> {
    TokenParts::decode(token).map(|parts| parts.execution_id)
}

/// The execution and operation that a callback id names. Whether it holds is for the engine to say.
pub fn callback_target(callback_id: &CallbackId) -> Option<(ExecutionId, OperationId)> {
    let text = decode_text(callback_id.as_str())?;
    let mut parts = text.split('.');
    let execution_id = ExecutionId::parse(parts.next()?).ok()?;
    let operation_id = OperationId::parse(parts.next()?).ok()?;
    u64::from_str_radix(parts.next()?, 16).ok()?;
    parts
        .next()
        .is_none()
        .then_some((execution_id, operation_id))
}

pub(crate) fn encode_callback_id(
    execution_id: &ExecutionId,
    operation_id: &OperationId,
    nonce: u64,
) -> CallbackId {
    let text = STANDARD.encode(format!("{execution_id}.{operation_id}.{nonce:016x}"));
    CallbackId::parse(&text).expect("base64 of two ids and a nonce is at most 200 characters")
}

/// The content of a checkpoint token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TokenParts {
    pub execution_id: ExecutionId,
    pub invocation: u64,
    pub sequence: u64,
    pub nonce: u64,
}

impl TokenParts {
    pub fn decode(token: &CheckpointToken) -> Option<Self> {
        let text = decode_text(token.as_str())?;
        let mut parts = text.split('.');
        let decoded = Self {
            execution_id: ExecutionId::parse(parts.next()?).ok()?,
            invocation: parts.next()?.parse().ok()?,
            sequence: parts.next()?.parse().ok()?,
            nonce: u64::from_str_radix(parts.next()?, 16).ok()?,
        };
        parts.next().is_none().then_some(decoded)
    }
}

fn encode_token(id: &ExecutionId, invocation: u64, sequence: u64, nonce: u64) -> CheckpointToken {
    let text = STANDARD.encode(format!("{id}.{invocation}.{sequence}.{nonce:016x}"));
    CheckpointToken::parse(&text).expect("base64 of an id and three numbers is short")
}

fn decode_text(base64: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(base64).ok()?).ok()
}
