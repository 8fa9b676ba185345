//! The keys that a mapping may have, where CloudFormation knows all of them.

use super::report::{did_you_mean, shorten};
use super::{Entry, Report};

/// Names as text, many to a line.
macro_rules! names {
    ($($name:ident)+) => { &[$(stringify!($name)),+] };
}
pub(crate) use names;

/// The keys that a mapping may have, where CloudFormation knows all of them.
pub(super) struct Keys {
    pub known: &'static [&'static str],
    /// The label of any other key.
    pub unknown: &'static str,
    /// Help for an unknown key that is not a misspelling; `{}` stands for the known ones.
    pub help: &'static str,
}

impl Keys {
    /// Reports the keys that are not known.
    pub fn check(&self, entries: &[Entry], report: &Report, message: impl Fn(&str) -> String) {
        for entry in entries.iter().filter(|it| !self.known.contains(&&*it.key)) {
            let otherwise = self.help.replace("{}", &self.known.join(", "));
            let help = did_you_mean(&entry.key, self.known.iter().copied(), otherwise);
            let message = message(&shorten(&entry.key));
            report.problem(entry.key_span, message, self.unknown, help);
        }
    }
}
