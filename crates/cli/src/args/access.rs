//! Who may use a service: arguments of `lambdura up`, and `lambdura keys` and `lambdura audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// How `lambdura up` lets requests in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Access")]
pub struct AccessArguments {
    /// Have every request signed, and decide by the policies of its access key: always so where other machines reach the
    /// service
    #[arg(long, env = "LAMBDURA_ENFORCE_POLICIES", value_parser = clap::builder::BoolishValueParser::new())]
    pub enforce_policies: bool,
    /// The certificate for TLS as PEM, with those that lead to its root; read anew when it changes
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
    /// A proxy in front of the service has TLS, and says in `X-Forwarded-For` where requests come from
    #[arg(long, env = "LAMBDURA_BEHIND_PROXY", value_parser = clap::builder::BoolishValueParser::new())]
    pub behind_proxy: bool,
    /// Requests a second of one access key, where requests are signed
    #[arg(long, value_name = "N", env = "LAMBDURA_REQUESTS_PER_KEY", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_key: u32,
    /// Requests a second from one address, where requests are signed
    #[arg(long, value_name = "N", env = "LAMBDURA_REQUESTS_PER_ADDRESS", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub requests_per_address: u32,
    #[command(flatten)]
    pub oidc: OidcArguments,
}

/// Signing in to the console by an OpenID provider.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sign-in by an OpenID provider")]
pub struct OidcArguments {
    /// The provider whose people may sign in to the console, where requests have to be signed: its URL
    #[arg(long, value_name = "URL", env = "LAMBDURA_OIDC_ISSUER", requires_all = ["oidc_client_id", "oidc_policy"])]
    pub oidc_issuer: Option<String>,
    /// What this service is called there
    #[arg(
        long,
        value_name = "ID",
        env = "LAMBDURA_OIDC_CLIENT_ID",
        requires = "oidc_issuer"
    )]
    pub oidc_client_id: Option<String>,
    /// A file with the secret that it has there; without it, it is a public client
    #[arg(
        long,
        value_name = "FILE",
        env = "LAMBDURA_OIDC_CLIENT_SECRET_FILE",
        requires = "oidc_issuer"
    )]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// Who may do what: `groups=sre:admin` for those whose claim `groups` is or has `sre`. A ready policy, or a file with
    /// a policy document; may be repeated. Whoever none fits is not let in
    #[arg(
        long,
        value_name = "CLAIM=VALUE:POLICY",
        env = "LAMBDURA_OIDC_POLICY",
        value_delimiter = ';',
        requires = "oidc_issuer"
    )]
    pub oidc_policy: Vec<String>,
    /// What the provider is asked for
    #[arg(
        long,
        value_name = "SCOPES",
        env = "LAMBDURA_OIDC_SCOPE",
        default_value = "openid profile email"
    )]
    pub oidc_scope: String,
    /// The console's URL in browsers, where a proxy changes `Host`: the provider sends people back to
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
With --data-dir the keys of a folder that no service has open, with --store those of a database, whether services run
or not; otherwise those of the running service.

Ready policies: admin, deploy, invoke, observe, answer. A file holds an IAM policy document.
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
    /// The data folder of a service that does not run; with --store, where `access.key` and the record of changes are
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The PostgreSQL database that services share
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Create one; its secret is shown this once
    Create {
        /// What it is called by
        name: String,
        /// A ready policy, or a file with a policy document; may be repeated
        #[arg(long, short, value_name = "POLICY|FILE", required = true)]
        policy: Vec<String>,
    },
    /// List them
    List,
    /// Let nobody sign with one
    Disable {
        /// Its name or id
        key: String,
    },
    /// Let them sign with it again
    Enable {
        /// Its name or id
        key: String,
    },
    /// Give one another secret, which is shown this once; the old one is of no use any more
    Rotate {
        /// Its name or id
        key: String,
    },
    /// Delete one
    Delete {
        /// Its name or id
        key: String,
    },
}

/// Print what was changed: who, what, when, from where
#[derive(Debug, Args)]
#[command(after_help = "\
Recorded are changes of a service that lets nobody in unsigned, what was refused to whom, and changes of keys.

Examples:
  lambdura audit
  lambdura audit lambda:UpdateFunctionCode -n 20
  lambdura audit --data-dir .lambdura --output json | jq 'select(.outcome == \"refused\")'")]
pub struct AuditArguments {
    /// Only lines that hold this text
    #[arg(value_name = "TEXT")]
    pub containing: Option<String>,
    /// The last so many lines
    #[arg(long, short = 'n', default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    /// Read the record in this data folder, whether a service runs or not
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}
