//! A checkpoint's request as a server reads it: texts stay in the body until something keeps them.
//!
//! The members are those of [`CheckpointDurableExecutionRequest`](crate::CheckpointDurableExecutionRequest) and
//! [`OperationUpdate`], which clients write; both forms accept and reject the same, in the same words.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::operation::{ErrorObject, OperationType};
use crate::update::{
    CallbackOptions, ChainedInvokeOptions, ContextOptions, OperationAction, OperationUpdate,
    StepOptions, WaitOptions,
};
use crate::wire_enum::null_as_default;

/// A text within a body; owned only if it is escaped there. (Serde borrows a `Cow`, but none within an `Option`.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

/// [`CheckpointDurableExecutionRequest`](crate::CheckpointDurableExecutionRequest), borrowed. Payloads are read into
/// `P`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(
    expecting = "struct CheckpointDurableExecutionRequest",
    rename_all = "PascalCase",
    bound(deserialize = "P: Deserialize<'de>")
)]
pub struct BorrowedCheckpoint<'a, P> {
    /// The token of the invocation event, or of the last response; empty when it was missing.
    #[serde(default, borrow)]
    pub checkpoint_token: Text<'a>,
    /// Changes in the order in which they happened; empty to poll.
    #[serde(default, borrow, deserialize_with = "null_as_default")]
    pub updates: Vec<BorrowedUpdate<'a, P>>,
    /// Makes a repeated request answer like the first; 1–64 visible ASCII characters.
    #[serde(default, borrow)]
    pub client_token: Option<Text<'a>>,
}

/// [`OperationUpdate`], borrowed: its members are described there. The payload is read into `P`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    expecting = "struct OperationUpdate",
    rename_all = "PascalCase",
    bound(deserialize = "P: Deserialize<'de>")
)]
#[expect(missing_docs, reason = "the members are those of `OperationUpdate`")]
pub struct BorrowedUpdate<'a, P> {
    #[serde(default, borrow)]
    pub id: Text<'a>,
    #[serde(default, borrow)]
    pub parent_id: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub name: Option<Text<'a>>,
    #[serde(default)]
    pub r#type: OperationType,
    #[serde(default, borrow)]
    pub sub_type: Option<Text<'a>>,
    #[serde(default)]
    pub action: OperationAction,
    #[serde(default)]
    pub payload: Option<P>,
    #[serde(default)]
    pub error: Option<ErrorObject>,
    #[serde(default)]
    pub context_options: Option<ContextOptions>,
    #[serde(default)]
    pub step_options: Option<StepOptions>,
    #[serde(default)]
    pub wait_options: Option<WaitOptions>,
    #[serde(default)]
    pub callback_options: Option<CallbackOptions>,
    #[serde(default)]
    pub chained_invoke_options: Option<ChainedInvokeOptions>,
}

impl<P: From<String>> From<OperationUpdate> for BorrowedUpdate<'_, P> {
    fn from(update: OperationUpdate) -> Self {
        Self {
            id: update.id.into(),
            parent_id: update.parent_id.map(Text::from),
            name: update.name.map(Text::from),
            r#type: update.r#type,
            sub_type: update.sub_type.map(Text::from),
            action: update.action,
            payload: update.payload.map(P::from),
            error: update.error,
            context_options: update.context_options,
            step_options: update.step_options,
            wait_options: update.wait_options,
            callback_options: update.callback_options,
            chained_invoke_options: update.chained_invoke_options,
        }
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.0.into_owned()
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;

        impl<'de> Visitor<'de> for Borrowing {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(text.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(text.to_owned().into())
            }
        }

        deserializer.deserialize_str(Borrowing)
    }
}
