//! `AWS::ApiGatewayV2::Api` with its routes, integrations and stage: what CDK makes of an HTTP API.
//!
//! Source of names: CloudFormation template reference, `AWS::ApiGatewayV2`, read 2026-11-23.

use std::time::Duration;

use crate::template::{Entry, Fields, Known, Node, Resolver, Resource, ignored, used};
use crate::{HttpApiResource, Route, RouteKey};

use super::function_url::no_function;
use super::http_api::cors;
use super::route::{HTTP_API_TIMEOUT, is_path, method};

const PROPERTIES: [Known; 18] = [
    used("ApiKeySelectionExpression"),
    used("CorsConfiguration"),
    used("Description"),
    used("IpAddressType"),
    used("Name"),
    used("ProtocolType"),
    used("RouteSelectionExpression"),
    used("Version"),
    ignored("BasePath", "routes come from `Route` resources only"),
    ignored("Body", "routes come from `Route` resources only"),
    ignored("BodyS3Location", "routes come from `Route` resources only"),
    ignored("CredentialsArn", "permissions are not checked here"),
    ignored(
        "DisableExecuteApiEndpoint",
        "the API is served at its local address",
    ),
    ignored("DisableSchemaValidation", "requests are not checked"),
    ignored("FailOnWarnings", "there is no import that could warn"),
    ignored("RouteKey", "routes come from `Route` resources only"),
    ignored("Tags", "tags are not kept"),
    ignored("Target", "routes come from `Route` resources only"),
];

const ROUTE: &str = "AWS::ApiGatewayV2::Route";
const STAGE: &str = "AWS::ApiGatewayV2::Stage";

/// The API, or `None` where it is another kind of API or a problem was reported.
pub(crate) fn gateway_http(resolver: &Resolver<'_>, index: usize) -> Option<HttpApiResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    if fields.text("ProtocolType").as_deref() == Some("WEBSOCKET") {
        resolver.report.warn(
            resource.id_span,
            resource.logical_id,
            resource.resource_type,
            None,
            "no WebSocket API is served",
        );
        return None;
    }
    fields.check_names(&PROPERTIES);
    let parts = |resource_type: &'static str| {
        let all = resolver.resources.iter();
        all.filter(move |it| it.resource_type == resource_type)
            .filter(move |it| belongs(resolver, it, "ApiId", index))
    };
    let mut routes: Vec<Route> = Vec::new();
    for part in parts(ROUTE) {
        let Some(route) = route(resolver, part) else {
            continue;
        };
        if routes.iter().any(|other| other.key == route.key) {
            resolver.report.problem(
                part.id_span,
                format!(
                    "`{}` has the route `{}` twice",
                    resource.logical_id, route.key
                ),
                "the second time",
                "one route has one integration",
            );
            continue;
        }
        routes.push(route);
    }
    let stage = parts(STAGE).next();
    let stage = stage.and_then(|it| Fields::of_resource(resolver, it).text("StageName"));
    let cors = cors(&fields);
    let api_id = resolver.name(index).ok()?;
    Some(HttpApiResource {
        logical_id: resource.logical_id.to_owned(),
        endpoint: resolver.endpoint(&api_id),
        api_id,
        name: fields.text("Name"),
        description: fields.text("Description"),
        stage_name: stage.unwrap_or_else(|| "$default".to_owned()),
        cors,
        routes,
    })
}

/// Whether a property refers to the API.
pub(super) fn belongs(
    resolver: &Resolver<'_>,
    part: &Resource<'_>,
    property: &str,
    api: usize,
) -> bool {
    let named = part.property(property);
    named.and_then(|node| resolver.referenced(node)) == Some(api)
}

fn route(resolver: &Resolver<'_>, part: &Resource<'_>) -> Option<Route> {
    let fields = Fields::of_resource(resolver, part);
    let key = fields.required("RouteKey", "for example `GET /items/{id}`")?;
    let text = fields.text("RouteKey")?;
    let Some(route_key) = route_key(&text) else {
        let help = "for example `GET /items/{id}`, or `$default`";
        fields.wrong("RouteKey", &key.value, "is no route", "this key", help);
        return None;
    };
    warn_of_authorization(&fields);
    let target = fields.required("Target", "`integrations/` and the integration's id")?;
    let Some(integration) = resolver.mentioned(&target.value) else {
        let help = "join `integrations/` and `!Ref` to the integration";
        let must = "must name an integration of this template";
        fields.wrong("Target", &target.value, must, "no such integration", help);
        return None;
    };
    let integration = Fields::of_resource(resolver, &resolver.resources[integration]);
    let (function, qualifier, timeout) =
        integrated(&integration, "IntegrationType", "IntegrationUri")?;
    if integration.text("PayloadFormatVersion").as_deref() == Some("1.0")
        && let Some(entry) = integration.entry("PayloadFormatVersion")
    {
        let meaning = "requests reach functions behind HTTP APIs in payload format 2.0";
        integration.warn("PayloadFormatVersion", entry.key_span, meaning);
    }
    Some(Route {
        key: route_key,
        function,
        qualifier,
        event: part.logical_id.to_owned(),
        timeout: timeout.unwrap_or(HTTP_API_TIMEOUT),
    })
}

fn route_key(text: &str) -> Option<RouteKey> {
    if text == "$default" {
        return Some(RouteKey::Default);
    }
    let (name, path) = text.split_once(' ')?;
    let path = path.to_owned();
    let method = method(name)?;
    is_path(&path).then_some(RouteKey::Path { method, path })
}

pub(super) fn warn_of_authorization(fields: &Fields<'_>) {
    let Some(entry) = fields.entry("AuthorizationType") else {
        return;
    };
    if entry.value.text() != Some("NONE") {
        let meaning = "requests are not authorised here: the route is open";
        fields.warn("AuthorizationType", entry.key_span, meaning);
    }
}

/// The function behind an integration, with its alias and the integration's timeout; others than
/// Lambda's are named and left out.
pub(super) fn integrated(
    fields: &Fields<'_>,
    type_property: &str,
    uri_property: &str,
) -> Option<(String, Option<String>, Option<Duration>)> {
    let resolver = fields.resolver;
    let kind: &Entry = fields.required(type_property, "`AWS_PROXY`")?;
    if kind.value.text() != Some("AWS_PROXY") {
        let meaning = "only functions are behind APIs here: the route is not served";
        fields.warn(type_property, kind.key_span, meaning);
        return None;
    }
    let uri = fields.required(uri_property, "the function's ARN")?;
    let timeout = fields.integer("TimeoutInMillis", 50..=900_000, "milliseconds");
    let timeout = timeout.map(|milliseconds| Duration::from_millis(milliseconds.into()));
    let node: &Node = &uri.value;
    let Some(part) = resolver.function_of(node) else {
        no_function(fields, uri_property, uri);
        return None;
    };
    let function = resolver.resources[part.function].logical_id.to_owned();
    Some((function, part.alias, timeout))
}
