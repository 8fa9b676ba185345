//! A call as an HTTP request.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::form::form;
use crate::spelling::text;
use crate::table::{Operation, Place, Protocol, Rest, Service};

/// Characters that are not encoded in a path or a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The same, plus slashes.
const SLASHED: &AsciiSet = &PLAIN.remove(b'/');

/// A request to a service, without its host and its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method, such as `POST`.
    pub method: &'static str,
    /// Begins with `/`.
    pub path_and_query: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Service {
    /// A call of an operation. `token` identifies the call if it is sent twice, if the operation has a member for that
    /// and the parameters do not set it.
    ///
    /// # Errors
    ///
    /// Parameters that are missing or cannot be sent.
    pub fn request(
        &self,
        operation: &Operation,
        parameters: &Value,
        token: &str,
    ) -> Result<Request, String> {
        let mut parameters = match parameters {
            Value::Object(members) => members.clone(),
            Value::Null => Map::new(),
            _ => return Err(String::from("The parameters are not an object")),
        };
        if let Some(member) = operation.token
            && !parameters.contains_key(member)
        {
            parameters.insert(member.to_owned(), Value::from(token));
        }
        if let Some(rest) = &operation.rest {
            return self.placed(rest, parameters);
        }
        let header = |name: &str, value: String| (name.to_owned(), value);
        let (headers, body) = match self.protocol {
            Protocol::Query => (
                vec![header(
                    "content-type",
                    String::from("application/x-www-form-urlencoded; charset=utf-8"),
                )],
                form(self, operation.name, &parameters),
            ),
            _ => (
                vec![
                    header(
                        "content-type",
                        format!("application/x-amz-json-{}", self.version),
                    ),
                    header(
                        "x-amz-target",
                        format!("{}.{}", self.target, operation.name),
                    ),
                ],
                self.to_wire(&Value::Object(parameters)).to_string(),
            ),
        };
        Ok(Request {
            method: "POST",
            path_and_query: String::from("/"),
            headers,
            body: body.into_bytes(),
        })
    }

    /// A call whose parameters are spread over the path, the query, headers and the body.
    fn placed(&self, rest: &Rest, mut parameters: Map<String, Value>) -> Result<Request, String> {
        let mut path = filled(rest.path, &mut parameters)?;
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut body = None;
        for (place, name) in &rest.request {
            let Some(value) = parameters.remove(*name).filter(|it| !it.is_null()) else {
                continue;
            };
            match place {
                Place::Query(wire) => {
                    let values = match value {
                        Value::Array(values) => values,
                        one => vec![one],
                    };
                    for value in values {
                        let mark = if path.contains('?') { '&' } else { '?' };
                        path.push_str(&format!("{mark}{wire}={}", encoded(&text(&value))));
                    }
                }
                Place::Header(wire) => headers.push((wire.to_ascii_lowercase(), listed(&value))),
                Place::Headers(prefix) => {
                    let members = value.as_object().into_iter().flatten();
                    headers.extend(members.map(|(name, value)| {
                        let name = format!("{prefix}{name}");
                        (name.to_ascii_lowercase(), text(value))
                    }));
                }
                Place::Body => body = Some(text(&value)),
                Place::Structure if self.is_textual() => {
                    return Err(format!("The field '{name}' cannot be sent from here"));
                }
                Place::Structure => body = Some(self.to_wire(&value).to_string()),
                Place::Status => {}
            }
        }
        if self.is_textual() && !parameters.is_empty() {
            let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
            let names = names.join("', '");
            return Err(format!("There is no field '{names}' in the request"));
        }
        let has_body = body.is_some() || !matches!(rest.method, "GET" | "HEAD" | "DELETE");
        let body = match body {
            Some(body) => body,
            None if parameters.is_empty() => String::new(),
            None => self.to_wire(&Value::Object(parameters)).to_string(),
        };
        if has_body && !headers.iter().any(|(name, _)| name == "content-type") {
            let kind = match self.protocol {
                Protocol::RestXml => "application/octet-stream",
                _ => "application/json",
            };
            headers.push((String::from("content-type"), kind.to_owned()));
        }
        Ok(Request {
            method: rest.method,
            path_and_query: path,
            headers,
            body: body.into_bytes(),
        })
    }
}

/// A path filled with its parameters, which are removed from `parameters`.
fn filled(path: &str, parameters: &mut Map<String, Value>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, after) = after.split_once('}').unwrap_or((after, ""));
        let (name, set) = match label.strip_suffix('+') {
            Some(name) => (name, SLASHED),
            None => (label, PLAIN),
        };
        let value = parameters.remove(name).map(|it| text(&it));
        let Some(value) = value.filter(|it| !it.is_empty()) else {
            return Err(format!("The field '{name}' is missing"));
        };
        filled.push_str(before);
        filled.extend(utf8_percent_encode(&value, set));
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn listed(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => text(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service;

    fn request(name: &str, operation: &str, parameters: Value) -> Result<Request, String> {
        let service = service(name).expect("it is a service");
        let operation = service.operation(operation).expect("it is an operation");
        service.request(operation, &parameters, "once")
    }

    fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
        let mut headers = request.headers.iter();
        headers.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    fn body(request: &Request) -> Value {
        serde_json::from_slice(&request.body).expect("it is JSON")
    }

    #[test]
    fn each_protocol_has_its_own_form() {
        let sent = request("sqs", "SendMessage", json!({ "QueueUrl": "u" })).expect("it is one");
        assert_eq!(header(&sent, "x-amz-target"), Some("AmazonSQS.SendMessage"));
        assert_eq!(body(&sent), json!({ "QueueUrl": "u" }));
        let named = json!({ "ModelId": "a/b:1", "Messages": [{ "Role": "user" }] });
        let sent = request("bedrockruntime", "Converse", named).expect("it is one");
        assert_eq!(
            (sent.method, sent.path_and_query.as_str()),
            ("POST", "/model/a%2Fb%3A1/converse")
        );
        assert_eq!(body(&sent), json!({ "messages": [{ "role": "user" }] }));
        let job = request("batch", "SubmitJob", json!({ "JobName": "j" })).expect("it is one");
        assert_eq!(job.path_and_query, "/v1/submitjob");
        let secret = request("secretsmanager", "CreateSecret", json!({ "Name": "a" }));
        assert_eq!(
            body(&secret.expect("it is one"))["ClientRequestToken"],
            "once"
        );
        let publish = request(
            "sns",
            "Publish",
            json!({
                "TopicArn": "t", "Message": "a b&c",
                "MessageAttributes": { "kind": { "DataType": "String", "StringValue": "x" } },
            }),
        );
        let publish = publish.expect("it is one");
        let form = String::from_utf8_lossy(&publish.body);
        let mut pairs: Vec<&str> = form.split('&').collect();
        pairs.sort_unstable();
        assert_eq!(
            pairs,
            [
                "Action=Publish",
                "Message=a%20b%26c",
                "MessageAttributes.entry.1.Name=kind",
                "MessageAttributes.entry.1.Value.DataType=String",
                "MessageAttributes.entry.1.Value.StringValue=x",
                "TopicArn=t",
                "Version=2010-03-31",
            ]
        );
    }

    #[test]
    fn objects_have_paths_and_headers() {
        let put = json!({
            "Bucket": "b", "Key": "a b/c.json", "Body": { "x": 1 }, "ContentType": "text/x", "Metadata": { "By": "me" },
        });
        let sent = request("s3", "PutObject", put).expect("it is one");
        assert_eq!(
            (sent.method, sent.path_and_query.as_str()),
            ("PUT", "/b/a%20b/c.json")
        );
        assert_eq!(sent.body, b"{\"x\":1}");
        assert_eq!(header(&sent, "content-type"), Some("text/x"));
        assert_eq!(header(&sent, "x-amz-meta-by"), Some("me"));
        let list = request(
            "s3",
            "ListObjectsV2",
            json!({ "Bucket": "b", "Prefix": "x/" }),
        );
        let list = list.expect("it is one").path_and_query;
        assert_eq!(list, "/b?list-type=2&prefix=x%2F");
        let missing = request("s3", "GetObject", json!({ "Bucket": "b" }));
        assert_eq!(missing, Err(String::from("The field 'Key' is missing")));
        let unknown = request("s3", "HeadBucket", json!({ "Bucket": "b", "Kee": 1 }));
        assert!(unknown.is_err_and(|it| it.contains("'Kee'")));
    }
}
