//! `AWS::Lambda::EventSourceMapping`, and `SQS` events of functions: queues whose messages functions process.
//!
//! Source of names and ranges: CloudFormation template reference, `AWS::Lambda::EventSourceMapping`, and AWS SAM
//! developer guide, `SQS`, read 2026-11-28.

use crate::template::{Fields, Lookup, Node, Properties, Reported, Role, Type, Yields, properties};
use crate::{EventSourceResource, OtherServices};

use super::companion::QUEUE;
use super::reading::Reading;
use super::target::{Target, target};
use super::unsupported::NO_ENCRYPTION;

const NO_STREAM: &str = "queues have no such thing, and only queues are read here";
const NO_POLLERS: &str = "pollers are started as needed";
const NO_METRICS: &str = "nothing counts the polls";

pub(super) static TYPE: Type = Type {
    properties: properties! {
        used: BatchSize, Enabled, EventSourceArn, FilterCriteria, FunctionResponseTypes,
            MaximumBatchingWindowInSeconds, ScalingConfig, SelfManagedEventSource;
        required: FunctionName = "`!Ref` to the function or its alias";
        ignored:
            NO_STREAM => AmazonManagedKafkaEventSourceConfig, BisectBatchOnFunctionError, DestinationConfig,
                DocumentDBEventSourceConfig, MaximumRecordAgeInSeconds, MaximumRetryAttempts, ParallelizationFactor,
                Queues, SelfManagedKafkaEventSourceConfig, SourceAccessConfigurations, StartingPosition,
                StartingPositionTimestamp, Topics, TumblingWindowInSeconds;
            NO_ENCRYPTION => KmsKeyArn;
            NO_METRICS => LoggingConfig, MetricsConfig;
            NO_POLLERS => ProvisionedPollerConfig;
            "tags are not kept" => Tags;
    },
    reference: id,
    attributes: ATTRIBUTES,
    ..Type::plain("AWS::Lambda::EventSourceMapping")
};

const ATTRIBUTES: &[(&str, Yields)] = &[
    ("Id", id),
    ("EventSourceMappingArn", |it| {
        Ok(it.pseudo.mapping_arn(&id(it)?))
    }),
];

fn id(it: &Lookup<'_>) -> Result<String, Reported> {
    Ok(it.pseudo.mapping_id(&it.resource.logical_id))
}

/// The mapping of an `SQS` event, for references to it.
pub(super) static MADE: Type = Type {
    reference: id,
    attributes: ATTRIBUTES,
    ..Type::plain("")
};

/// The type for an `SQS` event.
pub(super) static EVENT: Type = Type {
    role: Role::Event(None),
    properties: properties! {
        used: BatchSize, Enabled, FilterCriteria, FunctionResponseTypes, MaximumBatchingWindowInSeconds,
            ScalingConfig;
        required: Queue = "`!GetAtt` and the queue's `Arn`";
        ignored:
            NO_ENCRYPTION => KmsKeyArn;
            NO_METRICS => LoggingConfig, MetricsConfig;
            NO_POLLERS => ProvisionedPollerConfig;
    },
    ..Type::plain("SQS")
};

const SCALING: Properties = properties! { used: MaximumConcurrency; };
const CRITERIA: Properties = properties! { used: Filters; };
const FILTER: Properties = properties! { used: Pattern; };

pub(super) fn read_mapping(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let property = "FunctionName";
    let target = fields
        .node(property)
        .and_then(|node| target(fields, property, node, &reading.nested.functions));
    let Some(target) = target else {
        let meaning = "only functions of this template are invoked here: this one never is";
        fields.warn_of(property, meaning);
        return;
    };
    if fields.node("EventSourceArn").is_none() {
        if fields.node("SelfManagedEventSource").is_none() {
            fields.required("EventSourceArn", "`!GetAtt` and the queue's `Arn`");
        }
        fields.warn_of("SelfManagedEventSource", NO_OTHER_SOURCE);
        return;
    }
    read(fields, "EventSourceArn", target, reading);
}

pub(super) fn read_event(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Some(made) = &fields.resource().made else {
        return;
    };
    let target = Target {
        function: fields.logical_id.to_owned(),
        qualifier: fields.resolver.published_alias(made.of),
    };
    read(fields, "Queue", target, reading);
}

const NO_OTHER_SOURCE: &str = "only queues of SQS are read here (no streams, no Kafka, no Amazon MQ, no DocumentDB): the \
                               function is never invoked by this source; invoke it yourself";

fn read(fields: &Fields<'_>, property: &str, target: Target, reading: &mut Reading<'_>) {
    let Some(node) = fields.node(property) else {
        return;
    };
    let Some(source_arn) = fields.text_of(property, node) else {
        return;
    };
    let settings = settings(fields, source_arn, target);
    if !settings.source_arn.contains(":sqs:") {
        fields.warn_of(property, NO_OTHER_SOURCE);
        return;
    }
    let is_own = is_own(fields, node);
    match reading.assets.services {
        OtherServices::Nowhere => {
            let meaning = "there is no queue here: the function is never invoked by it; `lambdura up` with \
                           `--aws-endpoint URL` reads queues of an emulator, with `--aws-credentials` those of your account";
            fields.warn_of(property, meaning);
        }
        OtherServices::Account if is_own => {
            let meaning = "the template's queue is not created in your account, so it is not read; name the ARN of one \
                           that is there, or use an emulator with `--aws-endpoint URL`";
            fields.warn_of(property, meaning);
        }
        OtherServices::Emulator | OtherServices::Account => {
            reading.stack.event_sources.push(settings);
        }
    }
}

fn is_own(fields: &Fields<'_>, node: &Node) -> bool {
    let resolver = fields.resolver;
    let mentioned = resolver.mentioned(node);
    mentioned.is_some_and(|index| resolver.resources[index].kind.name == QUEUE.name)
}

fn settings(fields: &Fields<'_>, source_arn: String, target: Target) -> EventSourceResource {
    let batch_size = fields.integer("BatchSize", 1..=10_000, "records");
    let window = fields.integer("MaximumBatchingWindowInSeconds", 0..=300, "seconds");
    let scaling = fields.mapping("ScalingConfig", SCALING);
    let concurrency_max =
        scaling.and_then(|it| it.integer("MaximumConcurrency", 2..=1000, "invocations at a time"));
    let criteria = fields.mapping("FilterCriteria", CRITERIA);
    let filters = criteria.map(|it| it.mappings("Filters", FILTER));
    let filters = filters.unwrap_or_default();
    let mut reports_failures = false;
    for node in fields.list("FunctionResponseTypes") {
        let types = [("ReportBatchItemFailures", true)];
        let reports = fields.choice_of("FunctionResponseTypes", node, &types);
        reports_failures |= reports.unwrap_or(false);
    }
    let (batch_size, window_seconds) = (batch_size.unwrap_or(10), window.unwrap_or(0));
    check_together(fields, &source_arn, batch_size, window_seconds);
    let id = &fields.resource().logical_id;
    EventSourceResource {
        logical_id: id.to_string(),
        function: target.function,
        qualifier: target.qualifier,
        uuid: fields.resolver.pseudo.mapping_id(id),
        source_arn,
        enabled: fields.boolean("Enabled").unwrap_or(true),
        batch_size,
        window_seconds,
        concurrency_max,
        reports_failures,
        filters: filters.iter().filter_map(|it| it.text("Pattern")).collect(),
    }
}

/// Combinations of batch sizes and windows that AWS rejects.
fn check_together(fields: &Fields<'_>, arn: &str, batch_size: u32, window_seconds: u32) {
    let is_fifo = arn.ends_with(".fifo");
    if batch_size > 10 && is_fifo {
        let help = "batches of a FIFO queue have at most ten messages";
        fields.wrong(
            "BatchSize",
            "must be at most 10",
            "too large for a FIFO queue",
            help,
        );
    } else if batch_size > 10 && window_seconds == 0 {
        let must = "needs a `MaximumBatchingWindowInSeconds` of 1 at least";
        let help = "AWS waits for a batch of more than ten messages";
        fields.wrong("BatchSize", must, "more than 10", help);
    }
    if is_fifo && window_seconds > 0 {
        let (must, help) = ("is not for FIFO queues", "leave it out");
        fields.wrong("MaximumBatchingWindowInSeconds", must, "a window", help);
    }
}
