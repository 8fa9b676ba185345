//! Event source mappings: `CreateEventSourceMapping`, `Get…`, `List…`, `Update…`, `Delete…`.
//!
//! Queues are read; all other event sources of AWS are rejected by name. The task that reads the queues carries out the
//! operations a moment later: until then a mapping has an intermediate state, as on AWS.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use lambda_api::{
    EpochSeconds, ErrorCode, EventSourceMappingConfiguration, EventSourceMappingRequest, Filter,
    FilterCriteria, ListEventSourceMappingsResponse, ScalingConfig,
};
use model::FunctionName;
use wire::ApiError;

use super::function::page;
use super::members::{EVENT_SOURCE_MAPPING, MAPPED_FUNCTION, narrow};
use super::setting::change;
use crate::api::invoke::check_waited_for;
use crate::api::request::small;
use crate::app::App;
use crate::elsewhere::{Queue, queue_of_arn};
use crate::functions::{EventFilter, EventSourceMapping, Reference, Resolved};
use crate::http::{Body, Query, RequestBody, json};

/// Mappings of a page, at most.
const MAPPINGS_MAX: usize = 100;

/// Lambda's own default for queues.
const BATCH_SIZE: u32 = 10;

/// Patterns of one mapping, and characters of one pattern.
/// Source: Lambda developer guide, "Control which events Lambda sends to your function", read 2026-11-28.
const FILTERS_MAX: usize = 10;
const PATTERN_MAX: usize = 4096;

/// Largest batch without a window. FIFO queues have no larger batches.
const SMALL_BATCH: u32 = 10;

pub(super) async fn create(app: &Arc<App>, body: RequestBody) -> Result<Response<Body>, ApiError> {
    let request: EventSourceMappingRequest = small(body).await?;
    let asked = Asked::read(&request)?;
    wire::check(&request, MAPPED_FUNCTION)?;
    let queue_arn = queue_arn(&request)?;
    let resolved = resolved(app, request.function_name.as_deref().unwrap_or_default())?;
    let now = app.driver.now().as_millis();
    let mut mapping = EventSourceMapping {
        uuid: uuid::Uuid::new_v4().to_string(),
        queue_arn: queue_arn.clone(),
        qualifier: resolved.qualifier.clone(),
        enabled: true,
        batch_size: BATCH_SIZE,
        created_at: now,
        modified_at: now,
        ..EventSourceMapping::default()
    };
    asked.apply(&mut mapping);
    check(&mapping)?;
    check_queue(app, &mapping, &resolved).await?;
    let function = resolved.arn.name.clone();
    let (wanted, name) = (mapping.clone(), function.clone());
    change(app, function.clone(), move |_, settings| {
        let mut others = settings.event_sources.iter().filter(|it| !it.deleting);
        if let Some(other) = others.find(|it| it.queue_arn == queue_arn) {
            return Err(conflict(&name, other));
        }
        settings.event_sources.push(wanted);
        Ok(())
    })
    .await?;
    app.registry.event_source_states.note_change();
    Ok(answer(
        app,
        StatusCode::ACCEPTED,
        &function,
        &mapping,
        Some("Creating"),
    ))
}

pub(super) fn get(app: &Arc<App>, uuid: &str) -> Result<Response<Body>, ApiError> {
    let (function, mapping) = find(app, uuid)?;
    Ok(answer(app, StatusCode::OK, &function, &mapping, None))
}

pub(super) fn list(app: &Arc<App>, query: &Query) -> Result<Response<Body>, ApiError> {
    let function = match query.get("FunctionName") {
        Some(name) => Some(Reference::parse(name, None)?),
        None => None,
    };
    let source = query.get("EventSourceArn");
    let is_meant = |(name, mapping): &(FunctionName, EventSourceMapping)| {
        let is_functions = function.as_ref().is_none_or(|it| {
            it.name == *name && (it.qualifier.is_none() || it.qualifier == mapping.qualifier)
        });
        is_functions && source.is_none_or(|arn| arn == mapping.queue_arn)
    };
    let all = app.registry.event_sources().into_iter();
    let all: Vec<_> = all.filter(is_meant).collect();
    let (page, next_marker) = page(&all, query, MAPPINGS_MAX)?;
    let shown = page
        .iter()
        .map(|(function, mapping)| shown(app, function, mapping, None));
    let response = ListEventSourceMappingsResponse {
        event_source_mappings: shown.collect(),
        next_marker,
    };
    Ok(json(StatusCode::OK, &response))
}

pub(super) async fn update(
    app: &Arc<App>,
    uuid: &str,
    body: RequestBody,
) -> Result<Response<Body>, ApiError> {
    let request: EventSourceMappingRequest = small(body).await?;
    let asked = Asked::read(&request)?;
    let (function, before) = find(app, uuid)?;
    check_stays(&before)?;
    let qualifier = match &request.function_name {
        Some(name) => {
            let resolved = resolved(app, name)?;
            if resolved.arn.name != function {
                return Err(ApiError::invalid_parameter(format!(
                    "The mapping belongs to the function {function}: delete it, and create one for {}.",
                    resolved.arn.name
                )));
            }
            Some(resolved.qualifier)
        }
        None => None,
    };
    let mut mapping = before.clone();
    asked.clone().apply(&mut mapping);
    mapping.qualifier = qualifier.clone().unwrap_or(mapping.qualifier);
    check(&mapping)?;
    let named = match &mapping.qualifier {
        Some(qualifier) => format!("{function}:{qualifier}"),
        None => function.to_string(),
    };
    check_queue(app, &mapping, &resolved(app, &named)?).await?;
    let state = match (before.enabled, mapping.enabled) {
        (false, true) => "Enabling",
        (true, false) => "Disabling",
        _ => "Updating",
    };
    // The check of the queue may have taken long: changes by other requests meanwhile are kept.
    let changed = change_mapping(app, &function, uuid, move |found| {
        check_stays(found)?;
        asked.apply(found);
        if let Some(qualifier) = qualifier {
            found.qualifier = qualifier;
        }
        check(found)
    });
    Ok(answer(
        app,
        StatusCode::ACCEPTED,
        &function,
        &changed.await?,
        Some(state),
    ))
}

pub(super) async fn delete(app: &Arc<App>, uuid: &str) -> Result<Response<Body>, ApiError> {
    let (function, _) = find(app, uuid)?;
    let changed = change_mapping(app, &function, uuid, |found| {
        found.deleting = true;
        Ok(())
    });
    let state = Some("Deleting");
    Ok(answer(
        app,
        StatusCode::ACCEPTED,
        &function,
        &changed.await?,
        state,
    ))
}

/// Changes the stored mapping and returns the result; fails if the mapping is gone.
async fn change_mapping(
    app: &Arc<App>,
    function: &FunctionName,
    uuid: &str,
    apply: impl FnOnce(&mut EventSourceMapping) -> Result<(), ApiError> + Send + 'static,
) -> Result<EventSourceMapping, ApiError> {
    let wanted = uuid.to_owned();
    let changed = change(app, function.clone(), move |now, settings| {
        let mut all = settings.event_sources.iter_mut();
        let found = all.find(|it| it.uuid == wanted).ok_or_else(missing)?;
        apply(found)?;
        found.modified_at = now.as_millis();
        Ok(())
    });
    let mut all = changed.await?.event_sources.into_iter();
    let changed = all.find(|it| it.uuid == uuid).ok_or_else(missing)?;
    app.registry.event_source_states.note_change();
    Ok(changed)
}

/// Refuses a mapping that is being deleted.
fn check_stays(mapping: &EventSourceMapping) -> Result<(), ApiError> {
    if !mapping.deleting {
        return Ok(());
    }
    let message = "The event source mapping is being deleted, and cannot be updated.";
    Err(ApiError::new(ErrorCode::ResourceInUse, message))
}

/// The requested changes, each of them valid by itself.
#[derive(Clone, Default)]
struct Asked {
    enabled: Option<bool>,
    batch_size: Option<u32>,
    window_seconds: Option<u32>,
    concurrency_max: Option<Option<u32>>,
    reports_failures: Option<bool>,
    filters: Option<Vec<String>>,
}

impl Asked {
    fn read(request: &EventSourceMappingRequest) -> Result<Self, ApiError> {
        check_members(request)?;
        wire::check(request, EVENT_SOURCE_MAPPING)?;
        let filters = request.filter_criteria.as_ref().map(patterns).transpose()?;
        let scaling = request.scaling_config.as_ref();
        let types = request.function_response_types.as_deref();
        Ok(Self {
            enabled: request.enabled,
            batch_size: narrow(request.batch_size),
            window_seconds: narrow(request.maximum_batching_window_in_seconds),
            concurrency_max: scaling.map(|it| narrow(it.maximum_concurrency)),
            reports_failures: types.map(|types| !types.is_empty()),
            filters,
        })
    }

    fn apply(self, mapping: &mut EventSourceMapping) {
        mapping.enabled = self.enabled.unwrap_or(mapping.enabled);
        mapping.batch_size = self.batch_size.unwrap_or(mapping.batch_size);
        mapping.window_seconds = self.window_seconds.unwrap_or(mapping.window_seconds);
        mapping.concurrency_max = self.concurrency_max.unwrap_or(mapping.concurrency_max);
        mapping.reports_failures = self.reports_failures.unwrap_or(mapping.reports_failures);
        mapping.filters = self.filters.unwrap_or(std::mem::take(&mut mapping.filters));
    }
}

/// Rejects members that only other event sources have.
fn check_members(request: &EventSourceMappingRequest) -> Result<(), ApiError> {
    let others = [
        ("StartingPosition", request.starting_position.is_some()),
        (
            "StartingPositionTimestamp",
            request.starting_position_timestamp.is_some(),
        ),
        (
            "ParallelizationFactor",
            request.parallelization_factor.is_some(),
        ),
        ("DestinationConfig", request.destination_config.is_some()),
        (
            "MaximumRecordAgeInSeconds",
            request.maximum_record_age_in_seconds.is_some(),
        ),
        (
            "BisectBatchOnFunctionError",
            request.bisect_batch_on_function_error.is_some(),
        ),
        (
            "MaximumRetryAttempts",
            request.maximum_retry_attempts.is_some(),
        ),
        (
            "TumblingWindowInSeconds",
            request.tumbling_window_in_seconds.is_some(),
        ),
    ];
    let is_queue =
        (request.event_source_arn.as_deref()).is_none_or(|arn| queue_of_arn(arn).is_some());
    match others.iter().find(|(_, is_given)| *is_given && is_queue) {
        Some((name, _)) => Err(ApiError::invalid_parameter(format!(
            "{name} is not a valid parameter for SQS event sources."
        ))),
        None => Ok(()),
    }
}

fn patterns(criteria: &FilterCriteria) -> Result<Vec<String>, ApiError> {
    if criteria.filters.len() > FILTERS_MAX {
        return Err(ApiError::invalid_parameter(format!(
            "A mapping has at most {FILTERS_MAX} filters."
        )));
    }
    let patterns = criteria.filters.iter();
    let patterns = patterns.filter_map(|filter| filter.pattern.clone());
    let patterns: Vec<String> = patterns.collect();
    for pattern in &patterns {
        if pattern.len() > PATTERN_MAX {
            return Err(ApiError::invalid_parameter(format!(
                "A filter pattern has at most {PATTERN_MAX} characters."
            )));
        }
        if let Err(problem) = EventFilter::parse(pattern) {
            return Err(ApiError::invalid_parameter(format!(
                "Invalid filter pattern definition. {problem}"
            )));
        }
    }
    Ok(patterns)
}

/// The queue that a request names.
fn queue_arn(request: &EventSourceMappingRequest) -> Result<String, ApiError> {
    let source = match &request.event_source_arn {
        Some(arn) if queue_of_arn(arn).is_some() => return Ok(arn.clone()),
        Some(arn) => format!("`{}`", arn.chars().take(256).collect::<String>()),
        None if request.self_managed_event_source.is_some() || request.topics.is_some() => {
            "a Kafka cluster of one's own".to_owned()
        }
        None => {
            return Err(ApiError::invalid_parameter(
                "EventSourceArn is required: the ARN of an SQS queue.",
            ));
        }
    };
    Err(ApiError::invalid_parameter(format!(
        "Only SQS queues are event sources here: {source} is not read. (Kinesis, DynamoDB streams, MSK, Kafka, Amazon MQ \
         and DocumentDB are not served; invoke the function yourself.)"
    )))
}

/// Checks rules that concern several members.
fn check(mapping: &EventSourceMapping) -> Result<(), ApiError> {
    let is_fifo = mapping.queue_arn.ends_with(".fifo");
    let is_large = mapping.batch_size > SMALL_BATCH;
    let problem = if is_fifo && is_large {
        "The batch size of a FIFO queue is at most 10."
    } else if is_fifo && mapping.window_seconds > 0 {
        "Batching window is not supported for FIFO queues."
    } else if is_large && mapping.window_seconds == 0 {
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    } else {
        return Ok(());
    };
    Err(ApiError::invalid_parameter(problem))
}

/// Checks that the queue exists, and that its messages stay hidden for as long as the function may take.
async fn check_queue(
    app: &Arc<App>,
    mapping: &EventSourceMapping,
    resolved: &Resolved,
) -> Result<(), ApiError> {
    check_waited_for(resolved)?;
    let looked_up = async {
        let queue = Queue::find(&app.aws, &mapping.queue_arn).await?;
        queue.visibility_timeout(&app.aws).await
    };
    let hidden_for = looked_up.await.map_err(|error| {
        let arn = &mapping.queue_arn;
        ApiError::invalid_parameter(format!("The queue {arn} cannot be read: {error}"))
    })?;
    let timeout = resolved.version.config.timeout;
    if hidden_for < timeout {
        return Err(ApiError::invalid_parameter(format!(
            "Queue visibility timeout: {} seconds is less than Function timeout: {} seconds",
            hidden_for.as_secs(),
            timeout.as_secs()
        )));
    }
    Ok(())
}

fn resolved(app: &App, name: &str) -> Result<Resolved, ApiError> {
    app.registry.resolve(&Reference::parse(name, None)?)
}

fn find(app: &App, uuid: &str) -> Result<(FunctionName, EventSourceMapping), ApiError> {
    let all = app.registry.event_sources().into_iter();
    let own = all.filter(|(_, mapping)| mapping.uuid == uuid);
    // A template's mapping that moved to another function exists twice until its current batches are done.
    own.min_by_key(|(_, mapping)| mapping.deleting)
        .ok_or_else(missing)
}

fn missing() -> ApiError {
    ApiError::new(
        ErrorCode::ResourceNotFound,
        "The resource you requested does not exist.",
    )
}

fn conflict(function: &FunctionName, other: &EventSourceMapping) -> ApiError {
    let EventSourceMapping {
        uuid, queue_arn, ..
    } = other;
    let message = format!(
        "An event source mapping with SQS arn (\" {queue_arn} \") and function (\" {function} \") already exists. \
         Please update or delete the existing mapping with UUID {uuid}"
    );
    ApiError::new(ErrorCode::ResourceConflict, message)
}

fn answer(
    app: &App,
    status: StatusCode,
    function: &FunctionName,
    mapping: &EventSourceMapping,
    state: Option<&str>,
) -> Response<Body> {
    json(status, &shown(app, function, mapping, state))
}

/// The mapping with its state: the current one, or the state that a request has just caused.
fn shown(
    app: &App,
    function: &FunctionName,
    mapping: &EventSourceMapping,
    state: Option<&str>,
) -> EventSourceMappingConfiguration {
    let fares = app.registry.event_source_states.of(&mapping.uuid);
    let is_up_to_date = fares.reading.as_ref().map(|it| it.is_read_as(mapping));
    let state = state.unwrap_or(match (mapping.deleting, mapping.enabled, is_up_to_date) {
        (true, _, _) => "Deleting",
        (false, true, Some(true)) => "Enabled",
        (false, true, Some(false)) => "Updating",
        (false, true, None) if mapping.created_at == mapping.modified_at => "Creating",
        (false, true, None) => "Enabling",
        (false, false, Some(_)) => "Disabling",
        (false, false, None) => "Disabled",
    });
    let arn = app.registry.home.arn(function);
    let home = &app.registry.home;
    let filters = mapping.filters.iter().map(|pattern| Filter {
        pattern: Some(pattern.clone()),
    });
    EventSourceMappingConfiguration {
        uuid: mapping.uuid.clone(),
        event_source_mapping_arn: format!(
            "arn:aws:lambda:{}:{}:event-source-mapping:{}",
            home.region, home.account_id, mapping.uuid
        ),
        batch_size: mapping.batch_size.into(),
        maximum_batching_window_in_seconds: mapping.window_seconds.into(),
        event_source_arn: mapping.queue_arn.clone(),
        function_arn: match &mapping.qualifier {
            Some(qualifier) => arn.qualified(qualifier),
            None => arn.to_string(),
        },
        last_modified: EpochSeconds::from_millis(mapping.modified_at),
        last_processing_result: fares
            .last_result
            .unwrap_or_else(|| "No records processed".to_owned()),
        state: state.to_owned(),
        state_transition_reason: "USER_INITIATED".to_owned(),
        function_response_types: match mapping.reports_failures {
            true => vec!["ReportBatchItemFailures".to_owned()],
            false => Vec::new(),
        },
        filter_criteria: (!mapping.filters.is_empty()).then(|| FilterCriteria {
            filters: filters.collect(),
        }),
        scaling_config: mapping.concurrency_max.map(|most| ScalingConfig {
            maximum_concurrency: Some(most.into()),
        }),
    }
}
