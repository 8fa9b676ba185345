//! `EventInvokeConfig` of SAM's functions, and `AWS::Lambda::EventInvokeConfig`.
//!
//! Source of names and ranges: AWS SAM developer guide, `EventInvokeConfiguration`, and
//! CloudFormation template reference, `AWS::Lambda::EventInvokeConfig`, read 2026-11-28.

use crate::EventInvokeResource;
use crate::template::{Fields, Properties, Type, properties};

use super::reading::Reading;
use super::target::{no_function, target};

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: DestinationConfig, MaximumEventAgeInSeconds, MaximumRetryAttempts;
        required: FunctionName = "`!Ref` to the function",
            Qualifier = "an alias, a version, or `$LATEST`";
    },
    ..Type::plain("AWS::Lambda::EventInvokeConfig")
};

const CONFIG: Properties = properties! {
    used: DestinationConfig, MaximumEventAgeInSeconds, MaximumRetryAttempts;
};

const DESTINATIONS: Properties = properties! { used: OnFailure, OnSuccess; };

const DESTINATION: Properties = properties! { used: Destination, Type; };

/// Checks one resource; each function reads its own.
pub(super) fn check(fields: &Fields<'_>, _: &mut Reading<'_>) {
    let function = fields.node("FunctionName");
    if function.is_some_and(|it| fields.resolver.function_of(it).is_none()) {
        no_function(fields, "FunctionName");
    }
}

/// How a function is invoked asynchronously: its own settings, then those of other resources.
pub(super) fn event_invoke(fields: &Fields<'_>) -> Vec<EventInvokeResource> {
    let resolver = fields.resolver;
    let own = fields.mapping("EventInvokeConfig", CONFIG);
    let own = own.map(|config| {
        let alias = resolver.published_alias(fields.index());
        read(&config, alias)
    });
    let others = resolver.resources.iter().enumerate().filter(|(_, other)| {
        let named = other.property("FunctionName");
        let is_such = other.kind.name == TYPE.name;
        let part = named
            .filter(|_| is_such)
            .and_then(|it| resolver.function_of(it));
        part.is_some_and(|part| part.function == fields.index())
    });
    let others = others.map(|(index, _)| {
        let config = Fields::of(resolver, index);
        let qualifier = config.text("Qualifier").filter(|it| it != "$LATEST");
        read(&config, qualifier)
    });
    own.into_iter().chain(others).collect()
}

fn read(config: &Fields<'_>, qualifier: Option<String>) -> EventInvokeResource {
    let destinations = config.mapping("DestinationConfig", DESTINATIONS);
    let destination = |name: &str| destination(&destinations.as_ref()?.mapping(name, DESTINATION)?);
    EventInvokeResource {
        qualifier,
        retries_max: config.integer("MaximumRetryAttempts", 0..=2, "attempts after the first"),
        event_age_max: config.seconds("MaximumEventAgeInSeconds", 60..=21_600),
        on_success: destination("OnSuccess"),
        on_failure: destination("OnFailure"),
    }
}

/// The ARN of a function. Other destinations cause a warning: nothing is sent there.
fn destination(fields: &Fields<'_>) -> Option<String> {
    let types = ["Lambda", "SQS", "SNS", "EventBridge", "S3Bucket"];
    let kind = fields.word("Type", &types);
    let node = fields.node("Destination");
    let is_function = |node| {
        let is_own = target(fields, "Destination", node, &[]).is_some();
        let arn = || fields.text_of("Destination", node);
        is_own || arn().is_some_and(|it| it.contains(":lambda:"))
    };
    match (kind, node) {
        (Some("Lambda"), None) => {
            fields.required("Destination", "`!GetAtt` and the function's `Arn`");
            None
        }
        (Some("Lambda") | None, Some(node)) if is_function(node) => {
            fields.text_of("Destination", node)
        }
        (_, _) => {
            let meaning = "only functions are destinations here: nothing is sent there";
            let property = if kind.is_some() {
                "Type"
            } else {
                "Destination"
            };
            fields.warn_of(property, meaning);
            None
        }
    }
}
