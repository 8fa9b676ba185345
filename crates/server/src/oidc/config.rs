//! The trusted provider, and the rights of its users.

use serde_json::Value;

use crate::tokens::Claims;

/// An OpenID provider whose users may sign in to the console.
#[derive(Clone)]
pub struct OidcConfig {
    /// Its URL, below which `/.well-known/openid-configuration` is.
    pub issuer: String,
    /// The client id of this service at the provider.
    pub client_id: String,
    /// Its client secret; `None` for a public client, which PKCE alone protects.
    pub client_secret: Option<String>,
    /// The requested scope: `openid`, and the scopes that bring the claims.
    pub scope: String,
    /// The URL of the console in browsers, where the `Host` of requests has another name.
    pub console_url: Option<String>,
    /// Which users have which policies. Users that no rule matches cannot sign in.
    pub policies: Vec<OidcPolicy>,
}

impl std::fmt::Debug for OidcConfig {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcConfig")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("policies", &self.policies)
            .finish_non_exhaustive()
    }
}

/// Users with this value in this claim may do what the policy says.
#[derive(Debug, Clone, PartialEq)]
pub struct OidcPolicy {
    /// The claim's name. A text, a truth value, a number, or a list of them.
    pub claim: String,
    /// The value that the claim must be or contain.
    pub value: String,
    /// The name of a ready policy, or a policy document.
    pub policy: Value,
}

impl OidcConfig {
    /// The policies for these claims; empty if no rule matches.
    pub(super) fn policies_of(&self, claims: &Claims) -> Vec<Value> {
        let mut policies = Vec::new();
        for it in self.policies.iter().filter(|it| it.fits(claims)) {
            if !policies.contains(&it.policy) {
                policies.push(it.policy.clone());
            }
        }
        policies
    }
}

impl OidcPolicy {
    fn fits(&self, claims: &Claims) -> bool {
        // Entering an address at the provider does not prove that it belongs to the user.
        let is_unverified = claims.get("email_verified") == Some(&Value::Bool(false));
        if self.claim == "email" && is_unverified {
            return false;
        }
        let is = |value: &Value| match value {
            Value::String(text) => *text == self.value,
            Value::Bool(value) => value.to_string() == self.value,
            Value::Number(value) => value.to_string() == self.value,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        match claims.get(&self.claim) {
            Some(Value::Array(values)) => values.iter().any(is),
            Some(value) => is(value),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policies(claims: Value) -> Vec<Value> {
        let rule = |claim: &str, value: &str, policy: &str| OidcPolicy {
            claim: claim.to_owned(),
            value: value.to_owned(),
            policy: json!(policy),
        };
        let config = OidcConfig {
            issuer: "https://id.example.com".to_owned(),
            client_id: "console".to_owned(),
            client_secret: None,
            scope: "openid".to_owned(),
            console_url: None,
            policies: vec![
                rule("groups", "sre", "admin"),
                rule("groups", "dev", "observe"),
                rule("groups", "qa", "observe"),
                rule("email", "ada@example.com", "admin"),
                rule("staff", "true", "answer"),
            ],
        };
        config.policies_of(claims.as_object().expect("an object"))
    }

    #[test]
    fn claims_say_what_somebody_may_do() {
        assert_eq!(
            policies(json!({"groups": ["sre", "dev"]})),
            [json!("admin"), json!("observe")]
        );
        assert_eq!(policies(json!({"groups": "qa"})), [json!("observe")]);
        assert_eq!(
            policies(json!({"groups": ["dev", "qa"]})),
            [json!("observe")]
        );
        assert_eq!(policies(json!({"staff": true})), [json!("answer")]);
        for nobody in [
            json!({}),
            json!({"groups": ["SRE", "sre "]}),
            json!({"groups": {"sre": true}}),
            json!({"groups": [["sre"]]}),
            json!({"staff": "yes"}),
        ] {
            assert_eq!(policies(nobody.clone()), Vec::<Value>::new(), "{nobody}");
        }
    }

    #[test]
    fn an_address_that_was_not_verified_is_nobodys() {
        let ada = |verified: Value| {
            policies(json!({"email": "ada@example.com", "email_verified": verified}))
        };
        assert_eq!(ada(json!(true)), [json!("admin")]);
        assert_eq!(ada(json!(false)), Vec::<Value>::new());
    }
}
