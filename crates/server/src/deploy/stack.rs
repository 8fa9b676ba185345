//! Deploying a stack: tables, APIs, functions, schedules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use model::{ExecutionStatus, FunctionName, Timestamp};
use stack::{FunctionResource, Output, ScheduleResource, Stack};
use store::{AliasRecord, ExecutionFilter, StoreFault};

use super::ground::Ground;
use super::{apis, companion};
use crate::app::App;
use crate::deploy_error::DeployError;
use crate::functions::ENDPOINTS_HERE;
use crate::server::Server;

/// The name of the stack of `lambdura up` where stacks need names: it is the only one.
const OF_TEMPLATE: &str = "";

/// Executions that are counted, at most.
pub(super) const OPEN_EXECUTIONS_MAX: usize = 1_000;

/// The result of a deployment.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// In the template's order.
    pub functions: Vec<DeployedFunction>,
    /// Functions that cannot run on this machine, in the template's order.
    pub left_out: Vec<LeftOutFunction>,
    /// URL by logical id.
    pub http_apis: BTreeMap<String, String>,
    /// URL with the stage, by logical id.
    pub rest_apis: BTreeMap<String, String>,
    /// URL by logical id.
    pub function_urls: BTreeMap<String, String>,
    /// Value by logical id.
    pub api_keys: BTreeMap<String, String>,
    /// In the template's order.
    pub schedules: Vec<DeployedSchedule>,
    /// Queues that functions process, in the template's order.
    pub event_sources: Vec<DeployedEventSource>,
    /// Names of the tables.
    pub tables: Vec<String>,
    /// The template's outputs, with local URLs.
    pub outputs: Vec<Output>,
    /// Settings of the template that have no effect here.
    pub warnings: Vec<stack::Warning>,
}

/// One function of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedFunction {
    /// Its key in the template.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// The ARN to invoke: qualified by the alias if there is one.
    pub arn: String,
    /// The version that the ARN refers to now.
    pub version: String,
    /// `AutoPublishAlias`.
    pub alias: Option<String>,
    /// Whether this deployment changed it.
    pub changed: bool,
    /// Whether it is a durable function.
    pub durable: bool,
    /// Whether it is a state machine.
    pub state_machine: bool,
    /// Its runtime.
    pub runtime: String,
    /// Its construct's path in its CDK app.
    pub construct_path: Option<String>,
}

/// A function of the template that is not deployed: invoking it is an error that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutFunction {
    /// Its key in the template.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// Its runtime; empty if it has none.
    pub runtime: String,
    /// Why it cannot run.
    pub reason: String,
    /// Its construct's path in its CDK app.
    pub construct_path: Option<String>,
}

impl DeployedFunction {
    /// The name that its developer knows: its construct's path in a CDK app, else its name.
    pub fn shown(&self) -> &str {
        self.construct_path.as_deref().unwrap_or(&self.name)
    }
}

impl LeftOutFunction {
    /// As [`DeployedFunction::shown`].
    pub fn shown(&self) -> &str {
        self.construct_path.as_deref().unwrap_or(&self.name)
    }
}

/// The functions' code to deploy, and the functions without code.
#[derive(Debug, Clone, Default)]
pub struct Artifacts {
    /// The folder with each function's built code, by logical id.
    pub folders: BTreeMap<String, PathBuf>,
    /// The reason why a function cannot run here, by logical id: it is left out, and invoking it returns the reason.
    pub left_out: BTreeMap<String, String>,
    /// Functions that stay as they are, by logical id.
    pub unchanged: BTreeSet<String>,
    /// The folders that developers edit, by function name: tracebacks lead there.
    pub sources: BTreeMap<String, PathBuf>,
}

impl FromIterator<(String, PathBuf)> for Artifacts {
    fn from_iter<I: IntoIterator<Item = (String, PathBuf)>>(folders: I) -> Self {
        Self {
            folders: folders.into_iter().collect(),
            ..Self::default()
        }
    }
}

/// One schedule of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedSchedule {
    /// The rule or schedule that it would be on AWS.
    pub name: String,
    /// The name of the function that is invoked.
    pub function: String,
    /// Its schedule expression, as in the template.
    pub expression: String,
    /// When it is due next; none when it is disabled or has ended.
    pub next_at: Option<Timestamp>,
}

/// One queue that a function of a deployment processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedEventSource {
    /// The queue's ARN.
    pub queue_arn: String,
    /// The name of the function.
    pub function: String,
    /// Whether it is read.
    pub enabled: bool,
}

impl Server {
    /// Deploys a stack. `artifacts` has the code of each function, or the reason why it has none. Functions that the
    /// stack does not have stay as they are, for their executions.
    ///
    /// # Errors
    /// See [`DeployError`].
    pub async fn deploy(
        &self,
        stack: &Stack,
        artifacts: &Artifacts,
    ) -> Result<Deployment, DeployError> {
        Ground::of(self).deploy(stack, artifacts).await
    }

    /// The number of open executions of a function, by the version that they are pinned to. Counted up to a thousand;
    /// empty when the store fails, which is logged.
    pub async fn open_executions(&self, function: &str) -> BTreeMap<String, usize> {
        match self.app.open_executions(function).await {
            Ok(open) => open,
            Err(fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::error!(error, "open executions cannot be counted");
                BTreeMap::new()
            }
        }
    }
}

impl App {
    /// The number of open executions of a function, by version. Counted up to a thousand.
    pub(super) async fn open_executions(
        &self,
        function: &str,
    ) -> Result<BTreeMap<String, usize>, StoreFault> {
        let filter = ExecutionFilter {
            function: FunctionName::parse(function).ok(),
            statuses: vec![
                ExecutionStatus::Running,
                ExecutionStatus::Pausing,
                ExecutionStatus::Paused,
            ],
            limit: OPEN_EXECUTIONS_MAX,
            ..ExecutionFilter::default()
        };
        let mut open = BTreeMap::new();
        for head in self.driver.store().list(filter).await? {
            *open.entry(head.arn.version.to_string()).or_default() += 1;
        }
        Ok(open)
    }
}

impl Ground {
    async fn deploy(
        &self,
        stack: &Stack,
        artifacts: &Artifacts,
    ) -> Result<Deployment, DeployError> {
        if self.app.cluster.is_some() {
            // Loads the versions that another server has already published, so that they are not published again.
            let store = self.app.driver.store();
            self.app.registry.refresh(store.as_ref(), None).await?;
        }
        for table in &stack.tables {
            self.app.tables.deploy(table).await?;
        }
        self.make_activities(stack).await?;
        let named = stack.functions.iter().map(|it| it.name.as_str());
        self.app.access.grants.keep(&named.collect());
        self.app.access.grants.set(stack, &self.app.registry.home);
        let mut local = BTreeMap::new();
        for (index, face) in apis::faces(stack)?.into_iter().enumerate() {
            let logical_id = face.logical_id().to_owned();
            let url = self.serve_api(OF_TEMPLATE, index, face).await?;
            local.insert(logical_id, url);
        }
        if let Some(folder) = stack.template_path.parent() {
            self.app.diagnostics.set_samples(folder.join("events"));
        }
        self.app.diagnostics.set_in_templates(&stack.functions);
        self.app.own_sources.set(artifacts.sources.clone());
        let app = &self.app;
        let (home, now) = (&app.registry.home, app.driver.now());
        if app.aws.emulator().is_none() {
            app.other_services.set_own(&stack.companions, home, now);
        }
        let mut stack = self.create_companions(stack).await?.with_local_urls(&local);
        let left_out = self.leave_out(&stack, artifacts)?;
        let mut functions = Vec::new();
        for resource in &stack.functions {
            let id = &resource.logical_id;
            if !artifacts.left_out.contains_key(id) && !artifacts.unchanged.contains(id) {
                functions.push(self.deploy_function(resource, artifacts).await?);
            }
        }
        // The versions that were replaced may no longer be needed.
        self.app.upkeep.notify_one();
        let schedules = self.plan(schedules(&stack, &artifacts.left_out)?).await?;
        let queues = companion::queues(&stack, &artifacts.left_out)?;
        self.read_queues(&queues.by_function).await?;
        let (event_sources, warnings) = (queues.deployed, queues.warnings);
        stack.warnings.extend(warnings);
        let urls = Urls::of(&stack, &local);
        Ok(Deployment {
            functions,
            left_out,
            schedules,
            event_sources,
            http_apis: urls.http_apis,
            rest_apis: urls.rest_apis,
            function_urls: urls.function_urls,
            api_keys: stack
                .api_keys
                .iter()
                .filter(|key| key.enabled)
                .map(|key| (key.logical_id.clone(), key.value.clone()))
                .collect(),
            tables: stack
                .tables
                .iter()
                .map(|table| table.name.clone())
                .collect(),
            outputs: stack.outputs,
            warnings: stack.warnings,
        })
    }

    /// Creates a stack's activities; existing ones stay as they are.
    pub(super) async fn make_activities(&self, stack: &Stack) -> Result<(), StoreFault> {
        if stack.activities.is_empty() {
            return Ok(());
        }
        let names = stack.activities.iter().map(|it| it.name.as_str());
        let (registry, driver) = (&self.app.registry, &self.app.driver);
        let store = driver.store();
        let changes = registry.changes(store.as_ref(), driver.now()).await;
        changes.make_activities(names).await
    }

    /// Registers the reason with which invocations of functions without code are answered.
    fn leave_out(
        &self,
        stack: &Stack,
        artifacts: &Artifacts,
    ) -> Result<Vec<LeftOutFunction>, DeployError> {
        let mut reasons = BTreeMap::new();
        let mut left_out = Vec::new();
        for resource in &stack.functions {
            let Some(reason) = artifacts.left_out.get(&resource.logical_id) else {
                continue;
            };
            let name = FunctionName::parse(&resource.name)
                .map_err(|cause| DeployError::FunctionName { cause })?;
            reasons.insert(name, reason.clone());
            left_out.push(LeftOutFunction {
                logical_id: resource.logical_id.clone(),
                name: resource.name.clone(),
                runtime: resource.runtime.clone(),
                reason: reason.clone(),
                construct_path: resource.construct_path.clone(),
            });
        }
        self.app.registry.left_out.replace(reasons);
        Ok(left_out)
    }

    /// Plans the schedules of all stacks.
    pub(super) async fn plan(
        &self,
        schedules: Vec<(ScheduleResource, FunctionName)>,
    ) -> Result<Vec<DeployedSchedule>, DeployError> {
        let driver = &self.app.driver;
        let replaced = self
            .schedules
            .replace(schedules, driver.store().as_ref(), driver.now());
        let planned = replaced.await?;
        let deployed = planned.into_iter().map(|planned| DeployedSchedule {
            name: planned.schedule.name,
            function: planned.function.to_string(),
            expression: planned.schedule.expression_text,
            next_at: planned.next_at,
        });
        Ok(deployed.collect())
    }

    async fn deploy_function(
        &self,
        resource: &FunctionResource,
        artifacts: &Artifacts,
    ) -> Result<DeployedFunction, DeployError> {
        let artifact =
            artifacts
                .folders
                .get(&resource.logical_id)
                .ok_or_else(|| DeployError::NoArtifact {
                    function: resource.logical_id.clone(),
                })?;
        let app = &self.app;
        let store = app.driver.store();
        let now = app.driver.now();
        let name = FunctionName::parse(&resource.name)
            .map_err(|cause| DeployError::FunctionName { cause })?;
        for variable in ENDPOINTS_HERE {
            if resource.environment.contains_key(*variable) {
                tracing::warn!(
                    "{variable} of `{name}` is not obeyed: that service is here (`--env` outweighs this)"
                );
            }
        }
        let frozen = app.registry.freeze(artifact).await;
        let frozen = frozen.map_err(|cause| DeployError::Code {
            function: resource.name.clone(),
            cause,
        })?;
        let deployed = app
            .registry
            .apply_template(store.as_ref(), &name, resource, &frozen, now)
            .await?;
        for alias in &resource.more_aliases {
            let alias = AliasRecord {
                function: name.clone(),
                name: alias.clone(),
                version: deployed.version.clone(),
                description: String::new(),
                routing: None,
                revision_id: uuid::Uuid::new_v4().to_string(),
            };
            store.put_alias(alias.clone()).await?;
            app.registry.insert_alias(alias);
        }
        let alias = resource.auto_publish_alias.clone();
        Ok(DeployedFunction {
            logical_id: resource.logical_id.clone(),
            name: resource.name.clone(),
            arn: match &alias {
                Some(alias) => resource.qualified_arn(alias),
                None => resource.arn.clone(),
            },
            version: deployed.version.to_string(),
            alias,
            changed: deployed.changed,
            durable: resource.durable_config.is_some(),
            state_machine: resource.state_machine.is_some(),
            runtime: resource.runtime.clone(),
            construct_path: resource.construct_path.clone(),
        })
    }
}

/// The schedules of a stack, with the functions that they invoke.
///
/// # Errors
/// When a durable function would be invoked without a version or alias.
pub(super) fn schedules(
    stack: &Stack,
    left_out: &BTreeMap<String, String>,
) -> Result<Vec<(ScheduleResource, FunctionName)>, DeployError> {
    let mut schedules = Vec::new();
    let runs = |function: &String| !left_out.contains_key(function);
    for schedule in stack.schedules.iter().filter(|it| runs(&it.function)) {
        let function = stack
            .function(&schedule.function)
            .expect("a schedule is an event of one of the stack's functions");
        if function.durable_config.is_some() && schedule.qualifier.is_none() {
            let function = schedule.function.clone();
            return Err(DeployError::UnqualifiedDurableSchedule { function });
        }
        let name = FunctionName::parse(&function.name)
            .map_err(|cause| DeployError::FunctionName { cause })?;
        schedules.push((schedule.clone(), name));
    }
    Ok(schedules)
}

/// The URLs of a stack's APIs and function URLs, by logical id.
#[derive(Debug, Default)]
pub(super) struct Urls {
    pub http_apis: BTreeMap<String, String>,
    /// With their stages.
    pub rest_apis: BTreeMap<String, String>,
    pub function_urls: BTreeMap<String, String>,
}

impl Urls {
    /// `local` has all URLs, without stages.
    pub fn of(stack: &Stack, local: &BTreeMap<String, String>) -> Self {
        let url = |id: &String| local.get(id).cloned();
        Self {
            http_apis: stack
                .http_apis
                .iter()
                .filter_map(|it| Some((it.logical_id.clone(), url(&it.logical_id)?)))
                .collect(),
            rest_apis: stack
                .rest_apis
                .iter()
                .filter_map(|it| {
                    let url = format!("{}/{}", url(&it.logical_id)?, it.stage_name);
                    Some((it.logical_id.clone(), url))
                })
                .collect(),
            function_urls: stack
                .function_urls
                .iter()
                .filter_map(|it| Some((it.logical_id.clone(), url(&it.logical_id)?)))
                .collect(),
        }
    }
}
