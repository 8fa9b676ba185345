//! `AWS::Serverless::HttpApi`.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::HttpApi` and
//! `HttpApiCorsConfiguration`, read 2026-11-23.

use std::time::Duration;

use crate::template::{Fields, Known, NodeValue, Resolver, ignored, used};
use crate::{Cors, HttpApiResource, Route};

const PROPERTIES: [Known; 16] = [
    used("CorsConfiguration"),
    used("Description"),
    used("Name"),
    used("StageName"),
    ignored("AccessLogSettings", "requests are not logged to CloudWatch"),
    ignored(
        "Auth",
        "requests are not authorised here: every route is open",
    ),
    ignored(
        "DefaultRouteSettings",
        "requests are neither throttled nor measured",
    ),
    ignored("DefinitionBody", "routes come from functions' events only"),
    ignored("DefinitionUri", "routes come from functions' events only"),
    ignored(
        "DisableExecuteApiEndpoint",
        "the API is served at its local address",
    ),
    ignored("Domain", "the API is served at its local address"),
    ignored("FailOnWarnings", "there is no import that could warn"),
    ignored("PropagateTags", "tags are not kept"),
    ignored(
        "RouteSettings",
        "requests are neither throttled nor measured",
    ),
    ignored("StageVariables", "events carry no stage variables"),
    ignored("Tags", "tags are not kept"),
];

pub(crate) fn http_api(
    resolver: &Resolver<'_>,
    index: usize,
    routes: Vec<Route>,
) -> Option<HttpApiResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    fields.check_names(&PROPERTIES);
    let cors = cors(&fields);
    let name = fields.text("Name");
    let description = fields.text("Description");
    let stage_name = stage_name(&fields);
    let api_id = resolver.name(index).ok()?;
    Some(HttpApiResource {
        logical_id: resource.logical_id.to_owned(),
        endpoint: resolver.endpoint(&api_id),
        api_id,
        name,
        description,
        stage_name,
        cors,
        routes,
    })
}

fn stage_name(fields: &Fields<'_>) -> String {
    const DEFAULT: &str = "$default";
    let Some(name) = fields.text("StageName") else {
        return DEFAULT.to_owned();
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let valid = name == DEFAULT || name.bytes().all(allowed) && (1..=128).contains(&name.len());
    if !valid && let Some(entry) = fields.entry("StageName") {
        fields.wrong(
            "StageName",
            &entry.value,
            "must be `$default`, or letters, digits, hyphens and underscores",
            "this name",
            "with `$default` URLs have no stage in front of the path",
        );
    }
    name
}

/// `true` and a text both mean origins, as SAM takes them.
pub(super) fn cors(fields: &Fields<'_>) -> Option<Cors> {
    let entry = fields.entry("CorsConfiguration")?;
    if let NodeValue::Scalar(_) | NodeValue::Call(_) = &entry.value.value {
        let origin = match fields.text("CorsConfiguration")?.as_str() {
            "true" => "*".to_owned(),
            "false" => return None,
            origin => origin.to_owned(),
        };
        return Some(Cors {
            allow_origins: vec![origin],
            ..Cors::default()
        });
    }
    let known = [
        used("AllowCredentials"),
        used("AllowHeaders"),
        used("AllowMethods"),
        used("AllowOrigins"),
        used("ExposeHeaders"),
        used("MaxAge"),
    ];
    let config = fields.mapping("CorsConfiguration", &known)?;
    let methods = config.texts("AllowMethods").into_iter();
    // A day is the most that API Gateway takes.
    let max_age = config.integer("MaxAge", 0..=86_400, "seconds");
    let cors = Cors {
        allow_origins: config.texts("AllowOrigins"),
        allow_methods: methods.map(|method| method.to_ascii_uppercase()).collect(),
        allow_headers: config.texts("AllowHeaders"),
        expose_headers: config.texts("ExposeHeaders"),
        max_age: max_age.map(|seconds| Duration::from_secs(seconds.into())),
        allow_credentials: config.boolean("AllowCredentials").unwrap_or(false),
    };
    let any_origin = cors.allow_origins.is_empty() || cors.allow_origins.iter().any(|it| it == "*");
    if cors.allow_credentials
        && any_origin
        && let Some(entry) = config.entry("AllowCredentials")
    {
        config.wrong(
            "AllowCredentials",
            &entry.value,
            "cannot be true while `AllowOrigins` allows any",
            "credentials for everyone",
            "name the origins: browsers refuse credentials for `*`",
        );
    }
    Some(cors)
}
