//! The data about each service.
//!
//! A service is a line `service NAME PREFIX PROTOCOL VERSION TARGET ENDPOINT SIGNED`, and lines that list kinds of its
//! members: `names` whose spelling on the wire is irregular, `maps`, whose keys stay as they are, `documents`, `times`
//! and so on, and `errors`. Then come its operations: in one line, or a line each with the members in the path
//! (`{Name}`, `{Name+}` with slashes), in the query (`?wire=Name`), in a header (`^wire=Name`, `^*prefix=Name`), or
//! those that are the whole body (`*Name` as it is, `&Name` as a structure); an entry that begins with `<` is in the
//! answer. `!Name` is a token that makes a repeated call take effect once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A service.
#[derive(Debug)]
pub struct Service {
    /// Its name in state machines: `aws-sdk:NAME:…`.
    pub name: &'static str,
    /// The prefix of its errors.
    pub prefix: &'static str,
    /// Its protocol.
    pub protocol: Protocol,
    /// The first part of the host's name.
    pub endpoint: &'static str,
    /// The service name in signatures.
    pub signing_name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) target: &'static str,
    pub(crate) is_camel: bool,
    /// Java's name and the wire's.
    pub(crate) names: BTreeMap<&'static str, &'static str>,
    pub(crate) java_names: BTreeMap<&'static str, &'static str>,
    /// Maps, with the names of their keys and values in a form.
    pub(crate) maps: BTreeMap<&'static str, (&'static str, &'static str)>,
    pub(crate) documents: BTreeSet<&'static str>,
    pub(crate) times: BTreeSet<&'static str>,
    pub(crate) blobs: BTreeSet<&'static str>,
    /// Texts for which any value may be given, which is then sent as JSON.
    pub(crate) texts: BTreeSet<&'static str>,
    pub(crate) lists: BTreeSet<&'static str>,
    pub(crate) flat: BTreeSet<&'static str>,
    pub(crate) numbers: BTreeSet<&'static str>,
    pub(crate) booleans: BTreeSet<&'static str>,
    /// Exceptions by their codes.
    pub(crate) errors: BTreeMap<&'static str, &'static str>,
    operations: BTreeMap<&'static str, Operation>,
}

/// The protocol of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JSON, with the operation in a header.
    Json,
    /// A form, answered in XML.
    Query,
    /// Paths, with JSON.
    RestJson,
    /// Paths, with XML.
    RestXml,
}

/// An operation of a service.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Such as `PutItem`.
    pub name: &'static str,
    pub(crate) token: Option<&'static str>,
    pub(crate) rest: Option<Rest>,
}

/// The places of the parts of a request and of its answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rest {
    pub method: &'static str,
    pub path: &'static str,
    pub request: Vec<(Place, &'static str)>,
    pub answer: Vec<(Place, &'static str)>,
}

/// The place of a member that is not a normal member of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Query(&'static str),
    Header(&'static str),
    Headers(&'static str),
    Status,
    /// The whole body.
    Body,
    /// The whole body, as a structure.
    Structure,
}

static SERVICES: LazyLock<BTreeMap<&'static str, Service>> =
    LazyLock::new(|| read(include_str!("table.txt")));

/// The service with this name in state machines.
#[must_use]
pub fn service(name: &str) -> Option<&'static Service> {
    SERVICES.get(name)
}

impl Service {
    /// The operation of this name, such as `PutItem`.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }
}

fn read(text: &'static str) -> BTreeMap<&'static str, Service> {
    let mut services: Vec<Service> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (title, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words = rest.split(' ').filter(|word| !word.is_empty());
        if title == "service" {
            services.push(begin(words.collect()));
            continue;
        }
        let Some(service) = services.last_mut() else {
            continue;
        };
        match title {
            "camel" => service.is_camel = true,
            "names" => {
                service.names = words.filter_map(|it| it.split_once('=')).collect();
                service.java_names = service
                    .names
                    .iter()
                    .map(|(java, wire)| (*wire, *java))
                    .collect();
            }
            "maps" => service.maps = words.map(map).collect(),
            "documents" => service.documents = words.collect(),
            "times" => service.times = words.collect(),
            "blobs" => service.blobs = words.collect(),
            "texts" => service.texts = words.collect(),
            "lists" => service.lists = words.collect(),
            "flat" => service.flat = words.collect(),
            "numbers" => service.numbers = words.collect(),
            "booleans" => service.booleans = words.collect(),
            "errors" => {
                let errors = words.map(|it| it.split_once('=').unwrap_or((it, it)));
                service.errors = errors.collect();
            }
            "operations" => {
                let operations = words.map(|it| operation(it, None));
                service.operations = operations.map(|it| (it.name, it)).collect();
            }
            name => {
                let operation = operation(name, Some(placed(words)));
                service.operations.insert(operation.name, operation);
            }
        }
    }
    services.into_iter().map(|it| (it.name, it)).collect()
}

fn begin(words: Vec<&'static str>) -> Service {
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    Service {
        name: word(0),
        prefix: word(1),
        protocol: match word(2) {
            "query" => Protocol::Query,
            "rest-json" => Protocol::RestJson,
            "rest-xml" => Protocol::RestXml,
            _ => Protocol::Json,
        },
        version: word(3),
        target: word(4),
        endpoint: word(5),
        signing_name: word(6),
        is_camel: false,
        names: BTreeMap::new(),
        java_names: BTreeMap::new(),
        maps: BTreeMap::new(),
        documents: BTreeSet::new(),
        times: BTreeSet::new(),
        blobs: BTreeSet::new(),
        texts: BTreeSet::new(),
        lists: BTreeSet::new(),
        flat: BTreeSet::new(),
        numbers: BTreeSet::new(),
        booleans: BTreeSet::new(),
        errors: BTreeMap::new(),
        operations: BTreeMap::new(),
    }
}

fn map(word: &'static str) -> (&'static str, (&'static str, &'static str)) {
    let mut parts = word.split(':');
    let name = parts.next().unwrap_or_default();
    (
        name,
        (
            parts.next().unwrap_or("key"),
            parts.next().unwrap_or("value"),
        ),
    )
}

fn operation(word: &'static str, rest: Option<Rest>) -> Operation {
    let (name, token) = match word.split_once('!') {
        Some((name, token)) => (name, Some(token)),
        None => (word, None),
    };
    Operation { name, token, rest }
}

fn placed(mut words: impl Iterator<Item = &'static str>) -> Rest {
    let mut rest = Rest {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        ..Rest::default()
    };
    for word in words {
        let (word, side) = match word.strip_prefix('<') {
            Some(word) => (word, &mut rest.answer),
            None => (word, &mut rest.request),
        };
        let (wire, name) = word.split_once('=').unwrap_or((word, &word[1..]));
        let place = match word.as_bytes() {
            [b'?', ..] => Place::Query(&wire[1..]),
            [b'^', b'*', ..] => Place::Headers(&wire[2..]),
            [b'^', ..] => Place::Header(&wire[1..]),
            [b'#', ..] => Place::Status,
            [b'*', ..] => Place::Body,
            _ => Place::Structure,
        };
        side.push((place, name));
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_read() {
        let sqs = service("sqs").expect("SQS is one");
        assert_eq!(
            (sqs.prefix, sqs.protocol, sqs.target, sqs.version),
            ("Sqs", Protocol::Json, "AmazonSQS", "1.0")
        );
        assert!(sqs.operation("SendMessage").is_some() && sqs.operation("FooBar").is_none());
        let email = service("sesv2").expect("SES is one");
        assert_eq!((email.endpoint, email.signing_name), ("email", "ses"));
        let batch = service("batch").expect("Batch is one");
        assert!(batch.is_camel);
        let submit = batch.operation("SubmitJob").and_then(|it| it.rest.as_ref());
        assert_eq!(submit.map(|it| it.path), Some("/v1/submitjob"));
        for service in SERVICES.values() {
            assert!(!service.operations.is_empty(), "{}", service.name);
            assert!(!service.signing_name.is_empty(), "{}", service.name);
        }
    }
}
