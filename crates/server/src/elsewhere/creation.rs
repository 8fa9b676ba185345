//! Creates a template's own queues, topics, buckets, parameters and secrets at an emulator. Existing resources are
//! updated to the template; nothing is removed.
//!
//! Source: botocore's models `sqs` 2012-11-05, `sns` 2010-03-31, `s3` 2006-03-01, `ssm` 2014-11-06 and
//! `secretsmanager` 2017-10-17, read 2026-11-28.

use std::collections::BTreeMap;

use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use stack::{CompanionResource, Warning};

use super::client::{AwsClient, Call, CallError, JsonService, xml_text};
use super::sqs::SQS;

const SSM: JsonService = JsonService {
    name: "ssm",
    target: "AmazonSSM",
    content_type: "application/x-amz-json-1.1",
};

const SECRETS: JsonService = JsonService {
    name: "secretsmanager",
    target: "secretsmanager",
    content_type: "application/x-amz-json-1.1",
};

/// The result of a creation.
#[derive(Debug, Default)]
pub(crate) struct Created {
    /// The emulator's values for the template's references, where they differ.
    pub values: BTreeMap<String, String>,
    /// The resources that could not be created, and why.
    pub warnings: Vec<Warning>,
}

/// One creation at work.
struct Creation<'a> {
    client: &'a AwsClient,
    region: &'a str,
    created: Created,
}

/// Creates all resources, each after those that it needs.
///
/// # Errors
/// When the emulator does not answer. A refusal by the emulator is only a warning.
pub(crate) async fn create(
    client: &AwsClient,
    region: &str,
    resources: &[CompanionResource],
) -> Result<Created, CallError> {
    let mut creation = Creation {
        client,
        region,
        created: Created::default(),
    };
    for step in [Step::First, Step::Second] {
        for resource in resources {
            match creation.take(step, resource).await {
                Ok(()) => {}
                Err(error @ CallError::Unreachable(_)) => return Err(error),
                Err(error) => creation.created.warnings.push(Warning {
                    meaning: format!("the emulator did not create it: {error}"),
                    ..resource.place.clone()
                }),
            }
        }
    }
    Ok(creation.created)
}

/// Resources that others may need are created first; resources that need others follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    First,
    Second,
}

impl Creation<'_> {
    async fn take(&mut self, step: Step, resource: &CompanionResource) -> Result<(), CallError> {
        match (step, resource.resource_type.as_str()) {
            (Step::First, "AWS::SQS::Queue") => self.queue(resource).await,
            (Step::Second, "AWS::SQS::Queue") => self.redrive(resource).await,
            (Step::Second, "AWS::SQS::QueuePolicy") => self.queue_policy(resource).await,
            (Step::First, "AWS::SNS::Topic") => self.topic(resource).await,
            (Step::Second, "AWS::SNS::Subscription") => self.subscription(resource).await,
            (Step::First, "AWS::S3::Bucket") => self.bucket(resource).await,
            (Step::First, "AWS::SSM::Parameter") => self.parameter(resource).await,
            (Step::First, "AWS::SecretsManager::Secret") => self.secret(resource).await,
            _ => Ok(()),
        }
    }

    /// Records the emulator's value for a reference. Only values that need no escapes in JSON.
    fn note(&mut self, was: Option<&String>, is: &str) {
        let is_plain =
            !is.is_empty() && !is.contains(['"', '\\']) && !is.contains(char::is_control);
        if let Some(was) = was.filter(|was| *was != is && is_plain) {
            self.created.values.insert(was.clone(), is.to_owned());
        }
    }

    /// A resource's properties, with the emulator's values in the place of references.
    fn properties(&self, resource: &CompanionResource) -> Map<String, Value> {
        let mut text = Value::Object(resource.properties.clone()).to_string();
        for (was, is) in &self.created.values {
            stack::replace_whole(&mut text, was, is);
        }
        serde_json::from_str(&text).unwrap_or_else(|_| resource.properties.clone())
    }

    async fn sqs(&self, operation: &str, request: &Value) -> Result<Value, CallError> {
        let Self { client, region, .. } = self;
        client.json(&SQS, region, operation, request).await
    }

    async fn queue(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let name = &resource.name;
        let attributes = resource.properties.iter().filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "QueueName" | "RedrivePolicy" | "RedriveAllowPolicy"
            )
        });
        let mut attributes: BTreeMap<&str, String> = attributes
            .map(|(name, value)| (name.as_str(), attribute(value)))
            .collect();
        // A queue cannot change its kind, and only FIFO queues have this attribute.
        let fifo = attributes.remove("FifoQueue").filter(|it| it == "true");
        let found = self.sqs("GetQueueUrl", &json!({ "QueueName": name })).await;
        let url = match found {
            Ok(found) => {
                let url = found["QueueUrl"].as_str().unwrap_or_default().to_owned();
                if !attributes.is_empty() {
                    let request = json!({ "QueueUrl": url, "Attributes": attributes });
                    self.sqs("SetQueueAttributes", &request).await?;
                }
                url
            }
            Err(error) if error.is_missing() => {
                attributes.extend(fifo.map(|it| ("FifoQueue", it)));
                let request = json!({ "QueueName": name, "Attributes": attributes });
                let created = self.sqs("CreateQueue", &request).await?;
                created["QueueUrl"].as_str().unwrap_or_default().to_owned()
            }
            Err(error) => return Err(error),
        };
        let request = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
        let answer = self.sqs("GetQueueAttributes", &request).await?;
        self.note(resource.url.as_ref(), &url);
        let arn = answer["Attributes"]["QueueArn"].as_str();
        self.note(resource.arn.as_ref(), arn.unwrap_or_default());
        Ok(())
    }

    /// The emulator's URL of a queue.
    fn url<'u>(&'u self, url: &'u str) -> &'u str {
        self.created.values.get(url).map_or(url, String::as_str)
    }

    /// Sets the dead-letter queue of a queue; it has been created by now.
    async fn redrive(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let properties = self.properties(resource);
        let policies = ["RedrivePolicy", "RedriveAllowPolicy"].into_iter();
        let attributes: BTreeMap<&str, String> = policies
            .filter_map(|name| Some((name, attribute(properties.get(name)?))))
            .collect();
        if attributes.is_empty() {
            return Ok(());
        }
        let url = self.url(resource.url.as_deref().unwrap_or_default());
        let request = json!({ "QueueUrl": url, "Attributes": attributes });
        self.sqs("SetQueueAttributes", &request).await.map(drop)
    }

    async fn queue_policy(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let properties = self.properties(resource);
        let Some(policy) = properties.get("PolicyDocument") else {
            return Ok(());
        };
        let queues = properties.get("Queues").and_then(Value::as_array);
        for url in queues.into_iter().flatten() {
            let request = json!({ "QueueUrl": url, "Attributes": { "Policy": attribute(policy) } });
            self.sqs("SetQueueAttributes", &request).await?;
        }
        Ok(())
    }

    /// Sends a request of the query protocol to SNS; returns the answer's XML.
    async fn sns(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, CallError> {
        let mut body = format!("Action={action}&Version=2010-03-31");
        for (name, value) in parameters {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            body.push_str(&format!("&{name}={value}"));
        }
        let call = Call {
            service: "sns",
            region: self.region,
            method: Method::POST,
            path: "/",
            content_type: "application/x-www-form-urlencoded",
            target: None,
            body: body.into(),
        };
        let answer = self.client.call(call).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    async fn topic(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let text = |name: &str| resource.properties.get(name).map(attribute);
        let mut parameters = vec![("Name", resource.name.as_str())];
        if text("FifoTopic").as_deref() == Some("true") {
            parameters.push(("Attributes.entry.1.key", "FifoTopic"));
            parameters.push(("Attributes.entry.1.value", "true"));
        }
        let answer = self.sns("CreateTopic", &parameters).await?;
        let arn = xml_text(&answer, "TopicArn").unwrap_or_default().to_owned();
        self.note(resource.arn.as_ref(), &arn);
        for name in [
            "ContentBasedDeduplication",
            "DisplayName",
            "FifoThroughputScope",
            "SignatureVersion",
        ] {
            if let Some(value) = text(name) {
                let parameters = [
                    ("TopicArn", arn.as_str()),
                    ("AttributeName", name),
                    ("AttributeValue", value.as_str()),
                ];
                self.sns("SetTopicAttributes", &parameters).await?;
            }
        }
        Ok(())
    }

    /// Subscribing again finds the same subscription, whose attributes are then set.
    async fn subscription(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let properties = self.properties(resource);
        let text = |name: &str| properties.get(name).map(attribute);
        let (topic, endpoint) = (text("TopicArn"), text("Endpoint"));
        let (topic, endpoint) = (topic.unwrap_or_default(), endpoint.unwrap_or_default());
        let parameters = [
            ("TopicArn", topic.as_str()),
            ("Protocol", "sqs"),
            ("Endpoint", endpoint.as_str()),
            ("ReturnSubscriptionArn", "true"),
        ];
        let answer = self.sns("Subscribe", &parameters).await?;
        let arn = xml_text(&answer, "SubscriptionArn").unwrap_or_default();
        for name in ["FilterPolicyScope", "FilterPolicy", "RawMessageDelivery"] {
            if let Some(value) = text(name) {
                let parameters = [
                    ("SubscriptionArn", arn),
                    ("AttributeName", name),
                    ("AttributeValue", value.as_str()),
                ];
                self.sns("SetSubscriptionAttributes", &parameters).await?;
            }
        }
        Ok(())
    }

    async fn s3(&self, path: &str, body: String) -> Result<(), CallError> {
        let call = Call {
            service: "s3",
            region: self.region,
            method: Method::PUT,
            path,
            content_type: "application/xml",
            target: None,
            body: body.into(),
        };
        self.client.call(call).await.map(drop)
    }

    async fn bucket(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let path = format!("/{}", utf8_percent_encode(&resource.name, NON_ALPHANUMERIC));
        let path = path.replace("%2D", "-").replace("%2E", ".");
        let location = match self.region {
            "us-east-1" => String::new(),
            region => format!(
                "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            ),
        };
        match self.s3(&path, location).await {
            Err(CallError::Refused { code, .. })
                if ["BucketAlreadyOwnedByYou", "BucketAlreadyExists"].contains(&code.as_str()) => {}
            created => created?,
        }
        let versioning = resource.properties.get("VersioningConfiguration");
        if let Some(status) = versioning.and_then(|it| it["Status"].as_str())
            && ["Enabled", "Suspended"].contains(&status)
        {
            let body = format!(
                "<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>"
            );
            self.s3(&format!("{path}?versioning="), body).await?;
        }
        Ok(())
    }

    async fn parameter(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let (client, region) = (self.client, self.region);
        let value = &resource.properties["Value"];
        let request = json!({ "Name": resource.name, "WithDecryption": true });
        let found: Result<Value, CallError> =
            client.json(&SSM, region, "GetParameter", &request).await;
        match found {
            Ok(found) if found["Parameter"]["Value"] == *value => return Ok(()),
            Err(error) if !error.is_missing() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        let kind = resource.properties.get("Type").map(attribute);
        let request = json!({
            "Name": resource.name,
            "Value": value,
            "Type": kind.as_deref().unwrap_or("String"),
            "Overwrite": true,
        });
        let put: Result<Value, CallError> =
            client.json(&SSM, region, "PutParameter", &request).await;
        put.map(drop)
    }

    async fn secret(&mut self, resource: &CompanionResource) -> Result<(), CallError> {
        let (client, region) = (self.client, self.region);
        let value = &resource.properties["SecretString"];
        let request = json!({ "SecretId": resource.name });
        let found: Result<Value, CallError> = client
            .json(&SECRETS, region, "GetSecretValue", &request)
            .await;
        let answer = match found {
            Ok(found) if found["SecretString"] == *value => found,
            Ok(_) => {
                let request = json!({ "SecretId": resource.name, "SecretString": value });
                client
                    .json(&SECRETS, region, "PutSecretValue", &request)
                    .await?
            }
            Err(error) if error.is_missing() => {
                let request = json!({ "Name": resource.name, "SecretString": value });
                client
                    .json(&SECRETS, region, "CreateSecret", &request)
                    .await?
            }
            Err(error) => return Err(error),
        };
        let arn = answer["ARN"].as_str().unwrap_or_default().to_owned();
        self.note(resource.arn.as_ref(), &arn);
        Ok(())
    }
}

/// Attributes are texts; structured values become JSON texts.
fn attribute(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
