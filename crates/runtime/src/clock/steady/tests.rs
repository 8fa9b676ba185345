//! Clocks that are wound.

use super::*;

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const BEGINNING: i64 = 1_800_000_000 * SECOND;

/// Both clocks of a machine, and the time that is made of them.
struct Wound {
    reading: Reading,
    steady: Steady,
    notices: Vec<Notice>,
}

impl Wound {
    fn new() -> Self {
        let reading = Reading {
            wall: BEGINNING,
            boot: HOUR,
        };
        Self {
            reading,
            steady: Steady::new(reading),
            notices: Vec::new(),
        }
    }

    /// Lets time pass on both clocks, with a look every second; returns how much the time went on.
    fn pass(&mut self, nanos: i64) -> i64 {
        let before = self.steady.at;
        let mut left = nanos;
        while left > 0 {
            let step = left.min(SECOND);
            self.reading.wall += step;
            self.reading.boot += step;
            left -= step;
            self.look();
        }
        self.steady.at - before
    }

    /// Sets the wall clock.
    fn set(&mut self, by: i64) {
        self.reading.wall += by;
        self.look();
    }

    fn look(&mut self) {
        let before = self.steady.at;
        self.notices.extend(self.steady.read(self.reading));
        assert!(self.steady.at >= before, "time went back");
    }

    fn apart(&self) -> i64 {
        self.reading.wall - self.steady.at
    }
}

#[test]
fn two_clocks_that_agree_are_followed_to_the_nanosecond() {
    let mut clocks = Wound::new();
    assert_eq!(clocks.pass(HOUR), HOUR);
    // Network time makes the wall clock a little faster.
    for _ in 0..1000 {
        clocks.reading.wall += 500_000;
        clocks.pass(SECOND);
        assert_eq!(clocks.apart(), 0);
    }
    // A look in the same nanosecond.
    clocks.look();
    assert_eq!(clocks.apart(), 0);
    assert_eq!(
        clocks.steady.now().as_millis() * 1_000_000,
        BEGINNING + HOUR + 1000 * SECOND + SECOND / 2
    );
    assert_eq!(clocks.notices, []);
}

#[test]
fn a_millisecond_back_is_made_up_for_in_silence() {
    let mut clocks = Wound::new();
    clocks.set(-1_000_000);
    assert_eq!(clocks.apart(), -1_000_000);
    clocks.pass(SECOND);
    assert_eq!(clocks.apart(), 0);
    assert_eq!(clocks.notices, []);
}

#[test]
fn ten_minutes_back_hold_nothing_up() {
    let mut clocks = Wound::new();
    clocks.pass(MINUTE);
    clocks.set(-10 * MINUTE);
    let stepped = Notice::Stepped {
        by: -10 * MINUTE,
        wall: BEGINNING - 9 * MINUTE,
        at: BEGINNING + MINUTE,
    };
    assert_eq!(clocks.notices, [stepped]);
    // A wait of a minute takes six seconds more at the most.
    assert_eq!(clocks.pass(MINUTE), 54 * SECOND);
    assert_eq!(clocks.pass(99 * MINUTE), 99 * 54 * SECOND);
    assert_eq!(clocks.apart(), 0);
    assert_eq!(clocks.pass(MINUTE), MINUTE);
    assert_eq!(clocks.notices.len(), 1, "it is said once");
}

#[test]
fn ten_minutes_ahead_are_reached_without_a_leap() {
    let mut clocks = Wound::new();
    clocks.set(10 * MINUTE);
    assert_eq!(clocks.pass(MINUTE), 66 * SECOND);
    assert!(!clocks.steady.is_confirmed());
    clocks.pass(99 * MINUTE);
    assert_eq!(clocks.apart(), 0);
    assert!(!clocks.steady.is_confirmed());
    assert_eq!(clocks.notices.len(), 1);
}

#[test]
fn two_days_ahead_and_back_again_change_nothing() {
    let mut clocks = Wound::new();
    clocks.pass(2 * HOUR);
    assert!(clocks.steady.deletions_allowed());
    clocks.set(2 * DAY);
    let gone = clocks.pass(CONFIRMED_AFTER - SECOND);
    assert!(!clocks.steady.is_confirmed());
    assert_eq!(gone, (CONFIRMED_AFTER - SECOND) / 10 * 11);
    clocks.set(-2 * DAY);
    clocks.pass(2 * CONFIRMED_AFTER);
    assert!(!clocks.steady.is_confirmed());
    assert!(clocks.steady.deletions_allowed());
    assert_eq!(clocks.notices.len(), 2);
}

#[test]
fn two_days_ahead_for_long_are_taken_over_and_deletions_wait() {
    let mut clocks = Wound::new();
    clocks.pass(2 * HOUR);
    clocks.set(2 * DAY);
    clocks.pass(CONFIRMED_AFTER - MINUTE);
    // Set again: it has to prove itself anew.
    clocks.set(-HOUR);
    clocks.pass(CONFIRMED_AFTER - SECOND);
    assert!(!clocks.steady.is_confirmed());
    clocks.pass(SECOND);
    assert!(clocks.steady.is_confirmed());
    assert!(clocks.steady.deletions_allowed(), "nothing has leapt yet");
    let from = clocks.steady.at;
    let to = clocks.reading.wall;
    assert_eq!(clocks.steady.adopt(), Notice::Adopted { from, to });
    assert_eq!(clocks.apart(), 0);
    assert!(!clocks.steady.is_confirmed());
    assert!(!clocks.steady.deletions_allowed());
    clocks.pass(DELETIONS_HELD - SECOND);
    assert!(!clocks.steady.deletions_allowed());
    clocks.pass(SECOND);
    assert!(clocks.steady.deletions_allowed());

    // It was wrong after all. Time stays where it is, waits go on, and nothing is deleted by it.
    clocks.set(-2 * DAY);
    assert!(!clocks.steady.deletions_allowed());
    assert_eq!(clocks.pass(DAY), DAY / 10 * 9);
    assert!(!clocks.steady.is_confirmed());
    assert!(!clocks.steady.deletions_allowed());
    clocks.pass(19 * DAY);
    assert_eq!(clocks.apart(), 0);
    assert!(clocks.steady.deletions_allowed());
}

#[test]
fn the_sleep_of_the_machine_is_time_and_no_step() {
    let mut clocks = Wound::new();
    clocks.reading.wall += 60 * HOUR;
    clocks.reading.boot += 60 * HOUR;
    clocks.look();
    assert_eq!(clocks.apart(), 0);
    assert_eq!(clocks.notices, []);
}

#[test]
fn a_run_on_the_same_machine_goes_on_as_if_the_last_had_not_ended() {
    for (set_by, passed) in [(0, 5 * SECOND), (-10 * MINUTE, MINUTE), (3 * DAY, HOUR)] {
        let mut clocks = Wound::new();
        clocks.pass(2 * HOUR);
        clocks.set(set_by);
        let kept = clocks.steady.clone();
        let said = clocks.notices.clone();
        clocks.pass(passed);
        let (resumed, notice) = Steady::resume(kept, clocks.reading);
        assert_eq!(resumed.at, clocks.steady.at);
        assert_eq!(resumed.is_confirmed(), clocks.steady.is_confirmed());
        assert_eq!((notice, clocks.notices), (None, said));
    }
    // Set while nothing ran: found by the monotonic clock, which went on.
    let mut clocks = Wound::new();
    let kept = clocks.steady.clone();
    let reading = Reading {
        wall: BEGINNING + 2 * DAY + MINUTE,
        boot: HOUR + MINUTE,
    };
    let (resumed, notice) = Steady::resume(kept, reading);
    assert_eq!(resumed.at, BEGINNING + MINUTE);
    assert!(matches!(notice, Some(Notice::Stepped { by, .. }) if by == 2 * DAY));
    clocks.look();
}

#[test]
fn after_the_machine_was_off_the_wall_clock_counts_but_not_back() {
    let mut clocks = Wound::new();
    clocks.pass(2 * HOUR);
    let kept = clocks.steady.clone();
    let start = |wall: i64, ended| {
        let reading = Reading { wall, boot: MINUTE };
        Steady::after_boot(&kept, ended, reading)
    };
    let seen = kept.at;

    let (steady, notice) = start(seen + 8 * HOUR, true);
    assert_eq!((steady.at, notice), (seen + 8 * HOUR, None));
    assert!(
        steady.deletions_allowed(),
        "a night is nothing to wonder at"
    );

    let (steady, notice) = start(seen + 3 * DAY, true);
    let at = seen + 3 * DAY;
    assert_eq!(
        (steady.at, notice),
        (at, Some(Notice::LongGap { seen, at }))
    );
    assert!(!steady.deletions_allowed());

    let wall = seen - 2 * HOUR;
    let (steady, notice) = start(wall, true);
    assert_eq!(
        (steady.at, notice),
        (seen, Some(Notice::BehindSeen { wall, at: seen }))
    );
    assert!(!steady.deletions_allowed(), "the wall clock says otherwise");
    // A crash: the run may have seen a little more than it kept.
    let (steady, _) = start(wall, false);
    assert_eq!(steady.at, seen + KEPT_LATE_MAX);
}

#[test]
fn a_restart_does_not_end_the_time_in_which_nothing_is_deleted() {
    let mut clocks = Wound::new();
    assert!(
        !clocks.steady.deletions_allowed(),
        "nothing is known of earlier runs"
    );
    clocks.pass(DELETIONS_HELD - 10 * MINUTE);
    let reading = Reading {
        wall: clocks.reading.wall + MINUTE,
        boot: SECOND,
    };
    let (mut steady, _) = Steady::after_boot(&clocks.steady, true, reading);
    assert!(!steady.deletions_allowed());
    let later = |nanos: i64| Reading {
        wall: reading.wall + nanos,
        boot: reading.boot + nanos,
    };
    steady.read(later(10 * MINUTE - SECOND));
    assert!(!steady.deletions_allowed());
    steady.read(later(10 * MINUTE));
    assert!(steady.deletions_allowed());
    // On the same machine the clock that counts is the same.
    let (resumed, _) = Steady::resume(steady, later(HOUR));
    assert!(resumed.deletions_allowed());
}

#[test]
fn a_clock_at_the_end_of_its_range_does_no_harm() {
    let mut clocks = Wound::new();
    for wall in [i64::MAX, i64::MIN, 0] {
        clocks.reading.wall = wall;
        clocks.look();
    }
    clocks.reading.boot = i64::MAX;
    clocks.look();
    clocks.reading.boot = 0;
    clocks.look();
}

/// With any settings of the clocks, over any number of runs: time never goes back, and except for adoptions goes on at
/// 0.9 to 1.1 of its pace.
#[test]
fn time_never_goes_back_whatever_is_set() {
    for seed in 0..200 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut clocks = Wound::new();
        let mut kept = clocks.steady.clone();
        for _ in 0..300 {
            let (at, boot) = (clocks.steady.at, clocks.reading.boot);
            match chance.u32(..10) {
                0 => clocks.set(chance.i64(-3 * DAY..3 * DAY)),
                1 => clocks.set(chance.i64(-2 * SECOND..2 * SECOND)),
                2 => {
                    // Killed, and started again; a clock that was set is kept at once.
                    let (resumed, _) = Steady::resume(kept.clone(), clocks.reading);
                    clocks.steady = resumed;
                }
                3 => {
                    // Off for a while; the wall clock may come back as anything.
                    clocks.reading.wall += chance.i64(-DAY..2 * DAY);
                    clocks.reading.boot = chance.i64(0..MINUTE);
                    let (steady, _) = Steady::after_boot(&kept, false, clocks.reading);
                    clocks.steady = steady;
                    kept = clocks.steady.clone();
                    assert!(clocks.steady.at >= at, "seed {seed}");
                    continue;
                }
                _ => {
                    clocks.pass(chance.i64(0..5 * MINUTE));
                }
            }
            let passed = clocks.reading.boot - boot;
            let gone = clocks.steady.at - at;
            assert!(
                gone >= passed / 10 * 9 - 1,
                "seed {seed}: {gone} of {passed}"
            );
            assert!(
                gone <= passed / 10 * 11 + 11,
                "seed {seed}: {gone} of {passed}"
            );
            if clocks.steady.is_confirmed() {
                clocks.steady.adopt();
            }
            kept = clocks.steady.clone();
        }
    }
}
