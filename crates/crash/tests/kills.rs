//! Nothing that the server acknowledged is lost, and nothing that is recorded runs again, while it is killed six times.
//!
//! A small turn of `cargo xtask bench --crash`: ten executions of every kind, the same clients, the same checkers.

#[path = "support/built.rs"]
mod built;

use std::fs;
use std::path::Path;
use std::time::Duration;

use bench_crash::{Plan, run};

/// Kinds of executions, times ten.
const STARTS: u64 = 180;

/// Logical id and program of each function.
const FUNCTIONS: [(&str, &str); 3] = [
    ("EveryKindFunction", "every-kind"),
    ("EveryKindChildFunction", "every-kind"),
    ("EveryKindPlainFunction", "every-kind-plain"),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_while_the_server_is_killed() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = built::programs(&workspace);
    let data = tempfile::tempdir().expect("a folder for the data");
    for (logical_id, program) in FUNCTIONS {
        let folder = data.path().join("build").join(logical_id);
        fs::create_dir_all(&folder).expect("a folder for one function");
        fs::copy(built.join(program), folder.join("bootstrap")).expect("the function's program");
    }
    let plan = Plan {
        server: built.join("lambdura"),
        template: workspace.join("bench/crash/template.yaml"),
        data_dir: data.path().to_owned(),
        arguments: Vec::new(),
        starts: STARTS,
        starts_per_second: 30.0,
        kill_every: Duration::from_secs(1),
        kills_min: 6,
        patience: Duration::from_secs(60),
        seed: 1,
        revision: "test".to_owned(),
    };
    let report = run(plan).await.expect("the run goes to its end");
    // How long something takes is for the bench to judge, on a machine on which nothing else runs.
    let mut checks = report.checks().iter().filter(|check| !check.is_timed);
    assert!(checks.all(|check| check.passed()), "{report}");
}
