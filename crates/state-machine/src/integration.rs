//! Services that a Task calls directly, and how each is called.
//!
//! Source: Step Functions developer guide, "Integrating services with Step Functions" and the page of each service,
//! read 2026-11-30. Errors of optimized integrations are those of AWS's first SDK for Java.

use aws_services::{Operation, Refusal, Service, Style, service};
use serde_json::{Map, Value, json};

use crate::attribute_value;

/// An operation of a service that a Task calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integration {
    pub service: &'static Service,
    pub operation: &'static Operation,
    /// `None`: an integration with AWS's SDK.
    optimized: Option<&'static Optimized>,
}

impl PartialEq for Integration {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.service.name, it.operation.name, it.optimized.is_some());
        key(self) == key(other)
    }
}

impl Eq for Integration {}

/// A service with an optimized integration.
#[derive(Debug)]
struct Optimized {
    name: &'static str,
    /// The SDK's name of the service.
    service: &'static str,
    /// Actions that are one request, with or without the wait for a task token.
    actions: &'static [&'static str],
    can_wait: bool,
    /// The prefix of error names, the name for errors without one, and the service's name in causes.
    prefix: &'static str,
    unnamed: &'static str,
    in_causes: &'static str,
}

const fn optimized(
    name: &'static str,
    service: &'static str,
    actions: &'static [&'static str],
    errors: [&'static str; 3],
) -> Optimized {
    let [prefix, unnamed, in_causes] = errors;
    Optimized {
        name,
        service,
        actions,
        can_wait: false,
        prefix,
        unnamed,
        in_causes,
    }
}

const fn waiting(mut it: Optimized) -> Optimized {
    it.can_wait = true;
    it
}

static OPTIMIZED: [Optimized; 11] = [
    optimized(
        "athena",
        "athena",
        &[
            "startQueryExecution",
            "stopQueryExecution",
            "getQueryExecution",
            "getQueryResults",
        ],
        ["Athena", "AmazonAthenaException", "AmazonAthena"],
    ),
    optimized(
        "batch",
        "batch",
        &["submitJob"],
        ["Batch", "AWSBatchException", "AWSBatch"],
    ),
    optimized(
        "bedrock",
        "bedrockruntime",
        &["invokeModel"],
        ["Bedrock", "BedrockRuntimeException", "BedrockRuntime"],
    ),
    optimized(
        "codebuild",
        "codebuild",
        &[
            "startBuild",
            "stopBuild",
            "batchDeleteBuilds",
            "batchGetReports",
        ],
        ["CodeBuild", "AWSCodeBuildException", "AWSCodeBuild"],
    ),
    optimized(
        "dynamodb",
        "dynamodb",
        &["getItem", "putItem", "updateItem", "deleteItem"],
        ["DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2"],
    ),
    waiting(optimized(
        "ecs",
        "ecs",
        &["runTask"],
        ["ECS", "AmazonECSException", "AmazonECS"],
    )),
    waiting(optimized(
        "events",
        "eventbridge",
        &["putEvents"],
        [
            "EventBridge",
            "AmazonEventBridgeException",
            "AmazonEventBridge",
        ],
    )),
    optimized(
        "glue",
        "glue",
        &["startJobRun"],
        ["Glue", "AWSGlueException", "AWSGlue"],
    ),
    waiting(optimized(
        "sns",
        "sns",
        &["publish"],
        ["SNS", "AmazonSNSException", "AmazonSNS"],
    )),
    waiting(optimized(
        "sqs",
        "sqs",
        &["sendMessage"],
        ["SQS", "AmazonSQSException", "AmazonSQS"],
    )),
    // Started by separate code; refusals are reported like those of the other services.
    optimized(
        "states",
        "sfn",
        &["startExecution"],
        [
            "StepFunctions",
            "AWSStepFunctionsException",
            "AWSStepFunctions",
        ],
    ),
];

/// Used only for functions that the state does not wait for; other calls are made differently.
static LAMBDA: Optimized = optimized(
    "lambda",
    "lambda",
    &["invoke"],
    ["Lambda", "AWSLambdaException", "AWSLambda"],
);

/// Step Functions' integrations that take more than one request, or do not exist in AWS's SDK.
const NOT_HERE: [&str; 10] = [
    "apigateway",
    "databrew",
    "eks",
    "elasticmapreduce",
    "emr-containers",
    "emr-serverless",
    "http",
    "mediaconvert",
    "sagemaker",
    "bedrock",
];

/// The meaning of an action, and whether it waits for a task token; `None` if it is not an action of a service.
pub(crate) fn parse(action: &str) -> Option<Result<(Integration, bool), String>> {
    let (called, waits) = match action.strip_suffix(".waitForTaskToken") {
        Some(called) => (called, true),
        None => (action, false),
    };
    if let Some(sdk) = called.strip_prefix("aws-sdk:") {
        return Some(of_sdk(sdk).map(|it| (it, waits)));
    }
    let (name, action) = called.split_once(':')?;
    let optimized = OPTIMIZED.iter().find(|it| it.name == name);
    if action.ends_with(".sync") && (optimized.is_some() || NOT_HERE.contains(&name)) {
        return Some(Err(String::from(
            "waits for the end of a job (`.sync`), which is not possible here: start the job without it, and ask for its \
             state, or let a function do both",
        )));
    }
    let Some(optimized) = optimized else {
        return NOT_HERE.contains(&name).then(|| {
            Err(format!(
                "is not supported here: nothing stands for `{called}`; let a function do it"
            ))
        });
    };
    if !optimized.actions.contains(&action) {
        let actions = optimized.actions.join("`, `");
        return Some(Err(format!(
            "is not supported here: of `{name}`, `{actions}` are, not `{action}`"
        )));
    }
    if waits && !optimized.can_wait {
        return Some(Err(format!(
            "waits for a task token (`.waitForTaskToken`), which `{called}` has no place for"
        )));
    }
    let service = service(optimized.service)?;
    let integration = Integration {
        service,
        operation: service.operation(&capital(action)?)?,
        optimized: Some(optimized),
    };
    Some(Ok((integration, waits)))
}

/// `SERVICE:ACTION` of an integration with AWS's SDK.
pub(crate) fn of_sdk(called: &str) -> Result<Integration, String> {
    let (name, action) = called.split_once(':').unwrap_or((called, ""));
    let Some(service) = service(name) else {
        return Err(format!(
            "is not supported here: the service `{name}` cannot be called; let a function call it"
        ));
    };
    if action.ends_with(".sync") || action.ends_with(".sync:2") {
        return Err(String::from(
            "waits for the end of a job (`.sync`), which integrations with AWS's SDK do not do",
        ));
    }
    let operation = capital(action).and_then(|it| service.operation(&it));
    let operation = operation.ok_or_else(|| {
        format!(
            "is not supported here: there is no action `{action}` of `{name}` that could be called"
        )
    })?;
    Ok(Integration {
        service,
        operation,
        optimized: None,
    })
}

fn capital(action: &str) -> Option<String> {
    let mut letters = action.chars();
    let first = letters.next().filter(char::is_ascii_lowercase)?;
    Some(format!(
        "{}{}",
        first.to_ascii_uppercase(),
        letters.as_str()
    ))
}

impl Integration {
    /// `states:startExecution`
    pub(crate) fn start_execution() -> Option<Self> {
        let (integration, _) = parse("states:startExecution")?.ok()?;
        Some(integration)
    }

    /// `lambda:invoke` of a function that the state does not wait for.
    pub(crate) fn invoke() -> Option<Self> {
        let (service, optimized) = (service("lambda")?, &LAMBDA);
        Some(Self {
            service,
            operation: service.operation("Invoke")?,
            optimized: Some(optimized),
        })
    }

    /// The form of results.
    pub(crate) fn style(&self) -> Style {
        match self.optimized {
            Some(_) => Style::Optimized,
            None => Style::Sdk,
        }
    }

    /// Whether this server answers the call itself, wherever other services run.
    pub(crate) fn is_here(&self) -> bool {
        ["dynamodb", "lambda", "sfn"].contains(&self.service.name)
    }

    /// Whether this server answers the call for the template's values if there is no other service.
    pub(crate) fn is_answered_here(&self) -> bool {
        let own = [
            ("ssm", "GetParameter"),
            ("ssm", "GetParameters"),
            ("ssm", "GetParametersByPath"),
            ("secretsmanager", "GetSecretValue"),
        ];
        own.contains(&(self.service.name, self.operation.name))
    }

    /// The parameters to send, from the state's arguments and its context object.
    pub(crate) fn parameters(&self, given: Value, context: &Value) -> Value {
        let Some(optimized) = self.optimized else {
            return given;
        };
        let mut given = given;
        match (optimized.name, given.as_object_mut()) {
            ("events", Some(members)) => {
                let own = [&context["StateMachine"]["Id"], &context["Execution"]["Id"]];
                let entries = members.get_mut("Entries").and_then(Value::as_array_mut);
                for entry in entries
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_object_mut)
                {
                    let resources = entry.entry("Resources").or_insert_with(|| json!([]));
                    if let Some(resources) = resources.as_array_mut() {
                        resources.extend(own.into_iter().cloned());
                    }
                }
            }
            ("dynamodb", Some(members)) => {
                for name in ["Item", "Key", "ExpressionAttributeValues"] {
                    let values = members.get_mut(name).and_then(Value::as_object_mut);
                    for value in values.into_iter().flat_map(Map::values_mut) {
                        *value = attribute_value::of_state(value.take());
                    }
                }
            }
            ("batch", Some(members)) => {
                let parameters = members.get_mut("Parameters").and_then(Value::as_object_mut);
                for value in parameters.into_iter().flat_map(Map::values_mut) {
                    if !value.is_string() {
                        *value = Value::from(value.to_string());
                    }
                }
            }
            _ => {}
        }
        given
    }

    /// The state's result, from the answer of the service.
    ///
    /// # Errors
    ///
    /// `EventBridge.FailedEntry`, if some events were rejected.
    pub(crate) fn output(
        &self,
        result: Value,
        status: u16,
        headers: &[(String, String)],
    ) -> Result<Value, (String, String)> {
        let Some(optimized) = self.optimized else {
            return Ok(result);
        };
        if result["FailedEntryCount"].as_u64().is_some_and(|it| it > 0) {
            return Err((String::from("EventBridge.FailedEntry"), result.to_string()));
        }
        let mut result = result;
        if optimized.name == "bedrock" {
            let body = result["Body"].as_str();
            if let Some(Ok(body)) = body.map(serde_json::from_str::<Value>) {
                result["Body"] = body;
            }
        }
        with_metadata(&mut result, status, headers);
        Ok(result)
    }

    /// The name and the cause of a refusal.
    pub(crate) fn failure(
        &self,
        refusal: &Refusal,
        status: u16,
        request_id: Option<&str>,
    ) -> (String, String) {
        let Refusal {
            code,
            exception,
            message,
        } = refusal;
        let id = request_id.unwrap_or_default();
        let named = |name: &str| match name.ends_with("Exception") {
            true => name.to_owned(),
            false => format!("{name}Exception"),
        };
        let Some(optimized) = self.optimized else {
            let prefix = self.service.prefix;
            let name = exception.as_deref().unwrap_or(prefix);
            let cause =
                format!("{message} (Service: {prefix}, Status Code: {status}, Request ID: {id})");
            return (format!("{prefix}.{}", named(name)), cause);
        };
        let name = match exception {
            Some(name) => named(name),
            // An error that its model does not have is named by its code.
            None if optimized.name == "sns" || optimized.name == "states" => named(code),
            None => optimized.unnamed.to_owned(),
        };
        let cause = format!(
            "{message} (Service: {}; Status Code: {status}; Error Code: {code}; Request ID: {id}; Proxy: null)",
            optimized.in_causes
        );
        (format!("{}.{name}", optimized.prefix), cause)
    }

    /// The name of an error that does not come from the service.
    pub(crate) fn client_failure(&self) -> String {
        let prefix = self.optimized.map_or(self.service.prefix, |it| it.prefix);
        format!("{prefix}.SdkClientException")
    }
}

/// Adds the metadata that the first SDK for Java returns with an answer.
pub(crate) fn with_metadata(result: &mut Value, status: u16, headers: &[(String, String)]) {
    let Some(members) = result.as_object_mut() else {
        return;
    };
    let each = |value: fn(&str) -> Value| -> Map<String, Value> {
        let headers = headers.iter();
        headers
            .map(|(name, text)| (name.clone(), value(text)))
            .collect()
    };
    let metadata = json!({
        "AllHttpHeaders": each(|text| json!([text])),
        "HttpHeaders": each(|text| json!(text)),
        "HttpStatusCode": status,
    });
    members.insert(String::from("SdkHttpMetadata"), metadata);
    let id = headers
        .iter()
        .find(|(name, _)| name == "x-amzn-requestid")
        .map(|(_, value)| value.as_str());
    let metadata = json!({ "RequestId": id.unwrap_or_default() });
    members.insert(String::from("SdkResponseMetadata"), metadata);
}
