//! Signed tokens (JWTs) of API callers: verifies them with the keys of their issuers.
//!
//! An issuer's keys come from the issuer, by OpenID's discovery, or from a file that the user gives. The authorizer
//! decides what the claims of a token allow.
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

/// The settings of all authorizers of APIs.
#[derive(Debug, Clone, Default)]
pub struct AuthorizerConfig {
    /// The keys that verify tokens.
    pub tokens: TokenKeys,
    /// Whether no authorizer is asked, and all requests are admitted.
    pub off: bool,
}

/// The keys that verify tokens.
#[derive(Debug, Clone, Default)]
pub enum TokenKeys {
    /// Those that each issuer publishes.
    #[default]
    Issuers,
    /// These keys, for all issuers.
    Given(KeySet),
    /// No keys: signatures are not verified.
    Any,
}

/// Verifies tokens. Keys of issuers are kept for a while.
pub(crate) struct Tokens {
    config: AuthorizerConfig,
    /// Made when an issuer is asked: it reads all certificates of the machine, hundreds of files, and most servers ask
    /// no issuer.
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

    /// Whether authorizers are off, and all requests are admitted.
    pub fn authorizers_are_off(&self) -> bool {
        self.config.off
    }
}
