//! Sections of a template, and how many entries each may have.

use super::{Entry, Node, Report};

/// The entries of a section that is a mapping.
pub(crate) fn section<'t>(root: &'t Node, name: &str, report: &Report) -> &'t [Entry] {
    let Some(node) = root.get(name) else {
        return &[];
    };
    node.entries().unwrap_or_else(|| {
        let message = format!("`{name}` must be a mapping, found {}", node.describe());
        let help = format!("give each entry of `{name}` a name and indent what belongs to it");
        report.problem(node.span, message, "not a mapping", help);
        &[]
    })
}

/// The entries that a section may have; one too many is a problem.
pub(crate) fn at_most<'t>(
    count: usize,
    entries: &'t [Entry],
    what: &str,
    report: &Report,
) -> &'t [Entry] {
    let Some(entry) = entries.get(count) else {
        return entries;
    };
    let message = format!("the template has more than {count} {what}");
    let help = "that is CloudFormation's limit; split the template";
    report.problem(entry.key_span, message, "one too many", help);
    &entries[..count]
}
