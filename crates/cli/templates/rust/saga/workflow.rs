//! A trip of three bookings, all or none.
//!
//! The handler is replayed from the top each time it goes on. What is recorded is not done again, so that a process
//! that dies in the middle goes on with the next booking, or with the next cancellation.

use std::collections::BTreeMap;
use std::time::Duration;

use lambdura::{
    BoxError, DurableContext, RetryStrategy, StepContext, StepError, durable_execution,
    durable_step,
};
use serde::{Deserialize, Serialize};

const PARTS: [&str; 3] = ["flight", "hotel", "car"];
const HOUR: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, Clone, Deserialize)]
pub struct Trip {
    trip: String,
    traveller: String,
    destination: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "UPPERCASE")]
pub enum Outcome {
    Booked {
        bookings: BTreeMap<&'static str, String>,
    },
    Cancelled {
        reason: String,
        cancelled: Vec<&'static str>,
    },
}

/// There is none left. To ask again would not help.
#[derive(Debug, thiserror::Error)]
#[error("there are no cars in {0}")]
struct SoldOut(String);

#[durable_execution]
pub async fn handler(trip: Trip, ctx: DurableContext) -> Result<Outcome, BoxError> {
    let mut bookings = Vec::new();
    let Err(failure) = book_all(&trip, &mut bookings, &ctx).await else {
        return Ok(Outcome::Booked {
            bookings: bookings.into_iter().collect(),
        });
    };
    // The last that was booked is cancelled first.
    let mut cancelled = Vec::new();
    // A cancellation has to succeed some day: it has an hour between attempts, and many of them.
    let patient = RetryStrategy::exponential()
        .max_attempts(50)
        .max_delay(HOUR);
    for (part, booking) in bookings.into_iter().rev() {
        let step = ctx.step(cancel(booking)).name(format!("cancel-{part}"));
        step.retry(patient.clone()).await?;
        cancelled.push(part);
    }
    let reason = failure.message().to_owned();
    Ok(Outcome::Cancelled { reason, cancelled })
}

async fn book_all(
    trip: &Trip,
    bookings: &mut Vec<(&'static str, String)>,
    ctx: &DurableContext,
) -> Result<(), StepError> {
    // A company that cannot be reached is asked again; one that has nothing left is not.
    let retry =
        RetryStrategy::exponential().retry_if(|error| error.error_type() != Some("SoldOut"));
    for part in PARTS {
        let step = ctx
            .step(book(part, trip.clone()))
            .name(format!("book-{part}"));
        bookings.push((part, step.retry(retry.clone()).await?));
    }
    Ok(())
}

/// A step may run twice if the process dies before its result is recorded. The key is the same both times, so that
/// the company finds the booking that it has already.
#[durable_step]
async fn book(step: StepContext, part: &'static str, trip: Trip) -> Result<String, SoldOut> {
    if part == "car" && trip.destination == "Venice" {
        return Err(SoldOut(trip.destination));
    }
    let key = format!("{part}-{}", trip.trip);
    step.logger()
        .info(format!("booked {key} for {}", trip.traveller));
    Ok(key)
}

/// Cancelling what is cancelled already is not an error, for the same reason.
#[durable_step]
async fn cancel(step: StepContext, booking: String) -> Result<(), BoxError> {
    step.logger().info(format!("cancelled {booking}"));
    Ok(())
}
