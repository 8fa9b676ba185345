//! SAM's `Auth`, of APIs and of functions' events.
//!
//! Source of names: AWS SAM developer guide, `ApiAuth`, `HttpApiAuth`, `ApiFunctionAuth` and
//! `HttpApiFunctionAuth`, and aws-sam-translator 1.115.0, read 2026-11-28.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::template::{Entry, Fields, Node, Properties, Resource, properties};
use crate::{
    Access, ApiKeyResource, Authorizer, AuthorizerEvent, AuthorizerKind, FunctionResource,
    RequestPart,
};

use super::api_key::{MADE_KEY, MADE_PLAN};
use super::api_kind::Kind;
use super::authorizer::{
    UNSIGNED, http_event, jwt_kind, lambda, missing, request_part, user_pools,
};
use super::reading::Reading;
use super::unsupported::NO_THROTTLING;

const NO_POLICIES: &str = "permissions are not checked here";

const REST: Properties = properties! {
    used: AddApiKeyRequiredToCorsPreflight, AddDefaultAuthorizerToCorsPreflight, ApiKeyRequired,
        Authorizers, DefaultAuthorizer, InvokeRole, UsagePlan;
    ignored: NO_POLICIES => ResourcePolicy;
};

const HTTP: Properties = properties! { used: Authorizers, DefaultAuthorizer, EnableIamAuthorizer; };

const REST_EVENT: Properties = properties! {
    used: ApiKeyRequired, AuthorizationScopes, Authorizer, InvokeRole, OverrideApiAuth;
    ignored: NO_POLICIES => ResourcePolicy;
};

const HTTP_EVENT: Properties = properties! { used: AuthorizationScopes, Authorizer; };

const REST_AUTHORIZER: Properties = properties! {
    used: AuthorizationScopes, AuthType, DisableFunctionDefaultPermissions, FunctionArn,
        FunctionInvokeRole, FunctionPayloadType, Identity, UserPoolArn;
};

const HTTP_AUTHORIZER: Properties = properties! {
    used: AuthorizationScopes, AuthorizerPayloadFormatVersion, EnableFunctionDefaultPermissions,
        EnableSimpleResponses, FunctionArn, FunctionInvokeRole, Identity, IdentitySource,
        JwtConfiguration, OpenIdConnectUrl;
};

const IDENTITY: Properties = properties! {
    used: Context, Header, Headers, QueryStrings, ReauthorizeEvery, StageVariables,
        ValidationExpression;
};

const PLAN: Properties = properties! {
    used: Description, UsagePlanName;
    required: CreateUsagePlan = "`PER_API`, `SHARED` or `NONE`";
    ignored:
        "requests are not counted" => Quota;
        NO_THROTTLING => Throttle;
        "tags are not kept" => Tags;
};

/// The result of reading an API's `Auth`.
#[derive(Debug, Default)]
pub(super) struct ApiAuth {
    pub authorizers: BTreeMap<String, Authorizer>,
    /// What `OPTIONS` requires, if the API answers it itself.
    pub options_access: Access,
}

/// Reads the `Auth` of an API.
pub(super) fn api_auth(fields: &Fields<'_>, api: Kind, nested: &[FunctionResource]) -> ApiAuth {
    let known = match api {
        Kind::Rest => REST,
        Kind::Http => HTTP,
    };
    let Some(auth) = fields.mapping("Auth", known) else {
        return ApiAuth::default();
    };
    match auth.text("DefaultAuthorizer").as_deref() {
        None | Some("NONE") => {}
        Some("AWS_IAM") => {
            let meaning =
                "signatures are checked where policies are enforced: without that routes are open";
            auth.warn_of("DefaultAuthorizer", meaning);
        }
        Some(name) => check_name(&auth, "DefaultAuthorizer", name, &auth),
    }
    let mut authorizers = BTreeMap::new();
    for entry in entries(&auth, "Authorizers") {
        let step = format!("Authorizers.{}", entry.key);
        let known = match api {
            Kind::Rest => REST_AUTHORIZER,
            Kind::Http => HTTP_AUTHORIZER,
        };
        if let Some(fields) = auth.nested(&step, entry.key_span, &entry.value, known) {
            let authorizer = authorizer(&fields, api, nested);
            authorizers.insert(entry.key.to_string(), authorizer);
        }
    }
    let is_unless = |name: &str| auth.boolean(name).unwrap_or(true);
    let mut options_access = Access::default();
    if api == Kind::Rest {
        let default = default_access(fields);
        if is_unless("AddDefaultAuthorizerToCorsPreflight") {
            options_access = default.clone();
        }
        let with_key = is_unless("AddApiKeyRequiredToCorsPreflight");
        options_access.api_key_required = default.api_key_required && with_key;
    }
    ApiAuth {
        authorizers,
        options_access,
    }
}

fn entries<'a>(fields: &Fields<'a>, property: &str) -> &'a [Entry] {
    let entries = fields.node(property).and_then(Node::entries);
    entries.unwrap_or_default()
}

fn authorizer(fields: &Fields<'_>, api: Kind, nested: &[FunctionResource]) -> Authorizer {
    let identity = fields.mapping("Identity", IDENTITY);
    let ttl = identity
        .as_ref()
        .and_then(|it| it.seconds("ReauthorizeEvery", 0..=3600));
    let header = || {
        let given = identity.as_ref().and_then(|it| it.text("Header"));
        let header = given.unwrap_or_else(|| "Authorization".to_owned());
        vec![RequestPart::Header(header)]
    };
    let parts = || identity.as_ref().map(identity_parts).unwrap_or_default();
    let (kind, identity) = match api {
        Kind::Rest if fields.node("UserPoolArn").is_some() => {
            let nodes = fields.node("UserPoolArn").map(Node::items_or_self);
            let kind = user_pools(fields, "UserPoolArn", nodes.unwrap_or_default());
            (kind, header())
        }
        Kind::Rest if fields.node("FunctionArn").is_some() => {
            let types = [
                ("TOKEN", AuthorizerEvent::Token),
                ("REQUEST", AuthorizerEvent::Request),
            ];
            let event = fields.choice("FunctionPayloadType", &types);
            let event = event.unwrap_or(AuthorizerEvent::Token);
            let is_token = event == AuthorizerEvent::Token;
            let validation = identity
                .as_ref()
                .and_then(|it| it.text("ValidationExpression"));
            let validation = validation.filter(|_| is_token);
            let kind = lambda(fields, "FunctionArn", event, validation, nested);
            (kind, if is_token { header() } else { parts() })
        }
        Kind::Http if fields.node("FunctionArn").is_some() => {
            let version = fields.text("AuthorizerPayloadFormatVersion");
            let simple = fields.boolean("EnableSimpleResponses").unwrap_or(false);
            let event = http_event(version.as_deref(), simple);
            (lambda(fields, "FunctionArn", event, None, nested), parts())
        }
        Kind::Http => {
            let source = fields.text("IdentitySource");
            let source = source.as_deref().and_then(request_part);
            let source = source.map(|it| vec![it]).unwrap_or_else(header);
            (jwt(fields), source)
        }
        Kind::Rest => {
            let reason = "it names neither a function nor a user pool";
            (missing(fields, "AuthType", reason), Vec::new())
        }
    };
    let default = match api {
        Kind::Rest => Duration::from_secs(300),
        Kind::Http => Duration::ZERO,
    };
    Authorizer {
        kind,
        identity,
        ttl: ttl.unwrap_or(default),
    }
}

fn jwt(fields: &Fields<'_>) -> AuthorizerKind {
    let Some(entry) = fields.entry("JwtConfiguration") else {
        return missing(fields, "JwtConfiguration", "it has no issuer");
    };
    let jwt = fields.below("JwtConfiguration", entry.key_span, &entry.value);
    let has = |name: &str| jwt.node(name).is_some();
    let (issuer, audience) = match has("Issuer") || has("Audience") {
        true => ("Issuer", "Audience"),
        false => ("issuer", "audience"),
    };
    jwt_kind(&jwt, issuer, audience, None)
}

fn identity_parts(identity: &Fields<'_>) -> Vec<RequestPart> {
    type Part = fn(String) -> RequestPart;
    let kinds: [(&str, Part); 4] = [
        ("Headers", RequestPart::Header),
        ("QueryStrings", RequestPart::Query),
        ("StageVariables", RequestPart::StageVariable),
        ("Context", RequestPart::Context),
    ];
    let kinds = kinds.into_iter();
    kinds
        .flat_map(|(property, part)| identity.texts(property).into_iter().map(part))
        .collect()
}

/// An API's `Auth` for routes without their own.
pub(super) fn default_access(api: &Fields<'_>) -> Access {
    let Some(entry) = api.entry("Auth").filter(|it| it.value.entries().is_some()) else {
        return Access::default();
    };
    let auth = api.below("Auth", entry.key_span, &entry.value);
    let named = auth.text("DefaultAuthorizer");
    let iam = named.as_deref() == Some("AWS_IAM");
    let named = named.filter(|it| !matches!(it.as_str(), "AWS_IAM" | "NONE"));
    Access {
        scopes: named
            .as_deref()
            .map(|it| own_scopes(&auth, it))
            .unwrap_or_default(),
        authorizer: named,
        api_key_required: auth.boolean("ApiKeyRequired") == Some(true),
        iam,
    }
}

/// What a route requires, by its event's `Auth` and that of the API.
pub(super) fn event_access(event: &Fields<'_>, api: &Fields<'_>, kind: Kind) -> Access {
    let mut access = default_access(api);
    let known = match kind {
        Kind::Rest => REST_EVENT,
        Kind::Http => HTTP_EVENT,
    };
    let Some(own) = event.mapping("Auth", known) else {
        return access;
    };
    if let Some(name) = own.text("Authorizer") {
        access.iam = name == "AWS_IAM";
        (access.authorizer, access.scopes) = match name.as_str() {
            "NONE" => (None, Vec::new()),
            "AWS_IAM" => {
                own.warn_of("Authorizer", UNSIGNED);
                (None, Vec::new())
            }
            _ => {
                let entry = api.entry("Auth");
                let auth = entry.map(|it| api.below("Auth", it.key_span, &it.value));
                let auth = auth.as_ref();
                let scopes = auth.map(|it| own_scopes(it, &name));
                check_name(auth.unwrap_or(api), "Authorizer", &name, &own);
                (Some(name), scopes.unwrap_or_default())
            }
        };
    }
    if own.node("AuthorizationScopes").is_some() && access.authorizer.is_some() {
        access.scopes = own.texts("AuthorizationScopes");
    }
    if kind == Kind::Rest
        && let Some(required) = own.boolean("ApiKeyRequired")
    {
        access.api_key_required = required;
    }
    access
}

fn own_scopes(auth: &Fields<'_>, name: &str) -> Vec<String> {
    let Some(entry) = entries(auth, "Authorizers")
        .iter()
        .find(|it| &*it.key == name)
    else {
        return Vec::new();
    };
    let step = format!("Authorizers.{name}");
    let authorizer = auth.below(&step, entry.key_span, &entry.value);
    authorizer.texts("AuthorizationScopes")
}

/// Reports a name that is not an authorizer of the API.
fn check_name(auth: &Fields<'_>, property: &str, name: &str, said: &Fields<'_>) {
    let known = entries(auth, "Authorizers");
    if known.iter().any(|it| &*it.key == name) {
        return;
    }
    let help = "give it an entry in `Auth.Authorizers` of the API";
    let must = "must be `NONE`, `AWS_IAM` or one of the API's authorizers";
    said.wrong(property, must, "no such authorizer", help);
}

/// How an API gets a usage plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Own,
    Shared,
}

fn plan(api: &Resource) -> Option<Plan> {
    let plan = api.property("Auth")?.get("UsagePlan")?;
    match plan.get("CreateUsagePlan")?.text()? {
        "PER_API" => Some(Plan::Own),
        "SHARED" => Some(Plan::Shared),
        _ => None,
    }
}

/// The resources that SAM makes of `UsagePlan`: a key, a plan, and their link.
pub(super) fn made_of_plan(index: usize, api: &Resource) -> Vec<Resource> {
    let kinds = [
        ("ApiKey", &MADE_KEY),
        ("UsagePlan", &MADE_PLAN),
        ("UsagePlanKey", &MADE_PLAN),
    ];
    let of = |plan| {
        kinds.map(|(suffix, kind)| {
            let made = api.make(index, suffix, "", kind);
            match plan {
                Plan::Own => made,
                Plan::Shared => Resource {
                    logical_id: format!("Serverless{suffix}").into(),
                    ..made
                },
            }
        })
    };
    plan(api).map(of).into_iter().flatten().collect()
}

/// Adds the key that SAM makes for an API with a `UsagePlan`.
pub(super) fn add_key(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Some(auth) = fields.entry("Auth") else {
        return;
    };
    let auth = fields.below("Auth", auth.key_span, &auth.value);
    let Some(said) = auth.mapping("UsagePlan", PLAN) else {
        return;
    };
    said.word("CreateUsagePlan", &["PER_API", "SHARED", "NONE"]);
    let api = fields.logical_id.to_owned();
    let id = match plan(fields.resource()) {
        None => return,
        Some(Plan::Own) => format!("{api}ApiKey"),
        Some(Plan::Shared) => "ServerlessApiKey".to_owned(),
    };
    let keys = &mut reading.stack.api_keys;
    if let Some(key) = keys.iter_mut().find(|it| it.logical_id == id) {
        key.apis.push(api);
        return;
    }
    let pseudo = &fields.resolver.pseudo;
    keys.push(ApiKeyResource {
        name: pseudo.physical_name(&id, 1024),
        value: pseudo.api_key(&id),
        logical_id: id,
        enabled: true,
        apis: vec![api],
    });
}
