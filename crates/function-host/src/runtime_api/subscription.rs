//! An extension's subscription to the Telemetry API.

use std::time::Duration;

use serde::Deserialize;

/// A subscription, within Lambda's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) types: TelemetryTypes,
    pub(crate) destination: Destination,
    pub(crate) items_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) wait: Duration,
}

/// The streams that an extension subscribes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TelemetryTypes {
    pub(crate) platform: bool,
    pub(crate) function: bool,
    pub(crate) extension: bool,
}

/// The destination of events: always this machine, under any of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) port: u16,
    /// `host:port` as the extension wrote it.
    pub(crate) authority: String,
    pub(crate) path: String,
}

/// The names by which extensions know the machine that they run on.
const OWN_NAMES: [&str; 4] = [
    "sandbox.localdomain",
    "sandbox.local",
    "localhost",
    "127.0.0.1",
];

#[derive(Deserialize)]
struct Document {
    types: Vec<String>,
    #[serde(default)]
    buffering: Buffering,
    destination: DestinationDocument,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Buffering {
    max_items: Option<usize>,
    max_bytes: Option<usize>,
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
struct DestinationDocument {
    protocol: String,
    #[serde(rename = "URI")]
    uri: Option<String>,
}

/// Reads a subscription.
///
/// # Errors
/// The problem with it.
pub(super) fn parse(body: &[u8]) -> Result<Subscription, String> {
    let document: Document = serde_json::from_slice(body).map_err(|cause| cause.to_string())?;
    let mut types = TelemetryTypes::default();
    for name in &document.types {
        match &**name {
            "platform" => types.platform = true,
            "function" => types.function = true,
            "extension" => types.extension = true,
            other => {
                return Err(format!(
                    "`{other}` is no type: platform, function and extension are"
                ));
            }
        }
    }
    if document.destination.protocol != "HTTP" {
        return Err("the destination's protocol must be HTTP".to_owned());
    }
    let uri = document.destination.uri.unwrap_or_default();
    // Source: Telemetry API reference, "Buffering": minimum, maximum and default of each.
    let buffering = document.buffering;
    Ok(Subscription {
        types,
        destination: destination(&uri)?,
        items_max: buffering.max_items.unwrap_or(10_000).clamp(1_000, 10_000),
        bytes_max: buffering
            .max_bytes
            .unwrap_or(262_144)
            .clamp(262_144, 1_048_576),
        wait: Duration::from_millis(buffering.timeout_ms.unwrap_or(1_000).clamp(25, 30_000)),
    })
}

fn destination(uri: &str) -> Result<Destination, String> {
    let parsed: http::Uri = uri
        .parse()
        .map_err(|_| format!("the destination's URI `{uri}` is none"))?;
    let host = parsed.host().unwrap_or_default();
    if parsed.scheme_str() != Some("http") || !OWN_NAMES.contains(&host) {
        return Err(format!(
            "the destination's URI `{uri}` must begin with `http://sandbox.localdomain:PORT`"
        ));
    }
    let port = parsed.port_u16().unwrap_or(80);
    let path = parsed.path_and_query();
    Ok(Destination {
        port,
        authority: format!("{host}:{port}"),
        path: path.map_or_else(|| "/".to_owned(), ToString::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_held_to_lambdas_limits() {
        let body = br#"{"schemaVersion":"2022-12-13","types":["platform","function"],
            "buffering":{"maxItems":1,"timeoutMs":1},"destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:8080/a"}}"#;
        let subscription = parse(body).expect("it is valid");
        assert!(subscription.types.platform && !subscription.types.extension);
        assert_eq!(subscription.items_max, 1_000);
        assert_eq!(subscription.wait, Duration::from_millis(25));
        assert_eq!(subscription.destination.port, 8080);
        assert_eq!(subscription.destination.path, "/a");
    }

    #[test]
    fn nothing_is_sent_to_other_machines() {
        for uri in ["http://example.com/", "https://localhost/", "localhost", ""] {
            assert!(destination(uri).is_err(), "{uri}");
        }
    }
}
