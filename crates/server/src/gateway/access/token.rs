//! Authorizers that check signed tokens: `JWT` of HTTP APIs, `COGNITO_USER_POOLS` of REST APIs.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use stack::RequestPart;

use super::caller::Admitted;
use super::gated_api::{GateKind, GatedApi};
use super::refusal::Refusal;
use crate::app::App;
use crate::gateway::request::Incoming;
use crate::tokens::{Claims, Expected, TokenError};

/// An authorizer that checks signed tokens.
#[derive(Debug)]
pub(super) struct TokenAuthorizer {
    pub name: String,
    pub identity: Vec<RequestPart>,
    pub issuers: Vec<String>,
    pub issued_nowhere: bool,
    pub audience: Option<Vec<String>>,
}

impl TokenAuthorizer {
    /// Accepts callers with a valid token that has one of these scopes, if there are any.
    pub async fn admit(
        &self,
        api: &GatedApi,
        app: &Arc<App>,
        scopes: &[String],
        incoming: &Incoming<'_>,
    ) -> Result<Admitted, Refusal> {
        if self.identity.iter().any(|it| incoming.is_repeated(it)) {
            return Err(Refusal::Unauthorized(None));
        }
        let mut shown = self.identity.iter().filter_map(|part| incoming.part(part));
        let shown = shown.next().unwrap_or_default();
        let token = match shown.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => shown.trim(),
        };
        if token.is_empty() {
            return Err(Refusal::Unauthorized(None));
        }
        let expected = Expected {
            issuers: &self.issuers,
            issued_nowhere: self.issued_nowhere,
            audience: self.audience.as_deref(),
        };
        // Issuers of tokens use the real time.
        let verified = app.tokens.verify(token, expected, || app.machine_now());
        let claims = verified
            .await
            .map_err(|error| self.refused(&api.name, &error))?;
        if api.kind == GateKind::Rest {
            self.check_use(&api.name, &claims, scopes)?;
        }
        let own = own_scopes(&claims);
        if !scopes.is_empty() && !scopes.iter().any(|it| own.contains(it)) {
            return Err(Refusal::NoScope);
        }
        let authorizer = match api.kind {
            GateKind::Rest => json!({ "claims": rest_claims(&claims) }),
            GateKind::Http => {
                let scopes = match scopes.is_empty() {
                    true => Value::Null,
                    false => own.into(),
                };
                json!({ "jwt": { "claims": http_claims(&claims), "scopes": scopes } })
            }
        };
        Ok(Admitted {
            authorizer,
            usage_identifier_key: None,
        })
    }

    /// A user pool issues an ID token, which tells the user's identity, and an access token, which tells the user's
    /// rights: a route with scopes takes only the access token, and a route without scopes only the ID token.
    fn check_use(&self, api: &str, claims: &Claims, scopes: &[String]) -> Result<(), Refusal> {
        let wanted = match scopes.is_empty() {
            true => "id",
            false => "access",
        };
        match claims.get("token_use") {
            Some(own) if own.as_str() != Some(wanted) => {
                let name = &self.name;
                tracing::warn!(
                    api,
                    "the authorizer `{name}` does not let a request in: its token is for another use than `{wanted}` \
                     (`token_use`)"
                );
                Err(Refusal::Unauthorized(None))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, api: &str, error: &TokenError) -> Refusal {
        tracing::warn!(
            api,
            "the authorizer `{}` does not let a request in: {error}",
            self.name
        );
        match error {
            TokenError::Expired => Refusal::Expired,
            TokenError::NoKeys(_) => {
                let problem = "OIDC discovery endpoint communication error";
                Refusal::Unauthorized(Some(problem.to_owned()))
            }
            TokenError::Malformed(_) => {
                Refusal::Unauthorized(Some("the token is malformed".to_owned()))
            }
            TokenError::Issuer(_) => {
                Refusal::Unauthorized(Some("the token does not have a valid issuer".to_owned()))
            }
            TokenError::Audience(_) => {
                Refusal::Unauthorized(Some("the token does not have a valid audience".to_owned()))
            }
            TokenError::Endless
            | TokenError::Early
            | TokenError::Signature
            | TokenError::Nowhere => {
                Refusal::Unauthorized(Some("signature or times are not valid".to_owned()))
            }
        }
    }
}

/// `scope` as text, or `scp` as a list.
fn own_scopes(claims: &Claims) -> Vec<String> {
    let of = |value: &Value| match value {
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(items) => {
            let items = items.iter().filter_map(Value::as_str);
            items.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let scopes = claims.get("scope").or_else(|| claims.get("scp"));
    scopes.map(of).unwrap_or_default()
}

/// All claims become texts; lists stand in brackets, with spaces between.
fn http_claims(claims: &Claims) -> Map<String, Value> {
    let text = |value: &Value| match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            format!("[{}]", items.join(" "))
        }
        other => plain(other),
    };
    let claims = claims.iter();
    claims
        .map(|(name, value)| (name.clone(), text(value).into()))
        .collect()
}

/// All claims become texts; times are written out, and lists have commas.
fn rest_claims(claims: &Claims) -> Map<String, Value> {
    let text = |name: &str, value: &Value| match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            items.join(",")
        }
        Value::Number(seconds) if matches!(name, "exp" | "iat") => {
            let seconds = seconds.as_i64();
            let at = seconds.and_then(|it| jiff::Timestamp::from_second(it).ok());
            let written = at.map(|it| it.strftime("%a %b %d %H:%M:%S UTC %Y").to_string());
            written.unwrap_or_else(|| plain(value))
        }
        other => plain(other),
    };
    let claims = claims.iter();
    let claims = claims.map(|(name, value)| (name.clone(), text(name, value).into()));
    claims.collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_texts_as_each_kind_of_api_has_them() {
        let claims = json!({"sub": "ada", "exp": 1_700_000_000, "groups": ["a", "b"], "ok": true});
        let claims = claims.as_object().unwrap();
        assert_eq!(
            Value::Object(http_claims(claims)),
            json!({"sub": "ada", "exp": "1700000000", "groups": "[a b]", "ok": "true"})
        );
        assert_eq!(
            Value::Object(rest_claims(claims)),
            json!({"sub": "ada", "exp": "Tue Nov 14 22:13:20 UTC 2023", "groups": "a,b", "ok": "true"})
        );
    }
}
