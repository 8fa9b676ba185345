//! Looks for the shortest plan that still fails: fewer faults, fewer programs, fewer operations.

use lambdura::BoxError;

use crate::plan::Plan;
use crate::program::Op;
use crate::run::{Report, run};

/// Most runs that are tried.
const RUNS_MAX: usize = 400;

/// The shortest plan found that violates something, and its report. `None` if this one violates nothing.
///
/// # Errors
/// When a plan cannot be run.
pub fn shrink(plan: &Plan) -> Result<Option<(Plan, Report)>, BoxError> {
    let report = run(plan)?;
    if report.violation.is_none() {
        return Ok(None);
    }
    let mut shortest = (plan.clone(), report);
    let mut runs = 0;
    loop {
        let mut got_shorter = false;
        for shorter in shorter_ones(&shortest.0) {
            runs += 1;
            if runs > RUNS_MAX {
                return Ok(Some(shortest));
            }
            let report = run(&shorter)?;
            if report.violation.is_some() {
                shortest = (shorter, report);
                got_shorter = true;
                break;
            }
        }
        if !got_shorter {
            return Ok(Some(shortest));
        }
    }
}

/// Plans with one part removed, the largest removals first.
fn shorter_ones(plan: &Plan) -> Vec<Plan> {
    let mut shorter = Vec::new();
    if plan.programs.len() > 1 {
        for index in 0..plan.programs.len() {
            let mut without = plan.clone();
            without.programs.remove(index);
            shorter.push(without);
        }
    }
    for index in 0..plan.faults.len() {
        let mut without = plan.clone();
        without.faults.remove(index);
        shorter.push(without);
    }
    for function in plan.reserved.keys() {
        let mut without = plan.clone();
        without.reserved.remove(function);
        shorter.push(without);
    }
    for program in 0..plan.programs.len() {
        let count = count(&plan.programs[program].ops);
        for nth in 0..count {
            let mut without = plan.clone();
            let mut left = nth;
            take_away(&mut without.programs[program].ops, &mut left);
            shorter.push(without);
        }
    }
    shorter
}

fn count(ops: &[Op]) -> usize {
    let within = |op: &Op| {
        let mut op = op.clone();
        let within = op.within_mut().into_iter();
        within.map(|ops| count(ops)).sum::<usize>()
    };
    ops.iter().map(|op| 1 + within(op)).sum()
}

/// Removes the n-th operation, in the order in which they are written.
fn take_away(ops: &mut Vec<Op>, nth: &mut usize) -> bool {
    for index in 0..ops.len() {
        if *nth == 0 {
            ops.remove(index);
            return true;
        }
        *nth -= 1;
        for within in ops[index].within_mut() {
            if take_away(within, nth) {
                return true;
            }
        }
    }
    false
}
