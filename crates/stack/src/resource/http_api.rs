//! `AWS::Serverless::HttpApi`, and the settings of HTTP APIs and function URLs for other origins.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::HttpApi` and
//! `HttpApiCorsConfiguration`, read 2026-11-23.

use std::collections::BTreeMap;

use crate::template::{
    Fields, Named, Node, Parameters, Properties, Resource, Role, Shared, Type, names, properties,
    yields,
};
use crate::{Cors, HttpApiResource};

use super::api_kind::Kind;
use super::open_api::add_routes;
use super::reading::{Reading, WORD_MARKS, is_word};
use super::sam_auth::api_auth;
use super::unsupported::{LOCAL, NO_IMPORT, NO_THROTTLING};

/// A stage whose name is not in URLs.
pub(super) const DEFAULT_STAGE: &str = "$default";

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: Auth, CorsConfiguration, DefinitionBody, DefinitionUri, Description, Name, StageName;
        ignored:
            "requests are not logged to CloudWatch" => AccessLogSettings;
            NO_THROTTLING => DefaultRouteSettings, RouteSettings;
            LOCAL => DisableExecuteApiEndpoint, Domain;
            NO_IMPORT => FailOnWarnings;
            "tags are not kept" => PropagateTags, Tags;
            "events carry no stage variables" => StageVariables;
    },
    shared: Some(Shared {
        section: "HttpApi",
        own: names! { DefinitionBody DefinitionUri Description Name StageName },
    }),
    makes,
    ..http_api_type("AWS::Serverless::HttpApi")
};

/// An HTTP API, as references see it.
pub(super) const fn http_api_type(name: &'static str) -> Type {
    Type {
        named: Named::ApiId,
        reference: yields::name,
        attributes: &[("ApiEndpoint", yields::endpoint), ("ApiId", yields::name)],
        ..Type::plain(name)
    }
}

const CORS: Properties = properties! {
    used: AllowCredentials, AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders, MaxAge;
};

/// The stage that SAM makes of an API.
static STAGE: Type = Type {
    role: Role::Stage,
    reference: yields::stage,
    ..Type::plain("")
};

fn makes(index: usize, all: &[Resource], parameters: &Parameters) -> Vec<Resource> {
    let name = all[index].constant("StageName", parameters);
    vec![stage(index, &all[index], name.unwrap_or(DEFAULT_STAGE))]
}

pub(super) fn stage(index: usize, api: &Resource, name: &str) -> Resource {
    let suffix = match name {
        DEFAULT_STAGE => "ApiGatewayDefaultStage".to_owned(),
        name => format!("{name}Stage"),
    };
    Resource {
        properties: Node::mapping_of("StageName", Node::scalar(api.id_span, name)),
        ..api.make(index, &suffix, name, &STAGE)
    }
}

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let mut authorizers = api_auth(fields, Kind::Http, &reading.nested.functions).authorizers;
    for property in ["DefinitionBody", "DefinitionUri"] {
        let document = add_routes(fields, property, Kind::Http, reading);
        authorizers.extend(document.authorizers);
    }
    let api = http_api(fields, stage_name(fields), reading);
    reading
        .stack
        .http_apis
        .push(HttpApiResource { authorizers, ..api });
}

/// The parts that SAM's API and API Gateway's share.
pub(super) fn http_api(
    fields: &Fields<'_>,
    stage_name: String,
    reading: &mut Reading<'_>,
) -> HttpApiResource {
    let api_id = fields.resolver.name(fields.index()).unwrap_or_default();
    HttpApiResource {
        logical_id: fields.logical_id.to_owned(),
        endpoint: fields.resolver.pseudo.endpoint(&api_id),
        api_id,
        name: fields.text("Name"),
        description: fields.text("Description"),
        stage_name,
        cors: cors(fields),
        authorizers: BTreeMap::new(),
        routes: reading.take_routes(fields.index()),
    }
}

fn stage_name(fields: &Fields<'_>) -> String {
    let Some(name) = fields.text("StageName") else {
        return DEFAULT_STAGE.to_owned();
    };
    if name != DEFAULT_STAGE && !is_word(&name, 1..=128, WORD_MARKS) {
        let must = "must be `$default`, or letters, digits, hyphens and underscores";
        let help = "with `$default` URLs have no stage in front of the path";
        fields.wrong("StageName", must, "this name", help);
    }
    name
}

/// `true` and a text both mean origins, as in SAM.
fn cors(fields: &Fields<'_>) -> Option<Cors> {
    let node = fields.node("CorsConfiguration")?;
    if node.entries().is_none() && node.items().is_none() {
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
    let (cors, config) = cors_mapping(fields, "CorsConfiguration")?;
    let any_origin = cors.allow_origins.is_empty() || cors.allow_origins.iter().any(|it| it == "*");
    if cors.allow_credentials && any_origin {
        let must = "cannot be true while `AllowOrigins` allows any";
        let help = "name the origins: browsers refuse credentials for `*`";
        config.wrong("AllowCredentials", must, "credentials for everyone", help);
    }
    Some(cors)
}

/// A mapping's settings for other origins, and its fields.
pub(super) fn cors_mapping<'a>(fields: &Fields<'a>, property: &str) -> Option<(Cors, Fields<'a>)> {
    let config = fields.mapping(property, CORS)?;
    let methods = config.texts("AllowMethods").into_iter();
    let cors = Cors {
        // A day is the maximum of API Gateway.
        max_age: config.seconds("MaxAge", 0..=86_400),
        allow_origins: config.texts("AllowOrigins"),
        allow_methods: methods.map(|method| method.to_ascii_uppercase()).collect(),
        allow_headers: config.texts("AllowHeaders"),
        expose_headers: config.texts("ExposeHeaders"),
        allow_credentials: config.boolean("AllowCredentials").unwrap_or(false),
    };
    Some((cors, config))
}
