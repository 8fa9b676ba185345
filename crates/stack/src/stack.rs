//! The result of loading a template.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schedule::ScheduleExpression;
use serde::{Deserialize, Serialize};

use crate::stored_schedule::StoredSchedule;
use crate::{
    ApiKeyResource, Authorizer, AuthorizerKind, FunctionResource, FunctionUrlResource,
    HttpApiResource, RestApiResource, S3Object, Warning,
};

/// A template with everything in it resolved, in the template's order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Stack {
    /// From the options, else `samconfig.toml`, else the directory's name.
    pub name: String,
    /// For example `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account_id: String,
    /// The template file.
    pub template_path: PathBuf,
    /// Further files that it was read from: nested templates and included documents, whose edits change it too.
    pub more_files: Vec<PathBuf>,
    /// The template's own `Description`.
    pub description: Option<String>,
    /// `AWS::Serverless::Function` and `AWS::Lambda::Function` resources.
    pub functions: Vec<FunctionResource>,
    /// `AWS::Serverless::HttpApi` and `AWS::ApiGatewayV2::Api` resources, with the implicit
    /// `ServerlessHttpApi` last.
    pub http_apis: Vec<HttpApiResource>,
    /// `AWS::Serverless::Api` and `AWS::ApiGateway::RestApi` resources, with the implicit
    /// `ServerlessRestApi` last.
    pub rest_apis: Vec<RestApiResource>,
    /// `AWS::ApiGateway::ApiKey` resources, and those that SAM makes for usage plans.
    pub api_keys: Vec<ApiKeyResource>,
    /// `FunctionUrlConfig`s and `AWS::Lambda::Url` resources.
    pub function_urls: Vec<FunctionUrlResource>,
    /// `Schedule` and `ScheduleV2` events, `AWS::Events::Rule` and `AWS::Scheduler::Schedule` resources.
    pub schedules: Vec<ScheduleResource>,
    /// `SQS` events and `AWS::Lambda::EventSourceMapping` resources that are read.
    pub event_sources: Vec<EventSourceResource>,
    /// Resources that an emulator of AWS's services creates; parameters and secrets also without an emulator.
    pub companions: Vec<CompanionResource>,
    /// `AWS::DynamoDB::Table` and `AWS::Serverless::SimpleTable` resources.
    pub tables: Vec<TableResource>,
    /// `AWS::StepFunctions::Activity` resources.
    #[serde(default)]
    pub activities: Vec<ActivityResource>,
    /// `AWS::Serverless::LayerVersion` and `AWS::Lambda::LayerVersion` resources of local folders;
    /// [`FunctionResource::layers`] names them by their ARNs.
    pub layers: Vec<LayerResource>,
    /// `Outputs`, with AWS URLs in them; [`Stack::with_local_urls`] turns those into local ones.
    pub outputs: Vec<Output>,
    /// The parts of the template that do nothing here, in the template's order.
    pub warnings: Vec<Warning>,
}

/// One entry of `Outputs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its key in the template, for example `LoanApiUrl`.
    pub name: String,
    /// The template's text about it.
    pub description: Option<String>,
    /// The resolved value.
    pub value: String,
}

impl Stack {
    /// The stack with the AWS URLs of its APIs and functions replaced by local ones, in the
    /// environment of functions and in outputs.
    /// `urls` maps the logical id of an API or function URL to the URL that serves it, such as `http://127.0.0.1:3000`.
    /// An API or function URL without an entry keeps its AWS URL. The rest after the host, a stage for example, stays
    /// as it is.
    pub fn with_local_urls(mut self, urls: &BTreeMap<String, String>) -> Self {
        let http_apis = self.http_apis.iter();
        let rest_apis = self.rest_apis.iter();
        let function_urls = self.function_urls.iter();
        let endpoints: Vec<(String, String)> = http_apis
            .map(|it| (&it.logical_id, &it.endpoint))
            .chain(rest_apis.map(|it| (&it.logical_id, &it.endpoint)))
            .chain(function_urls.map(|it| (&it.logical_id, &it.endpoint)))
            .filter_map(|(logical_id, endpoint)| {
                let url = urls.get(logical_id)?.trim_end_matches('/');
                Some((endpoint.clone(), url.to_owned()))
            })
            .collect();
        let localize = |text: &mut String| {
            for (endpoint, url) in &endpoints {
                localize(text, endpoint, url);
            }
        };
        for function in &mut self.functions {
            function.environment.values_mut().for_each(localize);
        }
        for output in &mut self.outputs {
            localize(&mut output.value);
        }
        self
    }

    /// The stack with replacements for values that references to resources yielded: an emulator has URLs and ARNs of
    /// its own.
    pub fn with_values(mut self, values: &BTreeMap<String, String>) -> Self {
        let replace = |text: &mut String| {
            for (was, is) in values {
                replace_whole(text, was, is);
            }
        };
        for function in &mut self.functions {
            function.environment.values_mut().for_each(replace);
        }
        for output in &mut self.outputs {
            replace(&mut output.value);
        }
        for source in &mut self.event_sources {
            replace(&mut source.source_arn);
        }
        self
    }

    /// The function with this logical id.
    pub fn function(&self, logical_id: &str) -> Option<&FunctionResource> {
        self.functions
            .iter()
            .find(|function| function.logical_id == logical_id)
    }

    /// Puts the logical id of the resource that nests this stack in front of all of its own.
    pub(crate) fn prefix(&mut self, prefix: &str) {
        let add = |id: &mut String| id.insert_str(0, prefix);
        let add_to_guards = |authorizers: &mut BTreeMap<String, Authorizer>| {
            for authorizer in authorizers.values_mut() {
                if let AuthorizerKind::Lambda { function, .. } = &mut authorizer.kind {
                    add(function);
                }
            }
        };
        // Destructured by name, so that a list added later cannot be forgotten.
        let Self {
            functions,
            http_apis,
            rest_apis,
            api_keys,
            function_urls,
            schedules,
            event_sources,
            companions,
            tables,
            activities,
            layers,
            name: _,
            region: _,
            account_id: _,
            template_path: _,
            more_files: _,
            description: _,
            outputs: _,
            warnings: _,
        } = self;
        for function in functions {
            add(&mut function.logical_id);
        }
        for api in http_apis {
            add(&mut api.logical_id);
            api.routes.iter_mut().for_each(|it| add(&mut it.function));
            add_to_guards(&mut api.authorizers);
        }
        for api in rest_apis {
            add(&mut api.logical_id);
            api.routes.iter_mut().for_each(|it| add(&mut it.function));
            add_to_guards(&mut api.authorizers);
        }
        for key in api_keys {
            add(&mut key.logical_id);
            key.apis.iter_mut().for_each(add);
        }
        for url in function_urls {
            add(&mut url.logical_id);
            add(&mut url.function);
        }
        for schedule in schedules {
            add(&mut schedule.logical_id);
            add(&mut schedule.function);
        }
        for source in event_sources {
            add(&mut source.logical_id);
            add(&mut source.function);
        }
        for companion in companions {
            add(&mut companion.logical_id);
            add(&mut companion.place.logical_id);
        }
        tables.iter_mut().for_each(|it| add(&mut it.logical_id));
        activities.iter_mut().for_each(|it| add(&mut it.logical_id));
        layers.iter_mut().for_each(|it| add(&mut it.logical_id));
    }

    /// Adds the content of a nested stack.
    pub(crate) fn absorb(&mut self, nested: Self) {
        let Self {
            functions,
            http_apis,
            rest_apis,
            api_keys,
            function_urls,
            schedules,
            event_sources,
            companions,
            tables,
            activities,
            layers,
            // A nested template's outputs are for this template, which has read them.
            name: _,
            region: _,
            account_id: _,
            template_path: _,
            more_files: _,
            description: _,
            outputs: _,
            warnings: _,
        } = nested;
        self.functions.extend(functions);
        self.http_apis.extend(http_apis);
        self.rest_apis.extend(rest_apis);
        self.api_keys.extend(api_keys);
        self.function_urls.extend(function_urls);
        self.schedules.extend(schedules);
        self.event_sources.extend(event_sources);
        self.companions.extend(companions);
        self.tables.extend(tables);
        self.activities.extend(activities);
        self.layers.extend(layers);
    }
}

/// Replaces a name only if it ends there: one queue's name may begin with another's.
pub fn replace_whole(text: &mut String, was: &str, is: &str) {
    let goes_on = |rest: &str| {
        let next = rest.chars().next();
        next.is_some_and(|it| it.is_ascii_alphanumeric() || "-_.".contains(it))
    };
    if was.is_empty() {
        return;
    }
    let mut replaced = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(was) {
        replaced.push_str(before);
        replaced.push_str(if goes_on(after) { was } else { is });
        rest = after;
    }
    if rest.len() < text.len() {
        replaced.push_str(rest);
        *text = replaced;
    }
}

/// Replaces the whole endpoint first, then the bare host, which templates also pass around.
fn localize(text: &mut String, endpoint: &str, url: &str) {
    let host = without_scheme(endpoint);
    if !text.contains(host) {
        return;
    }
    *text = text
        .replace(endpoint, url)
        .replace(host, without_scheme(url));
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// A `Schedule` or `ScheduleV2` event of a function, a target of an `AWS::Events::Rule`, or an
/// `AWS::Scheduler::Schedule`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredSchedule", into = "StoredSchedule")]
pub struct ScheduleResource {
    /// The key of the rule or schedule, also of one that SAM makes of an event: `<function><event>`. If a rule has
    /// several targets, each gets its id appended.
    pub logical_id: String,
    /// `Name`, or `<stack>-<logical id>` where the template leaves the name to AWS.
    pub name: String,
    /// The ARN of the rule or schedule. It identifies a schedule, so from the second target of a rule on `#` and the
    /// target's id are appended.
    pub arn: String,
    /// The service that it would belong to on AWS: they send different events.
    pub service: ScheduleService,
    /// The logical id of the function.
    pub function: String,
    /// The alias: the function's `AutoPublishAlias`, which SAM points events at, or the target's;
    /// `None` means `$LATEST`.
    pub qualifier: Option<String>,
    /// The key under the function's `Events`, the target's id, or the schedule's logical id.
    pub event: String,
    /// When it is due.
    pub expression: ScheduleExpression,
    /// `Schedule` or `ScheduleExpression`, as written.
    pub expression_text: String,
    /// `ScheduleExpressionTimezone`: an IANA name, `UTC` unless the template says otherwise.
    pub time_zone: String,
    /// `StartDate`.
    pub start_at: Option<jiff::Timestamp>,
    /// `EndDate`.
    pub end_at: Option<jiff::Timestamp>,
    /// `Input`, which is JSON; without it the function receives an event about the schedule.
    pub input: Option<String>,
    /// `Enabled` and `State`.
    pub enabled: bool,
}

impl ScheduleResource {
    /// The ARN of the rule or schedule, as events show it.
    pub fn source_arn(&self) -> &str {
        let arn = self.arn.split('#').next();
        arn.unwrap_or_default()
    }
}

/// The service that keeps a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScheduleService {
    /// `Schedule`: an EventBridge rule.
    Rule,
    /// `ScheduleV2`: EventBridge Scheduler.
    Scheduler,
}

/// A queue whose messages a function processes: an `SQS` event, or an `AWS::Lambda::EventSourceMapping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSourceResource {
    /// The key under `Resources`; `<function><event>` for an event.
    pub logical_id: String,
    /// The logical id of the function.
    pub function: String,
    /// Its alias; `None` means `$LATEST`.
    pub qualifier: Option<String>,
    /// The mapping's id: the same at each deployment.
    pub uuid: String,
    /// The queue's ARN.
    pub source_arn: String,
    /// `Enabled`.
    pub enabled: bool,
    /// `BatchSize`: 1 to 10,000, 10 unless the template says otherwise.
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`: up to 300.
    pub window_seconds: u32,
    /// `ScalingConfig.MaximumConcurrency`: 2 to 1,000.
    pub concurrency_max: Option<u32>,
    /// Whether `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// The patterns of `FilterCriteria`, unchecked.
    pub filters: Vec<String>,
}

/// A resource of an AWS service that this server does not provide.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CompanionResource {
    /// The key under `Resources`.
    pub logical_id: String,
    /// Such as `AWS::SQS::Queue`.
    pub resource_type: String,
    /// Its name, if it has one.
    pub name: String,
    /// The ARN that references to it yield, if it has one.
    pub arn: Option<String>,
    /// The URL that references to it yield, if it has one.
    pub url: Option<String>,
    /// Its properties, resolved. Some are secret: they are never shown.
    pub properties: serde_json::Map<String, serde_json::Value>,
    /// A warning with an empty meaning, for later messages about the resource.
    pub place: Warning,
}

impl fmt::Debug for CompanionResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanionResource")
            .field("logical_id", &self.logical_id)
            .field("resource_type", &self.resource_type)
            .field("name", &self.name)
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}

/// An `AWS::DynamoDB::Table`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableResource {
    /// The key under `Resources`.
    pub logical_id: String,
    /// `TableName`, or `<stack>-<logical id>` where the template leaves the name to AWS.
    pub name: String,
    /// The table's ARN.
    pub arn: String,
    /// The body of a `CreateTable` request, `TableName` included.
    pub create_table: serde_json::Value,
    /// `TimeToLiveSpecification`, which takes an `UpdateTimeToLive` request of its own.
    pub time_to_live: Option<TimeToLive>,
}

/// An `AWS::StepFunctions::Activity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivityResource {
    /// The key under `Resources`.
    pub logical_id: String,
    /// `Name`, or `<stack>-<logical id>`.
    pub name: String,
}

/// A layer of this template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerResource {
    /// The key under `Resources`.
    pub logical_id: String,
    /// The ARN of its first version, which is the only one here.
    pub arn: String,
    /// Its folder or archive, absolute; its existence has not been checked.
    pub path: PathBuf,
    /// The S3 object with its content, if a service can be asked for it; not fetched yet, so `path` means nothing.
    pub object: Option<S3Object>,
    /// Why it is unavailable.
    pub cannot_use: Option<String>,
    /// `Metadata.BuildMethod`, for example `python3.13` or `makefile`; without one the folder is used
    /// as it is.
    pub build_method: Option<String>,
    /// `Metadata.BuildArchitecture`.
    pub build_architecture: Option<String>,
    /// `Metadata.BuildProperties`, as the build method understands them.
    pub build_properties: Option<serde_json::Value>,
    /// `CompatibleRuntimes`.
    pub compatible_runtimes: Vec<String>,
}

/// `TimeToLiveSpecification`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeToLive {
    /// The attribute that contains an item's expiry time, in Unix seconds.
    pub attribute_name: String,
    /// Whether it is on.
    pub enabled: bool,
}
