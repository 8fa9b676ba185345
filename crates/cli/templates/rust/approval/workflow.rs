//! An expense that a manager approves, with a reminder after two days.
//!
//! The handler is replayed from the top each time it goes on. What is recorded (steps, callbacks) is not done again.

use std::time::Duration;

use lambdura::{
    BoxError, CallbackId, DurableContext, FailureKind, StepContext, durable_execution, durable_step,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Under which name the manager is asked, and how long the answer may take.
const REQUESTS: [(&str, Duration); 2] = [
    ("ask-manager", DAY.saturating_mul(2)),
    ("remind-manager", DAY.saturating_mul(5)),
];

#[derive(Debug, Clone, Deserialize)]
pub struct Expense {
    employee: String,
    amount: u32,
}

#[derive(Debug, Deserialize)]
struct Decision {
    approved: bool,
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "UPPERCASE")]
pub enum Outcome {
    Paid { reference: String, payment: String },
    Declined { reference: String, reason: String },
}

#[durable_execution]
pub async fn handler(expense: Expense, ctx: DurableContext) -> Result<Outcome, BoxError> {
    let reference = ctx.step(new_reference()).await?;
    let decision = ask(&expense, &reference, &ctx).await?;
    if decision.approved {
        let payment = ctx.step(pay(reference.clone(), expense.amount)).await?;
        return Ok(Outcome::Paid { reference, payment });
    }
    let reason = decision
        .reason
        .unwrap_or_else(|| "the manager declined".to_owned());
    ctx.step(tell_employee(expense.employee, reason.clone()))
        .await?;
    Ok(Outcome::Declined { reference, reason })
}

/// The manager's answer. Each request has a callback of its own, and nothing runs until it is answered.
async fn ask(
    expense: &Expense,
    reference: &str,
    ctx: &DurableContext,
) -> Result<Decision, BoxError> {
    for (name, timeout) in REQUESTS {
        let request = format!(
            "{reference}: {} asks for {}",
            expense.employee, expense.amount
        );
        // Send an e-mail or a chat message here. Its buttons complete the callback, by
        // SendDurableExecutionCallbackSuccess with {"approved": true} or {"approved": false, "reason": "..."}.
        let notify = move |callback_id: CallbackId, step: StepContext| {
            let request = request.clone();
            async move {
                step.logger()
                    .info(format!("{request}, callback {}", callback_id.as_str()));
                Ok::<_, BoxError>(())
            }
        };
        match ctx.wait_for_callback(name, notify).timeout(timeout).await {
            Ok(decision) => return Ok(decision),
            Err(error) if error.kind() == FailureKind::TimedOut => {}
            Err(error) => return Err(error.into()),
        }
    }
    let reason = Some("nobody answered within a week".to_owned());
    Ok(Decision {
        approved: false,
        reason,
    })
}

/// Chance belongs into a step: a replay gets the recorded reference, not another one.
#[durable_step]
async fn new_reference(_: StepContext) -> Result<String, BoxError> {
    Ok(format!("EXP-{}", Uuid::new_v4().simple()))
}

/// This may run twice if the process dies before its result is recorded, so the payment is known by its reference:
/// whoever pays has to take a second request for the same one as the first.
#[durable_step]
async fn pay(step: StepContext, reference: String, amount: u32) -> Result<String, BoxError> {
    step.logger()
        .info(format!("paying {amount} for {reference}"));
    Ok(format!("payment-{reference}"))
}

#[durable_step]
async fn tell_employee(
    step: StepContext,
    employee: String,
    reason: String,
) -> Result<(), BoxError> {
    step.logger().info(format!(
        "dear {employee}, your expense was declined: {reason}"
    ));
    Ok(())
}
