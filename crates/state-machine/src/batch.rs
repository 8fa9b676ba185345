//! Parallel and Map: several branches or items at a time.

use asl::{Map, ProcessorMode, StateError, States};
use lambdura::{BatchResult, CompletionConfig, DurableContext, NamedError, branch};
use serde_json::{Value, json};

use crate::entry::Given;
use crate::failure::{IntoStateError as _, named};
use crate::frame::Frame;
use crate::middle::ItemRun;
use crate::walk::Walk;
use crate::{reading, writing};

/// Child executions at a time, unless the state says so. Source: Step Functions service quotas, distributed Map.
const CHILDREN_MAX: usize = 1_000;

/// Runs branches, and returns the list of their outputs.
pub(crate) async fn parallel(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    branches: &[States],
    context: &DurableContext,
) -> Result<Value, StateError> {
    let input = frame.before(|scope| frame.state.flow.arguments(scope))?;
    let given = match input == *frame.input {
        true => Given::Same,
        false => Given::value(&input),
    };
    let branches = branches.iter().enumerate().map(|(index, states)| {
        let mut inner = walk.clone();
        inner.place.push(frame.state.name.clone());
        inner.place.push(index.to_string());
        inner.done = None;
        inner.given = Some(given.clone());
        let input = input.clone();
        let done = walk.done_before(frame.attempt, index);
        let body = move |context: DurableContext| async move {
            match done {
                Some(done) => Ok(done),
                None => inner.run(states, input, context).await.map_err(named),
            }
        };
        branch(body).name(format!("branch {index}"))
    });
    let ran = context.parallel(branches).name("branches").await;
    let ran: BatchResult<Value> = ran.map_err(|error| error.into_state_error())?;
    let outputs = ran
        .into_results()
        .map_err(|error| error.into_state_error())?;
    Ok(Value::Array(outputs))
}

/// Runs the same states for every item, and returns the list of the results.
pub(crate) async fn map(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    map: &Map,
    context: &DurableContext,
) -> Result<Value, StateError> {
    let items = match &map.reader {
        None => frame.before(|scope| {
            let effective = frame.state.flow.effective_input(scope)?;
            map.items.find(&scope.with_input(&effective))
        })?,
        Some(reader) => reading::read(walk, frame, reader, context).await?,
    };
    let items = selected(frame, map, items)?;
    let whole = |template: &Option<asl::Template>, field| {
        let number = template
            .as_ref()
            .map(|it| frame.before(|scope| it.whole(scope, field)));
        let number = number
            .transpose()?
            .map(|it| usize::try_from(it).unwrap_or(usize::MAX));
        Ok::<_, StateError>(number)
    };
    // 0 means no limit.
    let concurrency = whole(&map.max_concurrency, "MaxConcurrency")?.filter(|it| *it > 0);
    let count = whole(&map.tolerance.count, "ToleratedFailureCount")?;
    let percentage = &map.tolerance.percentage;
    let percentage = percentage
        .as_ref()
        .map(|it| frame.before(|scope| it.number(scope, "ToleratedFailurePercentage")));
    let tolerated = Tolerated {
        count,
        percentage: percentage.transpose()?,
    };
    let is_distributed = map.mode == ProcessorMode::Distributed;
    let total = items.len();
    let writer = map.writer.as_ref().map(|writer| {
        let inputs = items.iter().map(|item| item.input.clone()).collect();
        writing::Writing::new(walk, frame, (map, writer), inputs)
    });
    let writer = writer.transpose()?;
    let body = |context: DurableContext, item: Item| async move {
        if let Some(done) = walk.done_before(frame.attempt, item.index) {
            return Ok(done);
        }
        match map.mode {
            ProcessorMode::Inline => {
                let mut inner = walk.clone();
                inner.given = Some(match frame.input.get(item.index) == Some(&item.input) {
                    true => Given::Element,
                    false => Given::value(&item.input),
                });
                inner.item = Some(item.context);
                inner.done = None;
                inner.place.push(frame.state.name.clone());
                let ran = inner.run(&map.processor, item.input, context).await;
                ran.map_err(named)
            }
            ProcessorMode::Distributed => child(walk, frame, item, map.is_express, context).await,
        }
    };
    let mut batch = context
        .map(items, body)
        .name("items")
        .item_names(|index| format!("item {index}"))
        .completion(tolerated.completion());
    if let Some(concurrency) = concurrency.or(is_distributed.then_some(CHILDREN_MAX)) {
        batch = batch.max_concurrency(concurrency);
    }
    let ran: BatchResult<Value> = batch.await.map_err(|error| error.into_state_error())?;
    if !is_distributed {
        let outputs = ran
            .into_results()
            .map_err(|error| error.into_state_error())?;
        return Ok(Value::Array(outputs));
    }
    let is_exceeded = tolerated.is_exceeded(ran.failure_count(), total);
    let written = match &writer {
        // Results written to a bucket include the successful ones of a failed run.
        Some(writer) if !is_exceeded || writer.is_outside() => {
            writer.hand_on(walk, frame, &ran, context).await
        }
        _ => Ok(Value::Null),
    };
    if is_exceeded {
        let cause = "The specified tolerated failure threshold was exceeded";
        return Err(StateError::new(
            asl::EXCEED_TOLERATED_FAILURE_THRESHOLD,
            cause,
        ));
    }
    if writer.is_some() {
        return written;
    }
    Ok(Value::Array(ran.results().cloned().collect()))
}

/// How many items may fail; if neither is given, none.
#[derive(Clone, Copy)]
struct Tolerated {
    count: Option<usize>,
    percentage: Option<f64>,
}

impl Tolerated {
    /// When to stop beginning further items.
    fn completion(self) -> CompletionConfig {
        let mut completion = CompletionConfig::all_successful();
        if let Some(count) = self.count {
            completion = completion.tolerated_failure_count(count);
        }
        if let Some(percentage) = self.percentage {
            completion = completion.tolerated_failure_percentage(percentage);
        }
        completion
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "there are fewer than 2^53 items"
    )]
    fn is_exceeded(self, failed: usize, total: usize) -> bool {
        if self.count.is_none() && self.percentage.is_none() {
            return failed > 0;
        }
        let share = failed as f64 * 100.0 / total.max(1) as f64;
        self.count.is_some_and(|count| failed > count)
            || self.percentage.is_some_and(|percentage| share > percentage)
    }
}

/// An item with its context.
struct Item {
    index: usize,
    input: Value,
    /// `$$.Map`
    context: Value,
}

/// The items after `ItemSelector` and `ItemBatcher`.
fn selected(frame: &Frame<'_>, map: &Map, items: Vec<Value>) -> Result<Vec<Item>, StateError> {
    let mut inputs = Vec::with_capacity(items.len());
    let mut contexts = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let item_context = json!({ "Item": { "Index": index, "Value": item } });
        let input = match &map.item_selector {
            None => item,
            Some(template) => {
                let mut context = frame.context.clone();
                context["Map"] = item_context.clone();
                let frame = Frame { context, ..*frame };
                frame.before(|scope| {
                    let effective = frame.state.flow.effective_input(scope)?;
                    template.evaluate(&scope.with_input(&effective), "ItemSelector")
                })?
            }
        };
        inputs.push(input);
        contexts.push(item_context);
    }
    if let Some(batcher) = &map.batcher {
        inputs = frame.before(|scope| {
            let effective = frame.state.flow.effective_input(scope)?;
            batcher.batches(inputs, &scope.with_input(&effective))
        })?;
        let contexts_of_batches = inputs.iter().enumerate();
        contexts = contexts_of_batches
            .map(|(index, batch)| json!({ "Item": { "Index": index, "Value": batch } }))
            .collect();
    }
    let items = inputs.into_iter().zip(contexts).enumerate();
    Ok(items
        .map(|(index, (input, context))| Item {
            index,
            input,
            context,
        })
        .collect())
}

/// Processes an item in an execution of its own.
async fn child(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    item: Item,
    is_express: bool,
    context: DurableContext,
) -> Result<Value, NamedError> {
    let mut place = walk.place.clone();
    place.push(frame.state.name.clone());
    let run = ItemRun {
        place,
        input: item.input,
        item: item.context,
        execution: walk.execution.clone(),
    };
    // The version that runs this execution, even if another is published meanwhile.
    let arn = context.execution_arn();
    let function = arn
        .split("/durable-execution/")
        .next()
        .unwrap_or(arn)
        .to_owned();
    let invoke = context
        .invoke::<_, Value>(function, &run.event(&walk.machine.key))
        // Only the name shows the type of the child execution, which determines its price.
        .name(if is_express {
            "express execution"
        } else {
            "execution"
        });
    invoke.await.map_err(|error| {
        let name = error.error_type().unwrap_or(asl::RUNTIME);
        NamedError::new(name, error.message())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_counted_against_both_tolerances() {
        let exceeded =
            |count, percentage, failed| Tolerated { count, percentage }.is_exceeded(failed, 10);
        assert!(!exceeded(None, None, 0) && exceeded(None, None, 1));
        assert!(!exceeded(Some(2), None, 2) && exceeded(Some(2), None, 3));
        assert!(!exceeded(None, Some(20.0), 2) && exceeded(None, Some(20.0), 3));
        assert!(exceeded(Some(9), Some(10.0), 2));
    }
}
