//! Promises about the server's own process: it stays up, and it starts in time.

use std::time::Duration;

use super::check::{Check, Finding};
use crate::evidence::Evidence;

/// Source: "What it must show" of the reliability work: every restart is ready within a second.
pub const READY_WITHIN: Duration = Duration::from_secs(1);

/// A server ends only when it is killed.
pub fn server_stays_up(evidence: &Evidence) -> Check {
    let mut check = Check::new("the server ends only when it is killed");
    check.looked_at = evidence.lives.deaths.len();
    for exit in &evidence.lives.exits {
        let when = if exit.starting {
            " while it started"
        } else {
            ""
        };
        let text = format!(
            "it ended{when} with {}; it said: {}",
            exit.status, exit.said
        );
        check.findings.push(Finding {
            execution: None,
            text,
        });
    }
    check
}

/// Every restart is ready in time.
pub fn restarts_are_ready_in_time(evidence: &Evidence) -> Check {
    let mut check = Check::timed("every restart is ready within a second");
    check.looked_at = evidence.lives.restarts.len();
    for restart in &evidence.lives.restarts {
        if restart.took > READY_WITHIN {
            let text = format!("one took {:.3} s", restart.took.as_secs_f64());
            check.findings.push(Finding {
                execution: None,
                text,
            });
        }
    }
    check
}
