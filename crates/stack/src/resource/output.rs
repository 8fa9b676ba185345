//! `Outputs`.

use crate::Output;
use crate::limits::OUTPUTS_MAX;
use crate::template::{Entry, Fields, Properties, Resolver, properties};

const PROPERTIES: Properties = properties! {
    used: Description, Condition;
    required: Value = "say what the output is";
    ignored: "other stacks cannot import it here" => Export;
};

pub(crate) fn outputs(resolver: &Resolver<'_>, entries: &[Entry]) -> Vec<Output> {
    if let Some(entry) = entries.get(OUTPUTS_MAX) {
        let message = format!("the template has more than {OUTPUTS_MAX} outputs");
        let help = "that is CloudFormation's limit";
        let span = entry.key_span;
        resolver.report.problem(span, message, "one too many", help);
    }
    let output = |entry| {
        let fields = Fields::of_entry(resolver, "output", entry, PROPERTIES)?;
        Some(Output {
            name: entry.key.to_string(),
            description: fields.text("Description"),
            value: fields.text("Value")?,
        })
    };
    let entries = entries.iter().take(OUTPUTS_MAX);
    entries.filter_map(output).collect()
}
