//! Whether and where traces are exported, by the variables that OpenTelemetry defines.
//!
//! Headers, timeouts, compression and attributes are read by the exporter's library.
//! Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter" and "General SDK
//! Configuration".

use hyper::Uri;
pub use opentelemetry_otlp::Protocol;
use thiserror::Error;

/// The destination and format of traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// The URL that they are sent to; with its path, over HTTP.
    pub endpoint: String,
    /// How they are written.
    pub protocol: Protocol,
}

/// Why the variables cannot be followed. Traces are not exported then.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TelemetryError {
    /// Another protocol.
    #[error(
        "traces are not exported: there is no protocol `{0}`; set OTEL_EXPORTER_OTLP_PROTOCOL to \
         http/protobuf or http/json (port 4318 of most collectors) or grpc (port 4317)"
    )]
    Protocol(String),
    /// No URL, or one of another scheme.
    #[error("traces are not exported: `{0}` is not a URL that begins with http:// or https://")]
    Endpoint(String),
}

impl OtlpConfig {
    /// Reads the variables; `None` when they do not ask for an export.
    ///
    /// # Errors
    /// When they ask for an export that is not supported.
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
        let protocol = variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
            .or_else(|| variable("OTEL_EXPORTER_OTLP_PROTOCOL"));
        let protocol = match protocol.as_deref() {
            None | Some("http/protobuf") => Protocol::HttpBinary,
            Some("http/json") => Protocol::HttpJson,
            Some("grpc") => Protocol::Grpc,
            Some(other) => return Err(TelemetryError::Protocol(other.to_owned())),
        };
        let of_traces = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let of_all = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
        let endpoint = match (of_traces, of_all) {
            (Some(url), _) => url,
            (None, Some(url)) if protocol == Protocol::Grpc => url,
            (None, Some(base)) => format!("{}/v1/traces", base.trim_end_matches('/')),
            (None, None) => return Ok(None),
        };
        let uri: Option<Uri> = endpoint.parse().ok();
        let is_http = |uri: &Uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
        };
        if !uri.as_ref().is_some_and(is_http) {
            return Err(TelemetryError::Endpoint(endpoint));
        }
        Ok(Some(Self { endpoint, protocol }))
    }
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

    fn to(endpoint: &str, protocol: Protocol) -> Result<Option<OtlpConfig>, TelemetryError> {
        let endpoint = endpoint.to_owned();
        Ok(Some(OtlpConfig { endpoint, protocol }))
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
    fn the_path_is_added_where_the_protocol_has_one() {
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318/");
        let traces = (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://127.0.0.1:9/own",
        );
        let protocol = |name| ("OTEL_EXPORTER_OTLP_PROTOCOL", name);
        assert_eq!(
            read(&[base]),
            to("https://collector:4318/v1/traces", Protocol::HttpBinary)
        );
        assert_eq!(
            read(&[base, traces, protocol("http/json")]),
            to("http://127.0.0.1:9/own", Protocol::HttpJson)
        );
        assert_eq!(
            read(&[base, protocol("grpc")]),
            to("https://collector:4318/", Protocol::Grpc)
        );
        let of_traces = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json");
        assert_eq!(
            read(&[traces, protocol("grpc"), of_traces]),
            to("http://127.0.0.1:9/own", Protocol::HttpJson)
        );
    }

    #[test]
    fn what_is_not_done_is_said() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317");
        let thrift = read(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift")]);
        assert_eq!(thrift, Err(TelemetryError::Protocol("thrift".to_owned())));
        for url in ["ftp://example.com", "localhost:4318", "not a url"] {
            let answer = read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url)]);
            assert_eq!(answer, Err(TelemetryError::Endpoint(url.to_owned())));
        }
    }
}
