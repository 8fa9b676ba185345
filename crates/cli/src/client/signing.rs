//! The key that signs requests: `LAMBDURA_ACCESS_KEY_ID` and `LAMBDURA_SECRET_ACCESS_KEY`, or AWS's variables of that
//! kind. Without either, requests are not signed; a service on loopback accepts them.

use access::SecretKey;
use access::signature::Signer;

/// The region of signatures when the environment names none; the service accepts any.
const REGION: &str = "us-east-1";

/// The signer of the environment.
pub(super) fn from_environment() -> Option<Signer> {
    let of = |variables: [&str; 2]| {
        let [id, secret] = variables.map(|name| std::env::var(name).ok());
        let is_there = |value: &String| !value.is_empty();
        Some((id.filter(is_there)?, secret.filter(is_there)?))
    };
    let own = of(["LAMBDURA_ACCESS_KEY_ID", "LAMBDURA_SECRET_ACCESS_KEY"]);
    let (id, secret, session_token) = match own {
        Some((id, secret)) => (id, secret, None),
        None => {
            let (id, secret) = of(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])?;
            (id, secret, std::env::var("AWS_SESSION_TOKEN").ok())
        }
    };
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| std::env::var(name).ok());
    let region = region
        .into_iter()
        .flatten()
        .find(|region| !region.is_empty());
    Some(Signer {
        access_key_id: id,
        secret: SecretKey::new(secret),
        session_token,
        region: region.unwrap_or_else(|| REGION.to_owned()),
        service: "lambda".to_owned(),
    })
}
