//! The results of a distributed Map state: written to files, or collected as its output.
//!
//! Source: Step Functions developer guide, "ResultWriter (Map)", read 2026-11-30.

use serde_json::{Value, json};

use crate::error::{RESULT_WRITER_FAILED, StateError};
use crate::scope::Scope;
use crate::template::Template;

/// Largest file, in bytes: it is in memory while it is sent. On AWS, 5 GB.
const FILE_BYTES_MAX: usize = 64 << 20;

/// How results are output.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultWriter {
    /// Where they are written; if `None`, they are the state's output.
    pub arguments: Option<Template>,
    /// Which of their data is kept.
    pub transformation: Transformation,
    /// The format.
    pub output_type: OutputType,
}

/// Which data of a succeeded item's execution is kept; of other executions all data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transformation {
    /// All data of the execution, its output included.
    None,
    /// Its output.
    Compact,
    /// Its output, or the elements of one that is a list.
    Flatten,
}

/// The format of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputType {
    /// A list.
    Json,
    /// A value on each line.
    JsonLines,
}

/// Where files are written.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultPlace {
    /// The bucket.
    pub bucket: String,
    /// The prefix of their keys before the run's part: empty, or ending in a slash.
    pub prefix: String,
    /// The parameters of `putObject` besides the key and the content; including the bucket.
    pub parameters: Value,
}

/// An item's execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemExecution {
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
    /// When it began, as text.
    pub started: Option<String>,
    /// When it ended, as text.
    pub ended: Option<String>,
}

/// The result of an item.
#[derive(Clone, Copy, Debug)]
pub enum ItemOutcome<'r> {
    /// It succeeded, with this output.
    Succeeded(&'r Value),
    /// It failed, with an error's name and a cause.
    Failed(&'r str, &'r str),
    /// It was abandoned because too many other items failed.
    Aborted,
    /// The same, before it began.
    Pending,
}

/// A group of items with the same outcome. Each has its own files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultGroup {
    /// Items that succeeded.
    Succeeded,
    /// Items that failed, timed out or were stopped.
    Failed,
    /// Items that were not begun.
    Pending,
}

impl ResultWriter {
    /// Where files are written, if at all.
    ///
    /// # Errors
    ///
    /// The errors of the expressions, and one when there is no bucket.
    pub fn place(&self, scope: &Scope<'_>) -> Result<Option<ResultPlace>, StateError> {
        let Some(arguments) = &self.arguments else {
            return Ok(None);
        };
        let mut parameters = arguments.evaluate(scope, "ResultWriter")?;
        let prefix = parameters
            .as_object_mut()
            .and_then(|members| members.remove("Prefix"));
        let failed = |name: &str| {
            let cause = format!("The field '{name}' of ResultWriter is missing, or no text");
            StateError::new(RESULT_WRITER_FAILED, cause)
        };
        let bucket = parameters.get("Bucket").and_then(Value::as_str);
        let bucket = bucket.ok_or_else(|| failed("Bucket"))?.to_owned();
        let prefix = match &prefix {
            None => "",
            Some(prefix) => prefix.as_str().ok_or_else(|| failed("Prefix"))?,
        };
        let prefix = match prefix.trim_end_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Some(ResultPlace {
            bucket,
            prefix,
            parameters,
        }))
    }

    /// The group of an item and its output values; `machine` is the ARN of the machine with the label of the run.
    #[must_use]
    pub fn results(
        &self,
        machine: &str,
        input: &Value,
        outcome: ItemOutcome<'_>,
        execution: Option<&ItemExecution>,
    ) -> (ResultGroup, Vec<Value>) {
        let mut about = json!({
            "Input": input.to_string(),
            "InputDetails": { "Included": true },
            "Status": "PENDING",
        });
        let group = match outcome {
            ItemOutcome::Succeeded(output) => {
                match (self.transformation, output) {
                    (Transformation::Flatten, Value::Array(elements)) => {
                        return (ResultGroup::Succeeded, elements.clone());
                    }
                    (Transformation::Flatten | Transformation::Compact, output) => {
                        return (ResultGroup::Succeeded, vec![output.clone()]);
                    }
                    (Transformation::None, _) => {}
                }
                about["Status"] = json!("SUCCEEDED");
                about["Output"] = json!(output.to_string());
                about["RedriveStatus"] = json!("NOT_REDRIVABLE");
                about["RedriveStatusReason"] =
                    json!("Execution is SUCCEEDED and cannot be redriven");
                ResultGroup::Succeeded
            }
            ItemOutcome::Failed(error, cause) => {
                about["Status"] = json!(execution.map_or("FAILED", |it| it.status.as_str()));
                about["Error"] = json!(error);
                about["Cause"] = json!(cause);
                ResultGroup::Failed
            }
            ItemOutcome::Aborted => {
                about["Status"] = json!("ABORTED");
                ResultGroup::Failed
            }
            ItemOutcome::Pending => return (ResultGroup::Pending, vec![about]),
        };
        if group == ResultGroup::Failed {
            about["RedriveStatus"] = json!("REDRIVABLE_BY_MAP_RUN");
        }
        about["OutputDetails"] = json!({ "Included": true });
        about["RedriveCount"] = json!(0);
        about["StateMachineArn"] = json!(machine);
        if let Some(execution) = execution {
            let arn = machine.replacen(":stateMachine:", ":execution:", 1);
            about["ExecutionArn"] = json!(format!("{arn}:{}", execution.name));
            about["Name"] = json!(execution.name);
            for (name, at) in [
                ("StartDate", &execution.started),
                ("StopDate", &execution.ended),
            ] {
                if let Some(at) = at {
                    about[name] = json!(at);
                }
            }
        }
        (group, vec![about])
    }

    /// The files of a run, in this folder.
    #[must_use]
    pub fn files(&self, folder: String) -> ResultFiles {
        let file = || ResultFile {
            output_type: self.output_type,
            bytes_max: FILE_BYTES_MAX,
            text: None,
            written: Vec::new(),
        };
        ResultFiles {
            folder,
            files: ResultGroup::ALL.map(|_| file()),
        }
    }
}

impl OutputType {
    /// These values as a state's output: JSON lines become a text.
    #[must_use]
    pub fn output(self, values: Vec<Value>) -> Value {
        match self {
            Self::Json => Value::Array(values),
            Self::JsonLines => {
                let lines = values.iter().map(|value| format!("{value}\n"));
                Value::from(lines.collect::<String>())
            }
        }
    }

    /// The texts before a file's first value, between two values, and after the last one.
    fn around(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Json => ("[", ",", "]"),
            Self::JsonLines => ("", "\n", "\n"),
        }
    }
}

impl ResultGroup {
    const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Pending];

    fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Pending => "PENDING",
        }
    }
}

/// The files of a run. Each is returned when it is full; the caller writes it under its key.
#[derive(Debug)]
pub struct ResultFiles {
    folder: String,
    /// By group.
    files: [ResultFile; 3],
}

impl ResultFiles {
    /// Adds a value. If a file has no room for it, returns that file; the value begins the next one.
    pub fn push(&mut self, group: ResultGroup, value: &Value) -> Option<(String, String)> {
        let text = self.files[group as usize].push(value)?;
        Some(self.written(group, text))
    }

    /// The last files, and then the manifest, which names all files.
    pub fn end(mut self, bucket: &str, run: &str) -> (Vec<(String, String)>, String) {
        let mut last = Vec::new();
        for group in ResultGroup::ALL {
            if let Some(text) = self.files[group as usize].end() {
                last.push(self.written(group, text));
            }
        }
        let [succeeded, failed, pending] = self.files.map(|it| it.written);
        let manifest = json!({
            "DestinationBucket": bucket,
            "MapRunArn": run,
            "ResultFiles": { "FAILED": failed, "PENDING": pending, "SUCCEEDED": succeeded },
        });
        let key = format!("{}manifest.json", self.folder);
        last.push((key.clone(), manifest.to_string()));
        (last, key)
    }

    fn written(&mut self, group: ResultGroup, text: String) -> (String, String) {
        let file = &mut self.files[group as usize];
        let extension = match file.output_type {
            OutputType::Json => "json",
            OutputType::JsonLines => "jsonl",
        };
        let number = file.written.len();
        let key = format!("{}{}_{number}.{extension}", self.folder, group.name());
        file.written.push(json!({ "Key": key, "Size": text.len() }));
        (key, text)
    }
}

/// The files of a group.
#[derive(Debug)]
struct ResultFile {
    output_type: OutputType,
    /// Most bytes of a file, unless a single value is larger.
    bytes_max: usize,
    /// The current file.
    text: Option<String>,
    /// The finished files, as the manifest lists them.
    written: Vec<Value>,
}

impl ResultFile {
    /// Adds a value. If there is no room for it, returns the finished file's text.
    fn push(&mut self, value: &Value) -> Option<String> {
        let (open, between, close) = self.output_type.around();
        let value = value.to_string();
        let more = between.len() + value.len() + close.len();
        let bytes_max = self.bytes_max;
        let is_room = |text: &&mut String| text.len() + more <= bytes_max;
        if let Some(text) = self.text.as_mut().filter(is_room) {
            text.push_str(between);
            text.push_str(&value);
            return None;
        }
        let full = self.end();
        self.text = Some(format!("{open}{value}"));
        full
    }

    fn end(&mut self) -> Option<String> {
        let (_, _, close) = self.output_type.around();
        self.text.take().map(|text| text + close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(transformation: Transformation, output_type: OutputType) -> ResultWriter {
        ResultWriter {
            arguments: None,
            transformation,
            output_type,
        }
    }

    #[test]
    fn outputs_are_kept_as_they_are_or_flat() {
        let kept = |transformation, output: &Value| {
            let writer = writer(transformation, OutputType::Json);
            let outcome = ItemOutcome::Succeeded(output);
            let (group, values) = writer.results("machine", &json!(1), outcome, None);
            assert_eq!(group, ResultGroup::Succeeded);
            values
        };
        let list = json!([1, [2]]);
        let about = kept(Transformation::None, &list);
        assert_eq!(about[0]["Output"], "[1,[2]]");
        assert_eq!(kept(Transformation::Compact, &list), vec![list.clone()]);
        let flat = kept(Transformation::Flatten, &list);
        assert_eq!(flat, [json!(1), json!([2])]);
        assert_eq!(kept(Transformation::Flatten, &json!(5)), [json!(5)]);
    }

    #[test]
    fn what_did_not_go_well_is_told_whole() {
        let writer = writer(Transformation::Flatten, OutputType::Json);
        let machine = "arn:aws:states:eu-west-1:000000000000:stateMachine:m/Each";
        let execution = ItemExecution {
            name: String::from("one"),
            status: String::from("TIMED_OUT"),
            started: Some(String::from("2026-11-30T10:00:00Z")),
            ended: None,
        };
        let told = |outcome| writer.results(machine, &json!({ "n": 1 }), outcome, Some(&execution));
        let (group, values) = told(ItemOutcome::Failed("Lost", "gone"));
        let expected = json!({
            "Cause": "gone", "Error": "Lost", "Input": "{\"n\":1}", "InputDetails": { "Included": true },
            "ExecutionArn": "arn:aws:states:eu-west-1:000000000000:execution:m/Each:one", "Name": "one",
            "OutputDetails": { "Included": true }, "RedriveCount": 0, "RedriveStatus": "REDRIVABLE_BY_MAP_RUN",
            "StartDate": "2026-11-30T10:00:00Z", "StateMachineArn": machine, "Status": "TIMED_OUT",
        });
        assert_eq!((group, values), (ResultGroup::Failed, vec![expected]));
        let (group, values) = told(ItemOutcome::Aborted);
        assert_eq!(
            (group, &values[0]["Status"]),
            (ResultGroup::Failed, &json!("ABORTED"))
        );
        let pending = json!({ "Input": "{\"n\":1}", "InputDetails": { "Included": true }, "Status": "PENDING" });
        assert_eq!(
            told(ItemOutcome::Pending),
            (ResultGroup::Pending, vec![pending])
        );
    }

    #[test]
    fn values_are_a_list_or_lines() {
        let values = || vec![json!({ "a": 1 }), json!("b"), json!([3])];
        assert_eq!(OutputType::Json.output(values()), json!(values()));
        let lines = "{\"a\":1}\n\"b\"\n[3]\n";
        assert_eq!(OutputType::JsonLines.output(values()), json!(lines));
        assert_eq!(OutputType::Json.output(Vec::new()), json!([]));
        assert_eq!(OutputType::JsonLines.output(Vec::new()), json!(""));
    }

    #[test]
    fn files_are_no_larger_than_they_may_be() {
        let texts = |output_type, bytes_max, count: u8| {
            let mut file = ResultFile {
                output_type,
                bytes_max,
                text: None,
                written: Vec::new(),
            };
            let full = (1..=count).filter_map(|it| file.push(&json!(it)));
            let mut texts: Vec<_> = full.collect();
            texts.extend(file.end());
            texts
        };
        assert_eq!(texts(OutputType::Json, 5, 5), ["[1,2]", "[3,4]", "[5]"]);
        let lines = texts(OutputType::JsonLines, 4, 5);
        assert_eq!(lines, ["1\n2\n", "3\n4\n", "5\n"]);
        assert_eq!(texts(OutputType::Json, 1, 5).len(), 5);
        assert!(texts(OutputType::Json, 5, 0).is_empty());
    }

    #[test]
    fn the_manifest_names_all_files() {
        let writer = writer(Transformation::Compact, OutputType::JsonLines);
        let mut files = writer.files(String::from("out/run/"));
        files.files[0].bytes_max = 2;
        assert_eq!(files.push(ResultGroup::Succeeded, &json!(1)), None);
        let full = files.push(ResultGroup::Succeeded, &json!(2));
        let file = |name: &str, text: &str| (format!("out/run/{name}"), text.to_owned());
        assert_eq!(full, Some(file("SUCCEEDED_0.jsonl", "1\n")));
        assert_eq!(files.push(ResultGroup::Pending, &json!("later")), None);
        let (last, manifest) = files.end("bucket", "run");
        assert_eq!(
            last[..2],
            [
                file("SUCCEEDED_1.jsonl", "2\n"),
                file("PENDING_0.jsonl", "\"later\"\n")
            ]
        );
        let (key, text) = &last[2];
        assert_eq!((key.as_str(), key), ("out/run/manifest.json", &manifest));
        let told: Value = serde_json::from_str(text).expect("it is JSON");
        let listed =
            |name: &str, size: usize| json!({ "Key": format!("out/run/{name}"), "Size": size });
        assert_eq!(
            told,
            json!({ "DestinationBucket": "bucket", "MapRunArn": "run", "ResultFiles": {
                "FAILED": [],
                "PENDING": [listed("PENDING_0.jsonl", 8)],
                "SUCCEEDED": [listed("SUCCEEDED_0.jsonl", 2), listed("SUCCEEDED_1.jsonl", 2)],
            } })
        );
    }
}
