//! The loan application survives the death of the server before and after every single write.
//!
//! Alice's application is run again and again. Each time the server kills itself around another
//! write, is started again on the same data, and the application must end as if nothing had happened:
//! same result, no recorded step run again, no progress entry lost, no operation twice.

mod support;

use std::collections::BTreeMap;

use crash::{CrashPoint, Side};
use support::{Journey, Loan};

/// Writes of one application at the most: were there more, the matrix would not have reached the end.
const WRITES_MAX: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_ends_the_same_wherever_the_server_dies() {
    let loan = Loan::build();
    let undisturbed = Journey::run(&loan, None).await;
    assert_eq!(
        undisturbed.operations.len(),
        17,
        "{:#?}",
        undisturbed.operations
    );
    let mut crashes = 0;
    for write in 1.. {
        assert!(
            write <= WRITES_MAX,
            "an application takes fewer writes than that"
        );
        let mut crashed = false;
        for side in [Side::Before, Side::After] {
            let point = CrashPoint { side, write };
            let journey = Journey::run(&loan, Some(point)).await;
            crashed |= journey.crashed;
            compare(point, &undisturbed, &journey);
        }
        if !crashed {
            break;
        }
        crashes += 2;
    }
    assert!(
        crashes >= 20,
        "only {crashes} crash points; does the store still count?"
    );
    println!("{crashes} crashes survived");
}

fn compare(point: CrashPoint, undisturbed: &Journey, journey: &Journey) {
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
        let recorded = journey.recorded_before_restart.contains(step);
        let allowed = if recorded { 0 } else { 1 };
        assert!(
            *times <= allowed,
            "{point}: step {step} ran {times} times after the restart (recorded before: {recorded})"
        );
    }
}
