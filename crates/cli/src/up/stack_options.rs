//! Turns the arguments into settings of the stack and the server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use server::{
    AccessConfig, AccessLimits, AccountCredentials, AuthorizerConfig, ClockMode, ClusterSettings,
    Credentials, Debugging, Elsewhere, KeySet, Limits, OtlpConfig, Runtimes, ServerConfig,
    TlsFiles, TokenKeys,
};
use stack::{
    LoadOptions, LoadStackError, MissingParameter, OtherServices, References, SERVERLESS_FOLDER,
    Stack,
};

use super::cdk;
use super::oidc;
use super::secret_seed;
use super::source::SAM_BUILD_DIR;
use crate::args::{
    AccessArguments, AwsCredentials, Clock, LimitsProfile, ServerArguments, StoreArguments,
    UpArguments,
};
use crate::commands::keys;
use crate::exit::CliError;

/// The account id of everything local: AWS never assigns it.
pub const ACCOUNT_ID: &str = "000000000000";

/// Where data is kept unless the arguments say otherwise, beside the template.
pub const DATA_DIR: &str = ".lambdura";

/// The file in the data folder with the values of Parameter Store parameters and secrets.
const REFERENCES: &str = "references.json";

/// Loads the template.
///
/// # Errors
/// Everything that is wrong with it, with line and column.
pub fn load(arguments: &UpArguments) -> Result<Stack, LoadStackError> {
    let options = load_options(arguments, references(arguments)?);
    for (arn, path) in &arguments.layer {
        if !path.exists() {
            return Err(LoadStackError::Option {
                message: format!("the layer `{arn}` is not at `{}`", path.display()),
                help: "`--layer` names a folder, or a `.zip`".to_owned(),
            });
        }
    }
    let mut stack = stack::load(&arguments.template, &options)?;
    cdk::leave_out_its_own(&mut stack);
    Ok(stack)
}

/// Parameters of the template that have no value.
///
/// # Errors
/// The template cannot be read.
pub fn missing_parameters(
    arguments: &UpArguments,
) -> Result<Vec<MissingParameter>, LoadStackError> {
    let options = load_options(arguments, References::default());
    stack::missing_parameters(&arguments.template, &options)
}

fn load_options(arguments: &UpArguments, references: References) -> LoadOptions {
    LoadOptions {
        region: region(arguments.region.as_deref(), |name| std::env::var(name).ok()),
        is_region_chosen: arguments.region.is_some(),
        account_id: ACCOUNT_ID.to_owned(),
        stack_name: arguments.stack_name.clone(),
        parameters: arguments.parameter.iter().cloned().collect(),
        references: References {
            seed: Some(secret_seed::of(&default_data_dir(
                arguments,
                beside(arguments),
            ))),
            ..references
        },
        layers: arguments.layer.iter().cloned().collect(),
        services: match (
            &arguments.server.aws_endpoint,
            &arguments.server.aws_credentials,
        ) {
            (Some(_), _) => OtherServices::Emulator,
            (None, Some(_)) => OtherServices::Account,
            (None, None) => OtherServices::Nowhere,
        },
    }
}

/// The folder of the template that the arguments name.
fn beside(arguments: &UpArguments) -> &Path {
    let template = &arguments.template;
    match template.parent() {
        Some(parent) if !template.is_dir() => parent,
        Some(_) | None => template,
    }
}

/// The values of the template's references to the parameter store and to secrets.
fn references(arguments: &UpArguments) -> Result<References, LoadStackError> {
    let path = match &arguments.references {
        Some(path) => path.clone(),
        None => default_data_dir(arguments, beside(arguments)).join(REFERENCES),
    };
    match References::read(&path)? {
        Some(references) => Ok(references),
        None if arguments.references.is_none() => Ok(References::default()),
        None => Err(LoadStackError::Option {
            message: format!("there is no file `{}`", path.display()),
            help: "`--references` names a JSON file with the values".to_owned(),
        }),
    }
}

/// As AWS's tools choose it; `variable` reads the environment.
pub fn region(argument: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> String {
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

/// The data folder as an absolute path, because stored records refer to files in it.
///
/// # Errors
/// When the current directory is unknown.
pub fn data_dir(arguments: &UpArguments, stack: &Stack) -> Result<PathBuf, CliError> {
    let beside = stack.template_path.parent().unwrap_or(Path::new("."));
    let data_dir = default_data_dir(arguments, beside);
    Ok(std::path::absolute(&data_dir)
        .with_context(|| format!("cannot tell where `{}` is", data_dir.display()))?)
}

/// The data folder that the arguments name, or the one beside a template in this folder.
fn default_data_dir(arguments: &UpArguments, beside: &Path) -> PathBuf {
    if let Some(data_dir) = &arguments.data_dir {
        return data_dir.clone();
    }
    // CDK and the Serverless Framework delete and rewrite their output folder; data belongs beside it.
    let is_written = beside.join("manifest.json").is_file() || beside.ends_with(SERVERLESS_FOLDER);
    let beside = match beside.parent() {
        Some(above) if is_written => above,
        Some(_) | None => beside,
    };
    let beside = std::path::absolute(beside).unwrap_or_else(|_| beside.to_owned());
    // `sam build` does the same.
    match beside.ancestors().nth(2) {
        Some(above) if beside.ends_with(SAM_BUILD_DIR) => above.join(DATA_DIR),
        Some(_) | None => beside.join(DATA_DIR),
    }
}

/// Where the clients of managed runtimes are kept: in the user's cache, which all stacks share, or without one in the
/// data folder.
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
    arguments: &ServerArguments,
    region: &str,
    data_dir: &Path,
    runtimes: Arc<Runtimes>,
    debugging: Debugging,
) -> Result<ServerConfig, CliError> {
    Ok(ServerConfig {
        listen: arguments.listen,
        http_api_listen: arguments.http_api_listen,
        data_dir: data_dir.to_owned(),
        durability: arguments.durability.into(),
        region: region.to_owned(),
        account_id: ACCOUNT_ID.to_owned(),
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
        elsewhere: elsewhere(arguments)?,
        debugging,
        authorizers: AuthorizerConfig {
            tokens: token_keys(arguments.jwt_keys.as_deref())?,
            off: arguments.no_authorizers,
        },
        clock: match arguments.clock {
            Clock::Real => ClockMode::Real,
            Clock::Auto => ClockMode::Auto,
            Clock::Manual => ClockMode::Manual,
        },
        answers: None,
        prices: crate::prices::read(arguments.prices.as_deref())?,
        dynamodb: arguments.store.dynamodb_endpoint.clone(),
        cluster: cluster(&arguments.store),
        access: access(&arguments.access)?,
        oidc: oidc::config(&arguments.access.oidc)?,
    })
}

/// The server's settings among others on a shared store; none when it is alone.
fn cluster(arguments: &StoreArguments) -> Option<ClusterSettings> {
    arguments.store.as_ref()?;
    let here = ClusterSettings::here();
    Some(ClusterSettings {
        listen: arguments.cluster_listen.unwrap_or(here.listen),
        address: arguments.cluster_address.clone(),
        lease: here.lease,
    })
}

/// The settings of access control.
fn access(arguments: &AccessArguments) -> Result<AccessConfig, CliError> {
    let files = arguments.tls_cert.clone().zip(arguments.tls_key.clone());
    Ok(AccessConfig {
        enforce_policies: arguments.enforce_policies,
        behind_proxy: arguments.behind_proxy,
        tls: files.map(|(certificates, key)| TlsFiles { certificates, key }),
        sealing_key: keys::sealing_key()?,
        limits: AccessLimits {
            per_key: arguments.requests_per_key,
            per_address: arguments.requests_per_address,
            ..AccessLimits::default()
        },
    })
}

/// The keys that tokens are checked with.
fn token_keys(given: Option<&Path>) -> Result<TokenKeys, CliError> {
    let path = match given {
        None => return Ok(TokenKeys::Issuers),
        Some(path) if path.as_os_str() == "any" => return Ok(TokenKeys::Any),
        Some(path) => path,
    };
    let wrong = |problem: String| {
        CliError::usage(
            format!("`--jwt-keys {}`: {problem}", path.display()),
            "a file with `{\"keys\": [...]}` is meant, which issuers of tokens publish as their JWK set, or `any`",
        )
    };
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let keys = KeySet::parse(&text);
    keys.map(TokenKeys::Given)
        .map_err(|error| match std::error::Error::source(&error) {
            Some(cause) => wrong(format!("{error}: {cause}")),
            None => wrong(error.to_string()),
        })
}

/// Where calls to AWS's other services go.
///
/// # Errors
/// The requested keys are not set.
pub fn elsewhere(arguments: &ServerArguments) -> Result<Elsewhere, CliError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let account = match (&arguments.aws_endpoint, &arguments.aws_credentials) {
        (Some(url), _) => return Ok(Elsewhere::Emulator(url.clone())),
        (None, None) => return Ok(Elsewhere::Nowhere),
        (None, Some(AwsCredentials::Profile(name))) => {
            let name = name.clone().or_else(|| variable("AWS_PROFILE"));
            AccountCredentials::Profile(name.unwrap_or_else(|| "default".to_owned()))
        }
        (None, Some(AwsCredentials::Environment)) => {
            let needed = |name: &str| {
                variable(name).ok_or_else(|| {
                    CliError::usage(
                        format!("`--aws-credentials env` needs {name}, which is not set"),
                        "set it, or take a profile of your AWS configuration with `--aws-credentials profile`",
                    )
                })
            };
            AccountCredentials::Environment(Credentials {
                access_key_id: needed("AWS_ACCESS_KEY_ID")?,
                secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
                session_token: variable("AWS_SESSION_TOKEN"),
            })
        }
    };
    Ok(Elsewhere::Account(account))
}

/// The target of traces, from OpenTelemetry's variables. Unusable variables are reported, and the start goes on.
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
