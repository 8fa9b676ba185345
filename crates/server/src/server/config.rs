//! What a server is to be.

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
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// What an acknowledged request survives.
    pub durability: Durability,
    /// The region in ARNs, and of functions.
    pub region: String,
    /// The account in ARNs: twelve digits.
    pub account_id: String,
    /// Variables for every function; they count more than a function's own, and publish nothing.
    pub environment: BTreeMap<String, String>,
    /// Processes of one function version at the most, unless its template says otherwise.
    pub concurrency_max: usize,
    /// How long an idle function process is kept.
    pub idle_time: Duration,
    /// What one execution may use.
    pub limits: Limits,
    /// What runs `python3.*` and `nodejs*` functions.
    pub runtimes: Arc<Runtimes>,
    /// What the program warned of, to show in the console.
    pub warnings: Arc<Warnings>,
    /// Where traces are sent; none: nowhere.
    pub telemetry: Option<OtlpConfig>,
    /// Where calls to AWS services go that are not here.
    pub elsewhere: Elsewhere,
    /// Functions that are debugged.
    pub debugging: Debugging,
    /// What authorizers of APIs go by.
    pub authorizers: AuthorizerConfig,
    /// How time passes.
    pub clock: ClockMode,
    /// Rules by which callbacks are answered and missing functions stood for: the JSON of
    /// `POST /lambdura/v1/answers`.
    pub answers: Option<serde_json::Value>,
    /// What executions would cost on AWS.
    pub prices: Prices,
    /// Where the functions' DynamoDB tables are; none: with this server.
    pub dynamodb: Option<Uri>,
    /// How this server takes part where others share its store.
    pub cluster: Option<ClusterSettings>,
    /// Who is let in.
    pub access: AccessConfig,
    /// Whose people may sign in to the console besides those who have access keys.
    pub oidc: Option<OidcConfig>,
}

impl ServerConfig {
    /// At free ports that only this machine reaches, alone, with AWS's limits.
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

/// Which functions are debugged, and who wants to know.
#[derive(Debug, Clone, Default)]
pub struct Debugging {
    /// How each of them runs, by name.
    pub functions: BTreeMap<String, Debugger>,
    /// Is told of each of their processes.
    pub started: Option<mpsc::Sender<DebuggedProcess>>,
}
