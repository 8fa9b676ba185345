//! The wound clock on a real one that the test moves.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

/// A real clock that the test moves.
#[derive(Clone)]
struct Hand(Arc<AtomicI64>, watch::Sender<()>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_000)), watch::Sender::new(()))
    }

    fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
        self.1.send_replace(());
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (clock, until) = (self.clone(), self.now() + duration);
        let mut passed = self.1.subscribe();
        Box::pin(async move {
            while clock.now() < until {
                passed.changed().await.expect("the test has the clock");
            }
        })
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn clock(mode: ClockMode) -> (Hand, WoundClock) {
    let hand = Hand::new();
    (hand.clone(), WoundClock::forgetful(Arc::new(hand), mode))
}

/// Moves it while nothing is at work.
async fn moved(clock: &WoundClock, to: Timestamp) {
    let generation = clock.generation();
    let moved = clock.move_to(to, generation).await;
    assert!(moved.expect("it can be kept"), "nothing is in the way");
}

#[tokio::test]
async fn by_hand_it_stands_still_unless_something_is_at_work() {
    let (hand, clock) = clock(ClockMode::Manual);
    hand.pass(10);
    assert_eq!(clock.now(), at(1_000));
    let work = clock.work();
    hand.pass(5);
    assert_eq!(clock.now(), at(1_005));
    drop(work);
    hand.pass(7);
    assert_eq!(clock.now(), at(1_005));
    assert_eq!(clock.ahead_millis(), -17);
    moved(&clock, at(60_000)).await;
    assert_eq!(clock.now(), at(60_000));
    moved(&clock, at(2)).await;
    assert_eq!(clock.now(), at(60_000), "it never goes back");
}

#[tokio::test]
async fn a_move_wakes_those_who_sleep_and_work_lets_them_wake_by_themselves() {
    let (hand, clock) = clock(ClockMode::Manual);
    let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(60)));
    let short = tokio::spawn(clock.sleep(Duration::from_millis(10)));
    tokio::task::yield_now().await;
    hand.pass(100_000);
    tokio::task::yield_now().await;
    assert!(!short.is_finished(), "time stands still");
    let work = clock.work();
    tokio::task::yield_now().await;
    hand.pass(10);
    short.await.expect("it wakes");
    assert!(!sleeper.is_finished());
    drop(work);
    moved(&clock, at(61_000)).await;
    sleeper.await.expect("it wakes");
}

#[tokio::test]
async fn whoever_waits_for_an_instant_is_no_work_until_then() {
    let (_hand, clock) = clock(ClockMode::Manual);
    let mut stirs = clock.stirs();
    let waiter = {
        let clock = clock.clone();
        let work = clock.work();
        tokio::spawn(async move {
            let _work = work;
            clock.until_due(at(9_000)).await;
        })
    };
    stirs.changed().await.expect("it says that it waits");
    assert_eq!((clock.at_work(), clock.next_due()), (0, Some(at(9_000))));
    moved(&clock, at(9_000)).await;
    waiter.await.expect("it is over");
    assert_eq!((clock.at_work(), clock.next_due()), (0, None));
}

#[tokio::test]
async fn how_far_it_is_ahead_outlives_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wound.json");
    let real = SteadyClock::forgetful();
    let opened = |mode| WoundClock::open(&real, mode, &path).expect("it can be read");
    assert!(opened(ClockMode::Real).is_none(), "time was never wound");
    let clock = opened(ClockMode::Auto).expect("it can be wound");
    let later = real.now() + Duration::from_secs(86_400);
    moved(&clock, later).await;
    // It dies here; time is not kept again.
    let next = opened(ClockMode::Real).expect("its times are stored");
    assert!(next.now() >= later);
    next.end().await;
    let stood_at = next.now();
    let by_hand = opened(ClockMode::Manual).expect("it can be wound");
    assert!(by_hand.now() >= later && by_hand.now() <= stood_at);
    std::fs::write(&path, b"{").expect("a broken file");
    WoundClock::open(&real, ClockMode::Real, &path).expect_err("its times would be lost");
}

#[tokio::test]
async fn time_is_not_moved_once_work_has_begun() {
    let (_hand, clock) = clock(ClockMode::Auto);
    let generation = clock.generation();
    drop(clock.work());
    let moved = clock.move_to(at(60_000), generation).await;
    assert!(!moved.expect("nothing to keep"));
    assert_eq!(clock.now(), at(1_000));
}

#[tokio::test]
async fn a_sleep_begins_when_it_is_asked_for() {
    let (_hand, clock) = clock(ClockMode::Manual);
    let sleep = clock.sleep(Duration::from_secs(1));
    moved(&clock, at(2_000)).await;
    sleep.await;
}

#[tokio::test]
async fn a_run_that_is_killed_is_not_taken_for_the_one_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wound.json");
    let real = SteadyClock::forgetful();
    let opened = |mode| {
        let opened = WoundClock::open(&real, mode, &path);
        opened.expect("it can be read").expect("it can be wound")
    };
    let first = opened(ClockMode::Manual);
    moved(&first, real.now() + Duration::from_secs(86_400)).await;
    first.end().await;
    let second = opened(ClockMode::Auto);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let seen = second.now();
    // It dies here.
    assert!(opened(ClockMode::Manual).now() >= seen);
}
