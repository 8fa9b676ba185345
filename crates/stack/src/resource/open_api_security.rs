//! `security` of an OpenAPI document: its schemes that are authorizers, and what operations require of them.
//!
//! Source: API Gateway developer guide, "x-amazon-apigateway-authorizer object" and
//! "x-amazon-apigateway-authtype property", read 2026-11-28.

use std::collections::BTreeMap;

use crate::template::{Entry, Fields, Node};
use crate::{Access, Authorizer, FunctionResource};

use super::api_kind::Kind;
use super::authorizer::{DOCUMENT_WORDS, Otherwise, UNSIGNED, authorizer};
use super::sam_auth::default_access;

const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
const OLD_AUTH: &str = "x-amazon-apigateway-auth";
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The security schemes of a document.
pub(super) struct Security<'d> {
    /// The document.
    fields: Fields<'d>,
    schemes: &'d [Entry],
    kind: Kind,
    /// The API's own requirement, for operations that have none.
    by_default: Access,
    /// Authorizers that the API has besides those of the document.
    others: Vec<&'d str>,
}

/// The meaning of a scheme to API Gateway.
enum Scheme {
    Authorizer,
    ApiKey,
    Signature,
    Unknown,
}

impl<'d> Security<'d> {
    /// The schemes of a document, which is the value of `fields` and a property of `api`.
    pub fn new(fields: Fields<'d>, root: &'d Node, kind: Kind, api: &Fields<'d>) -> Self {
        let schemes = root
            .get("components")
            .and_then(|it| it.get("securitySchemes"));
        let schemes = schemes.or_else(|| root.get("securityDefinitions"));
        let others = api.node("Auth").and_then(|it| it.get("Authorizers"));
        let others = others.and_then(Node::entries).unwrap_or_default();
        Self {
            schemes: schemes.and_then(Node::entries).unwrap_or_default(),
            others: others.iter().map(|it| &*it.key).collect(),
            by_default: default_access(api),
            fields,
            kind,
        }
    }

    fn scheme(&self, name: &str) -> Scheme {
        let Some(scheme) = self.schemes.iter().find(|it| &*it.key == name) else {
            return match self.others.contains(&name) {
                true => Scheme::Authorizer,
                false => Scheme::Unknown,
            };
        };
        let text = |name: &str| scheme.value.get(name).and_then(Node::text);
        if scheme.value.get(AUTHORIZER).is_some() {
            return Scheme::Authorizer;
        }
        match (
            text("x-amazon-apigateway-authtype"),
            text("type"),
            text("name"),
        ) {
            (Some(kind), ..) if kind.eq_ignore_ascii_case("awsSigv4") => Scheme::Signature,
            (_, Some("apiKey"), Some(name)) if name.eq_ignore_ascii_case("x-api-key") => {
                Scheme::ApiKey
            }
            _ => Scheme::Unknown,
        }
    }

    /// What an operation requires.
    pub fn access(&self, fields: &Fields<'_>, operation: &Node) -> Access {
        let old = operation.get(OLD_AUTH).and_then(|it| it.get("type"));
        let iam = match old.and_then(Node::text) {
            Some("AWS_IAM") => {
                fields.warn_of(OLD_AUTH, UNSIGNED);
                true
            }
            Some("NONE") => return Access::default(),
            _ => false,
        };
        let Some(security) = operation.get("security").and_then(Node::items) else {
            let iam = iam || self.by_default.iam;
            return Access {
                iam,
                ..self.by_default.clone()
            };
        };
        let mut access = Access {
            iam,
            ..Access::default()
        };
        let asked = security.iter().filter_map(Node::entries).flatten();
        for entry in asked {
            match self.scheme(&entry.key) {
                Scheme::Authorizer => {
                    access.authorizer = Some(entry.key.to_string());
                    let scopes = entry.value.items().unwrap_or_default().iter();
                    let scopes = scopes.filter_map(|it| fields.text_of("security", it));
                    access.scopes = scopes.collect();
                }
                Scheme::ApiKey if self.kind == Kind::Rest => access.api_key_required = true,
                Scheme::Signature => {
                    fields.warn_of("security", UNSIGNED);
                    access.iam = true;
                }
                Scheme::ApiKey | Scheme::Unknown if &*entry.key == "NONE" => {}
                Scheme::ApiKey | Scheme::Unknown => {
                    let meaning = "API Gateway does nothing by this scheme: the route is open";
                    fields.warn_of("security", meaning);
                }
            }
        }
        access
    }

    /// The authorizers among the schemes, by name.
    pub fn authorizers(&self, nested: &[FunctionResource]) -> BTreeMap<String, Authorizer> {
        let read = |scheme: &'d Entry| {
            let own = scheme.value.entry(AUTHORIZER)?;
            let step = format!("securitySchemes.{}.{AUTHORIZER}", scheme.key);
            let fields = self.fields.below(&step, own.key_span, &own.value);
            let header = scheme.value.get("name").and_then(Node::text);
            // The issuer may be the URL where clients discover it.
            let url = scheme.value.get("openIdConnectUrl").and_then(Node::text);
            let issuer = url.and_then(|it| it.strip_suffix(DISCOVERY));
            let otherwise = Otherwise {
                header: header.map(str::to_owned),
                issuer: issuer.map(str::to_owned),
            };
            let read = authorizer(&fields, &DOCUMENT_WORDS, self.kind, nested, otherwise);
            Some((scheme.key.to_string(), read))
        };
        self.schemes.iter().filter_map(read).collect()
    }
}
