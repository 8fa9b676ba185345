//! `Outputs`.

use crate::Output;
use crate::limits::OUTPUTS_MAX;
use crate::template::{Entry, Fields, Properties, Resolver, at_most, properties};

const PROPERTIES: Properties = properties! {
    used: Description, Condition;
    required: Value = "say what the output is";
    ignored: "other stacks cannot import it here" => Export;
};

pub(crate) fn outputs(resolver: &Resolver<'_>, entries: &[Entry]) -> Vec<Output> {
    let output = |entry| {
        let fields = Fields::of_entry(resolver, "output", entry, PROPERTIES)?;
        Some(Output {
            name: entry.key.to_string(),
            description: fields.text("Description"),
            value: fields.text("Value")?,
        })
    };
    let entries = at_most(OUTPUTS_MAX, entries, "outputs", resolver.report);
    entries.iter().filter_map(output).collect()
}
