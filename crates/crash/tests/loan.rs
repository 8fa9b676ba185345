//! The loan application survives the death of the server around its writes, in either engine.
//!
//! Alice's application is run again and again. Each time the server kills itself around another write, is started again
//! on the same data, and the application must end as if nothing had happened: same result, no recorded step or task run
//! again, no progress entry lost, no operation twice; and what the API has accepted, the application and the manager's
//! decision, is not offered a second time.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use crash::{CrashPoint, Side};
use support::{Engine, Journey, Loan};

/// Writes of one application at the most: were there more, the matrix would not have reached the end.
const WRITES_MAX: u64 = 120;

/// Before and after every write.
#[tokio::test(flavor = "multi_thread")]
async fn a_loan_ends_the_same_wherever_the_server_dies() {
    let undisturbed = Expected {
        operations: 17,
        runs: 7,
    };
    matrix(Engine::Durable, undisturbed, 1).await;
}

/// Before and after every so many writes, and of every kind of write at least one.
#[tokio::test(flavor = "multi_thread")]
async fn a_loan_as_a_state_machine_ends_the_same_wherever_the_server_dies() {
    let undisturbed = Expected {
        operations: 46,
        runs: 9,
    };
    matrix(Engine::StateMachine, undisturbed, 8).await;
}

/// Of an application during which nothing dies.
struct Expected {
    operations: usize,
    /// Steps and tasks.
    runs: usize,
}

async fn matrix(engine: Engine, expected: Expected, every: usize) {
    let loan = Loan::build();
    let undisturbed = Journey::run(&loan, engine, None).await;
    assert_eq!(
        undisturbed.operations.len(),
        expected.operations,
        "{:#?}",
        undisturbed.operations
    );
    let runs: usize = undisturbed.runs_after_restart.values().sum();
    assert_eq!(runs, expected.runs, "{:?}", undisturbed.runs_after_restart);
    let kinds: BTreeSet<_> = undisturbed.writes.iter().flatten().collect();
    let mut left: [BTreeSet<String>; 2] =
        [(); 2].map(|()| kinds.iter().copied().cloned().collect());
    let mut crashes = 0;
    for write in (1..).step_by(every) {
        assert!(
            write <= WRITES_MAX,
            "an application takes fewer writes than that"
        );
        let mut crashed = false;
        for (side, left) in [Side::Before, Side::After].into_iter().zip(&mut left) {
            let kind = None;
            let point = CrashPoint { side, kind, write };
            let journey = Journey::run(&loan, engine, Some(&point)).await;
            crashed |= journey.crashed;
            compare(&point, &undisturbed, &journey);
            left.retain(|kind| !journey.died_at.contains(kind));
        }
        if !crashed {
            break;
        }
        crashes += 2;
    }
    for (side, left) in [Side::Before, Side::After].into_iter().zip(left) {
        for kind in left {
            let (kind, write) = (Some(kind), 1);
            let point = CrashPoint { side, kind, write };
            let journey = Journey::run(&loan, engine, Some(&point)).await;
            assert!(journey.crashed, "{point}: there was such a write before");
            compare(&point, &undisturbed, &journey);
            crashes += 1;
        }
    }
    assert!(
        crashes >= 20,
        "only {crashes} crash points; does the store still count?"
    );
    println!(
        "{crashes} crashes survived, around {} writes: {kinds:?}",
        undisturbed.writes.len()
    );
}

fn compare(point: &CrashPoint, undisturbed: &Journey, journey: &Journey) {
    assert_eq!(undisturbed.result, journey.result, "{point}: the result");
    assert_eq!(
        undisturbed.operations, journey.operations,
        "{point}: the operations"
    );
    let mut told = BTreeMap::new();
    for entry in &journey.progress {
        *told.entry(entry).or_insert(0) += 1;
    }
    for entry in &undisturbed.progress {
        assert!(
            told.contains_key(entry),
            "{point}: the entry {entry:?} is lost"
        );
    }
    for (entry, times) in told {
        assert_eq!(
            times, 1,
            "{point}: the entry {entry:?} is there {times} times"
        );
    }
    for (step, times) in &journey.runs_after_restart {
        let of = |counts: &BTreeMap<String, usize>| counts.get(step).copied().unwrap_or(0);
        let recorded = of(&journey.recorded_before_restart);
        let allowed = of(&undisturbed.runs_after_restart).saturating_sub(recorded);
        assert!(
            *times <= allowed,
            "{point}: {step} ran {times} times after the restart, {recorded} of it recorded before"
        );
    }
}
