//! Runs a plan, from the beginning of its world to its end.

use lambdura::BoxError;

use crate::life::{Ending, live};
use crate::panics::watched;
use crate::plan::Plan;
use crate::violation::Violation;
use crate::world::{Counted, World};

/// Most lives of the server; more mean that the simulation is wrong.
const LIVES_MAX: usize = 100;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How often a server started.
    pub lives: usize,
    /// Commits that were tried.
    pub commits: u64,
    /// Everything that happened, a line each.
    pub trace: Vec<String>,
    /// The first violated invariant.
    pub violation: Option<Violation>,
}

/// Runs a plan. The same plan gives the same report.
///
/// # Errors
/// When it cannot be run at all.
pub fn run(plan: &Plan) -> Result<Report, BoxError> {
    let world = World::new(plan.clone());
    // The jitter of retries comes from the thread's generator.
    fastrand::seed(plan.seed);
    let (lived, panics) = watched(|| -> Result<(), BoxError> {
        for _ in 0..LIVES_MAX {
            let ending = live(&world)?;
            if ending == Ending::AllEnded || world.state().violation.is_some() {
                return Ok(());
            }
        }
        Err("the server dies again and again, without a fault that says so".into())
    });
    if let Some(lived) = lived {
        lived?;
        world.check_at_end();
    }
    world.end();
    if let Some(panic) = panics.into_iter().next() {
        world.state().violation.get_or_insert(Violation {
            invariant: "nothing panics",
            seen: panic,
        });
    }
    let commits = world.counted(Counted::Commits);
    let mut state = world.state();
    Ok(Report {
        lives: state.life,
        commits,
        trace: std::mem::take(&mut state.trace),
        violation: state.violation.clone(),
    })
}
