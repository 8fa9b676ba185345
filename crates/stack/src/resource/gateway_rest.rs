//! `AWS::ApiGateway::RestApi` with its resources, methods and stage: what CDK makes of a REST API.
//!
//! Source of names: CloudFormation template reference, `AWS::ApiGateway`, read 2026-11-23.

use std::collections::BTreeMap;

use crate::template::{Fields, Known, Node, Resolver, Resource, ignored, used};
use crate::{RestApiResource, RestCors, Route, RouteKey, RouteMethod};

use super::gateway_http::{belongs, integrated, warn_of_authorization};
use super::route::{REST_API_TIMEOUT, is_path, method};

const PROPERTIES: [Known; 16] = [
    used("BinaryMediaTypes"),
    used("Description"),
    used("EndpointConfiguration"),
    used("Mode"),
    used("Name"),
    ignored("ApiKeySourceType", "API keys are not checked"),
    ignored("Body", "routes come from `Method` resources only"),
    ignored("BodyS3Location", "routes come from `Method` resources only"),
    ignored("CloneFrom", "routes come from `Method` resources only"),
    ignored(
        "DisableExecuteApiEndpoint",
        "the API is served at its local address",
    ),
    ignored("FailOnWarnings", "there is no import that could warn"),
    ignored("MinimumCompressionSize", "answers are not compressed"),
    ignored("Parameters", "routes come from `Method` resources only"),
    ignored("Policy", "permissions are not checked here"),
    ignored("SecurityPolicy", "the API is served at its local address"),
    ignored("Tags", "tags are not kept"),
];

const RESOURCE: &str = "AWS::ApiGateway::Resource";
const METHOD: &str = "AWS::ApiGateway::Method";
const STAGE: &str = "AWS::ApiGateway::Stage";

/// Deepest path. Ours: no URL that people write has so many segments, and a circle must end.
const SEGMENTS_MAX: usize = 64;

pub(crate) fn gateway_rest(resolver: &Resolver<'_>, index: usize) -> Option<RestApiResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    fields.check_names(&PROPERTIES);
    let parts = |resource_type: &'static str| {
        let all = resolver.resources.iter();
        all.filter(move |it| it.resource_type == resource_type)
            .filter(move |it| belongs(resolver, it, "RestApiId", index))
    };
    let mut routes: Vec<Route> = Vec::new();
    let mut cors = None;
    for part in parts(METHOD) {
        let found = Method::open(resolver, part, index);
        let Some(found) = found else { continue };
        if let Some(answered) = found.preflight() {
            cors = cors.or(Some(answered));
        } else if let Some(route) = found.route() {
            if routes.iter().any(|other| other.key == route.key) {
                resolver.report.problem(
                    part.id_span,
                    format!(
                        "`{}` has the route `{}` twice",
                        resource.logical_id, route.key
                    ),
                    "the second time",
                    "one method of one resource has one integration",
                );
                continue;
            }
            routes.push(route);
        }
    }
    let stage = parts(STAGE).next();
    let stage = stage.map(|it| Fields::of_resource(resolver, it));
    let stage_name = stage.as_ref().and_then(|stage| stage.text("StageName"));
    let stage_variables = stage.as_ref().map(variables).unwrap_or_default();
    let Some(stage_name) = stage_name else {
        resolver.report.warn(
            resource.id_span,
            resource.logical_id,
            resource.resource_type,
            None,
            "it has no `AWS::ApiGateway::Stage`, so it is not served",
        );
        return None;
    };
    let api_id = resolver.name(index).ok()?;
    Some(RestApiResource {
        logical_id: resource.logical_id.to_owned(),
        endpoint: resolver.endpoint(&api_id),
        api_id,
        name: fields.text("Name"),
        stage_name,
        stage_variables,
        cors,
        binary_media_types: fields.texts("BinaryMediaTypes"),
        routes,
    })
}

fn variables(stage: &Fields<'_>) -> BTreeMap<String, String> {
    let variables = stage.entry("Variables").and_then(|it| it.value.entries());
    let variables = variables.unwrap_or_default().iter();
    variables
        .filter_map(|entry| {
            let path = format!("Variables.{}", entry.key);
            Some((entry.key.to_string(), stage.text_of(&path, &entry.value)?))
        })
        .collect()
}

/// A method of a resource of the API.
struct Method<'a> {
    fields: Fields<'a>,
    id: &'a str,
    method: RouteMethod,
    path: String,
}

impl<'a> Method<'a> {
    fn open(resolver: &'a Resolver<'a>, part: &'a Resource<'a>, api: usize) -> Option<Self> {
        let fields = Fields::of_resource(resolver, part);
        let name = fields.required("HttpMethod", "for example `GET`, or `ANY`")?;
        let text = fields.text("HttpMethod")?;
        let Some(method) = method(&text) else {
            fields.wrong("HttpMethod", &name.value, "is no method", "this name", "");
            return None;
        };
        let resource =
            fields.required("ResourceId", "`!Ref` to the resource, or the API's root")?;
        let path = path(resolver, &resource.value, api);
        let Some(path) = path.filter(|path| is_path(path)) else {
            let must = "must mean a resource of this template's API";
            fields.wrong("ResourceId", &resource.value, must, "no such resource", "");
            return None;
        };
        Some(Self {
            fields,
            id: part.logical_id,
            method,
            path,
        })
    }

    fn integration(&self) -> Option<&'a Node> {
        Some(&self.fields.entry("Integration")?.value)
    }

    /// What a mock of `OPTIONS` answers, which is how CDK writes CORS.
    fn preflight(&self) -> Option<RestCors> {
        let integration = self.integration()?;
        let kind = integration.get("Type").and_then(Node::text);
        if self.method != RouteMethod::Options || kind != Some("MOCK") {
            return None;
        }
        let responses = integration.get("IntegrationResponses");
        let response = responses.and_then(Node::items)?.first()?;
        let parameters = response.get("ResponseParameters")?;
        let header = |name: &str| {
            let key = format!("method.response.header.Access-Control-{name}");
            let text = parameters.get(&key)?.text()?;
            Some(text.trim_matches('\'').to_owned())
        };
        Some(RestCors {
            allow_origin: header("Allow-Origin")?,
            allow_methods: header("Allow-Methods"),
            allow_headers: header("Allow-Headers"),
            max_age: header("Max-Age"),
            allow_credentials: header("Allow-Credentials").as_deref() == Some("true"),
        })
    }

    fn route(&self) -> Option<Route> {
        warn_of_authorization(&self.fields);
        let help = "a method needs something behind it";
        let entry = self.fields.required("Integration", help)?;
        let integration = self.fields.unchecked("Integration", entry)?;
        let (function, qualifier, timeout) = integrated(&integration, "Type", "Uri")?;
        Some(Route {
            key: RouteKey::Path {
                method: self.method,
                path: self.path.clone(),
            },
            function,
            qualifier,
            event: self.id.to_owned(),
            timeout: timeout.unwrap_or(REST_API_TIMEOUT),
        })
    }
}

/// The path of a resource: that of its parent, and its own part.
fn path(resolver: &Resolver<'_>, node: &Node, api: usize) -> Option<String> {
    let mut segments = Vec::new();
    let mut index = resolver.mentioned(node)?;
    while index != api {
        let resource = &resolver.resources[index];
        if resource.resource_type != RESOURCE || segments.len() >= SEGMENTS_MAX {
            return None;
        }
        let fields = Fields::of_resource(resolver, resource);
        segments.push(fields.text("PathPart")?);
        index = resolver.mentioned(resource.property("ParentId")?)?;
    }
    segments.reverse();
    Some(format!("/{}", segments.join("/")))
}
