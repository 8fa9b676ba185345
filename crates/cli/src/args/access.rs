//! Who may use a service: arguments of `lambdura up`, and `lambdura keys` and `lambdura audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// How `lambdura up` lets requests in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Access")]
pub struct AccessArguments {
    /// Require every request to be signed, and check the policies of its access key: always on if other machines can
    /// reach the service
    #[arg(long, env = "LAMBDURA_ENFORCE_POLICIES", value_parser = clap::builder::BoolishValueParser::new())]
    pub enforce_policies: bool,
    /// The TLS certificate as PEM, followed by those that lead to its root; reloaded when it changes
    #[arg(
        long,
        value_name = "FILE",
        env = "LAMBDURA_TLS_CERT",
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key as PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "LAMBDURA_TLS_KEY",
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,
    /// A proxy in front of the service handles TLS, and says in `X-Forwarded-For` where requests come from
    #[arg(long, env = "LAMBDURA_BEHIND_PROXY", value_parser = clap::builder::BoolishValueParser::new())]
    pub behind_proxy: bool,
    /// Largest number of requests a second with one access key, if requests must be signed
    #[arg(long, value_name = "N", env = "LAMBDURA_REQUESTS_PER_KEY", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_key: u32,
    /// Largest number of requests a second from one address, if requests must be signed
    #[arg(long, value_name = "N", env = "LAMBDURA_REQUESTS_PER_ADDRESS", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_address: u32,
    #[command(flatten)]
    pub oidc: OidcArguments,
}

/// Signing in to the console by an OpenID provider.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sign-in by an OpenID provider")]
pub struct OidcArguments {
    /// URL of the OpenID provider whose users may sign in to the console, if requests must be signed
    #[arg(long, value_name = "URL", env = "LAMBDURA_OIDC_ISSUER", requires_all = ["oidc_client_id", "oidc_policy"])]
    pub oidc_issuer: Option<String>,
    /// Client id of this service at the provider
    #[arg(
        long,
        value_name = "ID",
        env = "LAMBDURA_OIDC_CLIENT_ID",
        requires = "oidc_issuer"
    )]
    pub oidc_client_id: Option<String>,
    /// A file with the client secret; without one, the service is a public client
    #[arg(
        long,
        value_name = "FILE",
        env = "LAMBDURA_OIDC_CLIENT_SECRET_FILE",
        requires = "oidc_issuer"
    )]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// Who may do what: `groups=sre:admin` is for users whose claim `groups` is or contains `sre`. POLICY is a
    /// predefined policy, or a file with a policy document; may be repeated. Users whom no rule matches are not let in
    #[arg(
        long,
        value_name = "CLAIM=VALUE:POLICY",
        env = "LAMBDURA_OIDC_POLICY",
        value_delimiter = ';',
        requires = "oidc_issuer"
    )]
    pub oidc_policy: Vec<String>,
    /// Scopes to request from the provider
    #[arg(
        long,
        value_name = "SCOPES",
        env = "LAMBDURA_OIDC_SCOPE",
        default_value = "openid profile email"
    )]
    pub oidc_scope: String,
    /// The console's URL in browsers, if a proxy changes `Host`: the provider redirects users to
    /// `URL/lambdura/v1/session/oidc/callback`
    #[arg(
        long,
        value_name = "URL",
        env = "LAMBDURA_OIDC_CONSOLE_URL",
        requires = "oidc_issuer"
    )]
    pub oidc_console_url: Option<String>,
}

/// Access keys: who may send signed requests, and what each may do
#[derive(Debug, Args)]
#[command(after_help = "\
With --data-dir, these are the keys of a folder that no service has open; with --store those of a database, whether
services run or not; otherwise those of the running service.

Predefined policies: admin, deploy, invoke, observe, answer. A file contains an IAM policy document.
The secrets are sealed by `access.key` in the data folder, or by LAMBDURA_SEALING_KEY (32 bytes in base64).

Examples:
  lambdura keys create me --policy admin --data-dir .lambdura     the first one, before the service starts
  lambdura keys create me --policy admin --store postgres://lambdura@db/lambdura
  lambdura keys create ci --policy deploy --policy invoke
  lambdura keys create partner --policy partner.json
  lambdura keys list
  lambdura keys rotate ci
  lambdura keys disable partner")]
pub struct KeysArguments {
    #[command(subcommand)]
    pub action: KeysAction,
    /// The data folder of a service that is not running; with --store, the folder of `access.key`, where changes are
    /// recorded as well
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The PostgreSQL database that services share
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Create an access key; its secret is shown only once
    Create {
        /// Name of the key
        name: String,
        /// A predefined policy, or a file with a policy document; may be repeated
        #[arg(long, short, value_name = "POLICY|FILE", required = true)]
        policy: Vec<String>,
    },
    /// List access keys
    List,
    /// Disable a key: requests signed with it are rejected
    Disable {
        /// Its name or id
        key: String,
    },
    /// Enable a disabled key again
    Enable {
        /// Its name or id
        key: String,
    },
    /// Give a key a new secret, which is shown only once; the old one stops working
    Rotate {
        /// Its name or id
        key: String,
    },
    /// Delete a key
    Delete {
        /// Its name or id
        key: String,
    },
}

/// Print the record of changes: who, what, when, from where
#[derive(Debug, Args)]
#[command(after_help = "\
A service that requires signed requests records its changes, the requests that it denied, and changes of keys.
Services that share a database record them there: each prints what all of them did.

Examples:
  lambdura audit
  lambdura audit lambda:UpdateFunctionCode -n 20
  lambdura audit --store postgres://lambdura@db/lambdura
  lambdura audit --data-dir .lambdura --output json | jq 'select(.outcome == \"refused\")'")]
pub struct AuditArguments {
    /// Only lines that contain this text
    #[arg(value_name = "TEXT")]
    pub containing: Option<String>,
    /// How many of the latest lines to print
    #[arg(long, short = 'n', default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Read the record in this data folder, whether a service runs or not
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Read the record in this PostgreSQL database, whether services run or not
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    pub store: Option<String>,
}
