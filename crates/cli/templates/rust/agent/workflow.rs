//! A support agent: a model decides, tools act, and a person confirms what costs money.
//!
//! The handler is replayed from the top each time it goes on. Every decision of the model and every tool call is a
//! step: recorded, and neither made nor paid for again.

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, FailureKind, StepContext, durable_execution, durable_step,
};
use serde::{Deserialize, Serialize};

use crate::model::{Decision, Message, Question, decide};
use crate::tools::{Call, ToolResult, call_tool};

/// A model can go in circles, and each turn costs.
const TURNS_MAX: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    Answered { answer: String, turns: u32 },
    GaveUp { turns: u32 },
}

#[derive(Debug, Deserialize)]
struct Confirmation {
    confirmed: bool,
}

#[durable_execution]
pub async fn handler(question: Question, ctx: DurableContext) -> Result<Outcome, BoxError> {
    // Made of recorded results only, the conversation is the same in every replay.
    let mut conversation = Vec::new();
    for turn in 1..=TURNS_MAX {
        let step = ask_model(question.clone(), conversation.clone());
        let call = match ctx.step(step).name(format!("model-{turn}")).await? {
            Decision::Answer(answer) => {
                return Ok(Outcome::Answered {
                    answer,
                    turns: turn,
                });
            }
            Decision::Call(call) => call,
        };
        let result = use_tool(call.clone(), turn, &ctx).await?;
        conversation.push(Message { call, result });
    }
    Ok(Outcome::GaveUp { turns: TURNS_MAX })
}

#[durable_step]
async fn ask_model(
    _: StepContext,
    question: Question,
    conversation: Vec<Message>,
) -> Result<Decision, BoxError> {
    Ok(decide(&question, &conversation))
}

async fn use_tool(call: Call, turn: u32, ctx: &DurableContext) -> Result<ToolResult, BoxError> {
    if call.is_costly() && !is_confirmed(&call, ctx).await? {
        return Ok(ToolResult::Declined);
    }
    let name = format!("{}-{turn}", call.tool());
    Ok(ctx.step(run_tool(call)).name(name).await?)
}

#[durable_step]
async fn run_tool(_: StepContext, call: Call) -> Result<ToolResult, BoxError> {
    Ok(call_tool(&call))
}

/// Whether a person says yes. Silence is a no.
async fn is_confirmed(call: &Call, ctx: &DurableContext) -> Result<bool, BoxError> {
    let question = format!("may I {} ({call:?})?", call.tool());
    // Send a message here, whose buttons complete the callback by SendDurableExecutionCallbackSuccess.
    let ask = move |callback_id: CallbackId, step: StepContext| {
        let question = question.clone();
        async move {
            step.logger()
                .info(format!("{question} callback {}", callback_id.as_str()));
            Ok::<_, BoxError>(())
        }
    };
    let waiting = ctx.wait_for_callback(format!("confirm-{}", call.tool()), ask);
    match waiting.timeout(PATIENCE).await {
        Ok(Confirmation { confirmed }) => Ok(confirmed),
        Err(error) if error.kind() == FailureKind::TimedOut => Ok(false),
        Err(error) => Err(error.into()),
    }
}
