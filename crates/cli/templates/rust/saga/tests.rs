//! The trip: all of it, or nothing.

use lambdura::BoxError;
use lambdura_testing::DurableTestRunner;
use serde_json::{Value, json};

use crate::workflow::handler;

fn event(text: &str) -> Value {
    serde_json::from_str(text).expect("the event is JSON")
}

#[tokio::test]
async fn all_three_are_booked() -> Result<(), BoxError> {
    let runner = DurableTestRunner::builder("{{NAME}}", handler)
        .open()
        .await?;
    let run = runner
        .run(&event(include_str!("../events/trip.json")))
        .await?;
    let bookings = json!({"flight": "flight-trip-1", "hotel": "hotel-trip-1", "car": "car-trip-1"});
    assert_eq!(
        run.result::<Value>()?,
        json!({"status": "BOOKED", "bookings": bookings})
    );
    Ok(())
}

#[tokio::test]
async fn without_a_car_the_others_are_cancelled_in_reverse_order() -> Result<(), BoxError> {
    let runner = DurableTestRunner::builder("{{NAME}}", handler)
        .open()
        .await?;
    let run = runner
        .run(&event(include_str!("../events/no-cars.json")))
        .await?;
    let expected = json!({
        "status": "CANCELLED", "reason": "there are no cars in Venice", "cancelled": ["hotel", "flight"],
    });
    assert_eq!(run.result::<Value>()?, expected);
    Ok(())
}

#[tokio::test]
async fn whenever_the_process_dies_the_trip_ends_the_same() -> Result<(), BoxError> {
    let runner = DurableTestRunner::builder("{{NAME}}", handler)
        .open()
        .await?;
    let report = runner
        .crash_everywhere(&event(include_str!("../events/no-cars.json")))
        .await?;
    report.assert_same();
    Ok(())
}
