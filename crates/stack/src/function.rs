//! A Lambda function as the template describes it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// An `AWS::Serverless::Function` or `AWS::Lambda::Function`, with `Globals` merged in and every
/// reference resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionResource {
    /// The key under `Resources`.
    pub logical_id: String,
    /// `FunctionName`, or `<stack>-<logical id>` where the template leaves the name to AWS.
    pub name: String,
    /// The unqualified ARN.
    pub arn: String,
    /// `Description`.
    pub description: Option<String>,
    /// `CodeUri` as written.
    pub code_uri: String,
    /// `CodeUri` joined to the template's directory; nobody has looked whether it exists.
    pub code_path: PathBuf,
    /// `InlineCode` or `ZipFile`, which nobody has put into a file yet: `code_path` means nothing then.
    pub inline_code: Option<String>,
    /// Why its code cannot run here, whatever is built: it is an image, or lies in S3. Such a function has no code.
    pub cannot_run: Option<String>,
    /// `Layers` of this template, in the order in which they are merged.
    pub layers: Vec<Layer>,
    /// `Handler`.
    pub handler: String,
    /// `Runtime`, for example `provided.al2023`.
    pub runtime: String,
    /// `Timeout`: 1 to 900 seconds, 3 unless the template says otherwise.
    pub timeout: Duration,
    /// `MemorySize`: 128 to 10240 MB, 128 unless the template says otherwise.
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
}

impl FunctionResource {
    /// The ARN with a version or alias appended.
    pub fn qualified_arn(&self, qualifier: &str) -> String {
        format!("{}:{qualifier}", self.arn)
    }
}

/// A layer of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The key under `Resources`.
    pub logical_id: String,
    /// Its content or, with a build method, the source of it: absolute.
    pub path: PathBuf,
    /// `Metadata.BuildMethod`.
    pub build_method: Option<String>,
}

/// `DurableConfig`.
///
/// Source: AWS SAM developer guide, `DurableConfig`, read 2026-11-23.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurableConfig {
    /// `ExecutionTimeout`: 1 to 31,622,400 seconds; the template must say it.
    pub execution_timeout: Duration,
    /// `RetentionPeriodInDays`: 1 to 90, 14 unless the template says otherwise.
    pub retention_period_days: u8,
}

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tracing {
    /// Sampled by Lambda.
    Active,
    /// Sampled as the caller decided; Lambda's default.
    #[default]
    PassThrough,
    /// Off, which only SAM knows.
    Disabled,
}

/// `LoggingConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Plain lines; Lambda's default.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}
