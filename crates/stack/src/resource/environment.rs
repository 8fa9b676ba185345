//! `Environment.Variables` of a function.

use std::collections::BTreeMap;

use crate::template::{Fields, used};

/// Largest environment, in bytes, names and values together.
/// Source: Lambda developer guide, "Lambda quotas", read 2026-11-23.
const ENVIRONMENT_BYTES_MAX: usize = 4096;

/// Variables that Lambda sets and refuses to be given.
/// Source: Lambda developer guide, "Defined runtime environment variables", read 2026-11-23.
const RESERVED: [&str; 20] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "AWS_LAMBDA_METADATA_API",
];

pub(super) fn environment(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let variables = fields
        .mapping("Environment", &[used("Variables")])
        .and_then(|environment| Some((environment.entry("Variables")?, environment)));
    let Some((entry, environment)) = variables else {
        return BTreeMap::new();
    };
    let Some(variables) = entry.value.entries() else {
        environment.wrong(
            "Variables",
            &entry.value,
            "must be a mapping",
            entry.value.describe(),
            "write one `NAME: value` per line, indented",
        );
        return BTreeMap::new();
    };
    let mut resolved = BTreeMap::new();
    let mut bytes = 0;
    for variable in variables.iter().filter(|it| !it.value.is_no_value()) {
        let path = format!("Variables.{}", variable.key);
        let problem = |must: &str, help: &str| {
            fields.resolver.report.problem(
                variable.key_span,
                format!("`Environment.{path}` of `{}` {must}", fields.logical_id),
                "this name",
                help,
            );
        };
        if RESERVED.contains(&&*variable.key) {
            problem(
                "is set by Lambda itself",
                "AWS refuses it; choose another name",
            );
        } else if !is_name(&variable.key) {
            let help = "two or more letters, digits and underscores, the first one a letter";
            problem("is no name for a variable", help);
        }
        // Quoted nothing is a value, unlike nothing at all.
        if let Some(text) = environment.text_of(&path, &variable.value) {
            bytes += variable.key.len() + text.len();
            resolved.insert(variable.key.to_string(), text);
        }
    }
    if bytes > ENVIRONMENT_BYTES_MAX {
        fields.resolver.report.problem(
            entry.key_span,
            format!(
                "the environment of `{}` has {bytes} bytes, {ENVIRONMENT_BYTES_MAX} are allowed",
                fields.logical_id
            ),
            "too large together",
            "AWS refuses it; keep large values in a file or table",
        );
    }
    resolved
}

fn is_name(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
