//! Map states: the source of the items, and the states that process each.

use serde_json::{Map as Object, Value};

use crate::definition::States;
use crate::error::{ITEM_READER_FAILED, StateError};
use crate::language::Language;
use crate::path::Path;
use crate::scope::Scope;
use crate::template::Template;
use crate::writer::ResultWriter;

/// The fields of a Map state.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The source of the items in the input.
    pub items: Items,
    /// The source of the items outside of the input.
    pub reader: Option<ItemReader>,
    /// The template that transforms an item before it is processed.
    pub item_selector: Option<Template>,
    /// How items are grouped into batches.
    pub batcher: Option<Batcher>,
    /// The states that process an item.
    pub processor: States,
    /// Where the items are processed.
    pub mode: ProcessorMode,
    /// Whether the child executions of a distributed one are Express.
    pub is_express: bool,
    /// Most items processed at a time; 0 means no limit.
    pub max_concurrency: Option<Template>,
    /// How many items may fail.
    pub tolerance: Tolerance,
    /// The label of its runs.
    pub label: Option<String>,
    /// The treatment of a distributed one's results, if it differs from the default.
    pub writer: Option<ResultWriter>,
}

/// Most characters of a label. Source: Step Functions developer guide, distributed Map state.
pub(crate) const LABEL_MAX: usize = 40;

/// The name of a Map state's runs: its label, or one derived from its name.
#[must_use]
pub fn run_label(state: &str, label: Option<&str>) -> String {
    let letters = || state.chars().filter(char::is_ascii_alphanumeric);
    label.map_or_else(|| letters().take(LABEL_MAX).collect(), str::to_owned)
}

/// The items of a Map state.
#[derive(Clone, Debug, PartialEq)]
pub enum Items {
    /// The input itself is the list, for a state in this language.
    Input(Language),
    /// The value of a path.
    Path(Path),
    /// The value of a JSONata expression or list.
    Items(Template),
}

/// Where items are processed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessorMode {
    /// In the execution itself.
    #[default]
    Inline,
    /// In child executions.
    Distributed,
}

/// How many items may fail. Without either, no item may fail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// A number of items.
    pub count: Option<Template>,
    /// A share of the items, from 0 to 100.
    pub percentage: Option<Template>,
}

/// How items are grouped into batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Batcher {
    /// Most items of a batch.
    pub max_items: Option<Template>,
    /// Most bytes of a batch, as JSON.
    pub max_bytes: Option<Template>,
    /// Input that is added to every batch.
    pub input: Option<Template>,
}

/// Items that are read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemReader {
    /// The ARN of the reading action.
    pub resource: String,
    /// The file.
    pub arguments: Template,
    /// The file's format.
    pub format: ReaderFormat,
    /// Most items that are read.
    pub max_items: Option<Template>,
}

/// The format of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderFormat {
    /// A JSON list, at this JSON pointer.
    Json(Option<String>),
    /// A JSON value on each line.
    JsonLines,
    /// Lines of separated values.
    Csv {
        /// The names of the columns, unless they are in the first line.
        names: Option<Vec<String>>,
        /// The character between values.
        delimiter: char,
    },
    /// The entries of a `listObjectsV2` answer.
    List,
}

impl Items {
    /// The items, in the scope of the input after `InputPath`. An object's members are items of `Key` and `Value`.
    ///
    /// # Errors
    ///
    /// The errors of the expressions, and one when there is no list.
    pub fn find(&self, scope: &Scope<'_>) -> Result<Vec<Value>, StateError> {
        let (value, field) = match self {
            Self::Input(_) => (scope.input.clone(), "ItemsPath"),
            Self::Path(path) => {
                let found = path.find(scope).ok_or_else(|| {
                    let input = crate::shortened(scope.input);
                    StateError::runtime(format!(
                        "Invalid path '{path}': the field 'ItemsPath' finds nothing in the input '{input}'"
                    ))
                })?;
                (found, "ItemsPath")
            }
            Self::Items(template) => (template.evaluate(scope, "Items")?, "Items"),
        };
        match value {
            Value::Array(items) => Ok(items),
            Value::Object(members) => Ok(members
                .into_iter()
                .map(|(key, value)| serde_json::json!({ "Key": key, "Value": value }))
                .collect()),
            other => Err(self.no_list(&other, field)),
        }
    }

    fn no_list(&self, value: &Value, field: &str) -> StateError {
        let shown = crate::shortened(value);
        match self {
            Self::Items(Template::Query(query)) => query.unexpected("array", value, field),
            Self::Input(Language::Jsonata) => StateError::query_evaluation(
                format!("Map state input must be an array but was: {shown}"),
                None,
            ),
            Self::Items(_) => StateError::query_evaluation(
                format!("The value of the field '{field}' is {shown}, not a list"),
                Some(field),
            ),
            Self::Input(Language::JsonPath) | Self::Path(_) => StateError::runtime(format!(
                "Reference path for {field} must yield a list, not {shown}"
            )),
        }
    }
}

impl Batcher {
    /// Groups items into batches. The scope is that of the state.
    ///
    /// # Errors
    ///
    /// The errors of the expressions, and one when an item is larger than a batch.
    pub fn batches(&self, items: Vec<Value>, scope: &Scope<'_>) -> Result<Vec<Value>, StateError> {
        let whole = |template: &Option<Template>, field: &str| {
            let number = template
                .as_ref()
                .map(|it| it.whole(scope, field))
                .transpose()?;
            Ok::<_, StateError>(
                number.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX)),
            )
        };
        let max_items = whole(&self.max_items, "MaxItemsPerBatch")?.max(1);
        let max_bytes = whole(&self.max_bytes, "MaxInputBytesPerBatch")?;
        let shared = self
            .input
            .as_ref()
            .map(|it| it.evaluate(scope, "BatchInput"));
        let shared = shared.transpose()?;
        let mut batches: Vec<Vec<Value>> = Vec::new();
        let mut bytes = 0;
        for item in items {
            // Plus a comma for each item.
            let size = item.to_string().len() + 1;
            match batches.last_mut() {
                Some(batch) if batch.len() < max_items && bytes + size <= max_bytes => {
                    batch.push(item);
                    bytes += size;
                }
                _ => {
                    batches.push(vec![item]);
                    bytes = size;
                }
            }
        }
        let batches = batches.into_iter().map(|items| {
            let mut batch = Object::new();
            if let Some(shared) = &shared {
                batch.insert(String::from("BatchInput"), shared.clone());
            }
            batch.insert(String::from("Items"), Value::Array(items));
            Value::Object(batch)
        });
        Ok(batches.collect())
    }
}

impl ReaderFormat {
    /// The items in a file's text, at most `max`.
    ///
    /// # Errors
    ///
    /// `States.ItemReaderFailed` when the text does not have this format.
    pub fn items(&self, text: &str, max: usize) -> Result<Vec<Value>, StateError> {
        let failed = |reason: String| StateError::new(ITEM_READER_FAILED, reason);
        let mut items = match self {
            Self::Json(_) | Self::List => {
                let value: Value = serde_json::from_str(text)
                    .map_err(|error| failed(format!("The file is not JSON: {error}")))?;
                let found = match self {
                    Self::Json(Some(pointer)) => value.pointer(pointer).cloned(),
                    _ => Some(value),
                };
                match (found, self) {
                    (Some(Value::Array(items)), _) => items,
                    (_, Self::Json(Some(pointer))) => {
                        let reason = format!("The file has no JSON list at '{pointer}'");
                        return Err(failed(reason));
                    }
                    _ => return Err(failed(String::from("The file is not a JSON list"))),
                }
            }
            Self::JsonLines => {
                let lines = text.lines().enumerate();
                let lines = lines.filter(|(_, line)| !line.trim().is_empty()).take(max);
                let read = lines.map(|(number, line)| {
                    serde_json::from_str(line).map_err(|error| {
                        failed(format!(
                            "Line {} of the file is not JSON: {error}",
                            number + 1
                        ))
                    })
                });
                read.collect::<Result<_, _>>()?
            }
            Self::Csv { names, delimiter } => {
                csv(text, names.as_deref(), *delimiter, max).map_err(failed)?
            }
        };
        items.truncate(max);
        Ok(items)
    }
}

/// Rows as objects with text values. Source: RFC 4180.
fn csv(
    text: &str,
    names: Option<&[String]>,
    delimiter: char,
    max: usize,
) -> Result<Vec<Value>, String> {
    let mut rows = rows(text, delimiter, max.saturating_add(1))?.into_iter();
    let names = match names {
        Some(names) => names.to_vec(),
        None => rows.next().unwrap_or_default(),
    };
    let items = rows.take(max).map(|row| {
        let cells = row.into_iter().chain(std::iter::repeat(String::new()));
        let members = names.iter().cloned().zip(cells.map(Value::from));
        Value::Object(members.collect())
    });
    Ok(items.collect())
}

fn rows(text: &str, delimiter: char, max: usize) -> Result<Vec<Vec<String>>, String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut row, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if cell.is_empty() => is_quoted = true,
            other if other == delimiter && !is_quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted && letters.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut cell));
                let row = std::mem::take(&mut row);
                if row.len() > 1 || !row[0].is_empty() {
                    rows.push(row);
                }
                if rows.len() == max {
                    return Ok(rows);
                }
            }
            other => cell.push(other),
        }
    }
    if is_quoted {
        return Err(String::from("A quote in the file is not closed"));
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chance::Chance;

    #[test]
    fn files_become_items() {
        let csv = "name,note\nnut,\"small, \"\"steel\"\"\"\r\n\nbolt,\n";
        let format = |names: Option<Vec<String>>, delimiter| ReaderFormat::Csv { names, delimiter };
        let rows = format(None, ',').items(csv, 9).expect("it is CSV");
        let expected = [
            json!({ "name": "nut", "note": "small, \"steel\"" }),
            json!({ "name": "bolt", "note": "" }),
        ];
        assert_eq!(rows, expected);
        let split = format(None, ';').items("a;b\n1,2;3", 9).expect("it is CSV");
        assert_eq!(split, [json!({ "a": "1,2", "b": "3" })]);
        let named = format(Some(vec![String::from("a")]), ',');
        assert_eq!(
            named.items("1\n2\n3", 2).expect("it is CSV"),
            [json!({ "a": "1" }), json!({ "a": "2" })]
        );
        let lines = ReaderFormat::JsonLines
            .items("{\"a\":1}\n\n[2]\n", 9)
            .expect("it is JSON");
        assert_eq!(lines, [json!({ "a": 1 }), json!([2])]);
        assert_eq!(
            ReaderFormat::Json(None)
                .items("[1,2,3]", 2)
                .expect("it is JSON"),
            [json!(1), json!(2)]
        );
        let inner = ReaderFormat::Json(Some(String::from("/a/b")));
        let items = inner.items("{\"a\":{\"b\":[1]}}", 2);
        assert_eq!(items.expect("it is JSON"), [json!(1)]);
        assert!(
            inner
                .items("{}", 2)
                .is_err_and(|it| it.cause.contains("'/a/b'"))
        );
        let fails = |format: ReaderFormat, text: &str| format.items(text, 9).expect_err(text).cause;
        assert!(fails(ReaderFormat::Json(None), "{}").contains("not a JSON list"));
        assert!(fails(ReaderFormat::JsonLines, "1\n}").contains("Line 2"));
        assert!(fails(format(None, ','), "a\n\"b").contains("not closed"));
    }

    #[test]
    fn items_are_put_together_by_number_and_size() {
        let scope = Scope {
            input: &json!({ "x": 1 }),
            context: &Value::Null,
            variables: &Object::new(),
            states: &Object::new(),
            chance: &Chance::new(0, 0),
            now_millis: 0,
        };
        let batcher = |max_items: Option<u64>, max_bytes: Option<u64>| Batcher {
            max_items: max_items.map(|it| Template::Value(json!(it))),
            max_bytes: max_bytes.map(|it| Template::Value(json!(it))),
            input: Some(Template::Value(json!("shared"))),
        };
        let items = || {
            (0..5)
                .map(|it| json!(format!("item{it}")))
                .collect::<Vec<_>>()
        };
        let sizes = |batcher: Batcher| {
            let batches = batcher.batches(items(), &scope).expect("batches");
            assert!(batches.iter().all(|it| it["BatchInput"] == "shared"));
            batches
                .iter()
                .map(|it| it["Items"].as_array().map_or(0, Vec::len))
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(batcher(Some(2), None)), [2, 2, 1]);
        assert_eq!(sizes(batcher(None, Some(18))), [2, 2, 1]);
        assert_eq!(sizes(batcher(Some(3), Some(1))), [1, 1, 1, 1, 1]);
    }
}
