//! `AWS::ApiGatewayV2::Api` with its routes, integrations and stage: CDK's form of an HTTP API.
//!
//! Source of names: CloudFormation template reference, `AWS::ApiGatewayV2`, read 2026-11-23.

use std::time::Duration;

use crate::template::{Fields, Type, properties, shorten};
use crate::{
    Access, HttpApiResource, Integration, RequestChecks, Route, RouteKey, StatesIntegration,
};

use super::api_kind::{HTTP_API_TIMEOUT, Kind};
use super::api_part::{part_type, parts};
use super::authorizer::{access, authorizers};
use super::http_api::{DEFAULT_STAGE, http_api, http_api_type};
use super::open_api::add_routes;
use super::reading::Reading;
use super::route::{is_path, method};
use super::states_target::{ALIAS, mentioned, subtype as subtype_action};
use super::target::no_function;
use super::unsupported::{LOCAL, NO_CLIENT_CERTIFICATES, NO_IMPORT, NO_THROTTLING};

const ROUTES_ONLY: &str = "routes come from `Route` resources and from `Body` only";

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: ApiKeySelectionExpression, Body, CorsConfiguration, Description, IpAddressType, Name,
            ProtocolType, RouteSelectionExpression, Version;
        ignored:
            ROUTES_ONLY => BasePath, BodyS3Location, RouteKey, Target;
            "permissions are not checked here" => CredentialsArn;
            LOCAL => DisableExecuteApiEndpoint;
            WEB_SOCKETS_ONLY => DisableSchemaValidation;
            NO_IMPORT => FailOnWarnings;
            "tags are not kept" => Tags;
    },
    ..http_api_type("AWS::ApiGatewayV2::Api")
};

const WEB_SOCKETS_ONLY: &str = "it is for WebSocket APIs, and does nothing for an HTTP API";
const FUNCTIONS_ONLY: &str = "only functions are behind APIs here";
const AS_IT_IS: &str = "requests and answers are passed on as they are";

pub(super) static ROUTE: Type = Type {
    properties: properties! {
        used: ApiId, AuthorizationScopes, AuthorizationType, AuthorizerId, OperationName, RouteKey,
            Target;
        ignored:
            WEB_SOCKETS_ONLY =>
                ApiKeyRequired, ModelSelectionExpression, RequestModels, RequestParameters;
            AS_IT_IS => RouteResponseSelectionExpression;
    },
    ..part_type("AWS::ApiGatewayV2::Route")
};

pub(super) static INTEGRATION: Type = Type {
    properties: properties! {
        used: ApiId, ConnectionType, CredentialsArn, Description, IntegrationMethod,
            IntegrationSubtype, IntegrationType, IntegrationUri, PayloadFormatVersion, RequestParameters,
            TimeoutInMillis;
        ignored:
            FUNCTIONS_ONLY => ConnectionId, TlsConfig;
            AS_IT_IS => ContentHandlingStrategy, PassthroughBehavior, RequestTemplates, ResponseParameters,
                TemplateSelectionExpression;
    },
    ..part_type("AWS::ApiGatewayV2::Integration")
};

pub(super) static STAGE: Type = Type {
    properties: properties! {
        used: ApiId, AutoDeploy, DeploymentId, Description, StageName;
        ignored:
            "requests are not logged to CloudWatch" => AccessLogSettings;
            "permissions are not checked here" => AccessPolicyId;
            NO_CLIENT_CERTIFICATES => ClientCertificateId;
            NO_THROTTLING => DefaultRouteSettings, RouteSettings;
            "events carry no stage variables" => StageVariables;
            "tags are not kept" => Tags;
    },
    ..part_type("AWS::ApiGatewayV2::Stage")
};

pub(super) static DEPLOYMENT: Type = Type {
    properties: properties! { used: ApiId, Description, StageName; },
    ..part_type("AWS::ApiGatewayV2::Deployment")
};

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    if fields.text("ProtocolType").as_deref() == Some("WEBSOCKET") {
        fields.warn_of_all("no WebSocket API is served");
        return;
    }
    for part in parts(fields, &ROUTE, "ApiId") {
        if let Some(route) = route(&part) {
            let help = "one route has one integration";
            reading.add_route(fields.index(), &part, route, help);
        }
    }
    let document = add_routes(fields, "Body", Kind::Http, reading);
    let stage = parts(fields, &STAGE, "ApiId").next();
    let stage = stage.and_then(|stage| stage.text("StageName"));
    let stage = stage.unwrap_or_else(|| DEFAULT_STAGE.to_owned());
    let mut authorizers = authorizers(fields, Kind::Http, &reading.nested.functions);
    authorizers.extend(document.authorizers);
    let api = http_api(fields, stage, reading);
    reading
        .stack
        .http_apis
        .push(HttpApiResource { authorizers, ..api });
}

fn route(fields: &Fields<'_>) -> Option<Route> {
    let text = fields.required_text("RouteKey", "for example `GET /items/{id}`")?;
    let Some(key) = route_key(&text) else {
        let help = "for example `GET /items/{id}`, or `$default`";
        fields.wrong("RouteKey", "is no route", "this key", help);
        return None;
    };
    let target = fields.required("Target", "`integrations/` and the integration's id")?;
    let Some(integration) = fields.resolver.mentioned(target) else {
        let help = "join `integrations/` and `!Ref` to the integration";
        let must = "must name an integration of this template";
        fields.wrong("Target", must, "no such integration", help);
        return None;
    };
    let integration = Fields::of(fields.resolver, integration);
    let properties = ("IntegrationType", "IntegrationUri");
    let route = integrated(fields, &integration, properties, key, HTTP_API_TIMEOUT)?;
    if integration.text("PayloadFormatVersion").as_deref() == Some("1.0") {
        let meaning = "requests reach functions behind HTTP APIs in payload format 2.0";
        integration.warn_of("PayloadFormatVersion", meaning);
    }
    Some(Route {
        access: access(fields, Kind::Http),
        ..route
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

/// The route that a part of an API describes, to the function behind its integration. Other
/// integrations than Lambda's cause a warning and are left out.
pub(super) fn integrated(
    part: &Fields<'_>,
    integration: &Fields<'_>,
    (type_property, uri_property): (&str, &str),
    key: RouteKey,
    timeout: Duration,
) -> Option<Route> {
    let kind = integration.required(type_property, "`AWS_PROXY`")?;
    if kind.text() != Some("AWS_PROXY") {
        let meaning = "only functions are behind APIs here: the route is not served";
        integration.warn_of(type_property, meaning);
        return None;
    }
    if let Some(subtype) = integration.text("IntegrationSubtype") {
        let parameters = integration.text_map("RequestParameters");
        if let Some(action) = subtype_action(&subtype)
            && let Some(function) = mentioned(integration, parameters.values())
        {
            let given = integration.milliseconds("TimeoutInMillis", 50..=900_000);
            return Some(Route {
                key,
                function,
                qualifier: Some(ALIAS.to_owned()),
                event: part.logical_id.to_owned(),
                timeout: given.unwrap_or(timeout),
                integration: Integration::States(Box::new(StatesIntegration {
                    action: action.to_owned(),
                    templates: None,
                    parameters,
                })),
                access: Access::default(),
                checks: RequestChecks::default(),
            });
        }
        let meaning = format!(
            "API Gateway's own call of `{}` is not made here: the route is not served; let a function make it",
            shorten(&subtype)
        );
        integration.warn_of("IntegrationSubtype", &meaning);
        return None;
    }
    integration.warn_of("RequestParameters", AS_IT_IS);
    let uri = integration.required(uri_property, "the function's ARN")?;
    let given = integration.milliseconds("TimeoutInMillis", 50..=900_000);
    let resolver = integration.resolver;
    let Some(function) = resolver.function_of(uri) else {
        // Given by a parameter: a function of an enclosing template, or of another stack.
        let named = uri
            .call()
            .and_then(|_| integration.text_of(uri_property, uri));
        match named.filter(|it| it.contains(":function:")) {
            Some(_) => integration.warn_of(
                uri_property,
                "the function is not of this template, and only those are behind its APIs here: the route is not served",
            ),
            None => no_function(integration, uri_property),
        }
        return None;
    };
    Some(Route {
        key,
        function: resolver.shown_id(function.function).to_owned(),
        qualifier: function.alias,
        event: part.logical_id.to_owned(),
        timeout: given.unwrap_or(timeout),
        integration: Integration::Proxy,
        access: Access::default(),
        checks: RequestChecks::default(),
    })
}
