//! What a server is to be, whatever it serves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::AccessArguments;
use super::store::StoreArguments;
use super::values::{
    AwsCredentials, Clock, Durability, LimitsProfile, aws_credentials, concurrency, http_url,
    key_value, time,
};

/// Options of `lambdura up` and `lambdura serve`
#[derive(Debug, Args)]
pub struct ServerArguments {
    /// Address of the Lambda API and the console; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LAMBDURA_LISTEN",
        default_value = "127.0.0.1:3001"
    )]
    pub listen: SocketAddr,
    /// Address of the template's first API; other APIs and function URLs take the ports after it
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "LAMBDURA_HTTP_API_LISTEN",
        default_value = "127.0.0.1:3000"
    )]
    pub http_api_listen: SocketAddr,
    /// An environment variable for every function, which overrides the template's; may be repeated (LAMBDURA_ENV: one
    /// per line)
    #[arg(long, value_name = "NAME=VALUE", env = "LAMBDURA_ENV", value_delimiter = '\n', value_parser = key_value)]
    pub env: Vec<(String, String)>,
    /// A file to write once everything answers: URLs, functions and process id as JSON
    #[arg(long, value_name = "PATH", env = "LAMBDURA_READY_FILE")]
    pub ready_file: Option<PathBuf>,
    /// What an acknowledged request survives
    #[arg(long, value_enum, env = "LAMBDURA_DURABILITY", default_value = "disk")]
    pub durability: Durability,
    /// What one execution may use: AWS's quotas, or whatever the disk holds
    #[arg(
        long,
        value_enum,
        value_name = "PROFILE",
        env = "LAMBDURA_LIMITS",
        default_value = "aws"
    )]
    pub limits: LimitsProfile,
    /// How long an idle function process is kept, such as `30s` or `5m`
    #[arg(long, value_name = "TIME", env = "LAMBDURA_IDLE_TIME", default_value = "30s", value_parser = time)]
    pub idle_time: Duration,
    /// Largest number of processes of one function, unless the template reserves a number
    #[arg(long, value_name = "N", env = "LAMBDURA_CONCURRENCY", default_value_t = 64, value_parser = concurrency)]
    pub concurrency: usize,
    /// URL of a program that emulates AWS's other services (LocalStack, MiniStack, moto): functions' calls to these
    /// services go there, and the template's queues, topics, buckets, parameters and secrets are created there
    #[arg(long, value_name = "URL", env = "LAMBDURA_AWS_ENDPOINT", value_parser = http_url)]
    pub aws_endpoint: Option<http::Uri>,
    /// Let functions call AWS's other services in your account: `env` takes the AWS_… variables, `profile` or
    /// `profile:NAME` the AWS configuration
    #[arg(
        long,
        value_name = "env|profile",
        env = "LAMBDURA_AWS_CREDENTIALS",
        conflicts_with = "aws_endpoint",
        value_parser = aws_credentials
    )]
    pub aws_credentials: Option<AwsCredentials>,
    /// Which JWTs from callers of APIs are accepted: those signed by the keys in FILE (a JWK set), whoever issued them,
    /// or with `any` every JWT, signed or not [default: those signed by the keys that each issuer publishes]
    #[arg(long, value_name = "FILE|any", env = "LAMBDURA_JWT_KEYS")]
    pub jwt_keys: Option<PathBuf>,
    /// Let everybody call the template's APIs without asking authorizers (API keys are still checked)
    #[arg(long, env = "LAMBDURA_NO_AUTHORIZERS", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_authorizers: bool,
    /// How time passes
    #[arg(long, value_enum, env = "LAMBDURA_CLOCK", default_value = "real")]
    pub clock: Clock,
    /// Rules that answer callbacks, and that answer in place of functions that are not here: YAML or JSON, see
    /// `lambdura docs testing#answers`
    #[arg(long, value_name = "FILE", env = "LAMBDURA_ANSWERS")]
    pub answers: Option<PathBuf>,
    /// A price table for what executions would cost on AWS, instead of AWS's prices in us-east-1: see `lambdura cost
    /// --print-prices`
    #[arg(long, value_name = "FILE", env = "LAMBDURA_PRICES")]
    pub prices: Option<PathBuf>,
    #[command(flatten)]
    pub store: StoreArguments,
    #[command(flatten)]
    pub access: AccessArguments,
}
