//! Signed tokens (JWTs) of those who call APIs: whether they are believed, and by whose keys.
//!
//! An issuer's keys come from the issuer, by OpenID's discovery, or from a file that the user gives. What the
//! claims of a token open is for its authorizer to say.
//!
//! Source: API Gateway developer guide, "Control access to HTTP APIs with JWT authorizers", read 2026-11-28.

mod issuer;
mod key_set;
mod verify;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

pub use key_set::{KeySet, KeySetError};
pub(crate) use verify::{Claims, Expected, TokenError};

use issuer::{Issuer, IssuerClient};

/// What authorizers of APIs go by.
#[derive(Debug, Clone, Default)]
pub struct AuthorizerConfig {
    /// By which keys tokens are believed.
    pub tokens: TokenKeys,
    /// Whether no authorizer is asked, and everybody is let in.
    pub off: bool,
}

/// By which keys tokens are believed.
#[derive(Debug, Clone, Default)]
pub enum TokenKeys {
    /// Those that each issuer publishes.
    #[default]
    Issuers,
    /// Accepts these keys, whoever the issuer is.
    Given(KeySet),
    /// None: tokens are taken as they come.
    Any,
}

/// Believes tokens, or does not. Keys of issuers are kept for a while.
pub(crate) struct Tokens {
    config: AuthorizerConfig,
    /// Made when an issuer is asked: it reads all certificates of the machine, hundreds of files, and most servers ask none.
    client: LazyLock<Result<IssuerClient, String>>,
    issuers: Mutex<HashMap<String, Arc<Issuer>>>,
}

impl Tokens {
    pub fn new(config: AuthorizerConfig) -> Self {
        Self {
            config,
            client: LazyLock::new(IssuerClient::new),
            issuers: Mutex::default(),
        }
    }

    /// Whether authorizers are asked.
    pub fn authorizers_are_off(&self) -> bool {
        self.config.off
    }
}
