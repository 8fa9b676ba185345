//! Creates, changes and deletes machines over the API: functions whose code is a definition.
//!
//! Each revision is a published version of the function, and the alias `live` follows the newest one: executions stay on
//! the revision that they started on.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Write as _};
use std::sync::Arc;

use asl::Definition;
use lambda_api::{
    DurableConfig, EnvironmentResponse, FunctionConfiguration, TracingConfigResponse,
};
use model::{FunctionName, Version};
use serde_json::{Value, json};
use store::AliasRecord;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::error::{StatesError, optional, required};
use super::machine::{
    EXPRESS_SECONDS, Machine, check_stays, find_whole, kind_of, modified, newest,
};
use super::name::{check, function, invalid, machine, machine_arn};
use super::tags::tags;
use super::validate::{kind, sound};
use super::version::publish_in;
use crate::api::Draining;
use crate::app::App;
use crate::functions::{
    CatalogueChanges, FrozenCode, FunctionSettings, STATE_MACHINE_DEFINITION,
    STATE_MACHINE_PROGRAM, STATE_MACHINE_TYPE, StateMachineSettings, state_machine_bootstrap,
};

/// Longest execution of a durable function, and of a standard machine: a year and a day, in seconds.
const STANDARD_SECONDS: u64 = 31_622_400;
/// Days that an ended execution is kept. Source: Step Functions service quotas.
const RETENTION_DAYS: i64 = 90;
/// Longest invocation, in seconds, and memory in megabytes, of the process that runs a definition.
const INVOCATION_SECONDS: i64 = 900;
const MEMORY_MB: i64 = 256;

/// A request's settings of logs and traces, which are stored and shown.
struct LoggingAndTracing {
    logging: Option<Value>,
    is_traced: Option<bool>,
}

/// Log groups that a machine can log to. Source: API reference, `LoggingConfiguration`.
const DESTINATIONS_MAX: usize = 1;
/// Refuses a definition that calls services which this server cannot reach.
fn check_reachable(app: &App, definition: &Definition) -> Result<(), StatesError> {
    let problems = app.aws.unreachable(definition);
    if problems.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Invalid State Machine Definition: '{}'",
        problems.join("; ")
    );
    Err(StatesError::new("InvalidDefinition", message))
}

fn logging_and_tracing(input: &Value) -> Result<LoggingAndTracing, StatesError> {
    let logging = input.get("loggingConfiguration").filter(|it| !it.is_null());
    if let Some(logging) = logging {
        check_logging(logging)?;
    }
    let tracing = input.get("tracingConfiguration").filter(|it| !it.is_null());
    Ok(LoggingAndTracing {
        logging: logging.cloned(),
        is_traced: tracing.map(|it| it.get("enabled").and_then(Value::as_bool) == Some(true)),
    })
}

fn check_logging(logging: &Value) -> Result<(), StatesError> {
    let invalid = |message: &str| {
        let message = format!("Invalid Logging Configuration: {message}");
        Err(StatesError::new("InvalidLoggingConfiguration", message))
    };
    if !logging.is_object() {
        return invalid("It is not an object.");
    }
    let level = optional(logging, "level")?.unwrap_or("OFF");
    if !["ALL", "ERROR", "FATAL", "OFF"].contains(&level) {
        return Err(StatesError::validation(format!(
            "'{level}' is not a level of logs: ALL, ERROR, FATAL and OFF are."
        )));
    }
    let destinations = logging.get("destinations").and_then(Value::as_array);
    let groups = destinations.into_iter().flatten().map(|it| {
        let arn = it.pointer("/cloudWatchLogsLogGroup/logGroupArn");
        arn.and_then(Value::as_str).unwrap_or_default()
    });
    let groups: Vec<&str> = groups.collect();
    if groups.is_empty() && level != "OFF" {
        return invalid("Must specify exactly one Log Destination.");
    }
    if groups.len() > DESTINATIONS_MAX {
        return invalid("Must specify exactly one Log Destination.");
    }
    match groups.iter().all(|arn| is_log_group(arn)) {
        true => Ok(()),
        false => invalid("The Log Destination is not the ARN of a log group that ends with ':*'."),
    }
}

/// Whether it is the ARN of a log group, in Step Functions' form.
fn is_log_group(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "logs", _, _, "log-group", name, "*"] if !name.is_empty())
}

/// The role in a request; no process here assumes it.
fn role(input: &Value) -> Result<Option<&str>, StatesError> {
    match optional(input, "roleArn")? {
        Some(role) if !role.starts_with("arn:") || role.len() > 256 => Err(invalid(role)),
        role => Ok(role),
    }
}

pub(super) async fn create(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let text = required(input, "name")?;
    check(text)?;
    let name = function(text);
    let name = name.ok_or_else(|| {
        let message = format!("Invalid Name: '{text}': it is too long for here");
        StatesError::new("InvalidName", message)
    })?;
    required(input, "roleArn")?;
    let role = role(input)?.unwrap_or_default().to_owned();
    let kind = kind(input)?;
    let logging_and_tracing = logging_and_tracing(input)?;
    let tags = tags(input)?;
    let (text, definition) = sound(input, kind)?;
    check_reachable(app, &definition)?;
    let publish = wants_version(input)?;
    let wanted = configured(&basis(app, &name, kind), &definition, &role, kind);
    let code = package(app, text).await?;
    app.change(move |app, changes| {
        Box::pin(async move {
            let arn = machine_arn(&app.registry.home, name.as_str());
            let exists = |message: String| StatesError::new("StateMachineAlreadyExists", message);
            let before = app.registry.settings(&name);
            let mut kept = before.machine.clone().unwrap_or_default();
            let latest = app.registry.version(&name, &Version::Latest);
            // A server may have died during a creation, before it answered: the creation begins again.
            let is_whole = app.registry.newest(&name).is_some();
            if let Some(latest) = latest {
                if before.deleting {
                    return Err(StatesError::deleting(&arn));
                }
                if !latest.is_state_machine() {
                    let message =
                        format!("State Machine Already Exists: '{name}' is the name of a function");
                    return Err(exists(message));
                }
                // Role and tags are not compared, and not stored either. Source: API reference, "CreateStateMachine".
                let is_same = latest.code_sha256 == code.sha256
                    && kind_of(&latest.configuration) == kind
                    && kept.logging == logging_and_tracing.logging
                    && kept.is_traced == logging_and_tracing.is_traced.unwrap_or(false);
                if is_whole && !is_same {
                    return Err(exists(format!("State Machine Already Exists: '{arn}'")));
                }
            }
            if !is_whole {
                kept.created_at = changes.now().as_millis();
                logging_and_tracing.keep(&mut kept);
                let settings = FunctionSettings {
                    tags,
                    machine: Some(kept),
                    ..before.as_ref().clone()
                };
                // Settings without a function do no harm should the server die in between.
                changes.put_settings(&name, settings).await?;
                revise(changes, &name, wanted, &code).await?;
            }
            let version = publish_in(app, changes, &name, publish).await?;
            let machine = newest(app, name).ok_or_else(|| StatesError::no_machine(&arn))?;
            let mut answer = json!({
                "stateMachineArn": arn,
                "creationDate": machine.created(),
            });
            if let Some(version) = version {
                answer["stateMachineVersionArn"] = json!(format!("{arn}:{version}"));
            }
            Ok(answer)
        })
    })
    .await
}

pub(super) async fn update(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?.to_owned();
    let kind = kind_of(&find_whole(app, &arn)?.version.configuration);
    let logging_and_tracing = logging_and_tracing(input)?;
    let role = role(input)?.map(str::to_owned);
    let new = match input.get("definition").is_some_and(|it| !it.is_null()) {
        true => {
            let (text, definition) = sound(input, kind)?;
            check_reachable(app, &definition)?;
            Some((package(app, text).await?, definition))
        }
        false => None,
    };
    let says_nothing = new.is_none() && role.is_none() && logging_and_tracing.says_nothing();
    if says_nothing && input.get("encryptionConfiguration").is_none() {
        let message = "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or \
                       the TracingConfiguration must be specified";
        return Err(StatesError::new("MissingRequiredParameter", message));
    }
    let publish = wants_version(input)?;
    app.change(move |app, changes| {
        Box::pin(async move {
            let machine = find_whole(app, &arn)?;
            check_stays(&machine, &arn)?;
            let name = machine.name.clone();
            let mut settings = machine.settings.as_ref().clone();
            logging_and_tracing.keep(settings.machine.get_or_insert_default());
            changes.put_settings(&name, settings).await?;
            let before = &machine.version;
            let role = role.unwrap_or_else(|| machine.role());
            let (code, configuration) = match new {
                Some((code, definition)) => {
                    let kind = kind_of(&before.configuration);
                    let wanted = configured(&before.configuration, &definition, &role, kind);
                    (code, wanted)
                }
                None => {
                    let configuration = FunctionConfiguration {
                        role: Some(role),
                        ..before.configuration.clone()
                    };
                    (frozen(app, &machine), configuration)
                }
            };
            let configuration = FunctionConfiguration {
                function_arn: app.registry.home.arn(&name).to_string(),
                ..configuration
            };
            let revised = revise(changes, &name, configuration, &code).await?;
            let version = publish_in(app, changes, &name, publish).await?;
            let mut answer = json!({
                "updateDate": modified(&revised),
                "revisionId": revised.revision_id,
            });
            if let Some(version) = version {
                answer["stateMachineVersionArn"] = json!(format!("{arn}:{version}"));
            }
            Ok(answer)
        })
    })
    .await
}

pub(super) async fn delete(app: &Arc<App>, input: &Value) -> Result<Value, StatesError> {
    let arn = required(input, "stateMachineArn")?;
    if machine(arn)?.qualifier.is_some() {
        return Err(invalid(arn));
    }
    let Ok(machine) = find_whole(app, arn) else {
        // A missing machine counts as deleted.
        return Ok(json!({}));
    };
    let draining = Draining {
        function: machine.name.clone(),
        version: None,
    };
    app.delete(draining).await?;
    Ok(json!({}))
}

/// Makes a configuration and a definition the newest revision, and moves `live` to it.
async fn revise(
    changes: &CatalogueChanges<'_>,
    name: &FunctionName,
    configuration: FunctionConfiguration,
    code: &FrozenCode,
) -> Result<FunctionConfiguration, StatesError> {
    changes.replace_latest(name, configuration, code).await?;
    let published = changes.publish(name, None).await?;
    let version = published.version.as_deref().unwrap_or_default();
    let version: Version = version.parse().map_err(|_| {
        let message = format!("the version of {name} that was just published has no number");
        StatesError::new("InternalServerException", message)
    })?;
    changes
        .put_alias(AliasRecord {
            function: name.clone(),
            name: String::from("live"),
            version,
            description: String::new(),
            routing: None,
            revision_id: uuid::Uuid::new_v4().to_string(),
        })
        .await?;
    Ok(published)
}

/// The description of the version to publish; `None` if none is to be published.
fn wants_version(input: &Value) -> Result<Option<String>, StatesError> {
    let description = optional(input, "versionDescription")?;
    match input.get("publish").and_then(Value::as_bool) {
        Some(true) => Ok(Some(description.unwrap_or_default().to_owned())),
        _ if description.is_some() => Err(StatesError::validation(
            "Version description can only be set when publish is true",
        )),
        _ => Ok(None),
    }
}

/// The configuration of a machine's function, without the parts from its definition and its role.
fn basis(app: &App, name: &FunctionName, kind: &str) -> FunctionConfiguration {
    // Each server sets its own program: see `STATE_MACHINE_PROGRAM`.
    let variables = [
        (STATE_MACHINE_PROGRAM, "lambdura"),
        (STATE_MACHINE_TYPE, kind),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    FunctionConfiguration {
        function_name: name.to_string(),
        function_arn: app.registry.home.arn(name).to_string(),
        runtime: Some(String::from("provided.al2023")),
        handler: Some(String::from("bootstrap")),
        timeout: Some(INVOCATION_SECONDS),
        memory_size: Some(MEMORY_MB),
        environment: Some(EnvironmentResponse {
            variables: BTreeMap::from(variables),
        }),
        tracing_config: Some(TracingConfigResponse {
            mode: Some(String::from("PassThrough")),
        }),
        state: Some(String::from("Active")),
        last_update_status: Some(String::from("Successful")),
        package_type: Some(String::from("Zip")),
        architectures: Some(vec![String::from("x86_64")]),
        ..FunctionConfiguration::default()
    }
}

/// The configuration with the parts from a definition and a role.
fn configured(
    basis: &FunctionConfiguration,
    definition: &Definition,
    role: &str,
    kind: &str,
) -> FunctionConfiguration {
    let longest = match kind {
        "EXPRESS" => u64::from(EXPRESS_SECONDS),
        _ => STANDARD_SECONDS,
    };
    let own = definition.timeout_seconds;
    let timeout = own.map_or(longest, |seconds| seconds.clamp(1, longest));
    FunctionConfiguration {
        role: Some(role.to_owned()),
        description: Some(definition.comment.clone().unwrap_or_default()),
        durable_config: Some(DurableConfig {
            execution_timeout: i64::try_from(timeout).ok(),
            retention_period_in_days: Some(RETENTION_DAYS),
        }),
        ..basis.clone()
    }
}

/// The unchanged code of a revision.
fn frozen(app: &App, machine: &Machine) -> FrozenCode {
    let version = &machine.version;
    let size = version.configuration.code_size;
    let bytes = size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    let (dir, sha256) = (&version.config.code_dir, version.code_sha256.clone());
    app.registry.code.frozen(dir, sha256, bytes)
}

/// The code of a machine: the same definition gives the same code.
async fn package(app: &App, definition: &str) -> Result<FrozenCode, StatesError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        let message = format!("the definition cannot be {what}: {error}");
        StatesError::new("InternalServerException", message)
    };
    let archive = archive(definition).map_err(|error| failed("packed", &error))?;
    let code = Arc::clone(&app.registry.code);
    let unpacked = tokio::task::spawn_blocking(move || code.unpack(&archive)).await;
    match unpacked {
        Ok(unpacked) => unpacked.map_err(|error| failed("stored", &error)),
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

fn archive(definition: &str) -> io::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    archive.start_file("bootstrap", options.unix_permissions(0o755))?;
    archive.write_all(state_machine_bootstrap().as_bytes())?;
    archive.start_file(STATE_MACHINE_DEFINITION, options.unix_permissions(0o644))?;
    archive.write_all(definition.as_bytes())?;
    Ok(archive.finish()?.into_inner())
}

impl LoggingAndTracing {
    fn says_nothing(&self) -> bool {
        self.logging.is_none() && self.is_traced.is_none()
    }

    fn keep(self, kept: &mut StateMachineSettings) {
        if self.logging.is_some() {
            kept.logging = self.logging;
        }
        if let Some(is_traced) = self.is_traced {
            kept.is_traced = is_traced;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_definition_is_the_same_code() {
        let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;
        assert_eq!(archive(definition).unwrap(), archive(definition).unwrap());
        assert_ne!(archive(definition).unwrap(), archive("{}").unwrap());
    }
}
