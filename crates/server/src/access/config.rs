//! Which checks are enforced, and what a listener that other machines reach needs.

use std::net::SocketAddr;
use std::path::PathBuf;

use access::SealingKey;

use crate::start_error::StartServerError;

/// Who may use the server, and how requests reach it.
#[derive(Debug, Clone, Default)]
pub struct AccessConfig {
    /// Whether requests must be signed and policies apply even where only this machine reaches the server.
    pub enforce_policies: bool,
    /// Whether a proxy in front of the server terminates TLS and sets `X-Forwarded-For` to the client's address.
    pub behind_proxy: bool,
    /// Certificate and key for TLS.
    pub tls: Option<TlsFiles>,
    /// Seals the secrets of access keys; without it: the file `access.key` in the data folder.
    pub sealing_key: Option<SealingKey>,
    /// How many requests a caller may send.
    pub limits: AccessLimits,
}

/// Where certificate and key are, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those that lead from it to the root.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How many requests a caller may send, where requests must be signed. Function processes are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessLimits {
    /// Requests a second of one access key.
    pub per_key: u32,
    /// Requests a second from one address, signed or not.
    pub per_address: u32,
    /// Open connections of one address.
    pub connections_per_address: usize,
}

impl Default for AccessLimits {
    /// Far more than people and deployments need, and too little to overload a server.
    fn default() -> Self {
        Self {
            per_key: 1_000,
            per_address: 2_000,
            connections_per_address: 512,
        }
    }
}

impl AccessConfig {
    /// Whether requests to listeners at these addresses must be signed.
    pub(crate) fn is_enforced(&self, listeners: &[SocketAddr]) -> bool {
        self.enforce_policies || listeners.iter().any(|it| !it.ip().is_loopback())
    }

    /// Whether listeners may be opened at these addresses, given how many access keys may sign.
    ///
    /// # Errors
    /// Says what is missing, and how to get it.
    pub(crate) fn check_listeners(
        &self,
        listeners: &[SocketAddr],
        keys: usize,
    ) -> Result<(), StartServerError> {
        let exposed = listeners.iter().find(|it| !it.ip().is_loopback());
        let Some(address) = exposed.copied() else {
            return match self.enforce_policies && keys == 0 {
                true => Err(StartServerError::NoAccessKeys),
                false => Ok(()),
            };
        };
        if self.tls.is_none() && !self.behind_proxy {
            return Err(StartServerError::ExposedWithoutTls(address));
        }
        if keys == 0 {
            return Err(StartServerError::ExposedWithoutKeys(address));
        }
        Ok(())
    }
}
