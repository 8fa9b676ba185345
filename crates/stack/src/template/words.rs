//! Words of a template in messages: cut short, or taken for misspellings of others.

use super::{Entry, Report};

/// Longer words are not typing errors of anything, and comparing them costs time.
const WORD_BYTES_MAX: usize = 128;

/// The candidate that `word` is most likely a misspelling of.
///
/// At most two letters wrong, missing, extra or swapped, in a word of at least six; one in a
/// shorter one; or only the case differs.
pub(crate) fn suggestion<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    if !(3..=WORD_BYTES_MAX).contains(&word.len()) {
        return None;
    }
    let allowed = if word.len() >= 6 { 2 } else { 1 };
    let distance = |candidate: &str| match candidate.eq_ignore_ascii_case(word) {
        true => 0,
        false => strsim::damerau_levenshtein(word, candidate),
    };
    let candidates = candidates.into_iter();
    let similar = candidates.filter(|it| it.len().abs_diff(word.len()) <= allowed);
    let measured = similar.map(|candidate| (distance(candidate), candidate));
    let meant = measured.filter(|(distance, _)| *distance <= allowed);
    Some(meant.min_by_key(|(distance, _)| *distance)?.1)
}

/// Help for an unknown word: the candidate that it is a misspelling of, or `otherwise`.
pub(crate) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
    otherwise: impl Into<String>,
) -> String {
    match suggestion(word, candidates) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => otherwise.into(),
    }
}

/// Untrusted text for a message.
pub(crate) fn shorten(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let shown = |it: char| if it.is_control() { '\u{fffd}' } else { it };
    let mut short: String = text.chars().map(shown).take(CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

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
    /// Help for one that is no misspelling; `{}` stands for the known ones.
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
