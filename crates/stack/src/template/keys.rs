//! Mappings whose keys CloudFormation knows all of.

use super::words::{did_you_mean, shorten};
use super::{Entry, Report};

/// The keys that a mapping may have.
pub(super) struct Keys {
    pub known: &'static [&'static str],
    /// The label of any other key.
    pub unknown: &'static str,
    /// Help for one that is no misspelling; `{}` stands for the known ones.
    pub help: &'static str,
}

impl Keys {
    /// Reports the keys that are not known.
    pub fn check(&self, entries: &[Entry], report: &Report, message: impl Fn(&str) -> String) {
        let known = || self.known.iter().copied();
        for entry in entries.iter().filter(|it| !self.known.contains(&&*it.key)) {
            let otherwise = self.help.replace("{}", &self.known.join(", "));
            let help = did_you_mean(&entry.key, known(), otherwise);
            let message = message(&shorten(&entry.key));
            report.problem(entry.key_span, message, self.unknown, help);
        }
    }
}
