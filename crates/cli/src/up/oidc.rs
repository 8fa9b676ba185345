//! The OpenID provider that signs people in to the console, and their permissions.

use server::{OidcConfig, OidcPolicy};

use crate::args::OidcArguments;
use crate::commands::keys;
use crate::exit::CliError;

/// The provider; `None` if the arguments name none.
///
/// # Errors
/// When an argument makes no sense, or a file cannot be read.
pub fn config(arguments: &OidcArguments) -> Result<Option<OidcConfig>, CliError> {
    let (Some(issuer), Some(client_id)) = (&arguments.oidc_issuer, &arguments.oidc_client_id)
    else {
        return Ok(None);
    };
    if let Err(problem) = server::check_provider_url(issuer) {
        return Err(CliError::usage(
            format!("`--oidc-issuer {issuer}`: {problem}"),
            "the URL below which the provider has `/.well-known/openid-configuration`",
        ));
    }
    let secret = arguments.oidc_client_secret_file.as_ref();
    let secret = secret.map(|path| {
        let text = std::fs::read_to_string(path).map_err(|error| {
            CliError::usage(
                format!("`--oidc-client-secret-file {}`: {error}", path.display()),
                "a file that has the secret and nothing else is meant",
            )
        })?;
        Ok::<_, CliError>(text.trim().to_owned())
    });
    let policies = arguments.oidc_policy.iter().map(|text| policy(text));
    Ok(Some(OidcConfig {
        issuer: issuer.clone(),
        client_id: client_id.clone(),
        client_secret: secret.transpose()?,
        scope: arguments.oidc_scope.clone(),
        console_url: arguments.oidc_console_url.clone(),
        policies: policies.collect::<Result<_, _>>()?,
    }))
}

/// `groups=sre:admin`: the value may have colons.
fn policy(text: &str) -> Result<OidcPolicy, CliError> {
    let parts = text
        .split_once('=')
        .and_then(|(claim, rest)| Some((claim.trim(), rest.rsplit_once(':')?)));
    let Some((claim, (value, policy))) = parts.filter(|(claim, _)| !claim.is_empty()) else {
        return Err(CliError::usage(
            format!("`--oidc-policy {text}` is not a rule"),
            "a rule is CLAIM=VALUE:POLICY, as in `groups=sre:admin`",
        ));
    };
    Ok(OidcPolicy {
        claim: claim.to_owned(),
        value: value.to_owned(),
        policy: keys::policy("--oidc-policy", policy)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_a_claim_its_value_and_a_policy() {
        let read = |text: &str| policy(text).map(|it| (it.claim, it.value, it.policy));
        let rule = read("groups=sre:admin").expect("it is one");
        assert_eq!(
            rule,
            ("groups".to_owned(), "sre".to_owned(), "admin".into())
        );
        let rule = read("urn:roles=a=b:c:observe").expect("it is one");
        assert_eq!(
            rule,
            ("urn:roles".to_owned(), "a=b:c".to_owned(), "observe".into())
        );
        for text in [
            "",
            "groups",
            "groups=sre",
            "=sre:admin",
            "groups=sre:nonsense",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
