//! `AWS::Serverless::Api`.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::Api` and `CorsConfiguration`, read
//! 2026-11-23.

use std::collections::BTreeMap;

use crate::template::{Fields, IMPLICIT_REST_API, Known, NodeValue, Resolver, ignored, used};
use crate::{RestApiResource, RestCors, Route};

const EVENTS_ONLY: &str = "routes come from functions' events only";
const LOCAL: &str = "the API is served at its local address";
const NO_CACHE: &str = "answers are not cached";

const PROPERTIES: [Known; 32] = [
    used("BinaryMediaTypes"),
    used("Cors"),
    used("Description"),
    used("EndpointConfiguration"),
    used("Name"),
    used("OpenApiVersion"),
    used("StageName"),
    used("Variables"),
    ignored("AccessLogSetting", "requests are not logged to CloudWatch"),
    ignored("AlwaysDeploy", "every start deploys"),
    ignored("ApiKeySourceType", "API keys are not checked"),
    ignored(
        "Auth",
        "requests are not authorised here: every route is open",
    ),
    ignored("CacheClusterEnabled", NO_CACHE),
    ignored("CacheClusterSize", NO_CACHE),
    ignored("CanarySetting", "all requests take the newest deployment"),
    ignored("DefinitionBody", EVENTS_ONLY),
    ignored("DefinitionUri", EVENTS_ONLY),
    ignored("DisableExecuteApiEndpoint", LOCAL),
    ignored("Domain", LOCAL),
    ignored("EndpointAccessMode", LOCAL),
    ignored("FailOnWarnings", "there is no import that could warn"),
    ignored("GatewayResponses", "the gateway's own answers are AWS's"),
    ignored("MergeDefinitions", EVENTS_ONLY),
    ignored(
        "MethodSettings",
        "requests are neither throttled nor measured",
    ),
    ignored("MinimumCompressionSize", "answers are not compressed"),
    ignored("Mode", EVENTS_ONLY),
    ignored("Models", "requests are not checked against a model"),
    ignored("Policy", "permissions are not checked here"),
    ignored("PropagateTags", "tags are not kept"),
    ignored("SecurityPolicy", LOCAL),
    ignored("Tags", "tags are not kept"),
    ignored("TracingEnabled", "the API records no segments of its own"),
];

pub(crate) fn rest_api(
    resolver: &Resolver<'_>,
    index: usize,
    routes: Vec<Route>,
) -> Option<RestApiResource> {
    let resource = &resolver.resources[index];
    let fields = Fields::of_resource(resolver, resource);
    fields.check_names(&PROPERTIES);
    if resource.logical_id != IMPLICIT_REST_API {
        fields.required("StageName", "for example `StageName: Prod`");
    }
    let stage_name = fields.text("StageName");
    let stage_name = stage_name.unwrap_or_else(|| resolver.stage(index).to_owned());
    check_stage_name(&fields, &stage_name);
    let cors = cors(&fields);
    let name = fields.text("Name");
    let media_types = fields.texts("BinaryMediaTypes").into_iter();
    // SAM keeps them as JSON pointers: a slash is `~1`.
    let binary_media_types = media_types.map(|it| it.replace("~1", "/")).collect();
    let stage_variables = variables(&fields);
    let api_id = resolver.name(index).ok()?;
    Some(RestApiResource {
        logical_id: resource.logical_id.to_owned(),
        endpoint: resolver.endpoint(&api_id),
        api_id,
        name,
        stage_name,
        stage_variables,
        cors,
        binary_media_types,
        routes,
    })
}

fn check_stage_name(fields: &Fields<'_>, name: &str) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let valid = name.bytes().all(allowed) && (1..=128).contains(&name.len());
    if !valid && let Some(entry) = fields.entry("StageName") {
        fields.wrong(
            "StageName",
            &entry.value,
            "must be letters, digits, hyphens and underscores",
            "this name",
            "it is the first part of every path",
        );
    }
}

fn variables(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let variables = fields.entry("Variables").and_then(|it| it.value.entries());
    let variables = variables.unwrap_or_default().iter();
    variables
        .filter(|entry| !entry.value.is_no_value())
        .filter_map(|entry| {
            let path = format!("Variables.{}", entry.key);
            Some((entry.key.to_string(), fields.text_of(&path, &entry.value)?))
        })
        .collect()
}

/// A text is an origin, as SAM takes it. Values stand in quotation marks of their own, because they
/// end up as literals in API Gateway's mappings.
fn cors(fields: &Fields<'_>) -> Option<RestCors> {
    let entry = fields.entry("Cors")?;
    if let NodeValue::Scalar(_) | NodeValue::Call(_) = &entry.value.value {
        return Some(RestCors {
            allow_origin: header(fields, "Cors")?,
            ..RestCors::default()
        });
    }
    let known = [
        used("AllowCredentials"),
        used("AllowHeaders"),
        used("AllowMethods"),
        used("AllowOrigin"),
        used("MaxAge"),
    ];
    let config = fields.mapping("Cors", &known)?;
    config.required("AllowOrigin", "for example `AllowOrigin: \"'*'\"`");
    let cors = RestCors {
        allow_origin: header(&config, "AllowOrigin").unwrap_or_default(),
        allow_methods: header(&config, "AllowMethods"),
        allow_headers: header(&config, "AllowHeaders"),
        max_age: header(&config, "MaxAge"),
        allow_credentials: config.boolean("AllowCredentials").unwrap_or(false),
    };
    if cors.allow_credentials
        && cors.allow_origin == "*"
        && let Some(entry) = config.entry("AllowCredentials")
    {
        config.wrong(
            "AllowCredentials",
            &entry.value,
            "cannot be true while `AllowOrigin` allows any",
            "credentials for everyone",
            "name the origin: browsers refuse credentials for `*`",
        );
    }
    Some(cors)
}

/// The literal between single quotation marks.
fn header(fields: &Fields<'_>, property: &str) -> Option<String> {
    let entry = fields.entry(property)?;
    let text = fields.text(property)?;
    let literal = text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    match literal {
        Some(literal) => Some(literal.to_owned()),
        None => {
            fields.wrong(
                property,
                &entry.value,
                "must stand in single quotation marks of its own",
                "not a literal",
                &format!("write \"'{}'\"", text.trim_matches('\'')),
            );
            None
        }
    }
}
