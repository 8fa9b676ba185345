//! `AWS::Serverless::StateMachine` and `AWS::StepFunctions::StateMachine`: durable functions whose code is a definition.
//!
//! Source of names: AWS SAM developer guide, `AWS::Serverless::StateMachine`, and CloudFormation template reference,
//! `AWS::StepFunctions::StateMachine`, read 2026-11-29.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::template::{Fields, Named, Pseudo, Type, properties};
use crate::{Architecture, DurableConfig, FunctionResource, LoggingConfig, Tracing, construct};

use super::events;
use super::function::{NO_ENCRYPTION, has_role, policies};
use super::reading::{Reading, WORD_MARKS, checked_name, is_word};
use super::states_target::ALIAS;

const NO_PUBLISHING: &str =
    "a version is published whenever the definition changes, and the alias `live` follows it";

/// The variable that says of which type it is.
const TYPE_VARIABLE: &str = "LAMBDURA_STATE_MACHINE_TYPE";

/// Longest execution of a durable function, and of an Express state machine.
/// Source: Step Functions service quotas: five minutes.
const STANDARD_TIMEOUT: Duration = Duration::from_secs(31_622_400);
const EXPRESS_TIMEOUT: Duration = Duration::from_secs(300);

pub(super) static TYPE: Type = Type {
    properties: properties! {
        // Who enforces permissions reads `Policies`; the rest of what says them is taken, and nobody notices.
        used: Definition, DefinitionSubstitutions, DefinitionUri, Events, Name, PermissionsBoundary, Policies, Role,
            RolePath, Type;
        ignored:
            NO_ENCRYPTION => EncryptionConfiguration;
            NO_PUBLISHING => AutoPublishAlias, DeploymentPreference, UseAliasAsEventTarget;
            "it is logged as functions are" => Logging;
            "tags are not kept" => PropagateTags, Tags;
            "functions are traced, not states" => Tracing;
    },
    named: Named::By("Name", 64),
    makes: |index, all, _| events::of_machine(&all[index], index),
    read: Some(|fields, reading| {
        events::check_of_machine(fields);
        read(fields, reading, &SERVERLESS);
    }),
    ..machine_type("AWS::Serverless::StateMachine")
};

pub(super) static STEP_FUNCTIONS: Type = Type {
    properties: properties! {
        used: Definition, DefinitionString, DefinitionSubstitutions, RoleArn, StateMachineName, StateMachineType;
        ignored:
            "an object in S3 is not fetched" => DefinitionS3Location;
            NO_ENCRYPTION => EncryptionConfiguration;
            "it is logged as functions are" => LoggingConfiguration;
            "tags are not kept" => Tags;
            "functions are traced, not states" => TracingConfiguration;
    },
    named: Named::By("StateMachineName", 64),
    read: Some(|fields, reading| read(fields, reading, &CLOUD_FORMATION)),
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

/// How the properties of a type are called.
struct Names {
    name: &'static str,
    kind: &'static str,
    definitions: [&'static str; 2],
}

const SERVERLESS: Names = Names {
    name: "Name",
    kind: "Type",
    definitions: ["Definition", "DefinitionUri"],
};

const CLOUD_FORMATION: Names = Names {
    name: "StateMachineName",
    kind: "StateMachineType",
    definitions: ["Definition", "DefinitionString"],
};

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
    let Some(mut definition) = definition(fields, names) else {
        return;
    };
    substitute(&mut definition, &fields.text_map("DefinitionSubstitutions"));
    let own = definition.get("TimeoutSeconds").and_then(Value::as_u64);
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
        description: definition
            .get("Comment")
            .and_then(Value::as_str)
            .map(str::to_owned),
        code_uri: String::new(),
        code_path: reading.assets.directory.clone(),
        inline_code: None,
        state_machine: Some(definition),
        cannot_run: None,
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

/// The definition as JSON, from the one property that has it.
fn definition(fields: &Fields<'_>, names: &Names) -> Option<Value> {
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
    let value = fields.value(property)?;
    let definition = match &value {
        Value::String(text) if **property == "DefinitionString" => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    };
    let definition = definition.filter(Value::is_object);
    if definition.is_none() {
        let must = "must be a definition of the Amazon States Language";
        let found = fields
            .node(property)
            .map_or("nothing", crate::template::Node::describe);
        let help = "a mapping, or a file in this folder that has one as JSON or YAML";
        fields.wrong(property, must, found, help);
    }
    definition
}

/// Puts the values in, where `${Name}` stands in a text.
fn substitute(value: &mut Value, substitutions: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            for (name, substitution) in substitutions {
                let place = format!("${{{name}}}");
                if text.contains(&place) {
                    *text = text.replace(&place, substitution);
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| substitute(item, substitutions)),
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| substitute(member, substitutions));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
