//! Queues, topics and buckets, with what simply belongs to them: created at an emulator of AWS's services, if there is
//! one.
//!
//! Source of names: CloudFormation template reference, `AWS::SQS::*`, `AWS::SNS::*` and `AWS::S3::*`, read 2026-11-28.

use serde_json::{Map, Value};

use crate::template::{
    Fields, Lookup, Named, Properties, Reported, Resolver, Rule, Type, properties, yields,
};
use crate::{CompanionResource, OtherServices, Warning};

use super::function::NO_ENCRYPTION;
use super::reading::Reading;
use super::unsupported::meaning_of;

const NO_TAGS: &str = "tags are not kept";
const NO_OBSERVATION: &str = "nothing is observed or reported";
const NO_UPKEEP: &str = "nothing is moved, copied, locked or removed by itself";

pub(super) static QUEUE: Type = Type {
    properties: properties! {
        used: ContentBasedDeduplication, DeduplicationScope, DelaySeconds, FifoQueue, FifoThroughputLimit,
            MaximumMessageSize, MessageRetentionPeriod, QueueName, ReceiveMessageWaitTimeSeconds,
            RedriveAllowPolicy, RedrivePolicy, VisibilityTimeout;
        ignored:
            NO_ENCRYPTION => KmsDataKeyReusePeriodSeconds, KmsMasterKeyId, SqsManagedSseEnabled;
            NO_TAGS => Tags;
    },
    named: Named::By("QueueName", 75),
    reference: queue_url,
    attributes: &[
        ("Arn", |it| {
            Ok(it.resolver.pseudo.queue_arn(&queue_name(it)?))
        }),
        ("QueueName", queue_name),
        ("QueueUrl", queue_url),
    ],
    read: Some(read_queue),
    ..Type::plain("AWS::SQS::Queue")
};

pub(super) static QUEUE_POLICY: Type = Type {
    properties: properties! { used: PolicyDocument, Queues; },
    // Permissions are not checked without an emulator: nobody notices.
    read: Some(|fields, reading| {
        if reading.assets.services == OtherServices::Emulator {
            add(fields, reading, String::new(), None, None);
        }
    }),
    ..Type::plain("AWS::SQS::QueuePolicy")
};

pub(super) static TOPIC: Type = Type {
    properties: properties! {
        used: ContentBasedDeduplication, DisplayName, FifoThroughputScope, FifoTopic, SignatureVersion,
            Subscription, TopicName;
        ignored:
            NO_ENCRYPTION => KmsMasterKeyId;
            NO_OBSERVATION => DataProtectionPolicy, DeliveryStatusLogging, TracingConfig;
            NO_UPKEEP => ArchivePolicy;
            NO_TAGS => Tags;
    },
    named: Named::By("TopicName", 250),
    reference: topic_arn,
    attributes: &[("TopicArn", topic_arn), ("TopicName", topic_name)],
    read: Some(read_topic),
    ..Type::plain("AWS::SNS::Topic")
};

pub(super) static SUBSCRIPTION: Type = Type {
    properties: properties! {
        used: Endpoint, FilterPolicy, FilterPolicyScope, RawMessageDelivery;
        required: Protocol = "for example `Protocol: sqs`", TopicArn = "`!Ref` to the topic";
        ignored:
            "what could not be delivered is not kept" => RedrivePolicy;
            "deliveries are repeated as the emulator does it" => DeliveryPolicy;
            NO_UPKEEP => ReplayPolicy;
            "there is no other region" => Region;
            "permissions are not checked" => SubscriptionRoleArn;
    },
    attributes: &[("Arn", yields::placeholder)],
    read: Some(read_subscription),
    ..Type::plain("AWS::SNS::Subscription")
};

/// Permissions are not checked here, nor by emulators: nobody notices.
pub(super) static TOPIC_POLICY: Type = Type {
    properties: properties! { used: PolicyDocument, Topics; },
    read: Some(|_, _| {}),
    ..Type::plain("AWS::SNS::TopicPolicy")
};

pub(super) static BUCKET_POLICY: Type = Type {
    properties: properties! { used: Bucket, PolicyDocument; },
    read: Some(|_, _| {}),
    ..Type::plain("AWS::S3::BucketPolicy")
};

pub(super) static BUCKET: Type = Type {
    properties: properties! {
        used: AccessControl, BucketName, OwnershipControls, PublicAccessBlockConfiguration,
            VersioningConfiguration;
        ignored:
            "events of buckets are not delivered here; send them yourself" => NotificationConfiguration;
            NO_ENCRYPTION => BucketEncryption;
            NO_OBSERVATION => AnalyticsConfigurations, InventoryConfigurations, LoggingConfiguration,
                MetadataConfiguration, MetadataTableConfiguration, MetricsConfigurations;
            NO_UPKEEP => IntelligentTieringConfigurations, LifecycleConfiguration, ObjectLockConfiguration,
                ObjectLockEnabled, ReplicationConfiguration;
            "the emulator decides it" => AbacStatus, AccelerateConfiguration, BucketNamePrefix, BucketNamespace,
                CorsConfiguration;
            "no website is served" => WebsiteConfiguration;
            NO_TAGS => Tags;
    },
    named: Named::By("BucketName", 63),
    reference: bucket_name,
    attributes: &[
        ("Arn", |it| {
            let partition = it.resolver.pseudo.partition();
            Ok(format!("arn:{partition}:s3:::{}", bucket_name(it)?))
        }),
        ("DomainName", |it| {
            Ok(format!("{}.s3.amazonaws.com", bucket_name(it)?))
        }),
        ("DualStackDomainName", |it| bucket_host(it, "s3.dualstack.")),
        ("RegionalDomainName", |it| bucket_host(it, "s3.")),
        ("WebsiteURL", |it| {
            Ok(format!("http://{}", bucket_host(it, "s3-website-")?))
        }),
    ],
    read: Some(read_bucket),
    ..Type::plain("AWS::S3::Bucket")
};

fn queue_name(it: &Lookup<'_>) -> Result<String, Reported> {
    fifo_name(it.resolver, it.index, "FifoQueue")
}

fn topic_name(it: &Lookup<'_>) -> Result<String, Reported> {
    fifo_name(it.resolver, it.index, "FifoTopic")
}

/// The names of what keeps an order end so.
fn fifo_name(resolver: &Resolver<'_>, index: usize, property: &str) -> Result<String, Reported> {
    let name = resolver.name(index)?;
    let fifo = resolver.resources[index].constant(property, resolver.parameters());
    match fifo == Some("true") && !name.ends_with(".fifo") {
        true => Ok(format!("{name}.fifo")),
        false => Ok(name),
    }
}

fn queue_url(it: &Lookup<'_>) -> Result<String, Reported> {
    Ok(it.resolver.pseudo.queue_url(&queue_name(it)?))
}

fn topic_arn(it: &Lookup<'_>) -> Result<String, Reported> {
    Ok(it.resolver.pseudo.topic_arn(&topic_name(it)?))
}

fn bucket_name(it: &Lookup<'_>) -> Result<String, Reported> {
    bucket_name_of(it.resolver, it.index)
}

/// A name that the template leaves to AWS has small letters only.
fn bucket_name_of(resolver: &Resolver<'_>, index: usize) -> Result<String, Reported> {
    let name = resolver.name(index)?;
    match resolver.resources[index].property("BucketName") {
        Some(_) => Ok(name),
        None => Ok(name.to_lowercase()),
    }
}

fn bucket_host(it: &Lookup<'_>, service: &str) -> Result<String, Reported> {
    let (region, suffix) = (&it.resolver.pseudo.region, it.resolver.pseudo.url_suffix());
    Ok(format!("{}.{service}{region}.{suffix}", bucket_name(it)?))
}

fn read_queue(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let resolver = fields.resolver;
    let Ok(name) = fifo_name(resolver, fields.index(), "FifoQueue") else {
        return;
    };
    let pseudo = &resolver.pseudo;
    let (arn, url) = (pseudo.queue_arn(&name), pseudo.queue_url(&name));
    add(fields, reading, name, Some(arn), Some(url));
}

const SUBSCRIBED: Properties =
    properties! { required: Endpoint = "who is told", Protocol = "such as `sqs`"; };

fn read_topic(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let resolver = fields.resolver;
    let Ok(name) = fifo_name(resolver, fields.index(), "FifoTopic") else {
        return;
    };
    let arn = resolver.pseudo.topic_arn(&name);
    add(fields, reading, name, Some(arn.clone()), None);
    for own in fields.mappings("Subscription", SUBSCRIBED) {
        let (protocol, endpoint) = (own.text("Protocol"), own.text("Endpoint"));
        if protocol.as_deref() != Some("sqs") {
            warn_of_subscriber(&own);
            continue;
        }
        let properties = [
            ("TopicArn", Some(arn.clone())),
            ("Protocol", protocol),
            ("Endpoint", endpoint),
        ];
        let properties = properties
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))));
        if reading.assets.services == OtherServices::Emulator {
            reading.stack.companions.push(CompanionResource {
                resource_type: SUBSCRIPTION.name.to_owned(),
                properties: properties.collect(),
                ..resource(&own, String::new())
            });
        }
    }
}

fn read_subscription(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    match fields.text("Protocol").as_deref() {
        Some("sqs") => add(fields, reading, String::new(), None, None),
        Some(_) => warn_of_subscriber(fields),
        None => {}
    }
}

fn warn_of_subscriber(fields: &Fields<'_>) {
    let meaning = "only queues are subscribed here: nothing is delivered; subscribe a queue, and let the function work it off";
    fields.warn_of("Protocol", meaning);
}

fn read_bucket(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let resolver = fields.resolver;
    let Ok(name) = bucket_name_of(resolver, fields.index()) else {
        return;
    };
    let arn = format!("arn:{}:s3:::{name}", resolver.pseudo.partition());
    add(fields, reading, name, Some(arn), None);
}

/// Adds what an emulator is to create; says what it means where there is none.
fn add(
    fields: &Fields<'_>,
    reading: &mut Reading<'_>,
    name: String,
    arn: Option<String>,
    url: Option<String>,
) {
    let meaning = meaning_of(fields.resource_type);
    match reading.assets.services {
        OtherServices::Nowhere => fields.warn_of_all(&format!(
            "{meaning}; `lambdura up --aws-endpoint URL` creates it at an emulator (LocalStack, MiniStack)"
        )),
        OtherServices::Account => fields.warn_of_all(
            "it is not created in your account: calls to it fail unless it is there; \
             `lambdura up --aws-endpoint URL` creates it at an emulator",
        ),
        OtherServices::Emulator => {
            let mut properties = Map::new();
            let known = fields.resource().kind.properties.iter();
            for property in known.filter(|it| !matches!(it.rule, Rule::Ignored(_))) {
                let value = fields.value(property.name);
                properties.extend(value.map(|value| (property.name.to_owned(), value)));
            }
            reading.stack.companions.push(CompanionResource {
                arn,
                url,
                properties,
                ..resource(fields, name)
            });
        }
    }
}

/// What is created, without what is particular to its type.
pub(super) fn resource(fields: &Fields<'_>, name: String) -> CompanionResource {
    let (file, line, column) = fields.place();
    CompanionResource {
        logical_id: fields.logical_id.to_owned(),
        resource_type: fields.resource_type.to_owned(),
        name,
        arn: None,
        url: None,
        properties: Map::<String, Value>::new(),
        place: Warning {
            logical_id: fields.logical_id.to_owned(),
            resource_type: fields.resource_type.to_owned(),
            property: None,
            meaning: String::new(),
            file,
            line,
            column,
        },
    }
}
