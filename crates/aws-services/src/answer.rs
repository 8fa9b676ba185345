//! The answers of services.

use serde_json::{Map, Value};

use crate::spelling::{Style, text};
use crate::table::{Operation, Place, Protocol, Service};
use crate::xml::{self, Element};

/// An HTTP answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status, such as 200.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

/// A service's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The service's code, such as `NotFound`.
    pub code: String,
    /// The exception for it in the service's model, such as `NotFoundException`.
    pub exception: Option<String>,
    /// The service's message.
    pub message: String,
}

impl Answer<'_> {
    /// A header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Service {
    /// The result of an operation.
    ///
    /// # Errors
    ///
    /// The service's refusal, or one for an answer that cannot be read.
    pub fn result(
        &self,
        operation: &Operation,
        answer: &Answer<'_>,
        style: Style,
    ) -> Result<Value, Refusal> {
        if !answer.is_success() {
            return Err(self.refusal(answer));
        }
        let garbled = |problem: &str| Refusal {
            code: String::from("SdkClientException"),
            exception: None,
            message: format!(
                "The answer to {} is not understood: {problem}",
                operation.name
            ),
        };
        let text = std::str::from_utf8(answer.body);
        let body = |is_needed: bool| match text {
            Ok(text) if text.trim().is_empty() && !is_needed => Ok(None),
            Ok(text) if self.is_textual() => match xml::parse(text) {
                Some(root) => Ok(Some(self.of_xml(&root))),
                None => Err(garbled("it is no XML")),
            },
            Ok(text) => match serde_json::from_str(text) {
                Ok(value) => Ok(Some(self.told(&value, style))),
                Err(error) => Err(garbled(&error.to_string())),
            },
            Err(_) => Err(garbled("it is no text")),
        };
        let Some(rest) = &operation.rest else {
            if self.protocol == Protocol::Query {
                let root = text.ok().and_then(xml::parse);
                let root = root.ok_or_else(|| garbled("it is no XML"))?;
                let result = root.child(&format!("{}Result", operation.name));
                let result = result.map(|it| self.of_xml(it));
                return Ok(result.unwrap_or_else(|| Value::Object(Map::new())));
            }
            let value = body(false)?;
            return Ok(value.unwrap_or_else(|| Value::Object(Map::new())));
        };
        let mut members = Map::new();
        let mut has_body = true;
        for (place, name) in &rest.answer {
            let value = match place {
                Place::Body => {
                    has_body = false;
                    let bytes = answer.body.to_vec();
                    let text = String::from_utf8(bytes);
                    Value::from(text.map_err(|_| garbled("its body is no text"))?)
                }
                Place::Structure => {
                    has_body = false;
                    match body(false)? {
                        Some(value) => value,
                        None => continue,
                    }
                }
                Place::Status => Value::from(answer.status),
                Place::Header(wire) => match answer.header(&wire.to_ascii_lowercase()) {
                    Some(value) => self.typed(name, value),
                    None => continue,
                },
                Place::Headers(prefix) => {
                    let prefix = prefix.to_ascii_lowercase();
                    let headers = answer.headers.iter();
                    let found = headers.filter_map(|(name, value)| {
                        let name = name.strip_prefix(&prefix)?;
                        Some((name.to_owned(), Value::from(value.as_str())))
                    });
                    Value::Object(found.collect())
                }
                Place::Query(_) => continue,
            };
            members.insert((*name).to_owned(), value);
        }
        if has_body && let Some(Value::Object(body)) = body(false)? {
            members.extend(body);
        }
        Ok(Value::Object(members))
    }

    /// An element as a structure.
    fn of_xml(&self, element: &Element) -> Value {
        let mut members = Map::new();
        for child in &element.children {
            let name = self.java_name(&child.name, Style::Sdk);
            if self.flat.contains(name.as_str()) {
                let items = members
                    .entry(name)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = items {
                    items.push(self.value_of_xml("", child));
                }
                continue;
            }
            let value = self.value_of_xml(&name, child);
            members.insert(name, value);
        }
        Value::Object(members)
    }

    fn value_of_xml(&self, name: &str, element: &Element) -> Value {
        let children = &element.children;
        let is_list = match self.protocol {
            Protocol::Query => children.iter().all(|it| it.name == "member"),
            _ => true,
        };
        if self.lists.contains(name) && is_list {
            return children
                .iter()
                .map(|it| self.value_of_xml("", it))
                .collect();
        }
        if let Some((key_name, value_name)) = self.maps.get(name) {
            let entries = children.iter().filter(|it| it.name == "entry");
            let entries = entries.filter_map(|entry| {
                let value = entry.child(value_name)?;
                Some((
                    entry.child(key_name)?.text.clone(),
                    self.value_of_xml("", value),
                ))
            });
            return Value::Object(entries.collect());
        }
        match children.is_empty() {
            true => self.typed(name, &element.text),
            false => self.of_xml(element),
        }
    }

    fn refusal(&self, answer: &Answer<'_>) -> Refusal {
        let json: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let xml = std::str::from_utf8(answer.body).ok().and_then(xml::parse);
        let in_xml = |name: &str| {
            let found = xml.as_ref()?.find(name)?;
            Some(found.text.clone())
        };
        let in_json = |names: [&str; 2]| {
            let mut names = names.iter();
            names.find_map(|name| json.get(name)).map(text)
        };
        let code = in_json(["__type", "code"])
            .or_else(|| in_xml("Code"))
            .or_else(|| answer.header("x-amzn-errortype").map(str::to_owned))
            .unwrap_or_else(|| match (answer.status, self.name) {
                // The answer to `HEAD` has no body.
                (404, "s3") => String::from("NoSuchKey"),
                (status, _) => format!("Status{status}"),
            });
        let message = in_json(["message", "Message"])
            .or_else(|| in_xml("Message"))
            .unwrap_or_default();
        self.refused(&code, message)
    }

    /// A refusal with a code, which may have a prefix before a `#` and a suffix after a `:`.
    #[must_use]
    pub fn refused(&self, code: &str, message: String) -> Refusal {
        let code = code.rsplit('#').next().unwrap_or(code);
        let code = code.split(':').next().unwrap_or(code).to_owned();
        let exception = self.errors.get(code.as_str());
        // Some services still use their error names of the query protocol.
        let exception = exception.or_else(|| self.errors.values().find(|it| **it == code));
        Refusal {
            exception: exception.map(|it| (*it).to_owned()),
            message,
            code,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service;

    fn answered(
        name: &str,
        operation: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Value, Refusal> {
        let service = service(name).expect("it is a service");
        let operation = service.operation(operation).expect("it is an operation");
        let headers = headers.iter();
        let headers: Vec<(String, String)> = headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let answer = Answer {
            status,
            headers: &headers,
            body: body.as_bytes(),
        };
        service.result(operation, &answer, Style::Sdk)
    }

    #[test]
    fn results_are_spelled_alike_whatever_the_protocol() {
        let sent = answered(
            "sqs",
            "SendMessage",
            200,
            &[],
            r#"{"MD5OfMessageBody": "m"}"#,
        );
        assert_eq!(sent, Ok(json!({ "Md5OfMessageBody": "m" })));
        let published = "<PublishResponse xmlns=\"x\"><PublishResult><MessageId>1</MessageId></PublishResult>\
            <ResponseMetadata><RequestId>2</RequestId></ResponseMetadata></PublishResponse>";
        let published = answered("sns", "Publish", 200, &[], published);
        assert_eq!(published, Ok(json!({ "MessageId": "1" })));
        let topics = "<ListTopicsResponse><ListTopicsResult><Topics><member><TopicArn>a</TopicArn></member></Topics>\
            </ListTopicsResult></ListTopicsResponse>";
        let topics = answered("sns", "ListTopics", 200, &[], topics);
        assert_eq!(topics, Ok(json!({ "Topics": [{ "TopicArn": "a" }] })));
        assert_eq!(
            answered("dynamodb", "PutItem", 200, &[], "{}"),
            Ok(json!({}))
        );
        assert_eq!(
            answered("secretsmanager", "ListSecrets", 200, &[], ""),
            Ok(json!({}))
        );
    }

    #[test]
    fn objects_are_texts_with_what_their_headers_say() {
        let headers = [
            ("content-length", "2"),
            ("last-modified", "Tue, 14 Nov 2023 22:13:20 GMT"),
            ("etag", "\"e\""),
            ("x-amz-meta-by", "me"),
        ];
        assert_eq!(
            answered("s3", "GetObject", 200, &headers, "hi"),
            Ok(json!({
                "Body": "hi", "ContentLength": 2, "ETag": "\"e\"", "LastModified": "2023-11-14T22:13:20Z",
                "Metadata": { "by": "me" },
            }))
        );
        let list = "<?xml version=\"1.0\"?><ListBucketResult><Name>b</Name><KeyCount>1</KeyCount>\
            <IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>3</Size></Contents></ListBucketResult>";
        assert_eq!(
            answered("s3", "ListObjectsV2", 200, &[], list),
            Ok(json!({
                "Name": "b", "KeyCount": 1, "IsTruncated": false, "Contents": [{ "Key": "k", "Size": 3 }],
            }))
        );
    }

    #[test]
    fn refusals_have_the_names_of_the_model() {
        let refused = |name: &str, operation: &str, headers: &[(&str, &str)], body: &str| {
            let refused = answered(name, operation, 400, headers, body).expect_err("it is refused");
            (refused.code, refused.exception, refused.message)
        };
        let body = r#"{"__type": "com.amazonaws#ResourceNotFoundException", "Message": "no"}"#;
        let name = String::from("ResourceNotFoundException");
        assert_eq!(
            refused("secretsmanager", "GetSecretValue", &[], body),
            (name.clone(), Some(name), String::from("no"))
        );
        let body = "<ErrorResponse><Error><Code>NotFound</Code><Message>no topic</Message></Error></ErrorResponse>";
        let (code, exception, _) = refused("sns", "Publish", &[], body);
        assert_eq!(
            (code.as_str(), exception.as_deref()),
            ("NotFound", Some("NotFoundException"))
        );
        let kind = [("x-amzn-errortype", "ValidationException:http://x")];
        let (code, ..) = refused("bedrockruntime", "Converse", &kind, r#"{"message": "m"}"#);
        assert_eq!(code, "ValidationException");
        let missing = answered("s3", "HeadObject", 404, &[], "").expect_err("it is refused");
        assert_eq!(missing.exception.as_deref(), Some("NoSuchKey"));
        let garbled =
            answered("sqs", "SendMessage", 200, &[], "<html>").expect_err("it is no JSON");
        assert_eq!(garbled.code, "SdkClientException");
    }
}
