//! A stand-in for a model: it decides by the last message. Put the call of yours in its place.

use serde::{Deserialize, Serialize};

use crate::tools::{Call, ToolResult};

#[derive(Debug, Clone, Deserialize)]
pub struct Question {
    customer: String,
    order: String,
}

/// What was called, and what came of it.
#[derive(Debug, Clone)]
pub struct Message {
    pub call: Call,
    pub result: ToolResult,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Decision {
    Call(Call),
    Answer(String),
}

/// The next tool call, or the answer to the customer.
pub fn decide(question: &Question, conversation: &[Message]) -> Decision {
    let Question { customer, order } = question;
    let last = conversation.last();
    match last.map(|message| (&message.call, &message.result)) {
        // It does not learn from an order that is unknown, and looks again: the limit of turns ends that.
        None | Some((_, ToolResult::Unknown)) => Decision::Call(Call::LookUpOrder {
            order: order.clone(),
        }),
        Some((_, ToolResult::Order { total })) => Decision::Call(Call::Refund {
            order: order.clone(),
            amount: *total,
        }),
        Some((_, ToolResult::Declined)) => Decision::Answer(format!(
            "Dear {customer}, a colleague will call you about order {order}."
        )),
        Some((_, ToolResult::Refunded { amount })) => Decision::Answer(format!(
            "Dear {customer}, we have refunded {amount} for order {order}."
        )),
    }
}
