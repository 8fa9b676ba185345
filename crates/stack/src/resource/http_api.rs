//! `AWS::Serverless::HttpApi`, and what HTTP APIs and function URLs say about other origins.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::HttpApi` and
//! `HttpApiCorsConfiguration`, read 2026-11-23.

use crate::template::{Fields, Named, Properties, Role, Shared, Type, Yields, properties};
use crate::{Cors, HttpApiResource};

use super::name::{WORD_MARKS, is_word};
use super::reading::Reading;

pub(super) const LOCAL: &str = "the API is served at its local address";
pub(super) const NO_IMPORT: &str = "there is no import that could warn";
const EVENTS_ONLY: &str = "routes come from functions' events only";
const NO_THROTTLING: &str = "requests are neither throttled nor measured";

pub(super) static TYPE: Type = Type {
    role: Role::HttpApi,
    properties: properties! {
        used: CorsConfiguration, Description, Name, StageName;
        ignored:
            "requests are not logged to CloudWatch" => AccessLogSettings;
            "requests are not authorised here: every route is open" => Auth;
            NO_THROTTLING => DefaultRouteSettings, RouteSettings;
            EVENTS_ONLY => DefinitionBody, DefinitionUri;
            LOCAL => DisableExecuteApiEndpoint, Domain;
            NO_IMPORT => FailOnWarnings;
            "tags are not kept" => PropagateTags, Tags;
            "events carry no stage variables" => StageVariables;
    },
    shared: Some(Shared {
        section: "HttpApi",
        own: &[
            "DefinitionBody",
            "DefinitionUri",
            "Description",
            "Name",
            "StageName",
        ],
    }),
    ..http_api_type("AWS::Serverless::HttpApi")
};

/// An HTTP API, as references see it.
pub(super) const fn http_api_type(name: &'static str) -> Type {
    Type {
        named: Named::ApiId,
        reference: Yields::Name,
        attributes: &[("ApiEndpoint", Yields::Endpoint), ("ApiId", Yields::Name)],
        ..Type::plain(name)
    }
}

const CORS: Properties = properties! {
    used: AllowCredentials, AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders, MaxAge;
};

pub(super) fn read(fields: &Fields<'_>, index: usize, reading: &mut Reading<'_>) {
    let routes = reading.routes.remove(&index).unwrap_or_default();
    reading.stack.http_apis.push(HttpApiResource {
        routes,
        ..http_api(fields, index, stage_name(fields))
    });
}

/// An API without its routes.
pub(super) fn http_api(fields: &Fields<'_>, index: usize, stage_name: String) -> HttpApiResource {
    let api_id = fields.resolver.name(index).unwrap_or_default();
    HttpApiResource {
        logical_id: fields.logical_id.to_owned(),
        endpoint: fields.resolver.pseudo.endpoint(&api_id),
        api_id,
        name: fields.text("Name"),
        description: fields.text("Description"),
        stage_name,
        cors: cors(fields),
        routes: Vec::new(),
    }
}

fn stage_name(fields: &Fields<'_>) -> String {
    const DEFAULT: &str = "$default";
    let Some(name) = fields.text("StageName") else {
        return DEFAULT.to_owned();
    };
    if name != DEFAULT && !is_word(&name, 1..=128, WORD_MARKS) {
        fields.wrong(
            "StageName",
            "must be `$default`, or letters, digits, hyphens and underscores",
            "this name",
            "with `$default` URLs have no stage in front of the path",
        );
    }
    name
}

/// `true` and a text both mean origins, as SAM takes them.
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
        config.wrong(
            "AllowCredentials",
            "cannot be true while `AllowOrigins` allows any",
            "credentials for everyone",
            "name the origins: browsers refuse credentials for `*`",
        );
    }
    Some(cors)
}

/// What a mapping says about other origins, and its fields.
pub(super) fn cors_mapping<'a>(fields: &Fields<'a>, property: &str) -> Option<(Cors, Fields<'a>)> {
    let config = fields.mapping(property, CORS)?;
    let methods = config.texts("AllowMethods").into_iter();
    let cors = Cors {
        // A day is the most that API Gateway takes.
        max_age: config.seconds("MaxAge", 0..=86_400),
        allow_origins: config.texts("AllowOrigins"),
        allow_methods: methods.map(|method| method.to_ascii_uppercase()).collect(),
        allow_headers: config.texts("AllowHeaders"),
        expose_headers: config.texts("ExposeHeaders"),
        allow_credentials: config.boolean("AllowCredentials").unwrap_or(false),
    };
    Some((cors, config))
}
