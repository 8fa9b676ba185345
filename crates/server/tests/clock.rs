//! A clock that is moved: by hand, by itself, with answers from rules; over HTTP, with functions in real processes.

mod support;

use serde_json::{Value, json};
use server::ClockMode;
use support::{TestServer, encode};

const DAY: f64 = 86_400.0;

impl TestServer {
    async fn clock(&self) -> Value {
        self.get("/lambdura/v1/clock").await.json()
    }

    /// Waits until the clock has this state.
    async fn until_clock(&self, state: &str) -> Value {
        self.until(state, async || {
            let clock = self.clock().await;
            if clock["state"] == state {
                Ok(clock)
            } else {
                Err(clock.to_string())
            }
        })
        .await
    }

    /// Moves the clock; returns its state.
    async fn wind(&self, how: Value) -> Value {
        let answer = self.post("/lambdura/v1/clock", how.to_string()).await;
        assert_eq!(answer.status, 200, "{how}: {}", answer.json());
        answer.json()
    }

    /// The reason why the clock was not moved.
    async fn refusal(&self, how: Value) -> (u16, String) {
        let answer = self.post("/lambdura/v1/clock", how.to_string()).await;
        let message = answer.json()["message"]
            .as_str()
            .expect("a reason")
            .to_owned();
        (answer.status, message)
    }

    async fn answers(&self, rules: Value) {
        let answer = self.post("/lambdura/v1/answers", rules.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }

    /// Starts an execution and returns its ARN once its function has suspended.
    async fn suspended(&self, input: Value) -> String {
        let arn = self.begin(&input.to_string()).await;
        self.until_event(&arn, "InvocationCompleted").await;
        arn
    }

    /// Days from the execution's start to its end.
    async fn took_days(&self, arn: &str) -> f64 {
        let execution = self.execution(arn).await;
        let at = |name: &str| {
            execution[name]
                .as_f64()
                .unwrap_or_else(|| panic!("{execution}"))
        };
        (at("EndTimestamp") - at("StartTimestamp")) / DAY
    }
}

/// The execution id at the end of an encoded ARN.
fn id_of(arn: &str) -> String {
    arn.rsplit("%2F")
        .next()
        .expect("an ARN")
        .replace("%2D", "-")
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_time_stands_still_until_it_is_moved() {
    let server = TestServer::start_with_clock(ClockMode::Manual).await;
    let arn = server.suspended(json!({"wait": 2_592_000})).await;
    let before = server.wind(json!({"advance": 0})).await;
    assert_eq!(
        (&before["mode"], &before["at_work"]),
        (&json!("manual"), &json!(0))
    );
    let after = server.wind(json!({"advance": "29d"})).await;
    let moved = after["now_at"].as_i64().unwrap() - before["now_at"].as_i64().unwrap();
    assert!(
        (29 * 86_400_000..29 * 86_400_000 + 60_000).contains(&moved),
        "{moved}"
    );
    assert_eq!(server.execution(&arn).await["Status"], "RUNNING");
    // The daily schedule is due first.
    while server.execution(&arn).await["Status"] == "RUNNING" {
        server.wind(json!({"next": true})).await;
    }
    assert_eq!(server.execution(&arn).await["Result"], "\"waited\"");
    let took = server.took_days(&arn).await;
    assert!((30.0..30.001).contains(&took), "{took}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_due_on_the_way_happens_in_the_order_of_its_time() {
    let server = TestServer::start_with_clock(ClockMode::Manual).await;
    let mut waits = Vec::new();
    for seconds in [7_200, 60, 3_600] {
        waits.push((seconds, server.suspended(json!({"wait": seconds})).await));
    }
    let days = async |by: &str| {
        let now_at = server.wind(json!({"advance": by})).await["now_at"].as_u64();
        now_at.expect("a time in milliseconds") / (DAY as u64 * 1_000)
    };
    // In the last hour of a day the clock passes three midnights, otherwise two.
    let midnights = days("0s").await.abs_diff(days("2d 1h").await);
    for (seconds, arn) in &waits {
        let took = server.took_days(arn).await * DAY;
        let late = took - f64::from(*seconds);
        assert!((0.0..60.0).contains(&late), "{seconds} s took {took} s");
    }
    let listed = server
        .get("/lambdura/v1/executions?function=Daily")
        .await
        .json();
    let fired = listed["executions"].as_array().unwrap().len() as u64;
    assert_eq!(fired, midnights, "the schedule fires once a day: {listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn until_an_execution_has_ended_or_waits_for_nothing_that_has_a_time() {
    let server = TestServer::start_with_clock(ClockMode::Manual).await;
    let arn = server.begin(r#"{"wait": 31000000}"#).await;
    let id = id_of(&arn);
    server.wind(json!({"until_ended": id})).await;
    assert_eq!(server.execution(&arn).await["Status"], "SUCCEEDED");
    let stuck = server.begin(r#"{"callback": "approval"}"#).await;
    let id = id_of(&stuck);
    server.wind(json!({"until_ended": id})).await;
    assert_eq!(server.execution(&stuck).await["Status"], "RUNNING");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_itself_time_jumps_and_holds_for_a_callback_that_nobody_answers() {
    let server = TestServer::start_with_clock(ClockMode::Auto).await;
    let asked = server.suspended(json!({"callback": "approval"})).await;
    let waits = server.begin(r#"{"wait": 2592000}"#).await;
    let clock = server.until_clock("waits_for_answers").await;
    let callback = &clock["unanswered"][0];
    assert_eq!(
        (&callback["name"], &callback["times_out"]),
        (&json!("approval"), &json!(false))
    );
    assert_eq!(server.execution(&waits).await["Status"], "RUNNING");
    let id = encode(callback["callback_id"].as_str().unwrap());
    let path = format!("/2025-12-01/durable-execution-callbacks/{id}/succeed");
    assert_eq!(server.post(&path, "7").await.status, 200);
    server.until_status(&asked, "SUCCEEDED").await;
    server.until_status(&waits, "SUCCEEDED").await;
    assert!(server.took_days(&waits).await >= 30.0);
    // The schedule does not move the clock by itself.
    let still = server.until_clock("nothing_due").await;
    assert!(
        still["ahead_ms"].as_i64().unwrap() < 32 * 86_400_000,
        "{still}"
    );
    // The first execution can still be found after a year, although its retention has passed.
    let year = server.begin(r#"{"wait": 31000000}"#).await;
    server.until_status(&year, "SUCCEEDED").await;
    assert_eq!(server.execution(&asked).await["Status"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auto_clock_that_is_held_goes_on_when_it_is_released() {
    let server = TestServer::start_with_clock(ClockMode::Auto).await;
    server.wind(json!({"hold": true})).await;
    let arn = server.suspended(json!({"wait": 3_600})).await;
    let held = server.until_clock("stands").await;
    assert_eq!(held["is_held"], true);
    assert_eq!(server.execution(&arn).await["Status"], "RUNNING");
    server.wind(json!({"hold": false})).await;
    server.until_status(&arn, "SUCCEEDED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_answer_callbacks_and_stand_for_functions_that_are_not_there() {
    let server = TestServer::start_with_clock(ClockMode::Auto).await;
    server
        .answers(json!({
            "callbacks": [
                {"operation": "manager*", "after": "3d", "succeed": {"approved": true}},
                {"operation": "slow", "after": "20m", "heartbeat_every": "5m", "succeed": "done"},
                {"function": "Dur*", "operation": "denied", "fail": {"error_type": "Denied", "error_message": "no"}},
                {"operation": "silent", "never": true},
                {"operation": "thrice", "attempt": 2, "succeed": 2},
                {"operation": "thrice", "attempt": 1, "succeed": 1},
            ],
            "invokes": [
                {"function": "bureau", "after": "1d", "succeed": {"score": 700}},
                {"function": "dead", "fail": {"error_type": "Gone"}},
            ],
        }))
        .await;
    let begin = async |input: Value| server.begin(&input.to_string()).await;
    let manager = begin(json!({"callback": "manager-approval", "timeout": 604_800})).await;
    let slow = begin(json!({"callback": "slow"})).await;
    let denied = begin(json!({"callback": "denied"})).await;
    let silent = begin(json!({"callback": "silent", "timeout": 864_000})).await;
    let bureau = begin(json!({"invoke": {"ssn": 1}, "target": "bureau"})).await;
    let dead = begin(json!({"invoke": {}, "target": "dead"})).await;

    let thrice = begin(json!({"callback": "thrice"})).await;
    assert_eq!(
        server.until_status(&thrice, "SUCCEEDED").await["Result"],
        "1"
    );

    let approved = server.until_status(&manager, "SUCCEEDED").await;
    assert_eq!(approved["Result"], r#"{"approved":true}"#);
    let days = server.took_days(&manager).await;
    assert!((3.0..3.1).contains(&days), "{days}");
    assert_eq!(
        server.until_status(&slow, "SUCCEEDED").await["Result"],
        "\"done\""
    );
    let error = server.until_status(&denied, "FAILED").await["Error"].clone();
    assert_eq!(
        (&error["ErrorType"], &error["ErrorMessage"]),
        (&json!("Denied"), &json!("no"))
    );
    let error = server.until_status(&silent, "FAILED").await["Error"].clone();
    assert_eq!(error["ErrorType"], "Callback.Timeout");
    assert!(server.took_days(&silent).await >= 10.0);
    let scored = server.until_status(&bureau, "SUCCEEDED").await;
    assert_eq!(scored["Result"], r#"{"score":700}"#);
    assert!(server.took_days(&bureau).await >= 1.0);
    let error = server.until_status(&dead, "FAILED").await["Error"].clone();
    assert_eq!(error["ErrorType"], "Gone");
    let shown = server.get("/lambdura/v1/answers").await.json();
    let given: Vec<_> = shown["callbacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["given"])
        .collect();
    // Three heartbeats and the answer.
    assert_eq!(given, [1, 4, 1, 0, 0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_in_words() {
    let server = TestServer::start_with_clock(ClockMode::Manual).await;
    for (how, said) in [
        (json!({}), "Say one of"),
        (json!({"advance": "1d", "next": true}), "Say one of"),
        (json!({"advance": "-1d"}), "time does not go back"),
        (json!({"advance": "1 month"}), "months and years differ"),
        (
            json!({"advance_to": "2020-01-01T00:00:00Z"}),
            "time does not go back",
        ),
        (json!({"advance_to": "tomorrow"}), "is not an instant"),
        (json!({"until_ended": "a b"}), "neither an execution's ARN"),
        (json!({"next": true, "within_seconds": 0}), "from 1 to 600"),
        (json!({"advances": "1d"}), "unknown field"),
    ] {
        let (status, message) = server.refusal(how.clone()).await;
        assert_eq!(status, 400, "{how}");
        assert!(message.contains(said), "{how}: {message}");
    }
    let rules = json!({"callbacks": [{"function": "Payment", "succeed": 1}]});
    let refused = server.post("/lambdura/v1/answers", rules.to_string()).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains("no function here")
    );

    // A function that does not end.
    let there = server.data_dir().join("there");
    let arn = server.begin(&json!({"until": there}).to_string()).await;
    server.until_event(&arn, "StepSucceeded").await;
    let (status, message) = server
        .refusal(json!({"advance": "1d", "within_seconds": 1}))
        .await;
    assert_eq!(status, 409, "{message}");
    assert!(
        message.contains("The function Durable is still at work"),
        "{message}"
    );
    std::fs::write(&there, "").unwrap();
    server.until_status(&arn, "SUCCEEDED").await;
    server.wind(json!({"advance": "1d"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_clock_is_moved_by_nobody() {
    let server = TestServer::start().await;
    let clock = server.clock().await;
    assert_eq!(
        (&clock["mode"], &clock["ahead_ms"]),
        (&json!("real"), &json!(0))
    );
    let (status, message) = server.refusal(json!({"advance": "1d"})).await;
    assert_eq!(status, 409);
    assert!(message.contains("lambdura up --clock manual"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_wound_goes_on_where_it_was_whatever_the_next_run_has() {
    let server = TestServer::start_with_clock(ClockMode::Manual).await;
    let arn = server.suspended(json!({"wait": 7 * 86_400})).await;
    let left_at = server.wind(json!({"advance": "6d"})).await["now_at"].clone();
    let data_dir = server.stop().await;
    let server = TestServer::start_with_clock_on(data_dir, ClockMode::Real).await;
    let clock = server.clock().await;
    assert_eq!(clock["mode"], "real");
    assert!(clock["now_at"].as_i64() >= left_at.as_i64(), "{clock}");
    assert!(
        clock["ahead_ms"].as_i64().unwrap() > 5 * 86_400_000,
        "{clock}"
    );
    assert_eq!(server.refusal(json!({"next": true})).await.0, 409);
    let data_dir = server.stop().await;
    let server = TestServer::start_with_clock_on(data_dir, ClockMode::Auto).await;
    server.until_status(&arn, "SUCCEEDED").await;
    let days = server.took_days(&arn).await;
    assert!((7.0..7.1).contains(&days), "{days}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_before_a_restarted_server_goes_on() {
    let rules = json!({
        "callbacks": [{"operation": "approval", "after": "3d", "succeed": null}],
        "invokes": [{"function": "bureau", "after": "1d", "succeed": 7}],
    });
    let server = TestServer::start_with_clock(ClockMode::Manual).await;
    server.answers(rules.clone()).await;
    let asked = server.suspended(json!({"callback": "approval"})).await;
    let invoked = server
        .suspended(json!({"invoke": {}, "target": "bureau"}))
        .await;
    let data_dir = server.stop().await;
    let server =
        TestServer::start_with_answers_on(data_dir, ClockMode::Auto, Some(rules.clone())).await;
    assert_eq!(
        server.until_status(&invoked, "SUCCEEDED").await["Result"],
        "7"
    );
    assert_eq!(
        server.until_status(&asked, "SUCCEEDED").await["Result"],
        "null"
    );
    let days = server.took_days(&asked).await;
    assert!((3.0..3.1).contains(&days), "{days}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_times_out_holds_the_clock_for_a_while_and_then_comes_in_its_turn() {
    let server = TestServer::start_with_clock(ClockMode::Auto).await;
    server.wind(json!({"hold": true})).await;
    let mut waits = Vec::new();
    for day in 1..=6 {
        waits.push(server.suspended(json!({"wait": day * 86_400})).await);
    }
    // The last of all: from here on, the clock is held for a few seconds only.
    let asked = server
        .suspended(json!({"callback": "approval", "timeout": 604_800}))
        .await;
    server.wind(json!({"hold": false})).await;
    let clock = server.until_clock("waits_for_answers").await;
    assert_eq!(clock["unanswered"][0]["times_out"], true);
    let error = server.until_status(&asked, "FAILED").await["Error"].clone();
    assert_eq!(error["ErrorType"], "Callback.Timeout");
    for wait in &waits {
        assert_eq!(server.execution(wait).await["Status"], "SUCCEEDED");
    }
}
