//! `AWS::Serverless::StateMachine` and `AWS::StepFunctions::StateMachine`: durable functions whose code is a
//! definition.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::StateMachine`, and CloudFormation template reference,
//! `AWS::StepFunctions::StateMachine`, read 2026-11-29.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::limits::TEMPLATE_BYTES_MAX;
use crate::state_machine::substitute;
use crate::template::{
    Fields, Named, Node, NodeValue, Pseudo, Report, Reported, Text, Type, parse, properties,
};
use crate::{
    Architecture, DefinitionSource, DurableConfig, FunctionResource, LoggingConfig,
    MachineResource, Tracing, construct,
};

use super::code::Assets;
use super::events;
use super::function::{ROLE, has_role, policies};
use super::reading::{Reading, WORD_MARKS, checked_name, is_word};
use super::states_target::ALIAS;
use super::unsupported::NO_ENCRYPTION;

const NO_PUBLISHING: &str =
    "a version is published whenever the definition changes, and the alias `live` follows it";

/// The environment variable with the machine's type.
const TYPE_VARIABLE: &str = "LAMBDURA_STATE_MACHINE_TYPE";

/// Longest execution of a durable function, and of an Express state machine.
/// Source: Step Functions service quotas: five minutes.
const STANDARD_TIMEOUT: Duration = Duration::from_secs(31_622_400);
const EXPRESS_TIMEOUT: Duration = Duration::from_secs(300);

pub(super) static TYPE: Type = Type {
    properties: properties! {
        // The server reads `Policies` if it enforces permissions; the other properties about them cause no warning.
        used: Definition, DefinitionSubstitutions, DefinitionUri, Events, Logging, Name, PermissionsBoundary, Policies,
            Role, RolePath, Tags, Tracing, Type;
        ignored:
            NO_ENCRYPTION => EncryptionConfiguration;
            NO_PUBLISHING => AutoPublishAlias, DeploymentPreference, UseAliasAsEventTarget;
            "the roles and rules that SAM would make are not here" => PropagateTags;
    },
    named: Named::By("Name", 64),
    makes: |index, all, _| {
        let machine = &all[index];
        let mut made = events::of_machine(machine, index);
        if machine.given("Role").is_none() {
            made.push(machine.make(index, "Role", "", &ROLE));
        }
        made
    },
    ..machine_type("AWS::Serverless::StateMachine")
};

pub(super) static STEP_FUNCTIONS: Type = Type {
    properties: properties! {
        used: Definition, DefinitionS3Location, DefinitionString, DefinitionSubstitutions, LoggingConfiguration, RoleArn,
            StateMachineName, StateMachineType, Tags, TracingConfiguration;
        ignored:
            NO_ENCRYPTION => EncryptionConfiguration;
    },
    named: Named::By("StateMachineName", 64),
    ..machine_type("AWS::StepFunctions::StateMachine")
};

const fn machine_type(name: &'static str) -> Type {
    Type {
        reference: |it| it.arn(Pseudo::state_machine_arn),
        attributes: &[
            ("Arn", |it| it.arn(Pseudo::state_machine_arn)),
            ("Name", crate::template::yields::name),
        ],
        ..Type::plain(name)
    }
}

/// The names of a type's properties.
struct Names {
    name: &'static str,
    kind: &'static str,
    definitions: [&'static str; 2],
    /// The property that may name an object in S3 instead.
    object: &'static str,
    /// Logs, traces and the role.
    shown: [&'static str; 3],
}

const SERVERLESS: Names = Names {
    name: "Name",
    kind: "Type",
    definitions: ["Definition", "DefinitionUri"],
    object: "DefinitionUri",
    shown: ["Logging", "Tracing", "Role"],
};

const CLOUD_FORMATION: Names = Names {
    name: "StateMachineName",
    kind: "StateMachineType",
    definitions: ["Definition", "DefinitionString"],
    object: "DefinitionS3Location",
    shown: ["LoggingConfiguration", "TracingConfiguration", "RoleArn"],
};

pub(super) fn read_serverless(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    events::check_of_machine(fields);
    read(fields, reading, &SERVERLESS);
}

pub(super) fn read_step_functions(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    read(fields, reading, &CLOUD_FORMATION);
}

fn read(fields: &Fields<'_>, reading: &mut Reading<'_>, names: &Names) {
    let is_valid = |name: &str| is_word(name, 1..=64, WORD_MARKS);
    let must = "must be 1 to 64 letters, digits, hyphens and underscores";
    let name = checked_name(fields, names.name, is_valid, must);
    let kinds = [
        ("STANDARD", ("STANDARD", STANDARD_TIMEOUT)),
        ("EXPRESS", ("EXPRESS", EXPRESS_TIMEOUT)),
    ];
    let (kind, longest) = fields
        .choice(names.kind, &kinds)
        .unwrap_or(("STANDARD", STANDARD_TIMEOUT));
    let (definition, source, cannot_run) = match definition(fields, names, reading.assets) {
        None => return,
        Some(Read::Whole(definition, source)) => (Some(definition), source, None),
        Some(Read::Unreadable(problem)) => {
            let reason = format!("its definition cannot be read: {problem}");
            (None, None, Some(reason))
        }
    };
    let said = |name: &str| definition.as_ref().and_then(|it| it.get(name));
    let own = said("TimeoutSeconds").and_then(Value::as_u64);
    let timeout = own.map_or(longest, |seconds| {
        longest.min(Duration::from_secs(seconds.max(1)))
    });
    let construct = fields
        .metadata("aws:cdk:path")
        .and_then(crate::template::Node::text);
    reading.stack.functions.push(FunctionResource {
        logical_id: fields.logical_id.to_owned(),
        arn: fields.resolver.pseudo.function_arn(&name),
        name,
        description: said("Comment").and_then(Value::as_str).map(str::to_owned),
        code_uri: String::new(),
        code_path: reading.assets.directory.clone(),
        inline_code: None,
        state_machine: definition,
        machine: Some(machine(fields, names, source)),
        cannot_run,
        image: None,
        code_object: None,
        layers: Vec::new(),
        missing_layers: Vec::new(),
        handler: String::from("bootstrap"),
        runtime: String::from("provided.al2023"),
        timeout: Duration::from_secs(900),
        memory_size_megabytes: 256,
        architecture: Architecture::default(),
        environment: BTreeMap::from([(TYPE_VARIABLE.to_owned(), kind.to_owned())]),
        auto_publish_alias: Some(String::from(ALIAS)),
        more_aliases: Vec::new(),
        durable_config: Some(DurableConfig {
            execution_timeout: timeout,
            retention_period_days: 90,
        }),
        reserved_concurrent_executions: None,
        invocations_per_process: None,
        event_invoke: Vec::new(),
        has_role: has_role(fields),
        policies: policies(fields),
        tracing: Tracing::default(),
        logging: LoggingConfig::default(),
        build_method: None,
        build_properties: None,
        skip_build: true,
        construct_path: construct.map(construct::path),
    });
}

/// The result of reading a definition.
enum Read {
    /// The definition itself, with its substitutions.
    Whole(Value, Option<DefinitionSource>),
    /// Why it cannot be read, as a sentence fragment.
    Unreadable(String),
}

/// The definition, from the one property that has it.
fn definition(fields: &Fields<'_>, names: &Names, assets: &Assets) -> Option<Read> {
    if let Some(node) = fields
        .node(names.object)
        .filter(|it| it.entries().is_some())
    {
        return Some(of_object(fields, names.object, node, assets));
    }
    let given = names
        .definitions
        .iter()
        .filter(|name| fields.node(name).is_some());
    let given: Vec<&&str> = given.collect();
    let span = fields.resource().id_span;
    let id = fields.logical_id;
    let [property] = given.as_slice() else {
        let [first, second] = names.definitions;
        let message = format!("`{id}` has to have either `{first}` or `{second}`");
        let help = "the definition of the state machine, here or in a file beside the template";
        fields.problem(span, &message, "this state machine", help);
        return None;
    };
    let substitutions = fields.text_map("DefinitionSubstitutions");
    if let ("DefinitionUri", Some([name, text])) = (**property, fields.node(property)?.items()) {
        let (name, text) = (name.text()?, text.text().unwrap_or_default());
        let source = DefinitionSource::new(name.to_owned(), text, &substitutions);
        return Some(from_text(source));
    }
    let mut definition = fields.value(property)?;
    if let ("DefinitionString", Value::String(text)) = (**property, &definition) {
        let name = format!("`DefinitionString` of `{id}`");
        let source = DefinitionSource::new(name, text, &substitutions);
        return Some(from_text(source));
    }
    if !definition.is_object() {
        let must = "must be a definition of the Amazon States Language";
        let found = fields
            .node(property)
            .map_or("nothing", crate::template::Node::describe);
        let help = "a mapping, or a file in this folder that has one as JSON or YAML";
        fields.wrong(property, must, found, help);
        return None;
    }
    substitute(&mut definition, &substitutions);
    Some(Read::Whole(definition, None))
}

/// The file behind an S3 object, as CDK's manifest names it; other objects are not fetched.
fn of_object(fields: &Fields<'_>, property: &str, node: &Node, assets: &Assets) -> Read {
    let key = node.get("Key").and_then(Node::text);
    let asset = key.and_then(|key| assets.paths.get(key));
    let Some(asset) = asset else {
        return Read::Unreadable(
            "it is an object in S3, which is not fetched: write it into the template, or into a file beside it"
                .to_owned(),
        );
    };
    let path = assets.directory.join(asset);
    let text = match Text::read(&path, TEMPLATE_BYTES_MAX) {
        Ok(Some(text)) => text,
        Ok(None) => return Read::Unreadable(format!("there is no file `{asset}`")),
        Err(error) => return Read::Unreadable(error.to_string()),
    };
    assets.files.borrow_mut().push(path);
    let substitutions = fields.text_map("DefinitionSubstitutions");
    let name = format!("`{property}` of `{}`", fields.logical_id);
    from_text(DefinitionSource::new(name, &text.content, &substitutions))
}

/// Parses JSON, or YAML, which is allowed too.
fn from_text(source: DefinitionSource) -> Read {
    let json = serde_json::from_str::<Value>(&source.text);
    let is_json = source.text.trim_start().starts_with('{');
    let problem = match json {
        Ok(definition) if definition.is_object() => {
            return Read::Whole(definition, Some(source));
        }
        Err(error) if is_json => {
            let (line, column) = source.written_at(error.line().max(1), error.column().max(1));
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            format!("{}:{line}:{column}: not valid JSON: {reason}", source.name)
        }
        _ => match yaml(&source) {
            Ok(definition) if definition.is_object() => {
                return Read::Whole(definition, Some(source));
            }
            Ok(_) => format!("{}: it is no mapping", source.name),
            Err(problem) => problem,
        },
    };
    Read::Unreadable(match source.unknown() {
        Some(name) => {
            format!("{problem}; `DefinitionSubstitutions` has no value for `${{{name}}}`")
        }
        None => problem,
    })
}

fn yaml(source: &DefinitionSource) -> Result<Value, String> {
    let report = Report::new(Text {
        name: source.name.clone(),
        content: Arc::new(source.text.clone()),
    });
    let parsed = parse(&report);
    match (parsed, report.finish()) {
        (Ok(node), Ok(_)) => Ok(json_of(&node)),
        (_, Err(invalid)) => {
            let problems = invalid.problems.iter().map(|it| {
                let (line, column) = source.written_at(it.line, it.column);
                format!("{}:{line}:{column}: {}", source.name, it.message)
            });
            Err(problems.collect::<Vec<_>>().join("; "))
        }
        (Err(Reported), Ok(_)) => Err(format!("{}: it cannot be read", source.name)),
    }
}

/// The node as written: functions of CloudFormation have no meaning in a definition.
fn json_of(node: &Node) -> Value {
    match &node.value {
        NodeValue::Scalar(scalar) => scalar.to_json(),
        NodeValue::Sequence(items) => Value::Array(items.iter().map(json_of).collect()),
        NodeValue::Mapping(entries) => {
            let entries = entries.iter();
            let members = entries.map(|it| (it.key.to_string(), json_of(&it.value)));
            Value::Object(members.collect())
        }
        NodeValue::Call(call) => {
            json!({ call.function.key(): json_of(&call.argument) })
        }
    }
}

/// Logs, traces, tags and the role, as `DescribeStateMachine` and `ListTagsForResource` show them.
fn machine(
    fields: &Fields<'_>,
    names: &Names,
    source: Option<DefinitionSource>,
) -> MachineResource {
    let [logging, tracing, role] = names.shown;
    let traced = fields.node(tracing);
    let traced = traced.and_then(|node| node.get("Enabled")?.scalar_value()?.as_bool());
    MachineResource {
        logging: fields
            .node(logging)
            .and_then(|node| fields.opaque(logging, node))
            .map(|it| shown_logging(fields, it)),
        is_traced: traced == Some(true),
        tags: tags(fields),
        role: fields
            .node(role)
            .and_then(|node| fields.opaque(role, node))
            .map(|it| settled(fields, it, "iam", "role/")),
        source,
    }
}

/// Members named as in the API, with a small first letter.
fn shown_logging(fields: &Fields<'_>, value: Value) -> Value {
    match value {
        Value::Object(members)
            if members
                .keys()
                .all(|it| !it.starts_with("Fn::") && it != "Ref") =>
        {
            let members = members.into_iter().map(|(name, member)| {
                let member = match name.as_str() {
                    "LogGroupArn" => Value::from(settled(fields, member, "logs", "log-group:")),
                    // CloudFormation accepts it as text too.
                    "IncludeExecutionData" => {
                        Value::from(member == true || member.as_str() == Some("true"))
                    }
                    _ => shown_logging(fields, member),
                };
                let mut letters = name.chars();
                let first = letters.next().map(|it| it.to_ascii_lowercase());
                let name = first.into_iter().chain(letters).collect();
                (name, member)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|it| shown_logging(fields, it));
            Value::Array(items.collect())
        }
        other => other,
    }
}

/// An ARN as it is written, or one built for a resource that does not exist here: its attribute is a text such as
/// `demo-Group.Arn` then.
fn settled(fields: &Fields<'_>, value: Value, service: &str, prefix: &str) -> String {
    let text = value.as_str().unwrap_or(fields.logical_id);
    if text.starts_with("arn:") {
        return text.to_owned();
    }
    let name = text.trim_end_matches(":*").trim_end_matches(".Arn");
    let pseudo = &fields.resolver.pseudo;
    let (partition, account) = (pseudo.partition(), &pseudo.account_id);
    match service {
        "iam" => format!("arn:{partition}:iam::{account}:{prefix}{name}"),
        _ => {
            let region = &pseudo.region;
            format!("arn:{partition}:{service}:{region}:{account}:{prefix}{name}:*")
        }
    }
}

/// Tags by name: SAM has a mapping of them, CloudFormation a list.
fn tags(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let Some(list) = fields.node("Tags").and_then(Node::items) else {
        return fields.text_map("Tags");
    };
    let tag = |node: &Node| {
        let key = fields.text_of("Tags", node.get("Key")?)?;
        let value = node.get("Value");
        let value = value.map_or(Some(String::new()), |it| fields.text_of("Tags", it));
        Some((key, value?))
    };
    list.iter().filter_map(tag).collect()
}
