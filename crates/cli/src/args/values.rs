//! Values of options, and how they are read.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

/// Where functions have real credentials from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsCredentials {
    /// `AWS_ACCESS_KEY_ID` and what belongs to it.
    Environment,
    /// A profile by name; none: `AWS_PROFILE`, or the default one.
    Profile(Option<String>),
}

pub(super) fn aws_credentials(text: &str) -> Result<AwsCredentials, String> {
    match text.split_once(':') {
        None if text == "env" => Ok(AwsCredentials::Environment),
        None if text == "profile" => Ok(AwsCredentials::Profile(None)),
        Some(("profile", name)) if !name.is_empty() => {
            Ok(AwsCredentials::Profile(Some(name.to_owned())))
        }
        _ => Err("must be `env`, `profile` or `profile:NAME`".to_owned()),
    }
}

pub(super) fn http_url(text: &str) -> Result<http::Uri, String> {
    let url: http::Uri = text
        .parse()
        .map_err(|error| format!("not a URL: {error}"))?;
    let is_base = matches!(url.path(), "" | "/") && url.query().is_none();
    match (url.scheme_str(), url.authority()) {
        (Some("http"), Some(_)) if is_base => Ok(url),
        _ => Err("must be a URL such as http://127.0.0.1:4566".to_owned()),
    }
}

/// What an answered request survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// Power loss: acknowledged after fsync
    Disk,
    /// The death of the process, not of the machine
    Os,
    /// Nothing: for tests
    Memory,
}

impl From<Durability> for store::Durability {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Disk => Self::Disk,
            Durability::Os => Self::Os,
            Durability::Memory => Self::Memory,
        }
    }
}

/// How time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// As usual
    Real,
    /// When nothing is at work, it jumps to the next moment that something waits for: for tests
    Auto,
    /// When nothing is at work, it stands still until `lambdura clock` moves it: for tests and presentations
    Manual,
}

/// What one execution may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LimitsProfile {
    /// AWS's quotas: 3,000 operations, 100 MB, 256 KB a step result
    Aws,
    /// No quota on operations and data, and payloads of up to 6 MB everywhere
    Unbounded,
}

/// How Rust functions are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BuildProfile {
    /// Fast to build, with debug assertions
    Dev,
    /// Optimised, as `sam build` does it
    Release,
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("must be of the form NAME=VALUE".to_owned()),
    }
}

pub(super) fn layer(text: &str) -> Result<(String, PathBuf), String> {
    let (arn, path) = key_value(text)?;
    let parts: Vec<&str> = arn.split(':').collect();
    let is_layer = matches!(parts.as_slice(), ["arn", _, "lambda", _, _, "layer", _, ..]);
    if is_layer && !path.is_empty() {
        return Ok((arn, path.into()));
    }
    Err("must be of the form ARN=FOLDER or ARN=ZIP, with the ARN of a layer".to_owned())
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "must be a time such as `30s`, `5m` or `1h30m`".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "must not be negative".to_owned())
}

pub(super) fn concurrency(text: &str) -> Result<usize, String> {
    match text.parse() {
        // Lambda's default quota of an account.
        Ok(number @ 1..=1000) => Ok(number),
        Ok(_) | Err(_) => Err("must be a number from 1 to 1000".to_owned()),
    }
}
