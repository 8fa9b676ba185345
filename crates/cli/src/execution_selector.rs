//! Finds the execution that a person means: by ARN (Lambda's or Step Functions'), name, unique prefix of name or id, or
//! `@last`.

use std::fmt::Write as _;

use lambda_api::DurableExecutionSummary;
use model::ExecutionArn;
use state_machine::name::spelled;

use crate::client::{Client, ExecutionQuery};
use crate::duration_text::date_time;
use crate::exit::CliError;
use crate::function_selector;
use crate::neutral::neutral;

/// How many of a function's newest executions are searched for a prefix. Older ones still have their ARN and full name.
const SEARCHED_MAX: usize = 10_000;

/// How many candidates an ambiguous prefix lists.
const CANDIDATES_MAX: usize = 8;

/// Finds an execution and returns its ARN. `function` narrows the search.
///
/// # Errors
/// No execution, or several; and the service's errors.
pub async fn find(
    client: &Client,
    selector: &str,
    function: Option<&str>,
) -> Result<String, CliError> {
    if let Some((machine, name)) = of_step_functions(selector) {
        let query = ExecutionQuery {
            name: Some(name.clone()),
            status: None,
            limit: 1,
        };
        let listed = client.list_executions(&machine, &query).await?;
        let mut named = listed.into_iter();
        let named = named.find(|it| it.durable_execution_name == name);
        return match named {
            Some(it) => Ok(it.durable_execution_arn),
            None => Err(CliError::not_found(
                format!("there is no execution `{}`", neutral(selector)),
                "see what exists with `lambdura ls`",
            )),
        };
    }
    if selector.starts_with("arn:") {
        return match selector.parse::<ExecutionArn>() {
            Ok(arn) => Ok(arn.to_string()),
            Err(error) => Err(CliError::usage(
                error.to_string(),
                "`lambdura ls --output json` prints the ARNs",
            )),
        };
    }
    if selector == "@last" {
        return last(client, function).await;
    }
    let words = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if selector.is_empty() || selector.len() > 64 || !selector.bytes().all(words) {
        return Err(CliError::usage(
            format!("`{}` cannot be an execution", neutral(selector)),
            "name it by ARN, by name, by a unique prefix of name or id, or as `@last`",
        ));
    }
    let named = list(
        client,
        function,
        &ExecutionQuery {
            name: Some(selector.to_owned()),
            status: None,
            limit: CANDIDATES_MAX + 1,
        },
    )
    .await?;
    // A service that ignored the filter would otherwise make everything a candidate.
    let named = named
        .into_iter()
        .filter(|it| it.durable_execution_name == selector);
    let named: Vec<DurableExecutionSummary> = named.collect();
    if !named.is_empty() {
        return choose(selector, &named);
    }
    let all = list(
        client,
        function,
        &ExecutionQuery {
            limit: SEARCHED_MAX,
            ..ExecutionQuery::default()
        },
    )
    .await?;
    choose(selector, &all)
}

/// The names of the function and the durable execution that an ARN of Step Functions stands for. The name of an item's
/// execution includes the label of its map run; that of an Express execution includes its id.
fn of_step_functions(selector: &str) -> Option<(String, String)> {
    let names = |machine: &str, name: &str| {
        let machine = machine.split('/').next().unwrap_or(machine);
        (spelled(machine).into_owned(), spelled(name).into_owned())
    };
    let parts: Vec<&str> = selector.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "states", _, _, "execution", machine, name]
            if !machine.is_empty() && !name.is_empty() =>
        {
            Some(names(machine, name))
        }
        ["arn", _, "states", _, _, "express", machine, name, id]
            if !machine.is_empty() && !name.is_empty() =>
        {
            Some(names(machine, &format!("{name}:{id}")))
        }
        _ => None,
    }
}

/// Lists executions of all durable functions (or of one), newest first.
///
/// # Errors
/// The service's errors.
pub async fn list(
    client: &Client,
    function: Option<&str>,
    query: &ExecutionQuery,
) -> Result<Vec<DurableExecutionSummary>, CliError> {
    let mut executions = Vec::new();
    for function in function_selector::durable(client, function).await? {
        let name = &function.function_name;
        executions.extend(client.list_executions(name, query).await?);
    }
    executions.sort_by(|a, b| {
        b.start_timestamp
            .as_millis()
            .cmp(&a.start_timestamp.as_millis())
            .then_with(|| b.durable_execution_arn.cmp(&a.durable_execution_arn))
    });
    executions.truncate(query.limit);
    Ok(executions)
}

async fn last(client: &Client, function: Option<&str>) -> Result<String, CliError> {
    let query = ExecutionQuery {
        limit: 1,
        ..ExecutionQuery::default()
    };
    match list(client, function, &query).await?.first() {
        Some(newest) => Ok(newest.durable_execution_arn.clone()),
        None => Err(CliError::not_found(
            "there are no executions yet",
            "start one with `lambdura invoke FUNCTION --event`",
        )),
    }
}

/// The execution's id: the last segment of its ARN.
pub fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Picks the one execution whose name or id is, or else begins with, `text`.
fn choose(text: &str, executions: &[DurableExecutionSummary]) -> Result<String, CliError> {
    let name = |it: &&DurableExecutionSummary| it.durable_execution_name == text;
    let id = |it: &&DurableExecutionSummary| id_of(&it.durable_execution_arn) == text;
    let begins = |it: &&DurableExecutionSummary| {
        it.durable_execution_name.starts_with(text)
            || id_of(&it.durable_execution_arn).starts_with(text)
    };
    let mut found: Vec<&DurableExecutionSummary> =
        executions.iter().filter(|it| name(it) || id(it)).collect();
    if found.is_empty() {
        found = executions.iter().filter(begins).collect();
    }
    match found.as_slice() {
        [only] => Ok(only.durable_execution_arn.clone()),
        [] => Err(CliError::not_found(
            format!("no execution's name or id begins with `{text}`"),
            "see what exists with `lambdura ls`",
        )),
        several => Err(ambiguous(text, several)),
    }
}

fn ambiguous(text: &str, candidates: &[&DurableExecutionSummary]) -> CliError {
    let mut message = format!("`{text}` could be any of {} executions:", candidates.len());
    for candidate in candidates.iter().take(CANDIDATES_MAX) {
        // Writing into a string cannot fail.
        let _ = write!(
            message,
            "\n  {}  {}  {}  {}",
            neutral(&candidate.durable_execution_name),
            neutral(id_of(&candidate.durable_execution_arn)),
            candidate.status,
            date_time(candidate.start_timestamp.as_millis())
        );
    }
    if candidates.len() > CANDIDATES_MAX {
        let _ = write!(
            message,
            "\n  … and {} more",
            candidates.len() - CANDIDATES_MAX
        );
    }
    CliError::usage(message, "give more of the name or id, or the whole ARN")
}

#[cfg(test)]
mod tests {
    use lambda_api::{EpochSeconds, ExecutionStatus};

    use super::*;

    fn execution(name: &str, id: &str) -> DurableExecutionSummary {
        DurableExecutionSummary {
            durable_execution_arn: format!("arn:…:F:1/durable-execution/{name}/{id}"),
            durable_execution_name: name.to_owned(),
            function_arn: String::new(),
            status: ExecutionStatus::Running,
            start_timestamp: EpochSeconds(1.0),
            end_timestamp: None,
        }
    }

    #[test]
    fn unique_prefixes_are_enough_and_whole_names_win() {
        let all = [
            execution("loan-1", "0190aa"),
            execution("loan-12", "0190ab"),
            execution("order-1", "0190ac"),
        ];
        let id = |text| choose(text, &all).map(|arn| id_of(&arn).to_owned()).ok();
        assert_eq!(id("o").as_deref(), Some("0190ac"));
        assert_eq!(id("loan-1").as_deref(), Some("0190aa"));
        assert_eq!(id("loan-12").as_deref(), Some("0190ab"));
        assert_eq!(id("0190ab").as_deref(), Some("0190ab"));
        assert_eq!(id("loan"), None);
        assert_eq!(id("nothing"), None);
    }

    #[test]
    fn arns_of_step_functions_name_machine_and_execution() {
        let of = |rest: &str| {
            let arn = format!("arn:aws:states:us-east-1:000000000000:{rest}");
            of_step_functions(&arn).map(|(machine, name)| format!("{machine} {name}"))
        };
        assert_eq!(of("execution:orders:one").as_deref(), Some("orders one"));
        assert_eq!(
            of("execution:orders/Each:one").as_deref(),
            Some("orders one")
        );
        assert_eq!(
            of("express:orders:one:id").as_deref(),
            Some("orders _xone_3aid")
        );
        assert_eq!(of("execution:a.b:c@d").as_deref(), Some("_xa_2eb _xc_40d"));
        assert_eq!(of("execution:orders:"), None);
        assert_eq!(of("stateMachine:orders"), None);
        assert_eq!(of_step_functions("orders"), None);
    }

    #[test]
    fn ambiguity_lists_the_candidates() {
        let all: Vec<_> = (0..20)
            .map(|number| execution(&format!("loan-{number}"), &format!("id{number}")))
            .collect();
        let Err(CliError::Usage { message, .. }) = choose("loan", &all) else {
            panic!("twenty executions begin with it");
        };
        assert!(
            message.starts_with("`loan` could be any of 20 executions:\n  loan-0  id0  RUNNING")
        );
        assert!(message.ends_with("\n  … and 12 more"), "{message}");
    }
}
