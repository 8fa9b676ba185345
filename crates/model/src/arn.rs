//! ARNs of functions and durable executions.
//!
//! `arn:<partition>:lambda:<region>:<account>:function:<name>` and, for an execution,
//! `<function ARN>:<version>/durable-execution/<execution name>/<execution id>`.
//! Source: botocore `lambda` 2015-03-31, patterns of `FunctionArn` and `DurableExecutionArn`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ExecutionId, ExecutionName, FunctionName};

/// A text that is not an ARN of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a {expected}")]
pub struct ParseArnError {
    /// The offending text, cut to 256 characters.
    pub text: String,
    /// The expected form, with an example.
    pub expected: &'static str,
}

/// The unqualified ARN of a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionArn {
    /// `aws` except in the isolated partitions.
    pub partition: Box<str>,
    /// For example `us-east-1`.
    pub region: Box<str>,
    /// Twelve digits.
    pub account_id: Box<str>,
    /// The function's name.
    pub name: FunctionName,
}

impl FunctionArn {
    /// The ARN with a version or alias appended.
    pub fn qualified(&self, qualifier: &str) -> String {
        format!("{self}:{qualifier}")
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            partition,
            region,
            account_id,
            name,
        } = self;
        write!(
            f,
            "arn:{partition}:lambda:{region}:{account_id}:function:{name}"
        )
    }
}

const FUNCTION_ARN: &str =
    "function ARN such as `arn:aws:lambda:us-east-1:000000000000:function:Name`";
const EXECUTION_ARN: &str = "durable execution ARN such as \
     `arn:aws:lambda:us-east-1:000000000000:function:Name:1/durable-execution/name/id`";

impl FromStr for FunctionArn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, ParseArnError> {
        parse_function(text)
            .and_then(|(arn, rest)| rest.is_none().then_some(arn))
            .ok_or_else(|| fail(text, FUNCTION_ARN))
    }
}

/// Splits off the function ARN; returns the rest after its name (after a colon) as it is.
fn parse_function(text: &str) -> Option<(FunctionArn, Option<&str>)> {
    let mut parts = text.splitn(8, ':');
    let mut part = || parts.next();
    if part()? != "arn" {
        return None;
    }
    let partition = part()?;
    if part()? != "lambda" {
        return None;
    }
    let region = part()?;
    let account_id = part()?;
    if part()? != "function" {
        return None;
    }
    let name = FunctionName::parse(part()?).ok()?;
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let digits = account_id.len() == 12 && account_id.bytes().all(|byte| byte.is_ascii_digit());
    if !word(partition) || !word(region) || !digits {
        return None;
    }
    let arn = FunctionArn {
        partition: partition.into(),
        region: region.into(),
        account_id: account_id.into(),
        name,
    };
    Some((arn, part()))
}

fn fail(text: &str, expected: &'static str) -> ParseArnError {
    ParseArnError {
        text: text.chars().take(256).collect(),
        expected,
    }
}

/// A resolved version of a function: never an alias.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Version {
    /// `$LATEST`: the code as it is now.
    Latest,
    /// A published, frozen version, counted from 1.
    Published(u64),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Published(number) => write!(f, "{number}"),
        }
    }
}

impl From<Version> for String {
    fn from(value: Version) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for Version {
    type Error = ParseArnError;

    fn try_from(text: String) -> Result<Self, ParseArnError> {
        text.parse()
    }
}

impl FromStr for Version {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, ParseArnError> {
        if text == "$LATEST" || text == "$LATEST.PUBLISHED" {
            return Ok(Self::Latest);
        }
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        match text.parse() {
            Ok(number) if canonical => Ok(Self::Published(number)),
            Ok(_) | Err(_) => Err(fail(text, "function version such as `$LATEST` or `3`")),
        }
    }
}

/// The ARN of one durable execution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExecutionArn {
    /// The function that runs.
    pub function: FunctionArn,
    /// The version that the execution is pinned to.
    pub version: Version,
    /// The execution's name.
    pub name: ExecutionName,
    /// The execution's identifier, here and as the id of its EXECUTION operation.
    pub id: ExecutionId,
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            version,
            name,
            id,
        } = self;
        write!(f, "{function}:{version}/durable-execution/{name}/{id}")
    }
}

impl From<ExecutionArn> for String {
    fn from(value: ExecutionArn) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for ExecutionArn {
    type Error = ParseArnError;

    fn try_from(text: String) -> Result<Self, ParseArnError> {
        text.parse()
    }
}

impl FromStr for ExecutionArn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, ParseArnError> {
        parse_execution(text).ok_or_else(|| fail(text, EXECUTION_ARN))
    }
}

fn parse_execution(text: &str) -> Option<ExecutionArn> {
    let (function, rest) = parse_function(text)?;
    let mut segments = rest?.split('/');
    let version = segments.next()?.parse().ok()?;
    if segments.next()? != "durable-execution" {
        return None;
    }
    let name = ExecutionName::parse(segments.next()?).ok()?;
    let id = ExecutionId::parse(segments.next()?).ok()?;
    segments.next().is_none().then_some(ExecutionArn {
        function,
        version,
        name,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXECUTION: &str =
        "arn:aws:lambda:us-east-1:000000000000:function:Loan:1/durable-execution/LOAN-1/0190-a";

    #[test]
    fn arns_survive_a_round_trip() {
        for text in [EXECUTION, &EXECUTION.replace(":1/", ":$LATEST/")] {
            let arn: ExecutionArn = text.parse().expect("a valid execution ARN");
            assert_eq!(arn.to_string(), text);
        }
        let function = "arn:aws-cn:lambda:cn-north-1:123456789012:function:Loan";
        assert_eq!(
            function
                .parse::<FunctionArn>()
                .expect("a valid ARN")
                .to_string(),
            function
        );
    }

    #[test]
    fn what_is_not_an_arn_is_refused() {
        for text in [
            "",
            "arn",
            "arn:aws:s3:us-east-1:000000000000:function:Loan",
            "arn:aws:lambda:us-east-1:1:function:Loan:1/durable-execution/a/b",
            "arn:aws:lambda:us-east-1:000000000000:function:Loan:live/durable-execution/a/b",
            "arn:aws:lambda:us-east-1:000000000000:function:Loan:01/durable-execution/a/b",
            "arn:aws:lambda:us-east-1:000000000000:function:Loan:1/durable-execution/a/b/c",
        ] {
            assert!(text.parse::<ExecutionArn>().is_err(), "{text}");
        }
    }
}
