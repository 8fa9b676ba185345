//! `AWS::ApiGateway::RestApi` with its resources, methods and stage: CDK's form of a REST API.
//!
//! Source of names: CloudFormation template reference, `AWS::ApiGateway`, read 2026-11-23.

use crate::template::{Fields, Node, Properties, Resolver, Type, properties};
use crate::{
    Access, AwsIntegration, FunctionResource, Integration, IntegrationResponse, Passthrough,
    RequestChecks, RestApiResource, RestCors, Route, RouteKey, RouteMethod,
};

use super::api_key;
use super::api_kind::{Kind, REST_API_TIMEOUT};
use super::api_part::{part_type, parts};
use super::authorizer::{access, authorizers};
use super::gateway_http::integrated;
use super::open_api::{add_routes, is_asynchronous, preflight_headers};
use super::reading::Reading;
use super::request_check::{Models, of_method};
use super::rest_api::{rest_api, rest_api_type};
use super::route::{is_path, method};
use super::states_target::states_call;
use super::target::target;
use super::unsupported::{LOCAL, NO_CLIENT_CERTIFICATES, NO_IMPORT, NO_THROTTLING};

const METHODS_ONLY: &str = "routes come from `Method` resources and from `Body` only";

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: ApiKeySourceType, BinaryMediaTypes, Body, Description, EndpointConfiguration, Mode, Name;
        ignored:
            METHODS_ONLY => BodyS3Location, CloneFrom, Parameters;
            LOCAL => DisableExecuteApiEndpoint, EndpointAccessMode, SecurityPolicy;
            NO_IMPORT => FailOnWarnings;
            "answers are not compressed" => MinimumCompressionSize;
            "permissions are not checked here" => Policy;
            "tags are not kept" => Tags;
    },
    ..rest_api_type("AWS::ApiGateway::RestApi")
};

pub(super) static RESOURCE: Type = Type {
    properties: properties! { used: ParentId, PathPart, RestApiId; },
    ..part_type("AWS::ApiGateway::Resource")
};

pub(super) static METHOD: Type = Type {
    properties: properties! {
        used: ApiKeyRequired, AuthorizationScopes, AuthorizationType, AuthorizerId, HttpMethod,
            Integration, MethodResponses, OperationName, RequestModels, RequestParameters,
            RequestValidatorId, ResourceId, RestApiId;
    },
    ..part_type("AWS::ApiGateway::Method")
};

pub(super) static STAGE: Type = Type {
    properties: properties! {
        used: DeploymentId, Description, DocumentationVersion, RestApiId, StageName, Variables;
        ignored:
            "requests are not logged to CloudWatch" => AccessLogSetting;
            "answers are not cached" => CacheClusterEnabled, CacheClusterSize;
            NEWEST => CanarySetting;
            NO_CLIENT_CERTIFICATES => ClientCertificateId;
            NO_THROTTLING => MethodSettings;
            "tags are not kept" => Tags;
            "the API records no segments of its own" => TracingEnabled;
    },
    ..part_type("AWS::ApiGateway::Stage")
};

pub(super) static DEPLOYMENT: Type = Type {
    properties: properties! {
        used: Description, RestApiId;
        ignored:
            NEWEST => DeploymentCanarySettings;
            "stages are resources of their own here" => StageDescription, StageName;
    },
    ..part_type("AWS::ApiGateway::Deployment")
};

const NEWEST: &str = "all requests take the newest deployment";

/// Deepest path. Ours: real URLs have fewer segments, and a cycle must end.
const SEGMENTS_MAX: usize = 64;

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let document = add_routes(fields, "Body", Kind::Rest, reading);
    let mut cors = document.cors;
    let models = Models::of_parts(fields);
    for part in parts(fields, &METHOD, "RestApiId") {
        let Some((method, path)) = method_and_path(&part, fields.index()) else {
            continue;
        };
        if let Some(answered) = preflight(&part, method) {
            cors = cors.or(Some(answered));
        } else if let Some(route) = route(
            &part,
            RouteKey::Path { method, path },
            &reading.nested.functions,
        ) {
            let help = "one method of one resource has one integration";
            let route = Route {
                access: access(&part, Kind::Rest),
                checks: of_method(&part, &models),
                ..route
            };
            reading.add_route(fields.index(), &part, route, help);
        }
    }
    let stage = parts(fields, &STAGE, "RestApiId").next();
    let stage = stage.and_then(|stage| Some((stage.text("StageName")?, stage)));
    let Some((stage_name, stage)) = stage else {
        fields.warn_of_all("it has no `AWS::ApiGateway::Stage`, so it is not served");
        return;
    };
    let mut authorizers = authorizers(fields, Kind::Rest, &reading.nested.functions);
    authorizers.extend(document.authorizers);
    let source = api_key::source(fields);
    let api = RestApiResource {
        authorizers,
        api_key_source: document.api_key_source.unwrap_or(source),
        stage_variables: stage.text_map("Variables"),
        cors,
        ..rest_api(fields, stage_name, reading)
    };
    reading.stack.rest_apis.push(api);
}

/// The requests that a method matches.
fn method_and_path(fields: &Fields<'_>, api: usize) -> Option<(RouteMethod, String)> {
    let name = fields.required_text("HttpMethod", "for example `GET`, or `ANY`")?;
    let Some(method) = method(&name) else {
        fields.wrong("HttpMethod", "is no method", "this name", "");
        return None;
    };
    let resource = fields.required("ResourceId", "`!Ref` to the resource, or the API's root")?;
    let path = path(fields.resolver, resource, api).filter(|path| is_path(path));
    if path.is_none() {
        let must = "must mean a resource of this template's API";
        fields.wrong("ResourceId", must, "no such resource", "");
    }
    Some((method, path?))
}

/// The answer of a mock for `OPTIONS`: CDK writes CORS this way.
fn preflight(fields: &Fields<'_>, method: RouteMethod) -> Option<RestCors> {
    let integration = fields.node("Integration")?;
    let kind = integration.get("Type").and_then(Node::text);
    if method != RouteMethod::Options || kind != Some("MOCK") {
        return None;
    }
    let responses = integration.get("IntegrationResponses");
    let response = responses.and_then(Node::items)?.first()?;
    preflight_headers(response.get("ResponseParameters")?)
}

fn route(fields: &Fields<'_>, key: RouteKey, nested: &[FunctionResource]) -> Option<Route> {
    fields.required("Integration", "a method needs something behind it")?;
    let entry = fields.entry("Integration")?;
    let integration = fields.below("Integration", entry.key_span, &entry.value);
    let integration = integration.open()?;
    if integration.node("Type").and_then(Node::text) == Some("AWS")
        && let Some(route) = templated_route(fields, &integration, &key, nested)
    {
        return Some(route);
    }
    let properties = ("Type", "Uri");
    integrated(fields, &integration, properties, key, REST_API_TIMEOUT)
}

/// A route with templates, to a function or to Step Functions; `None` for other integrations.
fn templated_route(
    fields: &Fields<'_>,
    integration: &Fields<'_>,
    key: &RouteKey,
    nested: &[FunctionResource],
) -> Option<Route> {
    let timeout = integration.milliseconds("TimeoutInMillis", 50..=900_000);
    let uri = integration.node("Uri")?;
    if let Some(called) = states_call(integration, "Uri", uri, || templated(integration)) {
        return Some(Route {
            key: key.clone(),
            event: fields.logical_id.to_owned(),
            timeout: timeout.unwrap_or(REST_API_TIMEOUT),
            ..called
        });
    }
    let target = target(integration, "Uri", uri, nested)?;
    Some(Route {
        key: key.clone(),
        function: target.function,
        qualifier: target.qualifier,
        event: fields.logical_id.to_owned(),
        timeout: timeout.unwrap_or(REST_API_TIMEOUT),
        integration: Integration::Aws(Box::new(templated(integration))),
        access: Access::default(),
        checks: RequestChecks::default(),
    })
}

fn templated(fields: &Fields<'_>) -> AwsIntegration {
    let behaviors = [
        ("WHEN_NO_MATCH", Passthrough::WhenNoMatch),
        ("WHEN_NO_TEMPLATES", Passthrough::WhenNoTemplates),
        ("NEVER", Passthrough::Never),
    ];
    let passthrough = fields.choice("PassthroughBehavior", &behaviors);
    let request_parameters = fields.text_map("RequestParameters");
    let responses = fields.mappings("IntegrationResponses", RESPONSE);
    let response = |response: Fields<'_>| {
        let status = response.integer("StatusCode", 100..=599, "an HTTP status");
        IntegrationResponse {
            selection: response
                .text("SelectionPattern")
                .filter(|it| !it.is_empty()),
            status: status.and_then(|it| it.try_into().ok()).unwrap_or(200),
            parameters: response.text_map("ResponseParameters"),
            templates: response.text_map("ResponseTemplates"),
        }
    };
    AwsIntegration {
        request_templates: fields.text_map("RequestTemplates"),
        passthrough: passthrough.unwrap_or_default(),
        asynchronous: is_asynchronous(&request_parameters),
        request_parameters,
        responses: responses.into_iter().map(response).collect(),
    }
}

const RESPONSE: Properties = properties! {
    used: ContentHandling, ResponseParameters, ResponseTemplates, SelectionPattern;
    required: StatusCode = "for example 200";
};

/// The path of a resource: that of its parent, and its own part.
fn path(resolver: &Resolver<'_>, node: &Node, api: usize) -> Option<String> {
    let mut segments = Vec::new();
    let mut index = resolver.mentioned(node)?;
    while index != api {
        let resource = &resolver.resources[index];
        if resource.kind.name != RESOURCE.name || segments.len() >= SEGMENTS_MAX {
            return None;
        }
        segments.push(Fields::of(resolver, index).text("PathPart")?);
        index = resolver.mentioned(resource.property("ParentId")?)?;
    }
    segments.reverse();
    Some(format!("/{}", segments.join("/")))
}
