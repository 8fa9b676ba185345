//! `AWS::Serverless::Api`.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::Api` and `CorsConfiguration`, read
//! 2026-11-23.

use std::collections::BTreeMap;

use crate::template::{
    EventApi, Fields, Named, Parameters, Properties, Resource, Shared, Type, properties, yields,
};
use crate::{Access, ApiKeySource, RestApiResource, RestCors};

use super::api_key;
use super::api_kind::Kind;
use super::http_api::stage;
use super::open_api::add_routes;
use super::reading::{Reading, WORD_MARKS, is_word};
use super::sam_auth::{add_key, api_auth, made_of_plan};
use super::unsupported::{LOCAL, NO_IMPORT};

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: ApiKeySourceType, Auth, BinaryMediaTypes, Cors, DefinitionBody, DefinitionUri, Description,
            EndpointConfiguration, MergeDefinitions, Mode, Models, Name, OpenApiVersion, StageName, Variables;
        ignored:
            "requests are not logged to CloudWatch" => AccessLogSetting;
            "every start deploys" => AlwaysDeploy;
            "answers are not cached" => CacheClusterEnabled, CacheClusterSize;
            "all requests take the newest deployment" => CanarySetting;
            LOCAL => DisableExecuteApiEndpoint, Domain, EndpointAccessMode, SecurityPolicy;
            NO_IMPORT => FailOnWarnings;
            "the gateway's own answers are AWS's" => GatewayResponses;
            "requests are neither throttled nor measured" => MethodSettings;
            "answers are not compressed" => MinimumCompressionSize;
            "permissions are not checked here" => Policy;
            "tags are not kept" => PropagateTags, Tags;
            "the API records no segments of its own" => TracingEnabled;
    },
    shared: Some(Shared {
        section: "Api",
        own: &["DefinitionBody", "Description", "StageName"],
    }),
    makes,
    ..rest_api_type("AWS::Serverless::Api")
};

/// A REST API, as references see it.
pub(super) const fn rest_api_type(name: &'static str) -> Type {
    Type {
        named: Named::ApiId,
        reference: yields::name,
        attributes: &[
            ("RestApiId", yields::name),
            ("RootResourceId", |_| Ok("root".to_owned())),
        ],
        ..Type::plain(name)
    }
}

const CORS: Properties = properties! {
    used: AllowCredentials, AllowHeaders, AllowMethods, MaxAge;
    required: AllowOrigin = "for example `AllowOrigin: \"'*'\"`";
};

/// The stage of the API that SAM adds.
const IMPLICIT_STAGE: &str = "Prod";

fn makes(index: usize, all: &[Resource], parameters: &Parameters) -> Vec<Resource> {
    let name = all[index].constant("StageName", parameters);
    let mut made = made_of_plan(index, &all[index]);
    made.push(stage(index, &all[index], name.unwrap_or(IMPLICIT_STAGE)));
    made
}

pub(super) fn read(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    if fields.logical_id != EventApi::REST.implicit_id {
        fields.required("StageName", "for example `StageName: Prod`");
    }
    let stage_name = fields.text("StageName");
    let stage_name = stage_name.unwrap_or_else(|| IMPLICIT_STAGE.to_owned());
    if !is_word(&stage_name, 1..=128, WORD_MARKS) {
        let must = "must be letters, digits, hyphens and underscores";
        let help = "it is the first part of every path";
        fields.wrong("StageName", must, "this name", help);
    }
    let auth = api_auth(fields, Kind::Rest, &reading.nested.functions);
    let mut authorizers = auth.authorizers;
    let mut answered = None;
    let mut source = api_key::source(fields);
    for property in ["DefinitionBody", "DefinitionUri"] {
        let document = add_routes(fields, property, Kind::Rest, reading);
        answered = answered.or(document.cors);
        authorizers.extend(document.authorizers);
        source = document.api_key_source.unwrap_or(source);
    }
    add_key(fields, reading);
    let api = rest_api(fields, stage_name, reading);
    // SAM writes them as JSON pointers: a slash is `~1`.
    let media_types = api.binary_media_types.iter();
    let media_types = media_types.map(|it| it.replace("~1", "/"));
    reading.stack.rest_apis.push(RestApiResource {
        binary_media_types: media_types.collect(),
        stage_variables: fields.text_map("Variables"),
        cors: cors(fields).or(answered),
        authorizers,
        options_access: auth.options_access,
        api_key_source: source,
        ..api
    });
}

/// The parts that SAM's API and API Gateway's share.
pub(super) fn rest_api(
    fields: &Fields<'_>,
    stage_name: String,
    reading: &mut Reading<'_>,
) -> RestApiResource {
    let api_id = fields.resolver.name(fields.index()).unwrap_or_default();
    RestApiResource {
        logical_id: fields.logical_id.to_owned(),
        endpoint: fields.resolver.pseudo.endpoint(&api_id),
        api_id,
        name: fields.text("Name"),
        stage_name,
        stage_variables: BTreeMap::new(),
        cors: None,
        authorizers: BTreeMap::new(),
        options_access: Access::default(),
        api_key_source: ApiKeySource::default(),
        binary_media_types: fields.texts("BinaryMediaTypes"),
        routes: reading.take_routes(fields.index()),
    }
}

/// A text is an origin, as in SAM. Values stand in quotation marks of their own, because they
/// become literals in API Gateway's mappings.
fn cors(fields: &Fields<'_>) -> Option<RestCors> {
    let node = fields.node("Cors")?;
    if node.entries().is_none() && node.items().is_none() {
        return Some(RestCors {
            allow_origin: header(fields, "Cors")?,
            ..RestCors::default()
        });
    }
    let config = fields.mapping("Cors", CORS)?;
    let cors = RestCors {
        allow_origin: header(&config, "AllowOrigin").unwrap_or_default(),
        allow_methods: header(&config, "AllowMethods"),
        allow_headers: header(&config, "AllowHeaders"),
        max_age: header(&config, "MaxAge"),
        allow_credentials: config.boolean("AllowCredentials").unwrap_or(false),
    };
    if cors.allow_credentials && cors.allow_origin == "*" {
        let must = "cannot be true while `AllowOrigin` allows any";
        let help = "name the origin: browsers refuse credentials for `*`";
        config.wrong("AllowCredentials", must, "credentials for everyone", help);
    }
    Some(cors)
}

/// The literal between single quotation marks.
fn header(fields: &Fields<'_>, property: &str) -> Option<String> {
    let text = fields.text(property)?;
    let rest = text.strip_prefix('\'');
    let literal = rest.and_then(|rest| rest.strip_suffix('\''));
    if literal.is_none() {
        let must = "must stand in single quotation marks of its own";
        let help = format!("write \"'{}'\"", text.trim_matches('\''));
        fields.wrong(property, must, "not a literal", &help);
    }
    literal.map(str::to_owned)
}
