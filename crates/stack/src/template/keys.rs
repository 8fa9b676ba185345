//! Keys of mappings that CloudFormation knows all of.

use super::words::{did_you_mean, shorten};
use super::{Entry, Report};

/// Reports the keys that are none of the known ones.
pub(super) fn check_keys(
    entries: &[Entry],
    known: &[&str],
    report: &Report,
    label: &str,
    message: impl Fn(&str) -> String,
    otherwise: &str,
) {
    let unknown = entries.iter().filter(|it| !known.contains(&&*it.key));
    for entry in unknown {
        let help = did_you_mean(&entry.key, known.iter().copied(), otherwise);
        report.problem(entry.key_span, message(&shorten(&entry.key)), label, help);
    }
}
