//! What an execution would cost on AWS, by its event history: the bill of `lambdura cost` for pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use cost::{
    ASSUMPTIONS, Bill, Histories, Invocation, LISTED_MAX, Prices, StateMachine, Usage, walk,
};
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue, ORIGIN, VARY};
use hyper::{HeaderMap, Response, StatusCode};
use lambda_api::Event;
use model::{ExecutionArn, ExecutionId, ExecutionName, FunctionName, Version};
use serde::Serialize;
use store::EventPage;
use utoipa::ToSchema;
use wire::{ApiError, PAGE_BYTES_MAX, wire_event};

use super::filter;
use crate::app::App;
use crate::functions::state_machine_type;
use crate::http::{Body, Query, json};
use crate::states::{durable_name, redriven};

/// Executions in one bill: the execution, those that it invoked in a chain, and so on. `lambdura cost` reads more of
/// them.
const EXECUTIONS_MAX: usize = 100;

/// The numbers of executions for which sums are shown.
const RUNS: [u32; 3] = [1, 1_000, 1_000_000];

/// What an execution would cost on AWS, with everything that it invoked in a chain. Instants are epoch milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExecutionCost {
    pub execution_id: String,
    pub execution_name: String,
    pub function: String,
    pub kind: CostKind,
    pub started_at: i64,
    /// Absent while it runs: the figures are what is recorded so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    pub usage: CostUsage,
    /// Its lines, of which some may be zero.
    pub bill: Vec<CostLine>,
    /// The sum of one execution and of many, in US dollars.
    pub runs: Vec<CostRuns>,
    /// When which function ran for it, oldest first: what was paid for as compute. At most 10,000.
    pub compute: Vec<CostInvocation>,
    /// When which step of the execution itself ran, at most 10,000; none of a state machine, whose steps are the service's.
    pub steps: Vec<CostStep>,
    /// Whether there were more executions in its chain than were read.
    pub is_cut: bool,
    pub prices: CostPrices,
    /// What is counted where AWS does not say how it counts.
    #[schema(value_type = Vec<String>)]
    pub assumptions: &'static [&'static str],
    /// The server's clock at the time of this answer.
    pub server_now_at: i64,
}

/// What AWS would have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum CostKind {
    /// A durable function.
    Durable,
    /// A standard state machine.
    Standard,
    /// An Express state machine.
    Express,
}

/// What was counted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CostUsage {
    /// Durable operations; none of a state machine.
    pub operations: f64,
    /// The same by kind, such as `step_attempts`.
    pub operations_by_kind: BTreeMap<&'static str, f64>,
    /// State transitions; none of a durable function.
    pub transitions: f64,
    pub express_requests: f64,
    pub express_gb_seconds: f64,
    /// What a durable function pays for: inputs, results and errors.
    pub bytes_written: f64,
    /// The same of a state machine, which nothing is paid for.
    pub bytes_passed: f64,
    pub byte_hours_retained: f64,
    /// Invocations of functions.
    pub requests: f64,
    pub gb_seconds_x86_64: f64,
    pub gb_seconds_arm64: f64,
}

/// A line of the bill.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CostLine {
    pub meter: &'static str,
    pub quantity: f64,
    pub unit: &'static str,
    /// In US dollars.
    pub amount: f64,
}

/// What so many executions cost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CostRuns {
    pub runs: u32,
    /// In US dollars.
    pub total: f64,
}

/// An invocation of a function.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CostInvocation {
    pub function: String,
    pub began_at: i64,
    /// Absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Whether the end of the server cut it off, so that the function was invoked again.
    pub is_lost: bool,
}

/// A step, with all its attempts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CostStep {
    pub began_at: i64,
    /// When it succeeded, or failed for good; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// Which prices these are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CostPrices {
    pub region: String,
    /// As `YYYY-MM-DD`.
    pub read_on: String,
    pub sources: Vec<String>,
    /// Whether the server was given another table than the one that comes with it.
    pub is_own: bool,
}

/// Returns the cost of the execution of an id.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/{execution_id}/cost",
    params(("execution_id" = String, Path, description = "what its ARN ends with")),
    responses((status = 200, body = ExecutionCost)),
)]
pub(super) async fn of_id(
    app: &Arc<App>,
    id: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let cost = read(app, super::named::execution_id(id)?).await?;
    Ok(answered(&cost, headers))
}

/// Returns the cost of a function's execution of this name.
#[utoipa::path(
    get,
    path = "/lambdura/v1/executions/cost",
    params(
        ("function" = String, Query, description = "the durable function, or the state machine"),
        ("name" = String, Query, description = "the execution's name"),
    ),
    responses((status = 200, body = ExecutionCost)),
)]
pub(super) async fn of_name(
    app: &Arc<App>,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let wanted = |name: &str| {
        let missing = || filter::invalid(format!("'{name}' is missing"));
        query.get(name).ok_or_else(missing)
    };
    let function = FunctionName::parse(wanted("function")?);
    let function = function.map_err(|error| filter::invalid(error.to_string()))?;
    let name = ExecutionName::parse(wanted("name")?);
    let name = name.map_err(|error| filter::invalid(error.to_string()))?;
    let head = app.driver.store().head_by_name(&function, &name).await?;
    let head = head.ok_or_else(ApiError::unknown_execution)?;
    let cost = read(app, head.arn.id.clone()).await?;
    Ok(answered(&cost, headers))
}

/// The answer. Pages of this machine may read it, too: it holds only figures, which anybody on loopback may read
/// anyway.
fn answered(cost: &ExecutionCost, headers: &HeaderMap) -> Response<Body> {
    let mut response = json(StatusCode::OK, cost);
    let answer = response.headers_mut();
    answer.insert(VARY, HeaderValue::from_name(ORIGIN));
    if let Some(origin) = headers.get(ORIGIN).filter(|it| is_of_this_machine(it)) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}

fn is_of_this_machine(origin: &HeaderValue) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let Ok(uri) = origin.parse::<hyper::Uri>() else {
        return false;
    };
    let Some(host) = uri.host() else {
        return false;
    };
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|it| it.is_loopback())
}

async fn read(app: &Arc<App>, id: ExecutionId) -> Result<ExecutionCost, ApiError> {
    let summary = app.driver.store().summary(&id).await?;
    let summary = summary.ok_or_else(ApiError::unknown_execution)?;
    let function = &summary.spec.arn.function.name;
    let kind = match configured(app, function.as_str()).state_machine {
        None => CostKind::Durable,
        Some(StateMachine::Standard) => CostKind::Standard,
        Some(StateMachine::Express) => CostKind::Express,
    };
    let arn = summary.spec.arn.to_string();
    let mut metered = walk(&Stored(app), &arn, EXECUTIONS_MAX).await?;
    let mut ended_at = summary.state.ended_at;
    // Step Functions counts an execution and its redrives as one execution.
    for name in redriven(app, function, summary.spec.arn.name.as_str()) {
        let name = ExecutionName::parse(&name);
        let name = name.map_err(|error| filter::invalid(error.to_string()))?;
        let Some(head) = app.driver.store().head_by_name(function, &name).await? else {
            break;
        };
        let went_on = walk(&Stored(app), &head.arn.to_string(), EXECUTIONS_MAX).await?;
        metered.usage += went_on.usage;
        metered.compute.extend(went_on.compute);
        metered.is_cut |= went_on.is_cut;
        let summary = app.driver.store().summary(&head.arn.id).await?;
        ended_at = summary.and_then(|it| it.state.ended_at);
    }
    metered.compute.truncate(LISTED_MAX);
    // The running invocation is not yet in the history.
    if let (CostKind::Durable, model::Invocation::Active { scheduled_at, .. }) =
        (kind, &summary.state.invocation)
    {
        metered.compute.push(Invocation {
            function: function.as_str().to_owned(),
            began_at: scheduled_at.as_millis(),
            ended_at: None,
            is_lost: false,
        });
    }
    metered.compute.sort_by_key(|it| it.began_at);
    let prices = &app.prices;
    let bill = Bill::of(&metered.usage, prices);
    Ok(ExecutionCost {
        execution_id: id.to_string(),
        execution_name: summary.spec.arn.name.to_string(),
        function: function.to_string(),
        kind,
        started_at: summary.spec.started_at.as_millis(),
        ended_at: ended_at.map(model::Timestamp::as_millis),
        usage: shown(&metered.usage),
        runs: RUNS
            .map(|runs| CostRuns {
                runs,
                total: bill.total * f64::from(runs),
            })
            .into(),
        bill: bill
            .lines
            .iter()
            .map(|line| CostLine {
                meter: line.meter,
                quantity: line.quantity,
                unit: line.unit,
                amount: line.amount,
            })
            .collect(),
        compute: metered
            .compute
            .into_iter()
            .map(|it| CostInvocation {
                function: it.function,
                began_at: it.began_at,
                ended_at: it.ended_at,
                is_lost: it.is_lost,
            })
            .collect(),
        steps: metered
            .steps
            .into_iter()
            .map(|it| CostStep {
                began_at: it.began_at,
                ended_at: it.ended_at,
            })
            .collect(),
        is_cut: metered.is_cut,
        prices: CostPrices {
            region: prices.region.clone(),
            read_on: prices.read_on.clone(),
            sources: prices.sources.clone(),
            is_own: *prices != Prices::published(),
        },
        assumptions: ASSUMPTIONS,
        server_now_at: app.driver.now().as_millis(),
    })
}

fn shown(usage: &Usage) -> CostUsage {
    let operations = &usage.operations;
    CostUsage {
        operations: operations.total(),
        operations_by_kind: BTreeMap::from([
            ("executions", operations.executions),
            ("step_attempts", operations.step_attempts),
            ("waits", operations.waits),
            ("callbacks", operations.callbacks),
            ("chained_invokes", operations.chained_invokes),
            ("contexts", operations.contexts),
        ]),
        transitions: usage.transitions,
        express_requests: usage.express_requests,
        express_gb_seconds: usage.express_gb_seconds,
        bytes_written: usage.bytes_written,
        bytes_passed: usage.bytes_passed,
        byte_hours_retained: usage.byte_hours_retained,
        requests: usage.requests,
        gb_seconds_x86_64: usage.gb_seconds_x86_64,
        gb_seconds_arm64: usage.gb_seconds_arm64,
    }
}

/// The stored histories, page by page.
struct Stored<'a>(&'a Arc<App>);

impl Histories for Stored<'_> {
    type Error = ApiError;

    async fn read(
        &self,
        arn: &str,
        each: &mut (dyn FnMut(&Event) + Send),
    ) -> Result<bool, ApiError> {
        let Ok(arn) = arn.parse::<ExecutionArn>() else {
            return Ok(false);
        };
        let store = self.0.driver.store();
        if store.head(&arn.id).await?.is_none() {
            return Ok(false);
        }
        let mut after = 0;
        loop {
            let page = EventPage {
                after: Some(after),
                newest_first: false,
                limit: super::events::EVENTS_MAX,
                bytes_max: PAGE_BYTES_MAX,
            };
            let events = store.events(&arn.id, page).await?;
            let mut last = after;
            for event in &events {
                let event = wire_event(event, true);
                last = event.event_id.cast_unsigned();
                each(&event);
            }
            if last <= after {
                return Ok(true);
            }
            after = last;
        }
    }

    async fn durable(&self, execution: &str) -> Result<Option<String>, ApiError> {
        let Some((function, name)) = durable_name(execution) else {
            return Ok(None);
        };
        let head = self.0.driver.store().head_by_name(&function, &name).await?;
        Ok(head.map(|head| head.arn.to_string()))
    }

    fn function(&self, name: &str) -> Result<cost::Function, ApiError> {
        Ok(configured(self.0, name))
    }
}

/// The configuration of a function; Lambda's defaults if the function is gone.
fn configured(app: &App, name: &str) -> cost::Function {
    let name = FunctionName::parse(name).ok();
    // As `ListFunctions` shows it, which `lambdura cost` reads.
    let version = name.and_then(|name| app.registry.version(&name, &Version::Latest));
    let configuration = version.as_ref().map(|it| &it.configuration);
    let machine = configuration.and_then(state_machine_type);
    cost::Function::of(configuration, machine.map(StateMachine::of_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine_read_the_figures() {
        for (origin, expected) in [
            ("http://127.0.0.1:5173", true),
            ("http://localhost:5173", true),
            ("http://[::1]:5173", true),
            ("https://localhost", true),
            ("http://localhost.example.org", false),
            ("http://127.0.0.1.example.org:5173", false),
            ("https://example.org", false),
            ("null", false),
            ("", false),
        ] {
            let origin = HeaderValue::from_static(origin);
            assert_eq!(is_of_this_machine(&origin), expected, "{origin:?}");
        }
    }
}
