//! The operations of the Lambda API that the commands use.

use std::time::Duration;

use http::Method;
use http::header::{HeaderName, HeaderValue};
use lambda_api::{
    AliasConfiguration, DeleteDurableExecutionResponse, DurableExecutionSummary, ErrorObject,
    Event, ExecutionStatus, FunctionConfiguration, GetDurableExecutionHistoryResponse,
    GetDurableExecutionResponse, GetFunctionResponse, ListAliasesResponse,
    ListDurableExecutionsByFunctionResponse, ListFunctionsResponse, PauseDurableExecutionRequest,
    ResumeDurableExecutionRequest, StopDurableExecutionResponse, headers,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::error::CallError;
use super::transport::{Call, Transport};

/// How long an ordinary answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// How long a synchronous invocation may take: Lambda holds a caller for 15 minutes, and the answer needs its way.
const INVOKE_TIME_MAX: Duration = Duration::from_secs(15 * 60 + 30);

/// Items asked for per page: the most that the API gives.
const PAGE_ITEMS: u32 = 1000;

/// Most pages read of any list. Ours: a service that never stops paging must not hold the command forever.
const PAGES_MAX: usize = 1000;

/// Characters that AWS's clients do not encode in a path.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A function, with its names in the template and in the CDK app.
#[derive(Debug, serde::Deserialize)]
pub struct InTemplate {
    /// Its name.
    pub function: String,
    /// Its key in the template; of servers that tell it.
    #[serde(default)]
    pub logical_id: Option<String>,
    /// Where it is in its CDK app.
    #[serde(default)]
    pub construct_path: Option<String>,
}

/// A client of one service.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) transport: Transport,
}

/// How a function is invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationType {
    /// Wait for the result.
    RequestResponse,
    /// Only start it.
    Event,
}

/// An `Invoke` request.
#[derive(Debug, Clone)]
pub struct InvokeRequest<'a> {
    /// Name or ARN, unqualified.
    pub function: &'a str,
    /// Version or alias.
    pub qualifier: Option<&'a str>,
    /// Wait or not.
    pub invocation_type: InvocationType,
    /// Name of the durable execution.
    pub execution_name: Option<&'a str>,
    /// Whether the end of the log is wanted.
    pub log_tail: bool,
    /// The event.
    pub payload: Vec<u8>,
}

/// Answer to an `Invoke`.
#[derive(Debug, Clone)]
pub struct Invoked {
    /// 200, or 202 when it was only started.
    pub status: u16,
    /// `Handled` or `Unhandled` when the function failed.
    pub function_error: Option<String>,
    /// The version that ran.
    pub executed_version: Option<String>,
    /// The durable execution that was started or found.
    pub execution_arn: Option<String>,
    /// Base64 of the log's end.
    pub log_result: Option<String>,
    /// The result, or the error as JSON.
    pub payload: Vec<u8>,
}

/// Which executions to list.
#[derive(Debug, Clone, Default)]
pub struct ExecutionQuery {
    /// Only with this name.
    pub name: Option<String>,
    /// Only in this status.
    pub status: Option<ExecutionStatus>,
    /// How many of the newest are read.
    pub limit: usize,
}

/// How a callback ends, or goes on.
#[derive(Debug, Clone)]
pub enum CallbackCompletion {
    /// With a result; absent when `None`.
    Succeed(Option<Vec<u8>>),
    /// With an error.
    Fail(ErrorObject),
    /// Not yet.
    Heartbeat,
}

impl Client {
    /// A client of the service at `endpoint`, for example `http://127.0.0.1:3001`.
    ///
    /// # Errors
    /// [`CallError::Endpoint`] for anything but `http://host:port`.
    pub fn new(endpoint: &str) -> Result<Self, CallError> {
        Ok(Self {
            transport: Transport::new(endpoint)?,
        })
    }

    /// The endpoint's URL.
    pub fn endpoint(&self) -> &str {
        self.transport.endpoint()
    }

    /// `Invoke`. A function that fails is an answer, not an error.
    pub async fn invoke(&self, request: InvokeRequest<'_>) -> Result<Invoked, CallError> {
        let mut path = format!(
            "/2015-03-31/functions/{}/invocations",
            encode(request.function)
        );
        if let Some(qualifier) = request.qualifier {
            path.push_str(&format!("?Qualifier={}", encode(qualifier)));
        }
        let (kind, limit) = match request.invocation_type {
            InvocationType::RequestResponse => ("RequestResponse", INVOKE_TIME_MAX),
            InvocationType::Event => ("Event", ANSWER_TIME_MAX),
        };
        let mut sent = vec![header(headers::INVOCATION_TYPE, kind)];
        if let Some(name) = request.execution_name {
            sent.push(header(headers::DURABLE_EXECUTION_NAME, name));
        }
        if request.log_tail {
            sent.push(header(headers::LOG_TYPE, "Tail"));
        }
        let sent = sent
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|problem| CallError::Endpoint {
                endpoint: self.endpoint().to_owned(),
                problem,
            })?;
        let answer = self
            .transport
            .call(Call {
                method: Method::POST,
                path_and_query: path,
                headers: sent,
                body: request.payload,
                limit,
            })
            .await?;
        let value = |name: &str| {
            let value = answer.headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        Ok(Invoked {
            status: answer.status,
            function_error: value(headers::FUNCTION_ERROR),
            executed_version: value(headers::EXECUTED_VERSION),
            execution_arn: value(headers::DURABLE_EXECUTION_ARN),
            log_result: value(headers::LOG_RESULT),
            payload: answer.body.to_vec(),
        })
    }

    /// `ListFunctions`, all pages.
    pub async fn list_functions(&self) -> Result<Vec<FunctionConfiguration>, CallError> {
        let path = "/2015-03-31/functions".to_owned();
        self.all(
            path,
            Vec::new(),
            usize::MAX,
            |page: ListFunctionsResponse| (page.functions, page.next_marker),
        )
        .await
    }

    /// Why a function of the template is not there, where the service knows it: `GetFunction` says so in its error.
    pub async fn why_left_out(&self, function: &str) -> Option<String> {
        let path = format!("/2015-03-31/functions/{}", encode(function));
        let found: Result<GetFunctionResponse, CallError> = self.get(path, &[]).await;
        let Err(CallError::Refused(refused)) = found else {
            return None;
        };
        let (_, reason) = refused.message.split_once(" was left out: ")?;
        Some(reason.to_owned())
    }

    /// Functions with their paths in their CDK app, from a list that only our service has. Other functions are left
    /// out.
    pub async fn construct_paths(&self) -> Vec<(String, String)> {
        let named = self.in_templates().await.into_iter();
        let paths = named.filter_map(|it| Some((it.function, it.construct_path?)));
        paths.collect()
    }

    /// Functions with their names in their templates.
    pub async fn in_templates(&self) -> Vec<InTemplate> {
        #[derive(serde::Deserialize)]
        struct List {
            functions: Vec<InTemplate>,
        }
        let listed: Result<List, CallError> =
            self.get("/lambdura/v1/functions".to_owned(), &[]).await;
        match listed {
            Ok(list) => list.functions,
            Err(error) => {
                tracing::debug!(%error, "the service does not tell of templates");
                Vec::new()
            }
        }
    }

    /// `ListAliases`, all pages.
    pub async fn list_aliases(&self, function: &str) -> Result<Vec<AliasConfiguration>, CallError> {
        let path = format!("/2015-03-31/functions/{}/aliases", encode(function));
        self.all(path, Vec::new(), usize::MAX, |page: ListAliasesResponse| {
            (page.aliases, page.next_marker)
        })
        .await
    }

    /// `ListDurableExecutionsByFunction`, newest first, of all versions: our service takes an absent qualifier so.
    pub async fn list_executions(
        &self,
        function: &str,
        query: &ExecutionQuery,
    ) -> Result<Vec<DurableExecutionSummary>, CallError> {
        let path = format!(
            "/2025-12-01/functions/{}/durable-executions",
            encode(function)
        );
        let mut parameters = Vec::new();
        if let Some(name) = &query.name {
            parameters.push(("DurableExecutionName", name.clone()));
        }
        if let Some(status) = &query.status {
            parameters.push(("Statuses", status.as_str().to_owned()));
        }
        self.all(
            path,
            parameters,
            query.limit,
            |page: ListDurableExecutionsByFunctionResponse| {
                (page.durable_executions, page.next_marker)
            },
        )
        .await
    }

    /// `GetDurableExecution`, with its data.
    pub async fn get_execution(&self, arn: &str) -> Result<GetDurableExecutionResponse, CallError> {
        let path = format!("/2025-12-01/durable-executions/{}", encode(arn));
        self.get(path, &[("IncludeExecutionData", "true".to_owned())])
            .await
    }

    /// `GetDurableExecutionHistory`, all pages, oldest first, with its data.
    pub async fn history(&self, arn: &str) -> Result<Vec<Event>, CallError> {
        let path = format!("/2025-12-01/durable-executions/{}/history", encode(arn));
        let parameters = vec![("IncludeExecutionData", "true".to_owned())];
        self.all(
            path,
            parameters,
            usize::MAX,
            |page: GetDurableExecutionHistoryResponse| (page.events, page.next_marker),
        )
        .await
    }

    /// The same, each event handed to `each` and not kept.
    pub async fn each_event(
        &self,
        arn: &str,
        each: &mut (dyn FnMut(&Event) + Send),
    ) -> Result<(), CallError> {
        let path = format!("/2025-12-01/durable-executions/{}/history", encode(arn));
        let parameters = vec![("IncludeExecutionData", "true".to_owned())];
        let take = |page: GetDurableExecutionHistoryResponse| {
            page.events.iter().for_each(&mut *each);
            (usize::MAX, page.next_marker)
        };
        self.each_page(path, parameters, usize::MAX, take).await
    }

    /// `StopDurableExecution`.
    pub async fn stop(
        &self,
        arn: &str,
        error: &ErrorObject,
    ) -> Result<StopDurableExecutionResponse, CallError> {
        let path = format!("/2025-12-01/durable-executions/{}/stop", encode(arn));
        let body = serde_json::to_vec(error).expect("an error object always serialises");
        let answer = self.post(path.clone(), body).await?;
        self.read(&format!("POST {path}"), &answer)
    }

    /// `PauseDurableExecution`.
    pub async fn pause(
        &self,
        arn: &str,
        request: &PauseDurableExecutionRequest,
    ) -> Result<(), CallError> {
        self.act(arn, "pause", request).await
    }

    /// `ResumeDurableExecution`.
    pub async fn resume(
        &self,
        arn: &str,
        request: &ResumeDurableExecutionRequest,
    ) -> Result<(), CallError> {
        self.act(arn, "resume", request).await
    }

    async fn act(
        &self,
        arn: &str,
        action: &str,
        request: &impl Serialize,
    ) -> Result<(), CallError> {
        let path = format!("/2025-12-01/durable-executions/{}/{action}", encode(arn));
        let body = serde_json::to_vec(request).expect("a request always serialises");
        self.post(path, body).await.map(|_| ())
    }

    /// `DeleteDurableExecution`.
    pub async fn delete(&self, arn: &str) -> Result<DeleteDurableExecutionResponse, CallError> {
        let path = format!("/2025-12-01/durable-executions/{}", encode(arn));
        let request = format!("DELETE {path}");
        let answer = self.delete_at(path).await?;
        self.read(&request, &answer)
    }

    pub(super) async fn delete_at(&self, path_and_query: String) -> Result<Answer, CallError> {
        let call = Call {
            method: Method::DELETE,
            path_and_query,
            headers: Vec::new(),
            body: Vec::new(),
            limit: ANSWER_TIME_MAX,
        };
        self.transport.call(call).await
    }

    /// `SendDurableExecutionCallbackSuccess`, `…Failure` and `…Heartbeat`.
    pub async fn complete_callback(
        &self,
        callback_id: &str,
        completion: CallbackCompletion,
    ) -> Result<(), CallError> {
        let (action, body) = match completion {
            CallbackCompletion::Succeed(result) => ("succeed", result.unwrap_or_default()),
            CallbackCompletion::Fail(error) => (
                "fail",
                serde_json::to_vec(&error).expect("an error object always serialises"),
            ),
            CallbackCompletion::Heartbeat => ("heartbeat", Vec::new()),
        };
        let path = format!(
            "/2025-12-01/durable-execution-callbacks/{}/{action}",
            encode(callback_id)
        );
        self.post(path, body).await.map(|_| ())
    }

    pub(super) async fn post(
        &self,
        path_and_query: String,
        body: Vec<u8>,
    ) -> Result<Answer, CallError> {
        self.post_within(path_and_query, body, ANSWER_TIME_MAX)
            .await
    }

    /// As [`Client::post`], for requests that take longer.
    pub(super) async fn post_within(
        &self,
        path_and_query: String,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Answer, CallError> {
        self.transport
            .call(Call {
                method: Method::POST,
                path_and_query,
                headers: Vec::new(),
                body,
                limit,
            })
            .await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: String,
        parameters: &[(&str, String)],
    ) -> Result<T, CallError> {
        let mut path_and_query = path;
        for (number, (name, value)) in parameters.iter().enumerate() {
            let separator = if number == 0 { '?' } else { '&' };
            path_and_query.push_str(&format!("{separator}{name}={}", encode(value)));
        }
        let request = format!("GET {path_and_query}");
        let answer = self
            .transport
            .call(Call {
                method: Method::GET,
                path_and_query,
                headers: Vec::new(),
                body: Vec::new(),
                limit: ANSWER_TIME_MAX,
            })
            .await?;
        self.read(&request, &answer)
    }

    pub(super) fn read<T: DeserializeOwned>(
        &self,
        request: &str,
        answer: &Answer,
    ) -> Result<T, CallError> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            self.transport
                .garbled(request.to_owned(), &error.to_string())
        })
    }

    /// Reads pages until there are `limit` items or no more pages.
    async fn all<Page: DeserializeOwned, Item>(
        &self,
        path: String,
        parameters: Vec<(&str, String)>,
        limit: usize,
        split: impl Fn(Page) -> (Vec<Item>, Option<String>),
    ) -> Result<Vec<Item>, CallError> {
        let mut items = Vec::new();
        let take = |page| {
            let (page, next) = split(page);
            items.extend(page);
            (limit.saturating_sub(items.len()), next)
        };
        self.each_page(path, parameters, limit, take).await?;
        items.truncate(limit);
        Ok(items)
    }

    /// Hands on page after page. `take` gives how many items are still wanted, and the page's `NextMarker`.
    async fn each_page<Page: DeserializeOwned>(
        &self,
        path: String,
        parameters: Vec<(&str, String)>,
        limit: usize,
        mut take: impl FnMut(Page) -> (usize, Option<String>),
    ) -> Result<(), CallError> {
        let mut wanted = limit;
        let mut marker: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut parameters = parameters.clone();
            parameters.push(("MaxItems", wanted.min(PAGE_ITEMS as usize).to_string()));
            if let Some(marker) = marker.take() {
                parameters.push(("Marker", marker));
            }
            let (left, next) = take(self.get(path.clone(), &parameters).await?);
            wanted = left;
            marker = next.filter(|next| !next.is_empty());
            if wanted == 0 || marker.is_none() {
                return Ok(());
            }
        }
        Err(self.transport.garbled(
            format!("GET {path}"),
            &format!("there are more than {PAGES_MAX} pages"),
        ))
    }
}

fn header(name: &'static str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let value = HeaderValue::from_str(value)
        .map_err(|_| format!("`{name}` cannot hold the value {value:?}"))?;
    Ok((HeaderName::from_static(name), value))
}

/// Encodes one segment of a path, or one value of a query.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_one_segment() {
        assert_eq!(
            encode(
                "arn:aws:lambda:us-east-1:000000000000:function:F:$LATEST/durable-execution/a_b/c-d"
            ),
            "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3AF%3A%24LATEST%2Fdurable-execution%2Fa_b%2Fc-d"
        );
        assert_eq!(encode("a+b/c=="), "a%2Bb%2Fc%3D%3D");
    }
}
