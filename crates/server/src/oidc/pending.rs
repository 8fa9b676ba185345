//! A pending sign-in: the values that a browser keeps while it is at the provider.
//!
//! The state proves that the returning browser is the one that was sent, the nonce that the token was issued for this
//! sign-in, and the verifier that the code is redeemed by the client that started the sign-in.

use access::NewAccessKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::HeaderMap;
use sha2::{Digest as _, Sha256};

use crate::http::cookie;

/// How long a sign-in may take, in seconds.
const LASTS_SECONDS: u32 = 600;

/// The cookie's names: by TLS, and without.
pub(super) const NAMES: [&str; 2] = ["__Host-lambdura_oidc", "lambdura_oidc"];

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub state: String,
    pub nonce: String,
    /// Two drawn secrets of 40 letters, digits and hyphens each, with a hyphen between. Source: RFC 7636, section 4.1:
    /// 43 to 128 of them.
    pub verifier: String,
}

impl Pending {
    /// Draws the values of a new sign-in.
    pub fn draw() -> Result<Self, access::NoRandomness> {
        let draw = || {
            let drawn = NewAccessKey::draw_secret()?;
            Ok(drawn.reveal().replace(['+', '/'], "-"))
        };
        Ok(Self {
            state: draw()?,
            nonce: draw()?,
            verifier: format!("{}-{}", draw()?, draw()?),
        })
    }

    /// The hash of the verifier, which the provider gets.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// Whether this sign-in has this state.
    pub fn is_of(&self, state: &str) -> bool {
        access::SecretKey::new(self.state.as_str()).is(state)
    }

    /// The header that sets the cookie. `Lax`, because the browser comes back from another site.
    pub fn set_cookie(&self, is_tls: bool) -> String {
        let Self {
            state,
            nonce,
            verifier,
        } = self;
        let (name, secure) = named(is_tls);
        format!(
            "{name}={state}.{nonce}.{verifier}; Path=/; Max-Age={LASTS_SECONDS}; HttpOnly; SameSite=Lax{secure}"
        )
    }

    /// Reads the values from a browser's cookie.
    pub fn of(headers: &HeaderMap, is_tls: bool) -> Option<Self> {
        let value = cookie(headers, named(is_tls).0)?;
        let mut parts = value.split('.').map(str::to_owned);
        let pending = Self {
            state: parts.next()?,
            nonce: parts.next()?,
            verifier: parts.next()?,
        };
        let is_whole = parts.next().is_none();
        let is_drawn = [&pending.state, &pending.nonce]
            .iter()
            .all(|it| it.len() == 40);
        (is_whole && is_drawn).then_some(pending)
    }
}

/// The header that removes the cookie.
pub(super) fn remove_cookie(is_tls: bool) -> String {
    let (name, secure) = named(is_tls);
    format!("{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}")
}

/// The cookie's name, and the attributes for it. With `__Host-` no other host of the domain can have set it.
fn named(is_tls: bool) -> (&'static str, &'static str) {
    match is_tls {
        true => (NAMES[0], "; Secure"),
        false => (NAMES[1], ""),
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{COOKIE, HeaderValue};

    use super::*;

    #[test]
    fn what_a_browser_keeps_is_what_it_was_given() {
        let pending = Pending::draw().expect("there is randomness");
        assert!((43..=128).contains(&pending.verifier.len()));
        assert_eq!(pending.challenge().len(), 43);
        let kept = |text: &str, is_tls| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(text).expect("it is one"));
            Pending::of(&headers, is_tls)
        };
        for is_tls in [false, true] {
            let set = pending.set_cookie(is_tls);
            let (pair, _) = set.split_once(';').expect("it has attributes");
            assert_eq!(kept(&format!("a=b; {pair}"), is_tls), Some(pending.clone()));
            assert_eq!(kept(pair, !is_tls), None);
            assert_eq!(kept(&format!("{pair}.more"), is_tls), None);
        }
        assert_eq!(kept("lambdura_oidc=..", false), None);
        assert!(pending.is_of(&pending.state));
        assert!(!pending.is_of("") && !pending.is_of(&pending.nonce));
    }
}
