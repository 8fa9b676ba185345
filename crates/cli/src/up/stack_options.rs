//! What the arguments say about the stack and the server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use server::{Limits, OtlpConfig, Runtimes, ServerConfig};
use stack::{LoadOptions, LoadStackError, Stack};

use super::source::is_built_by_sam;
use crate::args::{Durability, LimitsProfile, UpArguments};
use crate::exit::CliError;

/// The account of everything local: AWS never gives it to anybody.
const ACCOUNT_ID: &str = "000000000000";

/// Where data is kept unless the arguments say otherwise, beside the template.
const DATA_DIR: &str = ".lambdura";

/// Loads the template.
///
/// # Errors
/// Everything that is wrong with it, with line and column.
pub fn load(arguments: &UpArguments) -> Result<Stack, LoadStackError> {
    let options = LoadOptions {
        region: region(arguments.region.as_deref(), |name| std::env::var(name).ok()),
        account_id: ACCOUNT_ID.to_owned(),
        stack_name: arguments.stack_name.clone(),
        parameters: arguments.parameter.iter().cloned().collect(),
    };
    stack::load(&arguments.template, &options)
}

/// As AWS's tools choose it.
fn region(argument: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> String {
    argument
        .map(str::to_owned)
        .into_iter()
        .chain(
            ["AWS_REGION", "AWS_DEFAULT_REGION"]
                .into_iter()
                .filter_map(variable),
        )
        .find(|region| !region.is_empty())
        .unwrap_or_else(|| "us-east-1".to_owned())
}

/// Where data is kept, as an absolute path: what is stored refers to files in it.
///
/// # Errors
/// When the current directory is unknown.
pub fn data_dir(arguments: &UpArguments, stack: &Stack) -> Result<PathBuf, CliError> {
    let data_dir = match &arguments.data_dir {
        Some(data_dir) => data_dir.clone(),
        None => {
            let beside = stack.template_path.parent().unwrap_or(Path::new("."));
            // What CDK writes is thrown away and written anew; data belongs beside it.
            let beside = match beside.parent() {
                Some(above) if beside.join("manifest.json").is_file() => above,
                Some(_) | None => beside,
            };
            let beside = std::path::absolute(beside).unwrap_or_else(|_| beside.to_owned());
            // So is what `sam build` writes.
            let beside = if is_built_by_sam(&stack.template_path) {
                beside.ancestors().nth(2).unwrap_or(&beside)
            } else {
                &beside
            };
            beside.join(DATA_DIR)
        }
    };
    Ok(std::path::absolute(&data_dir)
        .with_context(|| format!("cannot tell where `{}` is", data_dir.display()))?)
}

/// Where the clients of managed runtimes are kept: the user's cache, which all stacks share, or the data folder of a user
/// who has none.
pub fn runtimes_dir(data_dir: &Path) -> PathBuf {
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    match cache {
        Some(cache) => cache.join("lambdura/runtimes"),
        None => data_dir.join("runtimes"),
    }
}

/// The server's settings.
pub fn server_config(
    arguments: &UpArguments,
    stack: &Stack,
    data_dir: &Path,
    runtimes: Arc<Runtimes>,
) -> ServerConfig {
    ServerConfig {
        listen: arguments.listen,
        http_api_listen: arguments.http_api_listen,
        data_dir: data_dir.to_owned(),
        durability: match arguments.durability {
            Durability::Disk => store::Durability::Disk,
            Durability::Os => store::Durability::Os,
            Durability::Memory => store::Durability::Memory,
        },
        region: stack.region.clone(),
        account_id: stack.account_id.clone(),
        environment: arguments.env.iter().cloned().collect(),
        concurrency_max: arguments.concurrency,
        idle_time: arguments.idle_time,
        limits: match arguments.limits {
            LimitsProfile::Aws => Limits::AWS,
            LimitsProfile::Unbounded => Limits::UNBOUNDED,
        },
        runtimes,
        warnings: crate::kept_warnings::warnings(),
        telemetry: telemetry(),
    }
}

/// Where OpenTelemetry's variables say that traces go. What cannot be done is said and is no reason not to start.
fn telemetry() -> Option<OtlpConfig> {
    let read = OtlpConfig::from_variables(|name| std::env::var(name).ok());
    read.unwrap_or_else(|error| {
        tracing::warn!("{error}");
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_comes_from_the_argument_then_the_environment() {
        let none = |_: &str| None;
        let both = |name: &str| Some(format!("from-{name}"));
        let empty = |name: &str| (name == "AWS_REGION").then(String::new);
        assert_eq!(region(Some("eu-central-1"), both), "eu-central-1");
        assert_eq!(region(None, both), "from-AWS_REGION");
        assert_eq!(region(None, empty), "us-east-1");
        assert_eq!(region(None, none), "us-east-1");
    }
}
