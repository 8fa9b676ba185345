//! `Environment.Variables` of a function.

use std::collections::BTreeMap;

use crate::template::{Fields, names, properties};

use super::reading::is_word;

/// Largest environment, in bytes, names and values together.
/// Source: Lambda developer guide, "Lambda quotas", read 2026-11-23.
const ENVIRONMENT_BYTES_MAX: usize = 4096;

/// Variables that Lambda sets and refuses to be given.
/// Source: Lambda developer guide, "Defined runtime environment variables", read 2026-11-23.
const RESERVED: &[&str] = names! {
    _HANDLER _X_AMZN_TRACE_ID AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION
    AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME
    AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API AWS_REGION AWS_SECRET_ACCESS_KEY
    AWS_SECRET_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT AWS_LAMBDA_METADATA_API
};

pub(super) fn environment(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let Some(environment) = fields.mapping("Environment", properties! { used: Variables; }) else {
        return BTreeMap::new();
    };
    let Some(entry) = environment.entry("Variables") else {
        return BTreeMap::new();
    };
    let Some(variables) = entry.value.entries() else {
        let help = "write one `NAME: value` per line, indented";
        let found = entry.value.describe();
        environment.wrong("Variables", "must be a mapping", found, help);
        return BTreeMap::new();
    };
    for variable in variables.iter().filter(|it| !it.value.is_no_value()) {
        let (must, help) = if RESERVED.contains(&&*variable.key) {
            let help = "AWS refuses it; choose another name";
            ("is set by Lambda itself", help)
        } else if !is_name(&variable.key) {
            let help = "two or more letters, digits and underscores, the first one a letter";
            ("is no name for a variable", help)
        } else {
            continue;
        };
        let (name, id) = (&variable.key, fields.logical_id);
        let message = format!("`Environment.Variables.{name}` of `{id}` {must}");
        fields.problem(variable.key_span, &message, "this name", help);
    }
    let resolved = environment.text_map("Variables");
    let sizes = resolved.iter().map(|(name, text)| name.len() + text.len());
    let bytes: usize = sizes.sum();
    if bytes > ENVIRONMENT_BYTES_MAX {
        let id = fields.logical_id;
        let most = ENVIRONMENT_BYTES_MAX;
        let message = format!("the environment of `{id}` has {bytes} bytes, {most} are allowed");
        let help = "AWS refuses it; keep large values in a file or table";
        fields.problem(entry.key_span, &message, "too large together", help);
    }
    resolved
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && is_word(name, 2..=4096, b"_")
}
