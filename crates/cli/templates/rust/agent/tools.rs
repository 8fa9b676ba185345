//! What the agent can do. Each call is a step, which may run twice if the process dies before its result is recorded.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Call {
    LookUpOrder { order: String },
    Refund { order: String, amount: u32 },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToolResult {
    Order { total: u32 },
    Unknown,
    Refunded { amount: u32 },
    Declined,
}

impl Call {
    pub fn tool(&self) -> &'static str {
        match self {
            Self::LookUpOrder { .. } => "look_up_order",
            Self::Refund { .. } => "refund",
        }
    }

    /// Whether a person confirms it before it is called.
    pub fn is_costly(&self) -> bool {
        match self {
            Self::LookUpOrder { .. } => false,
            Self::Refund { .. } => true,
        }
    }
}

pub fn call_tool(call: &Call) -> ToolResult {
    match call {
        Call::LookUpOrder { order } if order == "1042" => ToolResult::Order { total: 39 },
        Call::LookUpOrder { .. } => ToolResult::Unknown,
        // The payment service must know the order again, so that a second call pays nothing.
        Call::Refund { amount, .. } => ToolResult::Refunded { amount: *amount },
    }
}
