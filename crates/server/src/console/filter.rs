//! The parameters of lists.

use lambda_api::ErrorCode;
use model::{ExecutionName, ExecutionStatus, FunctionName, Timestamp, Version};
use store::{CallbackCursor, ExecutionSearch, SearchCursor};
use wire::ApiError;

use crate::http::Query;

/// Rows of a page: when the request gives no number, and at most.
const ROWS_DEFAULT: usize = 100;
const ROWS_MAX: usize = 1_000;

/// Bytes that one request reads at most: some 50 ms on an old machine. The client continues with
/// the cursor.
const WORK_MAX: u64 = 16 * 1024 * 1024;

/// Characters of a search text. Users do not search for longer ones, and SQLite bounds patterns
/// too.
const TEXT_CHARS_MAX: usize = 1_000;

/// The search that a request describes.
pub(super) fn search(query: &Query) -> Result<ExecutionSearch, ApiError> {
    let statuses = query.all("status").map(status).collect::<Result<_, _>>()?;
    Ok(ExecutionSearch {
        function: function(query)?,
        version: query.get("version").map(version).transpose()?,
        name: query.get("name").map(name).transpose()?,
        name_contains: text(query, "name_contains")?,
        text: text(query, "text")?,
        statuses,
        started_after: instant(query, "started_after")?,
        started_before: instant(query, "started_before")?,
        after: query.get("cursor").map(search_cursor).transpose()?,
        limit: limit(query)?,
        work_max: WORK_MAX,
    })
}

pub(super) fn function(query: &Query) -> Result<Option<FunctionName>, ApiError> {
    let function = query.get("function").map(FunctionName::parse);
    function
        .transpose()
        .map_err(|error| invalid(error.to_string()))
}

fn version(text: &str) -> Result<Version, ApiError> {
    text.parse()
        .map_err(|_| invalid("'version' must be $LATEST or a number"))
}

fn name(text: &str) -> Result<ExecutionName, ApiError> {
    ExecutionName::parse(text).map_err(|error| invalid(error.to_string()))
}

fn status(word: &str) -> Result<ExecutionStatus, ApiError> {
    let status = ALL_STATUSES.into_iter();
    let status = status
        .into_iter()
        .find(|status| status_word(*status) == word);
    status.ok_or_else(|| {
        let words = ALL_STATUSES.map(status_word).join(", ");
        invalid(format!("'status' must be one of {words}"))
    })
}

const ALL_STATUSES: [ExecutionStatus; 7] = [
    ExecutionStatus::Running,
    ExecutionStatus::Pausing,
    ExecutionStatus::Paused,
    ExecutionStatus::Succeeded,
    ExecutionStatus::Failed,
    ExecutionStatus::TimedOut,
    ExecutionStatus::Stopped,
];

/// AWS's word for a status.
pub(super) const fn status_word(status: ExecutionStatus) -> &'static str {
    match status {
        ExecutionStatus::Running => "RUNNING",
        ExecutionStatus::Pausing => "PAUSING",
        ExecutionStatus::Paused => "PAUSED",
        ExecutionStatus::Succeeded => "SUCCEEDED",
        ExecutionStatus::Failed => "FAILED",
        ExecutionStatus::TimedOut => "TIMED_OUT",
        ExecutionStatus::Stopped => "STOPPED",
    }
}

fn text(query: &Query, parameter: &str) -> Result<Option<String>, ApiError> {
    let Some(text) = query.get(parameter) else {
        return Ok(None);
    };
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(invalid(format!(
            "'{parameter}' must have at most {TEXT_CHARS_MAX} characters"
        )));
    }
    Ok(Some(text.to_owned()))
}

fn instant(query: &Query, parameter: &str) -> Result<Option<Timestamp>, ApiError> {
    let millis = number(query, parameter)?;
    Ok(millis.map(Timestamp::from_millis))
}

/// A boolean parameter; false unless the request sets it.
pub(super) fn flag(query: &Query, parameter: &str) -> Result<bool, ApiError> {
    match query.get(parameter) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(invalid(format!("'{parameter}' must be true or false"))),
    }
}

pub(super) fn number(query: &Query, parameter: &str) -> Result<Option<i64>, ApiError> {
    let number = query.get(parameter).map(str::parse).transpose();
    number.map_err(|_| invalid(format!("'{parameter}' must be a whole number")))
}

/// The number of rows that a request wants.
pub(super) fn limit(query: &Query) -> Result<usize, ApiError> {
    match number(query, "limit")? {
        None => Ok(ROWS_DEFAULT),
        Some(rows) => match usize::try_from(rows) {
            Ok(rows @ 1..=ROWS_MAX) => Ok(rows),
            Ok(_) | Err(_) => Err(invalid(format!("'limit' must be from 1 to {ROWS_MAX}"))),
        },
    }
}

fn search_cursor(text: &str) -> Result<SearchCursor, ApiError> {
    let (started_at, sequence) = pair(text)?;
    Ok(SearchCursor {
        started_at: Timestamp::from_millis(started_at),
        sequence,
    })
}

pub(super) fn callback_cursor(query: &Query) -> Result<Option<CallbackCursor>, ApiError> {
    let Some(text) = query.get("cursor") else {
        return Ok(None);
    };
    let (execution, operation) = pair(text)?;
    Ok(Some(CallbackCursor {
        execution,
        operation,
    }))
}

fn pair(text: &str) -> Result<(i64, i64), ApiError> {
    let parts = text.split_once('.');
    let numbers = parts.and_then(|(one, two)| Some((one.parse().ok()?, two.parse().ok()?)));
    numbers.ok_or_else(|| invalid("'cursor' must be the 'next_cursor' of an answer"))
}

pub(super) fn shown_search_cursor(cursor: SearchCursor) -> String {
    format!("{}.{}", cursor.started_at.as_millis(), cursor.sequence)
}

pub(super) fn shown_callback_cursor(cursor: CallbackCursor) -> String {
    format!("{}.{}", cursor.execution, cursor.operation)
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidParameterValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Result<ExecutionSearch, ApiError> {
        search(&Query::parse(Some(query))?)
    }

    #[test]
    fn a_search_is_what_the_query_says() {
        let search = parsed(
            "status=FAILED&status=TIMED_OUT&function=Loan&text=out%20of%20stock&started_after=5&cursor=7.9&limit=3",
        );
        let search = search.unwrap_or_else(|_| panic!("it is well formed"));
        assert_eq!(
            search.statuses,
            [ExecutionStatus::Failed, ExecutionStatus::TimedOut]
        );
        assert_eq!(search.text.as_deref(), Some("out of stock"));
        assert_eq!(search.started_after, Some(Timestamp::from_millis(5)));
        let cursor = search.after.expect("there is one");
        assert_eq!(shown_search_cursor(cursor), "7.9");
        assert_eq!(search.limit, 3);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let long = format!("text={}", "x".repeat(TEXT_CHARS_MAX + 1));
        for query in [
            "status=failed",
            "function=no%20name",
            "version=one",
            "limit=0",
            "limit=1001",
            "started_after=noon",
            "cursor=7",
            "text=%FF",
            &long,
        ] {
            assert!(parsed(query).is_err(), "{query}");
        }
    }
}
