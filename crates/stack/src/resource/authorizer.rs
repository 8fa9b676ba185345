//! Authorizers of APIs, from API Gateway's own resources and from OpenAPI documents, and what routes require of them.
//!
//! Source of names: CloudFormation template reference, `AWS::ApiGateway::Authorizer` and
//! `AWS::ApiGatewayV2::Authorizer`, and API Gateway developer guide, "x-amazon-apigateway-authorizer
//! object", read 2026-11-28.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::template::{Fields, Node, Resolver, Role, Type, properties};
use crate::{Access, Authorizer, AuthorizerEvent, AuthorizerKind, FunctionResource, RequestPart};

use super::api_kind::Kind;
use super::api_part::{part_type, parts};
use super::target::target;

pub(super) const UNSIGNED: &str =
    "signatures are checked where policies are enforced: without that the route is open";
const NOWHERE: &str = "its user pool does not exist here: every request is refused, unless \
                       `--jwt-keys` says which tokens are taken";
const NOBODY: &str = "its clients do not exist here: every request is refused, unless the id of one \
                      is written out";

/// How long the decision of a REST API's authorizer is reused by default.
const REST_TTL: Duration = Duration::from_secs(300);

pub(super) static REST: Type = Type {
    properties: properties! {
        // `AuthType` and the credentials matter to the console and to permissions only.
        used: AuthType, AuthorizerCredentials, AuthorizerResultTtlInSeconds, AuthorizerUri,
            IdentitySource, IdentityValidationExpression, Name, ProviderARNs, RestApiId;
        required: Type = "`TOKEN`, `REQUEST` or `COGNITO_USER_POOLS`";
    },
    ..part_type("AWS::ApiGateway::Authorizer")
};

pub(super) static HTTP: Type = Type {
    properties: properties! {
        used: ApiId, AuthorizerCredentialsArn, AuthorizerPayloadFormatVersion,
            AuthorizerResultTtlInSeconds, AuthorizerUri, EnableSimpleResponses, IdentitySource,
            IdentityValidationExpression, JwtConfiguration, Name;
        required: AuthorizerType = "`REQUEST` or `JWT`";
    },
    ..part_type("AWS::ApiGatewayV2::Authorizer")
};

/// The names of an authorizer's properties.
pub(super) struct Words {
    kind: &'static str,
    uri: &'static str,
    identity: &'static str,
    validation: &'static str,
    ttl: &'static str,
    pools: &'static str,
    jwt: &'static str,
    issuer: &'static str,
    audience: &'static str,
    version: &'static str,
    simple: &'static str,
}

const REST_WORDS: Words = Words {
    kind: "Type",
    uri: "AuthorizerUri",
    identity: "IdentitySource",
    validation: "IdentityValidationExpression",
    ttl: "AuthorizerResultTtlInSeconds",
    pools: "ProviderARNs",
    jwt: "JwtConfiguration",
    issuer: "Issuer",
    audience: "Audience",
    version: "AuthorizerPayloadFormatVersion",
    simple: "EnableSimpleResponses",
};

const HTTP_WORDS: Words = Words {
    kind: "AuthorizerType",
    ..REST_WORDS
};

/// The names in OpenAPI documents.
pub(super) const DOCUMENT_WORDS: Words = Words {
    kind: "type",
    uri: "authorizerUri",
    identity: "identitySource",
    validation: "identityValidationExpression",
    ttl: "authorizerResultTtlInSeconds",
    pools: "providerARNs",
    jwt: "jwtConfiguration",
    issuer: "issuer",
    audience: "audience",
    version: "authorizerPayloadFormatVersion",
    simple: "enableSimpleResponses",
};

/// The authorizers declared as their own resources, by logical id.
pub(super) fn authorizers(
    api: &Fields<'_>,
    kind: Kind,
    nested: &[FunctionResource],
) -> BTreeMap<String, Authorizer> {
    let (words, parts): (_, Vec<_>) = match kind {
        Kind::Rest => (&REST_WORDS, parts(api, &REST, "RestApiId").collect()),
        Kind::Http => (&HTTP_WORDS, parts(api, &HTTP, "ApiId").collect()),
    };
    let read = |part: &Fields<'_>| {
        let authorizer = authorizer(part, words, kind, nested, Otherwise::default());
        (part.logical_id.to_owned(), authorizer)
    };
    parts.iter().map(read).collect()
}

/// Defaults for what an authorizer leaves out.
#[derive(Debug, Default)]
pub(super) struct Otherwise {
    /// The header with its tokens.
    pub header: Option<String>,
    /// The tokens' issuer.
    pub issuer: Option<String>,
}

/// One authorizer.
pub(super) fn authorizer(
    fields: &Fields<'_>,
    words: &Words,
    api: Kind,
    nested: &[FunctionResource],
    otherwise: Otherwise,
) -> Authorizer {
    let header = otherwise
        .header
        .unwrap_or_else(|| "Authorization".to_owned());
    let kind = fields.text(words.kind).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let identity = identity(fields, words.identity);
    let or_header = |identity: Vec<RequestPart>| match identity.is_empty() {
        true => vec![RequestPart::Header(header)],
        false => identity,
    };
    let ttl = fields.seconds(words.ttl, 0..=3600);
    let default = match api {
        Kind::Rest => REST_TTL,
        Kind::Http => Duration::ZERO,
    };
    let ttl = ttl.unwrap_or(default);
    let (kind, identity) = match (kind.as_str(), api) {
        ("token", Kind::Rest) => {
            let validation = fields.text(words.validation).filter(|it| !it.is_empty());
            let event = AuthorizerEvent::Token;
            let kind = lambda(fields, words.uri, event, validation, nested);
            (kind, or_header(identity))
        }
        ("request", _) => {
            let event = match api {
                Kind::Rest => AuthorizerEvent::Request,
                Kind::Http => {
                    let version = fields.text(words.version);
                    let simple = fields.boolean(words.simple).unwrap_or(false);
                    http_event(version.as_deref(), simple)
                }
            };
            (lambda(fields, words.uri, event, None, nested), identity)
        }
        ("cognito_user_pools", Kind::Rest) => {
            let nodes = fields.node(words.pools).map(Node::items_or_self);
            let kind = user_pools(fields, words.pools, nodes.unwrap_or_default());
            (kind, or_header(identity))
        }
        ("jwt", Kind::Http) => {
            let jwt = fields.entry(words.jwt);
            let jwt = jwt.map(|it| fields.below(words.jwt, it.key_span, &it.value));
            let kind = match jwt {
                Some(jwt) => jwt_kind(&jwt, words.issuer, words.audience, otherwise.issuer),
                None => missing(fields, words.kind, "it has no issuer"),
            };
            (kind, or_header(identity))
        }
        _ => {
            let reason = "there is no such kind of authorizer";
            (missing(fields, words.kind, reason), identity)
        }
    };
    Authorizer {
        kind,
        identity,
        ttl,
    }
}

/// What the function of an HTTP API's authorizer receives.
pub(super) fn http_event(version: Option<&str>, simple: bool) -> AuthorizerEvent {
    match version {
        Some("1.0" | "1") => AuthorizerEvent::Version1,
        _ => AuthorizerEvent::Version2 { simple },
    }
}

/// An authorizer that asks the function in a property.
pub(super) fn lambda(
    fields: &Fields<'_>,
    property: &str,
    event: AuthorizerEvent,
    validation: Option<String>,
    nested: &[FunctionResource],
) -> AuthorizerKind {
    let node = fields.node(property);
    match node.and_then(|node| target(fields, property, node, nested)) {
        Some(target) => AuthorizerKind::Lambda {
            function: target.function,
            qualifier: target.qualifier,
            event,
            validation,
        },
        None => missing(fields, property, "its function is not in this template"),
    }
}

/// An authorizer that cannot decide; warns of it.
pub(super) fn missing(fields: &Fields<'_>, property: &str, reason: &str) -> AuthorizerKind {
    let meaning = format!("{reason}: every request to its routes is answered with 500");
    match fields.node(property) {
        Some(_) => fields.warn_of(property, &meaning),
        None => fields.warn_of_all(&meaning),
    }
    AuthorizerKind::Missing {
        reason: reason.to_owned(),
    }
}

/// An authorizer that accepts tokens of user pools, by their ARNs.
pub(super) fn user_pools(fields: &Fields<'_>, property: &str, nodes: &[Node]) -> AuthorizerKind {
    let mut issuers = Vec::new();
    let mut issued_nowhere = false;
    for node in nodes.iter().filter(|it| !it.is_no_value()) {
        let known = !is_nowhere(fields.resolver, node);
        let arn = known.then(|| fields.text_of(property, node)).flatten();
        match arn.as_deref().and_then(pool_issuer) {
            Some(issuer) => issuers.push(issuer),
            None => issued_nowhere = true,
        }
    }
    if issued_nowhere || issuers.is_empty() {
        issued_nowhere = true;
        fields.warn_of(property, NOWHERE);
    }
    AuthorizerKind::Token {
        issuers,
        issued_nowhere,
        audience: None,
    }
}

/// An authorizer that accepts tokens of an issuer.
pub(super) fn jwt_kind(
    jwt: &Fields<'_>,
    issuer: &str,
    audience: &str,
    by_default: Option<String>,
) -> AuthorizerKind {
    let node = jwt.node(issuer);
    let issued_nowhere = node.is_some_and(|it| is_nowhere(jwt.resolver, it));
    let text = match issued_nowhere {
        true => None,
        false => jwt.text(issuer).or(by_default),
    };
    match (&text, issued_nowhere) {
        (None, false) => return missing(jwt, issuer, "it has no issuer"),
        (_, true) => jwt.warn_of(issuer, NOWHERE),
        (Some(_), false) => {}
    }
    AuthorizerKind::Token {
        audience: jwt_audience(jwt, audience, issued_nowhere),
        issuers: text.into_iter().collect(),
        issued_nowhere,
    }
}

/// The accepted audiences; `None` is not compared. The id of a client that does not exist here is dropped, because no
/// token can contain it; the other audiences stay required.
fn jwt_audience(jwt: &Fields<'_>, audience: &str, issued_nowhere: bool) -> Option<Vec<String>> {
    let node = jwt.node(audience)?;
    let items = node.items();
    if items.is_some_and(<[Node]>::is_empty) {
        return None;
    }
    let is_known = |it: &&Node| !it.is_no_value() && !is_nowhere(jwt.resolver, it);
    let texts: Vec<String> = match items {
        Some(items) => {
            let known = items.iter().filter(is_known);
            known.filter_map(|it| jwt.text_of(audience, it)).collect()
        }
        None if !is_known(&node) => Vec::new(),
        None if node.scalar_value().is_some() => jwt.text(audience).into_iter().collect(),
        None => jwt.texts(audience),
    };
    if texts.is_empty() {
        if issued_nowhere {
            return None;
        }
        jwt.warn_of(audience, NOBODY);
    }
    Some(texts)
}

/// Whether a value belongs to a resource which does not exist here.
fn is_nowhere(resolver: &Resolver<'_>, node: &Node) -> bool {
    let mentioned = resolver.mentioned(node);
    mentioned.is_some_and(|index| resolver.resources[index].kind.role == Role::Unsupported)
}

/// The issuer of a user pool's tokens, by its ARN.
fn pool_issuer(arn: &str) -> Option<String> {
    let mut parts = arn.split(':').skip(2);
    if parts.next()? != "cognito-idp" {
        return None;
    }
    let region = parts.next()?;
    let pool = parts.nth(1)?.strip_prefix("userpool/")?;
    let suffix = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    Some(format!("https://cognito-idp.{region}.{suffix}/{pool}"))
}

/// Identity sources: a text with commas, or a list.
fn identity(fields: &Fields<'_>, property: &str) -> Vec<RequestPart> {
    let Some(node) = fields.node(property) else {
        return Vec::new();
    };
    let texts = match node.items() {
        Some(_) => fields.texts(property),
        None => fields.text(property).into_iter().collect(),
    };
    let texts = texts.iter().flat_map(|text| text.split(','));
    let mut sources = Vec::new();
    for text in texts.map(str::trim).filter(|it| !it.is_empty()) {
        match request_part(text) {
            Some(part) => sources.push(part),
            None => {
                let help = "for example `method.request.header.Authorization`, or \
                            `$request.header.Authorization` of an HTTP API";
                let must = "must say where a request has its identity";
                fields.wrong(property, must, "not such a place", help);
            }
        }
    }
    sources
}

/// A place in a request, in the words of both kinds of API.
pub(super) fn request_part(text: &str) -> Option<RequestPart> {
    let text = text
        .strip_prefix("${")
        .map_or(text, |it| it.trim_end_matches('}'));
    let text = text.strip_prefix('$').unwrap_or(text);
    let text = text.strip_prefix("method.").unwrap_or(text);
    let (place, name) = match text.strip_prefix("request.") {
        Some(rest) => rest.split_once('.')?,
        None => text.split_once('.')?,
    };
    let name = name.to_owned();
    Some(match place {
        "header" => RequestPart::Header(name),
        "querystring" => RequestPart::Query(name),
        "path" => RequestPart::Path(name),
        "stageVariables" => RequestPart::StageVariable(name),
        "context" => RequestPart::Context(name),
        _ => return None,
    })
}

/// What a `Method` or `Route` requires.
pub(super) fn access(fields: &Fields<'_>, api: Kind) -> Access {
    let kind = fields.text("AuthorizationType").unwrap_or_default();
    let authorizer = match kind.as_str() {
        "" | "NONE" => None,
        "AWS_IAM" => {
            fields.warn_of("AuthorizationType", UNSIGNED);
            None
        }
        _ => Some(named_authorizer(fields, api)),
    };
    Access {
        scopes: match authorizer {
            Some(_) => fields.texts("AuthorizationScopes"),
            None => Vec::new(),
        },
        authorizer,
        api_key_required: api == Kind::Rest && fields.boolean("ApiKeyRequired") == Some(true),
        iam: kind == "AWS_IAM",
    }
}

/// The logical id of the authorizer that a `Method` or `Route` names. A missing one is kept too: a route that should be
/// guarded must not be open.
fn named_authorizer(fields: &Fields<'_>, api: Kind) -> String {
    let types = match api {
        Kind::Rest => &REST,
        Kind::Http => &HTTP,
    };
    let resolver = fields.resolver;
    let node = fields.node("AuthorizerId");
    let index = node.and_then(|node| resolver.mentioned(node));
    let found = index.filter(|index| resolver.resources[*index].kind.name == types.name);
    if let Some(index) = found {
        return resolver.shown_id(index).to_owned();
    }
    let meaning = "its authorizer is not in this template: every request is answered with 500";
    let property = match node {
        Some(_) => "AuthorizerId",
        None => "AuthorizationType",
    };
    fields.warn_of(property, meaning);
    String::new()
}
