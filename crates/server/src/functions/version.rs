//! One version of a function: what the host runs and what the API shows.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use function_host::{Debugger, FunctionConfig, LogFormat, LogLevel, Logging};
use lambda_api::FunctionConfiguration;
use model::{FunctionArn, Version};
use runtime::DurableSettings;
use state_machine::KEY_VARIABLE;
use store::FunctionVersionRecord;

use super::{
    Damage, MachineKey, STATE_MACHINE_DEFINITION, STATE_MACHINE_PROGRAM, STATE_MACHINE_ROLE,
};

/// Lambda's own defaults, for a stored configuration that leaves them out.
const TIMEOUT_SECONDS: u64 = 3;
const MEMORY_MB: u32 = 128;
const RETENTION_DAYS: u32 = 14;

/// Variables of a template that are ignored: they lead to services that are served here. Only `up` may set them.
pub(crate) const ENDPOINTS_HERE: &[&str] =
    &["AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_DYNAMODB"];

/// How this server runs all functions, independent of their templates.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    /// Processes of one version at the most, where the template reserves no number.
    pub concurrency_max: usize,
    /// Whether that number is the function's own.
    pub reserved: bool,
    /// Variables that override a function's own.
    pub environment: BTreeMap<String, String>,
    /// The program that runs state machines: this one.
    pub program: Option<String>,
    /// The key from which the keys of state machines are derived.
    pub machine_key: MachineKey,
    /// Functions that are debugged, by name.
    pub debuggers: Arc<BTreeMap<String, Debugger>>,
}

/// How long an invocation or execution under a debugger may take: as long as any execution.
const DEBUGGED_SECONDS: u32 = 31_622_400;

/// A version of a function, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct FunctionVersion {
    pub version: Version,
    /// Present on durable functions only.
    pub durable: Option<DurableSettings>,
    /// Whether its invocations are traced without the caller asking.
    pub traced: bool,
    /// As the API shows it.
    pub configuration: FunctionConfiguration,
    /// As the host runs it.
    pub config: Arc<FunctionConfig>,
    /// Over code and settings: decides whether a deployment is a new version.
    pub config_sha256: String,
    /// Of the deployment package, or of the code where there was none.
    pub code_sha256: String,
    /// Shared by all copies of this version: tells whether a request still has one.
    pub holders: Arc<()>,
}

impl FunctionVersion {
    /// A version from its stored record, with the present place of its code. The stored configuration has the API's
    /// shape.
    pub fn from_record(
        record: &FunctionVersionRecord,
        arn: &FunctionArn,
        running: &Running,
        code_dir: PathBuf,
    ) -> serde_json::Result<Self> {
        let configuration: FunctionConfiguration = serde_json::from_str(&record.configuration)?;
        let seconds = configuration
            .timeout
            .and_then(|seconds| u64::try_from(seconds).ok());
        let memory = configuration
            .memory_size
            .and_then(|size| u32::try_from(size).ok());
        let mut environment = configuration
            .environment
            .clone()
            .unwrap_or_default()
            .variables;
        for name in ENDPOINTS_HERE {
            environment.remove(*name);
        }
        environment.extend(running.environment.clone());
        // The stored program may be another one: of an earlier release, or of another server.
        if let (Some(stored), Some(program)) =
            (environment.get_mut(STATE_MACHINE_PROGRAM), &running.program)
        {
            stored.clone_from(program);
        }
        if let (true, Some(role)) = (
            environment.contains_key(STATE_MACHINE_PROGRAM),
            &configuration.role,
        ) {
            environment.insert(STATE_MACHINE_ROLE.to_owned(), role.clone());
        }
        let is_durable = configuration.durable_config.is_some();
        if is_durable && may_be_machine(&configuration) {
            let key = running.machine_key.of(arn.name.as_str());
            environment.insert(KEY_VARIABLE.to_owned(), key.to_text());
        }
        let debugger = running.debuggers.get(arn.name.as_str()).cloned();
        let timeout = match debugger {
            Some(_) => u64::from(DEBUGGED_SECONDS),
            None => seconds.unwrap_or(TIMEOUT_SECONDS),
        };
        let concurrency_max = concurrency_max(running, &debugger);
        let config = FunctionConfig {
            arn: arn.to_string(),
            name: arn.name.to_string(),
            version: record.version.to_string(),
            revision: revision(&record.config_sha256, running),
            code_dir,
            runtime: configuration.runtime.clone().unwrap_or_default(),
            handler: configuration.handler.clone().unwrap_or_default(),
            timeout: Duration::from_secs(timeout),
            memory_mb: memory.unwrap_or(MEMORY_MB),
            environment,
            logging: logging(&configuration),
            concurrency_max,
            per_process: per_process(&configuration),
            debugger,
        };
        let mut durable = configuration
            .durable_config
            .as_ref()
            .and_then(durable_settings);
        if let (Some(settings), Some(_)) = (&mut durable, &config.debugger) {
            settings.execution_timeout_seconds = DEBUGGED_SECONDS;
        }
        let mode = configuration
            .tracing_config
            .as_ref()
            .and_then(|config| config.mode.as_deref());
        Ok(Self {
            version: record.version.clone(),
            durable,
            traced: mode == Some("Active"),
            configuration,
            config: Arc::new(config),
            config_sha256: record.config_sha256.clone(),
            code_sha256: record.code_sha256.clone(),
            holders: Arc::default(),
        })
    }

    /// The same version under another concurrency.
    pub fn running_as(&self, running: &Running) -> Self {
        let config = FunctionConfig {
            revision: revision(&self.config_sha256, running),
            concurrency_max: concurrency_max(running, &self.config.debugger),
            ..self.config.as_ref().clone()
        };
        Self {
            config: Arc::new(config),
            ..self.clone()
        }
    }

    /// Whether it is a state machine.
    pub fn is_state_machine(&self) -> bool {
        self.config.environment.contains_key(STATE_MACHINE_PROGRAM)
    }

    /// The definition of a state machine, as it lies beside its `bootstrap`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn definition(&self) -> io::Result<String> {
        std::fs::read_to_string(self.config.code_dir.join(STATE_MACHINE_DEFINITION))
    }

    /// The error text for callers when the version's code is damaged: the damage, and the remedy.
    pub fn damage_text(&self, damage: &Damage) -> String {
        let (name, number) = (&self.config.name, &self.version);
        let what_to_do = match number {
            Version::Latest => "Deploy the function again".to_owned(),
            Version::Published(_) => format!(
                "Deploy the code of that version again, or put the file back; delete version {number} if \
                 nothing needs it"
            ),
        };
        format!(
            "The code of function {name}, version {number}, is damaged on this machine: {damage}. \
             {what_to_do}."
        )
    }
}

/// Whether the function brings its own program, as a state machine does, whichever tool wrote its `bootstrap`.
fn may_be_machine(configuration: &FunctionConfiguration) -> bool {
    let runtime = configuration.runtime.as_deref().unwrap_or_default();
    runtime.starts_with("provided")
}

/// A debugger looks at one process; a function with concurrency zero keeps it.
fn concurrency_max(running: &Running, debugger: &Option<Debugger>) -> usize {
    match debugger {
        Some(_) => running.concurrency_max.min(1),
        None => running.concurrency_max,
    }
}

/// The host keeps processes by revision, and one revision has one concurrency.
fn revision(config_sha256: &str, running: &Running) -> String {
    if running.reserved {
        format!("{config_sha256}/{}", running.concurrency_max)
    } else {
        config_sha256.to_owned()
    }
}

/// How many invocations one process has at a time, for functions on managed instances. The API rejects other numbers.
fn per_process(configuration: &FunctionConfiguration) -> Option<NonZeroUsize> {
    let config = configuration.capacity_provider_config.as_ref()?;
    let config = config
        .lambda_managed_instances_capacity_provider_config
        .as_ref()?;
    let given = config.per_execution_environment_max_concurrency?;
    NonZeroUsize::new(usize::try_from(given).ok()?)
}

/// How processes write their logs. The API rejects other words.
fn logging(configuration: &FunctionConfiguration) -> Logging {
    let Some(config) = &configuration.logging_config else {
        return Logging::default();
    };
    let format = config.log_format.as_deref().and_then(LogFormat::parse);
    let level = |name: &Option<String>| name.as_deref().and_then(LogLevel::parse);
    Logging {
        format: format.unwrap_or_default(),
        application_level: level(&config.application_log_level).unwrap_or_default(),
        system_level: level(&config.system_log_level).unwrap_or_default(),
    }
}

fn durable_settings(config: &lambda_api::DurableConfig) -> Option<DurableSettings> {
    let days = config
        .retention_period_in_days
        .and_then(|days| u32::try_from(days).ok());
    Some(DurableSettings {
        execution_timeout_seconds: u32::try_from(config.execution_timeout?).ok()?,
        retention_days: days.unwrap_or(RETENTION_DAYS),
    })
}
