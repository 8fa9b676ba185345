//! What a stack has at an emulator of AWS's services, and the queues that its functions work off.

use std::collections::BTreeMap;
use std::time::Duration;

use model::FunctionName;
use stack::{EventSourceResource, Stack, Warning};
use tokio::time::{Instant, sleep};

use super::stack::{Artifacts, DeployedEventSource};
use crate::deploy_error::DeployError;
use crate::elsewhere::{CallError, create};
use crate::functions::EventFilter;
use crate::server::Server;

/// How long an emulator may take to answer, which may be starting as well.
const WAIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// The most that a durable function may take whose end is waited for.
const EXECUTION_MAX: Duration = Duration::from_secs(900);

impl Server {
    /// The stack with what the emulator answers for its queues, topics and buckets, which it creates.
    pub(super) async fn create_companions(&self, stack: &Stack) -> Result<Stack, DeployError> {
        let mut stack = stack.clone();
        let app = &self.app;
        let Some(url) = app.aws.emulator() else {
            let now = app.driver.now();
            app.other_services
                .set_own(&stack.companions, &app.registry.home, now);
            return Ok(stack);
        };
        if stack.companions.is_empty() {
            return Ok(stack);
        }
        let until = Instant::now() + WAIT;
        let mut is_said = false;
        let created = loop {
            match create(&app.aws, &stack.region, &stack.companions).await {
                Ok(created) => break created,
                Err(CallError::Unreachable(problem)) if Instant::now() < until => {
                    if !is_said {
                        tracing::warn!(
                            "waiting for {url} (--aws-endpoint), which does not answer: {problem}"
                        );
                        is_said = true;
                    }
                    sleep(PAUSE).await;
                }
                Err(error) => {
                    return Err(DeployError::Companion {
                        url: url.to_string(),
                        problem: error.to_string(),
                    });
                }
            }
        };
        stack.warnings.extend(created.warnings);
        Ok(stack.with_values(&created.values))
    }

    /// Has the stack's queues read; what cannot be is a warning.
    pub(super) async fn read_queues(
        &self,
        stack: &mut Stack,
        artifacts: &Artifacts,
    ) -> Result<Vec<DeployedEventSource>, DeployError> {
        let mut by_function: BTreeMap<FunctionName, Vec<&EventSourceResource>> = BTreeMap::new();
        let mut deployed = Vec::new();
        let mut warnings = Vec::new();
        for source in &stack.event_sources {
            // Functions that are left out have a line of their own.
            if artifacts.left_out.contains_key(&source.function) {
                continue;
            }
            if let Some(meaning) = obstacle(stack, source) {
                warnings.push(Warning {
                    logical_id: source.logical_id.clone(),
                    resource_type: "AWS::Lambda::EventSourceMapping".to_owned(),
                    property: None,
                    meaning,
                    file: stack.template_path.display().to_string(),
                    line: 0,
                    column: 0,
                });
                continue;
            }
            let function = stack
                .function(&source.function)
                .expect("a mapping is of one of the stack's functions");
            let name = FunctionName::parse(&function.name)
                .map_err(|cause| DeployError::FunctionName { cause })?;
            by_function.entry(name).or_default().push(source);
            deployed.push(DeployedEventSource {
                queue_arn: source.source_arn.clone(),
                function: function.name.clone(),
                enabled: source.enabled,
            });
        }
        let app = &self.app;
        let (store, now) = (app.driver.store(), app.driver.now());
        app.registry
            .deploy_event_sources(store.as_ref(), &by_function, now)
            .await?;
        stack.warnings.extend(warnings);
        Ok(deployed)
    }
}

/// Why a queue is not read that could be.
fn obstacle(stack: &Stack, source: &EventSourceResource) -> Option<String> {
    let function = stack.function(&source.function)?;
    if let Some(durable) = &function.durable_config {
        if source.qualifier.is_none() {
            return Some(format!(
                "the queue is not read: `{}` is durable, and has no `AutoPublishAlias`; durable functions are invoked by \
                 version or alias only",
                source.function
            ));
        }
        if durable.execution_timeout > EXECUTION_MAX {
            return Some(format!(
                "the queue is not read: Lambda waits for the end of each execution, 15 minutes at the most, and \
                 `ExecutionTimeout` of `{}` is longer",
                source.function
            ));
        }
    }
    let problem = |pattern: &String| EventFilter::parse(pattern).err();
    let problem = source.filters.iter().find_map(problem)?;
    Some(format!(
        "the queue is not read: a pattern of its filters is wrong: {problem}"
    ))
}
