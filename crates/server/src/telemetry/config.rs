//! The variables that OpenTelemetry defines for exporters.
//!
//! Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "General SDK
//! Configuration".

use std::collections::BTreeMap;

use hyper::Uri;
use percent_encoding::percent_decode_str;
use thiserror::Error;

/// Where traces go, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// Where they are sent, path and all.
    pub endpoint: Uri,
    /// How they are written.
    pub protocol: Protocol,
    /// Sent with each request.
    pub headers: Vec<(String, String)>,
    /// What all spans say of where they come from; `service.name` among it.
    pub resource: BTreeMap<String, String>,
}

/// How OTLP is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `http/protobuf`, the default.
    Protobuf,
    /// `http/json`.
    Json,
}

/// Why the variables ask for something that is not done. Nothing is exported then.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TelemetryError {
    /// Another protocol.
    #[error(
        "traces are not exported: the protocol `{0}` is not supported; set \
         OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf or http/json (port 4318 of most collectors)"
    )]
    Protocol(String),
    /// No URL, or one of another scheme.
    #[error(
        "traces are not exported: `{0}` is no http:// URL; send them to a collector on this machine"
    )]
    Endpoint(String),
}

impl OtlpConfig {
    /// What the variables say; none when they do not ask for an export.
    ///
    /// # Errors
    /// When they ask for something that is not done.
    pub fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TelemetryError> {
        // An empty variable counts as absent.
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let is_disabled =
            variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let exporter = variable("OTEL_TRACES_EXPORTER").unwrap_or_else(|| "otlp".to_owned());
        if is_disabled || !exporter.split(',').any(|name| name.trim() == "otlp") {
            return Ok(None);
        }
        let of_traces = |name: &str| {
            variable(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
                .or_else(|| variable(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        let endpoint = match variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
            Some(url) => url,
            None => match variable("OTEL_EXPORTER_OTLP_ENDPOINT") {
                Some(base) => format!("{}/v1/traces", base.trim_end_matches('/')),
                None => return Ok(None),
            },
        };
        let protocol = match of_traces("PROTOCOL").as_deref() {
            None | Some("http/protobuf") => Protocol::Protobuf,
            Some("http/json") => Protocol::Json,
            Some(other) => return Err(TelemetryError::Protocol(other.to_owned())),
        };
        let uri: Option<Uri> = endpoint.parse().ok();
        let is_http = |uri: &Uri| uri.scheme_str() == Some("http") && uri.authority().is_some();
        let Some(uri) = uri.filter(is_http) else {
            return Err(TelemetryError::Endpoint(endpoint));
        };
        let mut resource: BTreeMap<String, String> =
            pairs(&variable("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default()).collect();
        if let Some(name) = variable("OTEL_SERVICE_NAME") {
            resource.insert("service.name".to_owned(), name);
        }
        resource
            .entry("service.name".to_owned())
            .or_insert_with(|| "lambdura".to_owned());
        Ok(Some(Self {
            endpoint: uri,
            protocol,
            headers: pairs(&of_traces("HEADERS").unwrap_or_default()).collect(),
            resource,
        }))
    }
}

/// `a=1,b=two%20words`.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let decoded = percent_decode_str(value.trim()).decode_utf8_lossy();
        Some((name.trim().to_owned(), decoded.into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<OtlpConfig>, TelemetryError> {
        OtlpConfig::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_is_exported_unless_an_endpoint_is_named() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(None));
        assert_eq!(read(&[endpoint, ("OTEL_SDK_DISABLED", "true")]), Ok(None));
        assert_eq!(
            read(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]),
            Ok(None)
        );
    }

    #[test]
    fn variables_of_traces_count_more() {
        let config = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/"),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Bearer%20x, a = b",
            ),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_SERVICE_NAME", "loans"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=other,deployment.environment=test",
            ),
        ]);
        let config = config.expect("it is supported").expect("it is asked for");
        assert_eq!(config.endpoint, "http://localhost:4318/v1/traces");
        assert_eq!(config.protocol, Protocol::Json);
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            config.headers,
            [header("authorization", "Bearer x"), header("a", "b")]
        );
        assert_eq!(config.resource["service.name"], "loans");
        assert_eq!(config.resource["deployment.environment"], "test");
    }

    #[test]
    fn what_is_not_done_is_said() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317");
        let grpc = read(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert_eq!(grpc, Err(TelemetryError::Protocol("grpc".to_owned())));
        for url in ["https://example.com", "localhost:4318", "not a url"] {
            let answer = read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url)]);
            assert_eq!(answer, Err(TelemetryError::Endpoint(url.to_owned())));
        }
    }
}
