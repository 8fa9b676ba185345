//! Asynchronous invocations of plain functions: when they are tried again, and where those go that are given up. Time
//! passes as soon as a task waits for it.

use std::future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{ErrorObject, FunctionName, Limits, RequestId, Shards, Timestamp, Version};
use runtime::{
    Clock, Destination, Driver, DriverConfig, DurableInvocation, DurableSettings, EndedInvocation,
    FunctionRunner, FunctionRunnerFuture, InvocationReport, NoRoom, PlainInvocation, PlainOutcome,
    RetryPolicy,
};
use store::{AsyncInvocation, DeadLetter, InvocationQueue as _, MemoryStore};

#[derive(Default)]
struct Now(AtomicI64);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let millis = i64::try_from(duration.as_millis()).expect("tests wait for hours at the most");
        self.0.fetch_add(millis, Ordering::SeqCst);
        Box::pin(future::ready(()))
    }
}

/// Answers with the given outcomes, the last of them again and again, and notes when.
struct Script {
    clock: Arc<Now>,
    policy: RetryPolicy,
    has_room: bool,
    outcomes: Vec<PlainOutcome>,
    tried_at: Mutex<Vec<i64>>,
    /// The questions about ended invocations; the destination is the function `Told`.
    told: Mutex<Vec<(&'static str, bool)>>,
    tells: bool,
}

impl FunctionRunner for Script {
    fn durable_settings(&self, _: &FunctionName, _: &Version) -> Option<DurableSettings> {
        None
    }

    fn retry_policy(&self, _: &AsyncInvocation) -> RetryPolicy {
        self.policy
    }

    fn invoke_durable(
        &self,
        _: DurableInvocation,
    ) -> FunctionRunnerFuture<Result<InvocationReport, NoRoom>> {
        unreachable!("nothing here is durable")
    }

    fn wait_for_room(&self, _: &FunctionName) -> FunctionRunnerFuture<()> {
        if self.has_room {
            Box::pin(future::ready(()))
        } else {
            Box::pin(future::pending())
        }
    }

    fn destination(&self, ended: EndedInvocation<'_>) -> Option<Destination> {
        let is_of_destination = ended.invocation.function.as_str() == "Told";
        if !self.tells || is_of_destination {
            return None;
        }
        let mut told = self.told.lock().expect("no test panics here");
        told.push((ended.condition, ended.outcome.is_some()));
        let mut invocation = ended.invocation.clone();
        invocation.function = FunctionName::parse("Told").expect("a valid name");
        invocation.accepted_at = ended.at;
        invocation.not_before = ended.at;
        invocation.attempts = 0;
        Some(Destination::Plain(Box::new(invocation)))
    }

    fn invoke_plain(&self, invocation: PlainInvocation) -> FunctionRunnerFuture<PlainOutcome> {
        if invocation.function.as_str() == "Told" {
            return Box::pin(future::ready(PlainOutcome::Succeeded(Vec::new())));
        }
        let mut tried_at = self.tried_at.lock().expect("no test panics here");
        let number = tried_at.len().min(self.outcomes.len() - 1);
        tried_at.push(self.clock.now().as_millis() / 1000);
        Box::pin(future::ready(self.outcomes[number].clone()))
    }
}

fn failed() -> PlainOutcome {
    PlainOutcome::FunctionError {
        error: ErrorObject::new("Told", "no"),
        payload: Vec::new(),
    }
}

fn throttled() -> PlainOutcome {
    PlainOutcome::Throttled(ErrorObject::new(
        "TooManyRequestsException",
        "Rate Exceeded.",
    ))
}

/// Accepts one invocation at second 0; returns the seconds of its tries and the dead letter, if any.
async fn run(policy: RetryPolicy, outcomes: Vec<PlainOutcome>) -> (Vec<i64>, Option<DeadLetter>) {
    run_with(policy, outcomes, false).await
}

/// As [`run`], where a throttled invocation is told at once that there is room, or never.
async fn run_with(
    policy: RetryPolicy,
    outcomes: Vec<PlainOutcome>,
    has_room: bool,
) -> (Vec<i64>, Option<DeadLetter>) {
    let (script, letter) = run_script(policy, outcomes, has_room, false).await;
    let tried_at = script.tried_at.lock().expect("no test panics here").clone();
    (tried_at, letter)
}

async fn run_script(
    policy: RetryPolicy,
    outcomes: Vec<PlainOutcome>,
    has_room: bool,
    tells: bool,
) -> (Arc<Script>, Option<DeadLetter>) {
    let clock = Arc::new(Now::default());
    let store = Arc::new(MemoryStore::new());
    let script = Arc::new(Script {
        clock: Arc::clone(&clock),
        policy,
        has_room,
        outcomes,
        tried_at: Mutex::default(),
        told: Mutex::default(),
        tells,
    });
    let driver = Driver::new(DriverConfig {
        store: Arc::clone(&store) as _,
        runner: Arc::clone(&script) as _,
        clock,
        limits: Limits::AWS,
        seed: Some(1),
    })
    .expect("the seed is given");
    let invocation = AsyncInvocation {
        request_id: RequestId::parse("request").expect("a valid id"),
        function: FunctionName::parse("Plain").expect("a valid name"),
        version: Version::Latest,
        invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:Plain".to_owned(),
        payload: b"{}".to_vec(),
        client_context: None,
        trace_header: None,
        tenant_id: None,
        accepted_at: Timestamp::from_millis(0),
        attempts: 0,
        not_before: Timestamp::from_millis(0),
    };
    driver.enqueue(invocation).await.expect("accepted");
    while !store
        .queued(Shards::ALL, None, 1)
        .await
        .expect("works")
        .is_empty()
    {
        tokio::task::yield_now().await;
    }
    let letters = store.dead_letters(None, 10).await.expect("works");
    let letter = letters.into_iter().next().map(|(_, letter)| letter);
    (script, letter)
}

#[tokio::test]
async fn a_destination_is_told_once_how_it_ended() {
    let told = async |policy, outcomes| {
        let (script, letter) = run_script(policy, outcomes, false, true).await;
        let told = script.told.lock().expect("no test panics here").clone();
        (told, letter.is_some())
    };
    let usual = RetryPolicy::default();
    let succeeded = vec![failed(), PlainOutcome::Succeeded(Vec::new())];
    let ended = told(usual, succeeded).await;
    assert_eq!(ended, (vec![("Success", true)], false));
    let ended = told(usual, vec![failed()]).await;
    assert_eq!(ended, (vec![("RetriesExhausted", true)], true));
    let brief = RetryPolicy {
        event_age_seconds_max: 100,
        ..usual
    };
    let ended = told(brief, vec![failed()]).await;
    assert_eq!(ended, (vec![("EventAgeExceeded", true)], true));
}

#[tokio::test]
async fn a_failure_is_tried_again_after_one_and_after_two_minutes() {
    let (tried_at, letter) = run(RetryPolicy::default(), vec![failed()]).await;
    assert_eq!(tried_at, [0, 60, 180]);
    let letter = letter.expect("it was given up");
    assert_eq!(letter.condition, "RetriesExhausted");
    assert_eq!(letter.invocation.attempts, 3);
    assert_eq!(letter.error, Some(ErrorObject::new("Told", "no")));
}

#[tokio::test]
async fn a_later_success_leaves_no_dead_letter() {
    let outcomes = vec![failed(), PlainOutcome::Succeeded(Vec::new())];
    assert_eq!(
        run(RetryPolicy::default(), outcomes).await,
        (vec![0, 60], None)
    );
}

#[tokio::test]
async fn the_function_says_how_often_and_how_long() {
    let none = RetryPolicy {
        retries_max: 0,
        ..RetryPolicy::default()
    };
    let (tried_at, letter) = run(none, vec![failed()]).await;
    assert_eq!(tried_at, [0]);
    assert_eq!(
        letter.expect("it was given up").condition,
        "RetriesExhausted"
    );
    let brief = RetryPolicy {
        event_age_seconds_max: 100,
        ..RetryPolicy::default()
    };
    let (tried_at, letter) = run(brief, vec![failed()]).await;
    assert_eq!(tried_at, [0, 60]);
    assert_eq!(
        letter.expect("it was given up").condition,
        "EventAgeExceeded"
    );
}

/// How long passed between the tries, in the seconds that a lane rests at the most.
fn rests(tried_at: &[i64]) -> Vec<i64> {
    tried_at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test]
async fn throttles_are_no_attempts_and_back_off_until_the_event_is_too_old() {
    let outcomes = vec![
        throttled(),
        throttled(),
        throttled(),
        PlainOutcome::Succeeded(Vec::new()),
    ];
    let (tried_at, letter) = run(RetryPolicy::default(), outcomes).await;
    assert_eq!((tried_at.len(), letter), (4, None));
    let brief = RetryPolicy {
        event_age_seconds_max: 60,
        ..RetryPolicy::default()
    };
    let (tried_at, letter) = run(brief, vec![throttled()]).await;
    assert!(
        tried_at.last().is_some_and(|last| *last <= 60),
        "{tried_at:?}"
    );
    // Half to all of ten seconds, once it has grown to that.
    let rests = rests(&tried_at);
    assert!(
        rests.iter().skip(4).all(|rest| (4..=10).contains(rest)),
        "{rests:?}"
    );
    let letter = letter.expect("it was given up");
    assert_eq!(
        (letter.condition.as_str(), letter.invocation.attempts),
        ("EventAgeExceeded", 0)
    );
}

#[tokio::test]
async fn room_ends_the_pause_after_a_throttle() {
    let outcomes = vec![
        throttled(),
        throttled(),
        PlainOutcome::Succeeded(Vec::new()),
    ];
    let (tried_at, letter) = run_with(RetryPolicy::default(), outcomes, true).await;
    assert_eq!((tried_at, letter), (vec![0, 0, 0], None));
}
