//! A stack's resources at an emulator of AWS's services, and the queues that its functions process.

use std::collections::BTreeMap;
use std::time::Duration;

use model::FunctionName;
use stack::{EventSourceResource, Stack, Warning};
use tokio::time::{Instant, sleep};

use super::ground::Ground;
use super::stack::DeployedEventSource;
use crate::deploy_error::DeployError;
use crate::elsewhere::{CallError, create};
use crate::functions::EventFilter;

/// How long an emulator may take to answer; it may still be starting.
const WAIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// The longest execution timeout of a durable function that processes a queue.
const EXECUTION_MAX: Duration = Duration::from_secs(900);

impl Ground {
    /// Creates the stack's queues, topics and buckets at the emulator; returns the stack with the emulator's values.
    pub(super) async fn create_companions(&self, stack: &Stack) -> Result<Stack, DeployError> {
        let mut stack = stack.clone();
        let app = &self.app;
        let Some(url) = app.aws.emulator().filter(|_| !stack.companions.is_empty()) else {
            return Ok(stack);
        };
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

    /// Sets the queues that are read: those of all stacks, by function.
    pub(super) async fn read_queues(
        &self,
        by_function: &BTreeMap<FunctionName, Vec<&EventSourceResource>>,
    ) -> Result<(), DeployError> {
        let app = &self.app;
        let (store, now) = (app.driver.store(), app.driver.now());
        app.registry
            .deploy_event_sources(store.as_ref(), by_function, now)
            .await?;
        Ok(())
    }
}

/// The queues of a stack.
#[derive(Debug, Default)]
pub(super) struct Queues<'a> {
    pub by_function: BTreeMap<FunctionName, Vec<&'a EventSourceResource>>,
    pub deployed: Vec<DeployedEventSource>,
    /// Why some queues are not read.
    pub warnings: Vec<Warning>,
}

/// The queues of a stack that are read.
///
/// # Errors
/// When a function has a name that AWS would refuse.
pub(super) fn queues<'a>(
    stack: &'a Stack,
    left_out: &BTreeMap<String, String>,
) -> Result<Queues<'a>, DeployError> {
    let mut queues = Queues::default();
    for source in &stack.event_sources {
        // Functions that are left out are reported elsewhere.
        if left_out.contains_key(&source.function) {
            continue;
        }
        if let Some(meaning) = obstacle(stack, source) {
            queues.warnings.push(Warning {
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
        queues.by_function.entry(name).or_default().push(source);
        queues.deployed.push(DeployedEventSource {
            queue_arn: source.source_arn.clone(),
            function: function.name.clone(),
            enabled: source.enabled,
        });
    }
    Ok(queues)
}

/// The reason why a queue that could be read is not.
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
