//! The document of one segment or subsegment: its members, their permitted contents, and the limit of its size.
//! Source: X-Ray Developer Guide, "Segment documents" (read 2026-11-23).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::text::bounded;

/// Largest document in bytes, X-Ray's own limit ("Segment documents", read 2026-11-23); 64 kB are taken as 64,000
/// so that header line and document also fit into one UDP datagram (65,507 bytes).
pub const DOCUMENT_BYTES_MAX: usize = 64_000;
/// Most characters of a name. Source: the same page, field `name`.
const NAME_CHARS_MAX: usize = 200;
/// Most annotations of one document; X-Ray indexes up to 50 per trace. Source: the same page, "Annotations".
const ANNOTATIONS_MAX: usize = 50;
/// Most bytes of an annotation's text; X-Ray keeps 1,000 characters.
const ANNOTATION_BYTES_MAX: usize = 1000;
/// Most bytes of an error message; escaped at worst sixfold, a document with one still fits.
const MESSAGE_BYTES_MAX: usize = 4096;

/// The place of a document: its trace, and its parent.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) trace_id: String,
    pub(crate) parent_id: Option<String>,
}

/// A value that traces can be searched by.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Annotation {
    /// A text; more than 1,000 bytes are cut.
    Text(String),
    /// A number.
    Integer(i64),
    /// A number; infinity and NaN become a text, since JSON has no such numbers.
    Float(f64),
    /// True or false.
    Bool(bool),
}

impl From<&str> for Annotation {
    fn from(text: &str) -> Self {
        Self::Text(bounded(text, ANNOTATION_BYTES_MAX).into_owned())
    }
}

impl From<String> for Annotation {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<i64> for Annotation {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Annotation {
    fn from(number: f64) -> Self {
        if number.is_finite() {
            Self::Float(number)
        } else {
            Self::Text(number.to_string())
        }
    }
}

impl From<bool> for Annotation {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// The call of an AWS service.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AwsCall {
    pub(crate) operation: String,
}

/// Why a subsegment is a fault.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Exception {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

impl Exception {
    pub(crate) fn new(id: String, kind: &str, message: &str) -> Self {
        let kind = bounded(kind, NAME_CHARS_MAX).into_owned();
        Self {
            id,
            kind,
            message: bounded(message, MESSAGE_BYTES_MAX).into_owned(),
        }
    }
}

/// The data that a subsegment gathers while it is open.
#[derive(Default, Debug)]
pub(crate) struct Notes {
    annotations: BTreeMap<String, Annotation>,
    metadata: BTreeMap<String, BTreeMap<String, Value>>,
    pub(crate) exception: Option<Exception>,
}

impl Notes {
    /// X-Ray drops annotations whose keys hold anything but letters, digits and underscores.
    pub(crate) fn annotate(&mut self, key: &str, value: Annotation) {
        let key: String = key
            .chars()
            .take(NAME_CHARS_MAX)
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '_'
                }
            })
            .collect();
        if self.annotations.len() < ANNOTATIONS_MAX || self.annotations.contains_key(&key) {
            self.annotations.insert(key, value);
        }
    }

    pub(crate) fn add_metadata(&mut self, namespace: &str, key: &str, value: Value) {
        self.metadata
            .entry(namespace.to_owned())
            .or_default()
            .insert(key.to_owned(), value);
    }
}

/// A finished document.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    pub(crate) place: &'a Place,
    /// Seconds since the epoch.
    pub(crate) start_time: f64,
    /// Seconds since the epoch.
    pub(crate) end_time: f64,
    pub(crate) aws: Option<&'a AwsCall>,
    pub(crate) notes: &'a Notes,
}

#[derive(Serialize)]
struct Wire<'a> {
    name: &'a str,
    id: &'a str,
    trace_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    start_time: f64,
    end_time: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws: Option<&'a AwsCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Cause<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, Annotation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
}

#[derive(Serialize)]
struct Cause<'a> {
    working_directory: &'static str,
    exceptions: [&'a Exception; 1],
}

impl Document<'_> {
    /// The document as JSON, at most [`DOCUMENT_BYTES_MAX`] long: metadata goes first, then annotations.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let name = valid_name(self.name);
        let below = self.place.parent_id.as_deref();
        let notes = self.notes;
        let mut wire = Wire {
            name: &name,
            id: self.id,
            trace_id: &self.place.trace_id,
            parent_id: below,
            kind: below.map(|_| "subsegment"),
            start_time: self.start_time,
            end_time: self.end_time,
            origin: below.is_none().then_some("AWS::Lambda::Function"),
            namespace: self.aws.map(|_| "aws"),
            aws: self.aws,
            fault: notes.exception.is_some().then_some(true),
            cause: notes.exception.as_ref().map(|exception| Cause {
                working_directory: "",
                exceptions: [exception],
            }),
            annotations: Some(&notes.annotations).filter(|annotations| !annotations.is_empty()),
            metadata: (!notes.metadata.is_empty()).then(|| {
                serde_json::to_value(&notes.metadata).expect("JSON values under text keys are JSON")
            }),
        };
        let bytes = wire.to_json();
        if bytes.len() <= DOCUMENT_BYTES_MAX {
            return bytes;
        }
        wire.metadata = Some(metadata_dropped(bytes.len()));
        let bytes = wire.to_json();
        if bytes.len() <= DOCUMENT_BYTES_MAX {
            return bytes;
        }
        wire.annotations = None;
        let bytes = wire.to_json();
        assert!(
            bytes.len() <= DOCUMENT_BYTES_MAX,
            "bounded names and messages fit into a document"
        );
        bytes
    }
}

impl Wire<'_> {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a document is made of texts, numbers and JSON values")
    }
}

/// Names are letters, digits, spaces and some signs; otherwise X-Ray rejects the whole document.
fn valid_name(name: &str) -> String {
    let valid: String = name
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " _.:/%&#=+\\-@".contains(*letter))
        .take(NAME_CHARS_MAX)
        .collect();
    if valid.trim().is_empty() {
        "unnamed".to_owned()
    } else {
        valid
    }
}

/// The replacement for metadata that would have made a document too large.
fn metadata_dropped(bytes: usize) -> Value {
    json!({ "powertools": { "dropped": format!("metadata, document of {bytes} bytes") } })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    fn place(parent_id: Option<&str>) -> Place {
        let trace_id = "1-5759e988-bd862e3fe1be46a994272793".to_owned();
        Place {
            trace_id,
            parent_id: parent_id.map(str::to_owned),
        }
    }

    fn document(name: &str, place: &Place, notes: &Notes) -> Vec<u8> {
        let document = Document {
            name,
            id: "00f067aa0ba902b7",
            place,
            start_time: 1.5,
            end_time: 2.25,
            aws: None,
            notes,
        };
        document.to_json()
    }

    #[test]
    fn failed_method_is_a_subsegment_with_its_cause() {
        let mut notes = Notes::default();
        notes.annotate("application id", "LOAN-1".into());
        notes.annotate("Attempt", 2.into());
        notes.add_metadata("LoanApi", "response", json!({ "statusCode": 500 }));
        notes.exception = Some(Exception::new(
            "a1b2c3d4e5f60718".to_owned(),
            "Error",
            "table is \"gone\"",
        ));
        let bytes = document("## apply", &place(Some("53995c3f42cd8ad8")), &notes);
        expect![[r###"{"name":"## apply","id":"00f067aa0ba902b7","trace_id":"1-5759e988-bd862e3fe1be46a994272793","parent_id":"53995c3f42cd8ad8","type":"subsegment","start_time":1.5,"end_time":2.25,"fault":true,"cause":{"working_directory":"","exceptions":[{"id":"a1b2c3d4e5f60718","type":"Error","message":"table is \"gone\""}]},"annotations":{"Attempt":2,"application_id":"LOAN-1"},"metadata":{"LoanApi":{"response":{"statusCode":500}}}}"###]].assert_eq(std::str::from_utf8(&bytes).unwrap());
    }

    #[test]
    fn without_a_parent_it_is_a_segment() {
        let bytes = document("LoanApi", &place(None), &Notes::default());
        expect![[r#"{"name":"LoanApi","id":"00f067aa0ba902b7","trace_id":"1-5759e988-bd862e3fe1be46a994272793","start_time":1.5,"end_time":2.25,"origin":"AWS::Lambda::Function"}"#]].assert_eq(std::str::from_utf8(&bytes).unwrap());
    }

    #[test]
    fn metadata_goes_before_annotations() {
        let mut notes = Notes::default();
        notes.annotate("kept", true.into());
        notes.add_metadata("big", "payload", "x".repeat(DOCUMENT_BYTES_MAX).into());
        let value: Value = serde_json::from_slice(&document("m", &place(None), &notes)).unwrap();
        assert_eq!(value["annotations"], json!({ "kept": true }));
        assert!(
            value["metadata"]["powertools"]["dropped"].is_string(),
            "{value}"
        );
    }

    proptest! {
        #[test]
        fn hostile_notes_stay_valid_and_small(
            name in any::<String>(),
            annotations in prop::collection::vec((any::<String>(), "\\PC{0,3}|[\\x00-\\x1f]{900,1100}"), 0..80),
            message in "[\\x00-\\x1f\"\\\\é]{0,6000}",
        ) {
            let mut notes = Notes::default();
            for (key, value) in annotations {
                notes.annotate(&key, value.into());
            }
            notes.annotate("nan", f64::NAN.into());
            notes.add_metadata(&name, &message, message.as_str().into());
            notes.exception = Some(Exception::new("a1b2c3d4e5f60718".to_owned(), &name, &message));
            let bytes = document(&name, &place(Some("53995c3f42cd8ad8")), &notes);
            prop_assert!(bytes.len() <= DOCUMENT_BYTES_MAX, "{} bytes", bytes.len());
            let value: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert!(!value["name"].as_str().unwrap().is_empty());
            prop_assert_eq!(&value["fault"], &json!(true));
        }
    }
}
