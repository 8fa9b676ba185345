//! Map states.

use serde_json::Value;

use super::fields::Fields;
use super::reader::kind;
use super::state::{SECONDS_MAX, states};
use super::values::template;
use crate::definition::{StateKind, States};
use crate::language::Language;
use crate::map::{
    Batcher, ItemReader, Items, LABEL_MAX, Map, ProcessorMode, ReaderFormat, Tolerance,
};
use crate::template::Template;
use crate::writer::{OutputType, ResultWriter, Transformation};

pub(super) fn read(fields: &Fields<'_>, language: Language, depth: usize) -> StateKind {
    let (mode, is_express, processor) = processor(fields, language, depth);
    let count = (0.0, SECONDS_MAX);
    let tolerance = Tolerance {
        count: fields.number(
            "ToleratedFailureCount",
            Some("ToleratedFailureCountPath"),
            language,
            count,
        ),
        percentage: fields.number(
            "ToleratedFailurePercentage",
            Some("ToleratedFailurePercentagePath"),
            language,
            (0.0, 100.0),
        ),
    };
    let label = fields.text("Label");
    if let Some(label) = &label
        && !(1..=LABEL_MAX).contains(&label.chars().count())
    {
        fields.wrong("Label", "`Label` has 1 to 40 characters");
    } else if let Some(odd) = label
        .as_ref()
        .and_then(|it| it.chars().find(|it| !crate::is_of_names(*it)))
    {
        let message = format!(
            "`Label` has no spaces, control characters, or any of <>{{}}[]?*\"#%\\^|~`$&,;:/, and this one has `{odd}`"
        );
        fields.wrong("Label", message);
    }
    let map = Map {
        items: items(fields, language),
        reader: fields
            .object("ItemReader")
            .and_then(|it| reader(&it, language)),
        item_selector: item_selector(fields, language),
        batcher: fields
            .object("ItemBatcher")
            .map(|it| batcher(&it, language)),
        processor,
        mode,
        is_express,
        max_concurrency: fields.number(
            "MaxConcurrency",
            Some("MaxConcurrencyPath"),
            language,
            count,
        ),
        tolerance,
        label,
        writer: fields
            .object("ResultWriter")
            .map(|it| writer(&it, language)),
    };
    if mode == ProcessorMode::Inline {
        for name in [
            "ItemReader",
            "ItemBatcher",
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
            "Label",
            "ResultWriter",
        ] {
            if fields.has(name) {
                let message = format!(
                    "`{name}` needs a distributed Map state: `\"ProcessorConfig\": {{\"Mode\": \"DISTRIBUTED\"}}`"
                );
                fields.wrong(name, message);
            }
        }
    }
    StateKind::Map(Box::new(map))
}

fn processor(
    fields: &Fields<'_>,
    language: Language,
    depth: usize,
) -> (ProcessorMode, bool, States) {
    // `Iterator` is the former name of `ItemProcessor`.
    let processor = match (fields.object("ItemProcessor"), fields.object("Iterator")) {
        (Some(processor), None) | (None, Some(processor)) => processor,
        (Some(processor), Some(_)) => {
            fields.wrong(
                "Iterator",
                "`ItemProcessor` and `Iterator` cannot both be there",
            );
            processor
        }
        (None, None) => {
            if !fields.has("ItemProcessor") && !fields.has("Iterator") {
                fields.missing("ItemProcessor", "a Map state");
            }
            let nothing = States {
                start_at: String::new(),
                states: std::collections::BTreeMap::new(),
            };
            return (ProcessorMode::Inline, false, nothing);
        }
    };
    processor.text("Comment");
    let mut mode = ProcessorMode::Inline;
    let mut is_express = false;
    if let Some(config) = processor.object("ProcessorConfig") {
        mode = match config.text("Mode").as_deref() {
            None | Some("INLINE") => ProcessorMode::Inline,
            Some("DISTRIBUTED") => ProcessorMode::Distributed,
            Some(other) => {
                config.wrong(
                    "Mode",
                    format!("`Mode` is `INLINE` or `DISTRIBUTED`, not `{other}`"),
                );
                ProcessorMode::Inline
            }
        };
        let kind = config.text("ExecutionType");
        is_express = kind.as_deref() == Some("EXPRESS");
        match (kind.as_deref(), mode) {
            (Some("STANDARD" | "EXPRESS"), ProcessorMode::Distributed)
            | (None, ProcessorMode::Inline) => {}
            (None, ProcessorMode::Distributed) => {
                config.missing(
                    "ExecutionType",
                    "the configuration of a distributed Map state",
                );
            }
            (Some(_), ProcessorMode::Inline) => {
                config.wrong("ExecutionType", "`ExecutionType` belongs to `DISTRIBUTED`");
            }
            (Some(other), ProcessorMode::Distributed) => {
                let message = format!("`ExecutionType` is `STANDARD` or `EXPRESS`, not `{other}`");
                config.wrong("ExecutionType", message);
            }
        }
        config.finish("`ProcessorConfig`");
    }
    let inner = states(&processor, language, depth + 1);
    if is_express {
        for (location, message) in crate::express::problems(&inner, &processor.pointer) {
            fields.reader.wrong(&location, message);
        }
    }
    processor.finish("an item processor");
    (mode, is_express, inner)
}

fn items(fields: &Fields<'_>, language: Language) -> Items {
    match language {
        Language::JsonPath => fields
            .text("ItemsPath")
            .and_then(|text| fields.reference_path("ItemsPath", &text))
            .map_or(Items::Input(language), Items::Path),
        Language::Jsonata => match fields.get("Items") {
            None => Items::Input(language),
            Some(value) => {
                let items = template(fields.reader, &fields.at("Items"), value, language);
                let is_list = value.is_array() || value.is_object() || items.is_dynamic();
                if !is_list {
                    let message =
                        format!("`Items` is a list or an expression, not {}", kind(value));
                    fields.wrong("Items", message);
                }
                Items::Items(items)
            }
        },
    }
}

fn item_selector(fields: &Fields<'_>, language: Language) -> Option<Template> {
    if language == Language::Jsonata {
        return fields.template("ItemSelector", language);
    }
    if fields.has("ItemSelector") && fields.has("Parameters") {
        fields.wrong(
            "Parameters",
            "`ItemSelector` and `Parameters` cannot both be there",
        );
    }
    let selector = fields.template("ItemSelector", language);
    selector.or(fields.template("Parameters", language))
}

fn batcher(fields: &Fields<'_>, language: Language) -> Batcher {
    let batcher = Batcher {
        max_items: fields.number(
            "MaxItemsPerBatch",
            Some("MaxItemsPerBatchPath"),
            language,
            (1.0, SECONDS_MAX),
        ),
        max_bytes: fields.number(
            "MaxInputBytesPerBatch",
            Some("MaxInputBytesPerBatchPath"),
            language,
            (1.0, 262_144.0),
        ),
        input: fields.template("BatchInput", language),
    };
    if batcher.max_items.is_none() && batcher.max_bytes.is_none() {
        let message = "`ItemBatcher` has `MaxItemsPerBatch` or `MaxInputBytesPerBatch`";
        fields.reader.wrong(&fields.pointer, message);
    }
    fields.finish("`ItemBatcher`");
    batcher
}

fn reader(fields: &Fields<'_>, language: Language) -> Option<ItemReader> {
    let resource = fields.required_text("Resource", "`ItemReader`");
    // Source: Step Functions developer guide, "ItemReader (Map)".
    if let Some(resource) = &resource
        && !["s3:getObject", "s3:listObjectsV2"].iter().any(|it| {
            resource
                .strip_suffix(it)
                .is_some_and(|it| it.ends_with(":::"))
        })
    {
        let message = format!(
            "`Resource` of an `ItemReader` is `arn:aws:states:::s3:getObject` or `arn:aws:states:::s3:listObjectsV2`, not `{resource}`"
        );
        fields.wrong("Resource", message);
    }
    let arguments = match language {
        Language::JsonPath => fields.template("Parameters", language),
        Language::Jsonata => fields.template("Arguments", language),
    };
    let mut format = ReaderFormat::List;
    let mut max_items = None;
    if let Some(config) = fields.object("ReaderConfig") {
        max_items = config.number(
            "MaxItems",
            Some("MaxItemsPath"),
            language,
            (1.0, SECONDS_MAX),
        );
        format = match config.text("InputType").as_deref() {
            Some("JSON") => ReaderFormat::Json(pointer(&config)),
            Some("JSONL") => ReaderFormat::JsonLines,
            Some("CSV") => ReaderFormat::Csv {
                names: headers(&config),
                delimiter: delimiter(&config),
            },
            None => ReaderFormat::List,
            Some(other) => {
                let message =
                    format!("`InputType` is `CSV`, `JSON` or `JSONL` here, not `{other}`");
                config.wrong("InputType", message);
                ReaderFormat::List
            }
        };
        config.finish("`ReaderConfig`");
    }
    fields.finish("`ItemReader`");
    Some(ItemReader {
        resource: resource?,
        arguments: arguments.unwrap_or(Template::Value(Value::Null)),
        format,
        max_items,
    })
}

/// Source: Step Functions developer guide, "ResultWriter (Map)".
fn writer(fields: &Fields<'_>, language: Language) -> ResultWriter {
    let resource = fields.text("Resource");
    if let Some(resource) = &resource
        && !resource.ends_with(":::s3:putObject")
    {
        let message = format!(
            "`Resource` of a `ResultWriter` is `arn:aws:states:::s3:putObject`, not `{resource}`"
        );
        fields.wrong("Resource", message);
    }
    let name = match language {
        Language::JsonPath => "Parameters",
        Language::Jsonata => "Arguments",
    };
    let arguments = fields.template(name, language);
    if let Some(Value::Object(given)) = fields.get(name)
        && !given.contains_key("Bucket")
        && (language == Language::Jsonata || !given.contains_key("Bucket.$"))
    {
        fields.wrong(name, format!("`Bucket` is missing in `{name}`"));
    }
    let config = fields.object("WriterConfig");
    if fields.has("Resource") != fields.has(name) {
        let message = format!("`Resource` and `{name}` of a `ResultWriter` go together");
        fields.reader.wrong(&fields.pointer, message);
    } else if !fields.has("Resource") && !fields.has("WriterConfig") {
        let message =
            format!("`ResultWriter` has `Resource` and `{name}`, or `WriterConfig`, or all three");
        fields.reader.wrong(&fields.pointer, message);
    }
    fields.finish("`ResultWriter`");
    // By default, written results contain the data of their executions; results that become the output do not.
    let mut transformation = match arguments {
        Some(_) => Transformation::None,
        None => Transformation::Compact,
    };
    let mut output_type = OutputType::Json;
    if let Some(config) = config {
        match config.text("Transformation").as_deref() {
            None => {}
            Some("NONE") => transformation = Transformation::None,
            Some("COMPACT") => transformation = Transformation::Compact,
            Some("FLATTEN") => transformation = Transformation::Flatten,
            Some(other) => {
                let message =
                    format!("`Transformation` is `NONE`, `COMPACT` or `FLATTEN`, not `{other}`");
                config.wrong("Transformation", message);
            }
        }
        match config.text("OutputType").as_deref() {
            None | Some("JSON") => {}
            Some("JSONL") => output_type = OutputType::JsonLines,
            Some(other) => {
                config.wrong(
                    "OutputType",
                    format!("`OutputType` is `JSON` or `JSONL`, not `{other}`"),
                );
            }
        }
        config.finish("`WriterConfig`");
    }
    ResultWriter {
        arguments,
        transformation,
        output_type,
    }
}

/// Source: Step Functions developer guide, "ItemReader (Map)".
fn delimiter(config: &Fields<'_>) -> char {
    match config.text("CSVDelimiter").as_deref() {
        None | Some("COMMA") => ',',
        Some("PIPE") => '|',
        Some("SEMICOLON") => ';',
        Some("SPACE") => ' ',
        Some("TAB") => '\t',
        Some(other) => {
            let message = format!(
                "`CSVDelimiter` is `COMMA`, `PIPE`, `SEMICOLON`, `SPACE` or `TAB`, not `{other}`"
            );
            config.wrong("CSVDelimiter", message);
            ','
        }
    }
}

/// A JSON pointer: empty, or members after slashes.
fn pointer(config: &Fields<'_>) -> Option<String> {
    let pointer = config.text("ItemsPointer")?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        let message = format!("`ItemsPointer` is a JSON pointer, as `/orders`, not `{pointer}`");
        config.wrong("ItemsPointer", message);
    }
    Some(pointer)
}

fn headers(config: &Fields<'_>) -> Option<Vec<String>> {
    let names = config.list("CSVHeaders");
    match config
        .required_text("CSVHeaderLocation", "the configuration of a CSV file")
        .as_deref()
    {
        Some("GIVEN") => {
            if names.is_none() {
                config.missing("CSVHeaders", "a configuration whose headers are `GIVEN`");
            }
            let names = names.into_iter().flatten();
            let names = names.map(|name| name.as_str().map(str::to_owned));
            let names: Option<Vec<_>> = names.collect();
            if names.is_none() {
                config.wrong("CSVHeaders", "`CSVHeaders` are texts");
            }
            names
        }
        Some("FIRST_ROW") | None => None,
        Some(other) => {
            let message = format!("`CSVHeaderLocation` is `FIRST_ROW` or `GIVEN`, not `{other}`");
            config.wrong("CSVHeaderLocation", message);
            None
        }
    }
}
