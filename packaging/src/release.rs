//! The version, the target and the common texts of a set of packages.

use crate::compress::Effort;
use crate::target::Target;

/// One version for one target.
#[derive(Debug, Clone)]
pub struct Release {
    pub version: String,
    pub target: Target,
    /// Seconds since 1970: the time of every file in every package.
    pub epoch: u64,
    pub effort: Effort,
}

/// The packages' description of the command.
pub const SUMMARY: &str = "AWS Lambda durable functions, anywhere";

/// The same at length.
pub const DESCRIPTION: &str = "Runs, tests and debugs AWS Lambda durable functions on any machine: one binary that speaks \
AWS's own API, reads SAM and CDK templates, starts functions as ordinary processes, and shows every execution in a web \
console. No container engine, no AWS account.";

/// Where the project is.
pub const HOMEPAGE: &str = "https://github.com/lambdura/lambdura";

/// The contact for questions about a package.
pub const MAINTAINER: &str = "The Lambdura project <packages@lambdura.invalid>";

pub const LICENSE: &str = "MIT OR Apache-2.0";
