//! Converts traces for OpenTelemetry's exporter, and builds that exporter.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, Key, KeyValue};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};

use super::config::OtlpConfig;
use super::spans::{Span, Trace};

/// How long one request may take. The library's `OTEL_EXPORTER_OTLP_TIMEOUT` limits a batch with
/// all its tries.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// The library's exporter, with the source that each span names.
pub(super) fn exporter(config: &OtlpConfig) -> Result<SpanExporter, ExporterBuildError> {
    let retries = RetryPolicy::recommended();
    let builder = SpanExporter::builder();
    let mut exporter = if config.protocol == Protocol::Grpc {
        builder
            .with_tonic()
            .with_endpoint(&config.endpoint)
            .with_retry_policy(retries)
            .build()?
    } else {
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| ExporterBuildError::InternalFailure(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .build();
        builder
            .with_http()
            .with_http_client(HyperClient::new(connector, ANSWERS_WITHIN, None))
            .with_endpoint(&config.endpoint)
            .with_protocol(config.protocol)
            .with_retry_policy(retries)
            .build()?
    };
    exporter.set_resource(&resource());
    Ok(exporter)
}

/// The attributes from `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`; with our name where they have none.
fn resource() -> Resource {
    let named = Resource::builder().build();
    let name = named.get(&Key::from_static_str("service.name"));
    match name.as_ref().map(|name| name.as_str()) {
        Some(name) if !name.starts_with("unknown_service") => named,
        _ => Resource::builder().with_service_name("lambdura").build(),
    }
}

/// The spans of these traces.
pub(super) fn span_data(traces: &[Trace]) -> Vec<SpanData> {
    let scope = InstrumentationScope::builder("lambdura")
        .with_version(env!("CARGO_PKG_VERSION"))
        .build();
    let spans = traces.iter().flat_map(|trace| {
        let spans = trace.spans.iter();
        spans.map(|span| one(trace.id, span, &scope))
    });
    spans.collect()
}

fn one(trace_id: [u8; 16], span: &Span, scope: &InstrumentationScope) -> SpanData {
    let attributes = span.attributes.iter();
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(trace_id),
            SpanId::from_bytes(span.id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: span.parent.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: false,
        span_kind: match span.parent {
            Some(_) => SpanKind::Internal,
            None => SpanKind::Server,
        },
        name: Cow::Owned(span.name.clone()),
        start_time: instant(span.from),
        end_time: instant(span.to),
        attributes: attributes
            .map(|(key, value)| KeyValue::new(*key, value.clone()))
            .collect(),
        dropped_attributes_count: 0,
        events: Default::default(),
        links: Default::default(),
        status: match &span.error {
            Some(message) => Status::error(message.clone()),
            None => Status::Unset,
        },
        instrumentation_scope: scope.clone(),
    }
}

fn instant(at: model::Timestamp) -> SystemTime {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}
