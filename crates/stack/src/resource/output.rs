//! `Outputs`.

use crate::Output;
use crate::limits::OUTPUTS_MAX;
use crate::template::{Entry, Fields, Resolver, ignored, used};

pub(crate) fn outputs(resolver: &Resolver<'_>, entries: &[Entry]) -> Vec<Output> {
    if let Some(entry) = entries.get(OUTPUTS_MAX) {
        resolver.report.problem(
            entry.key_span,
            format!("the template has more than {OUTPUTS_MAX} outputs"),
            "one too many",
            "that is CloudFormation's limit",
        );
    }
    let known = [
        used("Description"),
        used("Value"),
        used("Condition"),
        ignored("Export", "other stacks cannot import it here"),
    ];
    let output = |entry| {
        let fields = Fields::of_entry(resolver, "output", entry, &known)?;
        let description = fields.text("Description");
        let value = fields.required_text("Value", "say what the output is")?;
        Some(Output {
            name: entry.key.to_string(),
            description,
            value,
        })
    };
    let entries = entries.iter().take(OUTPUTS_MAX);
    entries.filter_map(output).collect()
}
