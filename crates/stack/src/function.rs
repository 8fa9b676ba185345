//! A Lambda function as the template describes it, and its URL.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Cors, MachineResource};

/// An `AWS::Serverless::Function` or `AWS::Lambda::Function`, with `Globals` merged in and every
/// reference resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionResource {
    /// The key under `Resources`.
    pub logical_id: String,
    /// `FunctionName`, or `<stack>-<logical id>` where the template leaves the name to AWS.
    pub name: String,
    /// The unqualified ARN.
    pub arn: String,
    /// `Description`.
    pub description: Option<String>,
    /// `CodeUri` as written, `.` where the template leaves it out; a folder, or a `.zip` or `.jar`.
    pub code_uri: String,
    /// The same joined to the template's directory; its existence has not been checked.
    pub code_path: PathBuf,
    /// `InlineCode` or `ZipFile`, not yet written to a file: `code_path` means nothing then.
    pub inline_code: Option<String>,
    /// The definition, unchecked, if the function is a state machine: `code_path` means nothing then.
    pub state_machine: Option<serde_json::Value>,
    /// A state machine's settings besides its definition.
    #[serde(default)]
    pub machine: Option<MachineResource>,
    /// Why it cannot be run here, as a sentence fragment: its code is a container image, or lies in S3.
    /// `code_path` means nothing then, and an image has neither handler nor runtime.
    pub cannot_run: Option<String>,
    /// How its container image is built, if the template says so. The Dockerfile has not been read yet: `code_path`
    /// means nothing, and handler and runtime are empty.
    pub image: Option<ImageBuild>,
    /// The S3 object with its code, if a service can be asked for it; not fetched yet, so `code_path` means nothing.
    pub code_object: Option<S3Object>,
    /// `Layers` of this template, by the ARNs of [`crate::Stack::layers`], in the order in which they are merged.
    pub layers: Vec<String>,
    /// The ARNs of those of its layers that are not here.
    pub missing_layers: Vec<String>,
    /// `Handler`.
    pub handler: String,
    /// `Runtime`, for example `provided.al2023`.
    pub runtime: String,
    /// `Timeout`: 1 to 900 seconds, with a capacity provider up to 5400; 3 unless the template says otherwise.
    pub timeout: Duration,
    /// `MemorySize`: 128 to 10240 MB, with a capacity provider up to 32768; 128 unless the template says otherwise.
    pub memory_size_megabytes: u32,
    /// `Architectures`, which holds one.
    pub architecture: Architecture,
    /// `Environment.Variables`.
    pub environment: BTreeMap<String, String>,
    /// `AutoPublishAlias`, or the first `AWS::Lambda::Alias`: publish a version when the code
    /// changed, and move this alias to it.
    pub auto_publish_alias: Option<String>,
    /// Further aliases, which follow the newest version as well.
    pub more_aliases: Vec<String>,
    /// Present on durable functions only.
    pub durable_config: Option<DurableConfig>,
    /// `ReservedConcurrentExecutions`: the most invocations at a time.
    pub reserved_concurrent_executions: Option<u32>,
    /// `PerExecutionEnvironmentMaxConcurrency` of `CapacityProviderConfig`, 1 to 1600: how many invocations one process
    /// runs at a time. `None` is every function without a capacity provider, whose processes run one after another.
    pub invocations_per_process: Option<u32>,
    /// `EventInvokeConfig`, and the `AWS::Lambda::EventInvokeConfig` resources that name the function.
    pub event_invoke: Vec<EventInvokeResource>,
    /// Whether it has a `Role` (`RoleArn`), whose policies are unknown here. Assumed for functions stored before this
    /// field existed.
    #[serde(default = "has_role")]
    pub has_role: bool,
    /// `Policies`, one entry each: a name, a SAM policy template, or a policy document.
    ///
    /// References are resolved; intrinsics that this crate does not evaluate stay in long form.
    pub policies: Vec<serde_json::Value>,
    /// `Tracing`.
    pub tracing: Tracing,
    /// `LoggingConfig`.
    pub logging: LoggingConfig,
    /// `Metadata.BuildMethod`, for example `rust-cargolambda` or `makefile`.
    pub build_method: Option<String>,
    /// `Metadata.BuildProperties`, as the build method understands them.
    pub build_properties: Option<serde_json::Value>,
    /// `Metadata.SkipBuild`: the code has been built, and is taken as it is.
    pub skip_build: bool,
    /// Where the function is in the CDK app that the template was made of, such as `OrdersStack/Approve`.
    pub construct_path: Option<String>,
}

fn has_role() -> bool {
    true
}

impl FunctionResource {
    /// The ARN with a version or alias appended.
    pub fn qualified_arn(&self, qualifier: &str) -> String {
        format!("{}:{qualifier}", self.arn)
    }
}

/// How a container image is built: `Metadata` of SAM's functions, or of CDK's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImageBuild {
    /// The folder that `COPY` copies from.
    pub context: PathBuf,
    /// The Dockerfile, joined to the context.
    pub dockerfile: PathBuf,
    /// Values of `ARG`.
    pub arguments: BTreeMap<String, String>,
    /// The stage that becomes the image; by default the last one.
    pub target: Option<String>,
    /// `ImageConfig.Command`, which replaces `CMD`.
    pub command: Option<Vec<String>>,
    /// `ImageConfig.EntryPoint`, which replaces `ENTRYPOINT`.
    pub entry_point: Option<Vec<String>>,
    /// `ImageConfig.WorkingDirectory`, which replaces the last `WORKDIR`.
    pub working_directory: Option<String>,
}

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Object {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// Its version; by default the newest.
    pub version: Option<String>,
}

impl fmt::Display for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, key, .. } = self;
        write!(f, "s3://{bucket}/{key}")
    }
}

/// `DurableConfig`.
///
/// Source: AWS SAM developer guide, `DurableConfig`, read 2026-11-23.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurableConfig {
    /// `ExecutionTimeout`: 1 to 31,622,400 seconds; the template must say it.
    pub execution_timeout: Duration,
    /// `RetentionPeriodInDays`: 1 to 90, 14 unless the template says otherwise.
    pub retention_period_days: u8,
}

/// How a function is invoked asynchronously: `EventInvokeConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventInvokeResource {
    /// The alias or version that the invocation must name; SAM uses the `AutoPublishAlias`. `None` is `$LATEST`.
    pub qualifier: Option<String>,
    /// `MaximumRetryAttempts`: 0 to 2.
    pub retries_max: Option<u32>,
    /// `MaximumEventAgeInSeconds`: 60 to 21,600 seconds.
    pub event_age_max: Option<Duration>,
    /// The ARN of the function that receives results.
    pub on_success: Option<String>,
    /// The ARN of the function that receives events that Lambda gave up on.
    pub on_failure: Option<String>,
}

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Architecture {
    /// `x86_64`, Lambda's default.
    #[default]
    X86_64,
    /// `arm64`.
    Arm64,
}

impl Architecture {
    /// AWS's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// `Tracing`: whether Lambda records a segment for an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Tracing {
    /// Sampled by Lambda.
    Active,
    /// Sampled as the caller decided; Lambda's default.
    #[default]
    PassThrough,
    /// Off; a value of SAM only.
    Disabled,
}

/// `LoggingConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoggingConfig {
    /// `LogFormat`.
    pub log_format: LogFormat,
    /// `ApplicationLogLevel`, with `LogFormat: JSON` only.
    pub application_log_level: Option<String>,
    /// `SystemLogLevel`, with `LogFormat: JSON` only.
    pub system_log_level: Option<String>,
    /// `LogGroup`, where the template names one.
    pub log_group: Option<String>,
}

/// `LoggingConfig.LogFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum LogFormat {
    /// Plain lines; Lambda's default.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// A `FunctionUrlConfig`, or an `AWS::Lambda::Url`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionUrlResource {
    /// The key under `Resources`; `<function>Url` for a `FunctionUrlConfig`.
    pub logical_id: String,
    /// The first label of its host name on AWS.
    pub url_id: String,
    /// `https://<url id>.lambda-url.<region>.on.aws`, the URL that it would have on AWS.
    pub endpoint: String,
    /// The logical id of the function that answers.
    pub function: String,
    /// The alias that it means; `None` is `$LATEST`.
    pub qualifier: Option<String>,
    /// `AuthType: AWS_IAM`: requests have to be signed, where policies are enforced.
    pub iam: bool,
    /// `InvokeMode: RESPONSE_STREAM`: the answer is sent while the function writes it.
    pub streams: bool,
    /// `Cors`.
    pub cors: Option<Cors>,
}
