//! The clock with its file, on a machine whose clocks are wound.

use std::fs;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::steady::Reading;
use super::*;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A machine that starts at a whole second of 2027.
#[derive(Clone)]
struct WoundMachine {
    wall: Arc<AtomicI64>,
    boot: Arc<AtomicI64>,
    boot_id: &'static str,
}

impl WoundMachine {
    fn new() -> Self {
        Self {
            wall: Arc::new(AtomicI64::new(1_800_000_000 * SECOND)),
            boot: Arc::new(AtomicI64::new(SECOND)),
            boot_id: "first",
        }
    }

    fn pass(&self, nanos: i64) {
        self.set(nanos);
        self.boot.fetch_add(nanos, Ordering::SeqCst);
    }

    fn set(&self, by: i64) {
        self.wall.fetch_add(by, Ordering::SeqCst);
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::SeqCst) / 1_000_000)
    }
}

impl Machine for WoundMachine {
    fn read(&self) -> Reading {
        Reading {
            wall: self.wall.load(Ordering::SeqCst),
            boot: self.boot.load(Ordering::SeqCst),
        }
    }

    fn boot_id(&self) -> Option<BootId> {
        Some(BootId::of(self.boot_id))
    }
}

fn open(machine: &WoundMachine, folder: &TempDir) -> SteadyClock {
    let path = folder.path().join("clock.json");
    SteadyClock::with(Box::new(machine.clone()), Some(path))
}

#[tokio::test]
async fn what_one_run_has_seen_the_next_one_does_not_go_behind() {
    let folder = TempDir::new().unwrap();
    let mut machine = WoundMachine::new();
    let first = open(&machine, &folder);
    assert_eq!(first.now(), machine.wall());
    first.keep_once().await.unwrap();
    machine.pass(SECOND);
    let seen = first.now();
    drop(first);
    // Set back while nothing ran.
    machine.set(-600 * SECOND);
    let second = open(&machine, &folder);
    assert_eq!(second.now(), seen);
    machine.pass(10 * SECOND);
    assert_eq!(second.now(), seen + Duration::from_secs(9));
    second.keep_once().await.unwrap();
    let seen = second.now();
    drop(second);
    // The machine starts anew, and its clock is as wrong as before.
    machine.boot_id = "second";
    machine.boot.store(0, Ordering::SeqCst);
    assert!(open(&machine, &folder).now() >= seen);
}

#[tokio::test]
async fn a_wall_clock_is_taken_over_on_the_disk_first() {
    let folder = TempDir::new().unwrap();
    let machine = WoundMachine::new();
    let clock = open(&machine, &folder);
    machine.pass(7_200 * SECOND);
    assert!(clock.deletions_allowed());
    machine.set(2 * DAY);
    let before = clock.now();
    clock.keep_once().await.unwrap();
    assert_eq!(clock.now(), before);
    machine.pass(599 * SECOND);
    clock.keep_once().await.unwrap();
    assert!(clock.now() < before + Duration::from_secs(700));
    machine.pass(SECOND);

    // A time that cannot be kept is not taken over.
    let path = folder.path().join("clock.json");
    let kept = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    clock.keep_once().await.expect_err("a folder is in the way");
    assert!(clock.now() < before + Duration::from_secs(700));
    fs::remove_dir(&path).unwrap();
    fs::write(&path, kept).unwrap();

    clock.keep_once().await.unwrap();
    assert_eq!(clock.now(), machine.wall());
    assert!(!clock.deletions_allowed());
    // Killed right after.
    let next = open(&machine, &folder);
    assert_eq!(next.now(), machine.wall());
    assert!(
        !next.deletions_allowed(),
        "the next run holds them back as well"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_keeps_nobody_from_starting() {
    for content in ["", "{", "{\"boot_id\":1}", "[]"] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("clock.json");
        fs::write(&path, content).unwrap();
        let machine = WoundMachine::new();
        let clock = open(&machine, &folder);
        assert_eq!(clock.now(), machine.wall());
        assert!(!clock.deletions_allowed());
        clock.keep_once().await.unwrap();
        machine.pass(SECOND);
        machine.set(-DAY);
        assert!(open(&machine, &folder).now() > machine.wall());
    }
}

#[tokio::test]
async fn the_end_of_a_run_is_kept() {
    let folder = TempDir::new().unwrap();
    let mut machine = WoundMachine::new();
    let clock = open(&machine, &folder);
    let shutdown = CancellationToken::new();
    shutdown.cancel();
    machine.pass(5 * SECOND);
    clock.keep(shutdown).await;
    clock.end().await;
    let seen = clock.now();
    machine.boot_id = "second";
    machine.set(-DAY);
    assert_eq!(open(&machine, &folder).now(), seen);
}

/// The real clocks: nothing is to be said of how they stand, but that they stand for now.
#[test]
fn the_machine_is_read() {
    let clock = SteadyClock::forgetful();
    let wall = Timestamp::from(std::time::SystemTime::now());
    assert!(clock.now().since(wall) < Duration::from_secs(3_600));
    assert!(wall.since(clock.now()) < Duration::from_secs(3_600));
}

#[tokio::test]
async fn a_sleep_is_over_when_the_clock_says_so() {
    let machine = WoundMachine::new();
    let clock = SteadyClock::with(Box::new(machine.clone()), None);
    tokio::time::pause();
    let begun = clock.now();
    let mut sleep = clock.sleep(Duration::from_secs(60));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let early = futures_util::poll!(&mut sleep);
    assert!(early.is_pending());
    // The runtime's timers stood still for most of it: the machine was asleep.
    machine.pass(60 * SECOND);
    sleep.await;
    assert_eq!(clock.now(), begun + Duration::from_secs(60));
}
