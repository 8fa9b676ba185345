//! Queues, topics and buckets, with their subordinate resources: created at an emulator of AWS's services, if there is
//! one.
//!
//! Source of names: CloudFormation template reference, `AWS::SQS::*`, `AWS::SNS::*` and `AWS::S3::*`, read 2026-11-28.

use serde_json::{Map, Value};

use crate::template::{
    Fields, Lookup, Named, Parameters, Properties, Reported, Resource, Rule, Type, properties,
    yields,
};
use crate::{CompanionResource, OtherServices, Warning};

use super::reading::Reading;
use super::unsupported::{NO_ENCRYPTION, meaning_of};

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
        ("Arn", |it| Ok(it.pseudo.queue_arn(&queue_name(it)?))),
        ("QueueName", queue_name),
        ("QueueUrl", queue_url),
    ],
    ..Type::plain("AWS::SQS::Queue")
};

pub(super) static QUEUE_POLICY: Type = Type {
    properties: properties! { used: PolicyDocument, Queues; },
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
    ..Type::plain("AWS::SNS::Subscription")
};

/// Causes no warning: neither this server nor emulators check permissions.
pub(super) static TOPIC_POLICY: Type = Type {
    properties: properties! { used: PolicyDocument, Topics; },
    ..Type::plain("AWS::SNS::TopicPolicy")
};

pub(super) static BUCKET_POLICY: Type = Type {
    properties: properties! { used: Bucket, PolicyDocument; },
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
            let partition = it.pseudo.partition();
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
    ..Type::plain("AWS::S3::Bucket")
};

fn queue_name(it: &Lookup<'_>) -> Result<String, Reported> {
    let name = yields::name(it)?;
    Ok(fifo_name(name, it.resource, it.parameters, "FifoQueue"))
}

fn topic_name(it: &Lookup<'_>) -> Result<String, Reported> {
    let name = yields::name(it)?;
    Ok(fifo_name(name, it.resource, it.parameters, "FifoTopic"))
}

/// Names of FIFO queues and topics end with `.fifo`.
fn fifo_name(name: String, of: &Resource, parameters: &Parameters, property: &str) -> String {
    let fifo = of.constant(property, parameters);
    match fifo == Some("true") && !name.ends_with(".fifo") {
        true => format!("{name}.fifo"),
        false => name,
    }
}

fn fifo_name_of(fields: &Fields<'_>, property: &str) -> Option<String> {
    let name = fields.resolver.name(fields.index()).ok()?;
    let parameters = fields.resolver.parameters();
    Some(fifo_name(name, fields.resource(), parameters, property))
}

fn queue_url(it: &Lookup<'_>) -> Result<String, Reported> {
    Ok(it.pseudo.queue_url(&queue_name(it)?))
}

fn topic_arn(it: &Lookup<'_>) -> Result<String, Reported> {
    Ok(it.pseudo.topic_arn(&topic_name(it)?))
}

fn bucket_name(it: &Lookup<'_>) -> Result<String, Reported> {
    Ok(bucket_name_of(yields::name(it)?, it.resource))
}

/// A bucket name that the template leaves to AWS is in lower case.
fn bucket_name_of(name: String, bucket: &Resource) -> String {
    match bucket.property("BucketName") {
        Some(_) => name,
        None => name.to_lowercase(),
    }
}

fn bucket_host(it: &Lookup<'_>, service: &str) -> Result<String, Reported> {
    let (region, suffix) = (&it.pseudo.region, it.pseudo.url_suffix());
    Ok(format!("{}.{service}{region}.{suffix}", bucket_name(it)?))
}

pub(super) fn read_queue(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Some(name) = fifo_name_of(fields, "FifoQueue") else {
        return;
    };
    let pseudo = &fields.resolver.pseudo;
    let (arn, url) = (pseudo.queue_arn(&name), pseudo.queue_url(&name));
    add(fields, reading, name, Some(arn), Some(url));
}

pub(super) fn read_queue_policy(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    // No warning without an emulator: permissions are not checked then.
    if reading.assets.services == OtherServices::Emulator {
        add(fields, reading, String::new(), None, None);
    }
}

const SUBSCRIBED: Properties =
    properties! { required: Endpoint = "who is told", Protocol = "such as `sqs`"; };

pub(super) fn read_topic(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Some(name) = fifo_name_of(fields, "FifoTopic") else {
        return;
    };
    let arn = fields.resolver.pseudo.topic_arn(&name);
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

pub(super) fn read_subscription(fields: &Fields<'_>, reading: &mut Reading<'_>) {
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

pub(super) fn read_bucket(fields: &Fields<'_>, reading: &mut Reading<'_>) {
    let Ok(name) = fields.resolver.name(fields.index()) else {
        return;
    };
    let name = bucket_name_of(name, fields.resource());
    let arn = format!("arn:{}:s3:::{name}", fields.resolver.pseudo.partition());
    add(fields, reading, name, Some(arn), None);
}

/// Adds a resource that an emulator is to create; without an emulator, warns of the consequence.
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

/// The resource to create, without the parts particular to its type.
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
