//! The settings of a server.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cost::Prices;
use function_host::{DebuggedProcess, Debugger, Runtimes};
use hyper::Uri;
use model::Limits;
use runtime::ClockMode;
use store::Durability;
use tokio::sync::mpsc;

use crate::access::AccessConfig;
use crate::cluster::ClusterSettings;
use crate::elsewhere::Elsewhere;
use crate::oidc::OidcConfig;
use crate::telemetry::{OtlpConfig, Warnings};
use crate::tokens::AuthorizerConfig;

/// The settings of a server.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where the Lambda API listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where the first HTTP API listens, the others on the ports after it; port 0 picks free ones.
    pub http_api_listen: SocketAddr,
    /// The folder for all data.
    pub data_dir: PathBuf,
    /// The failures that an acknowledged request survives.
    pub durability: Durability,
    /// The region in ARNs, and of functions.
    pub region: String,
    /// The account in ARNs: twelve digits.
    pub account_id: String,
    /// Variables for every function; they override a function's own, and publish no version.
    pub environment: BTreeMap<String, String>,
    /// The most processes of one function version, unless its template says otherwise.
    pub concurrency_max: usize,
    /// How long an idle function process is kept.
    pub idle_time: Duration,
    /// The limits of one execution.
    pub limits: Limits,
    /// The programs that run `python3.*` and `nodejs*` functions.
    pub runtimes: Arc<Runtimes>,
    /// The program's warnings, for the console.
    pub warnings: Arc<Warnings>,
    /// Where traces are sent; `None` sends none.
    pub telemetry: Option<OtlpConfig>,
    /// Where calls to AWS services that are not here are sent.
    pub elsewhere: Elsewhere,
    /// Functions that are debugged.
    pub debugging: Debugging,
    /// The settings of the authorizers of APIs.
    pub authorizers: AuthorizerConfig,
    /// How time passes.
    pub clock: ClockMode,
    /// Rules that answer callbacks and stand for missing functions, as the JSON of
    /// `POST /lambdura/v1/answers`.
    pub answers: Option<serde_json::Value>,
    /// The prices for estimating an execution's cost on AWS.
    pub prices: Prices,
    /// Where the functions' DynamoDB tables are; `None` for tables in this server.
    pub dynamodb: Option<Uri>,
    /// This server's settings where others share its store.
    pub cluster: Option<ClusterSettings>,
    /// The rules of access.
    pub access: AccessConfig,
    /// The provider whose users may sign in to the console besides the owners of access keys.
    pub oidc: Option<OidcConfig>,
}

impl ServerConfig {
    /// On free ports that only this machine reaches, without other servers, with AWS's limits.
    pub fn local(data_dir: &Path) -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: any,
            http_api_listen: any,
            data_dir: data_dir.to_owned(),
            durability: Durability::Disk,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            environment: BTreeMap::new(),
            concurrency_max: 8,
            idle_time: Duration::from_secs(30),
            limits: Limits::AWS,
            runtimes: Arc::new(Runtimes::new(data_dir.join("runtimes"))),
            warnings: Arc::default(),
            telemetry: None,
            elsewhere: Elsewhere::Nowhere,
            debugging: Debugging::default(),
            authorizers: AuthorizerConfig::default(),
            clock: ClockMode::Real,
            answers: None,
            prices: Prices::published(),
            dynamodb: None,
            cluster: None,
            access: AccessConfig::default(),
            oidc: None,
        }
    }
}

/// Which functions are debugged, and the receiver of their processes.
#[derive(Debug, Clone, Default)]
pub struct Debugging {
    /// How each of them runs, by name.
    pub functions: BTreeMap<String, Debugger>,
    /// Gets each of their processes.
    pub started: Option<mpsc::Sender<DebuggedProcess>>,
}
