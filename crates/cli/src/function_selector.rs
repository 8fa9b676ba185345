//! Finds the function that a person means.

use lambda_api::FunctionConfiguration;

use crate::client::Client;
use crate::exit::CliError;
use crate::neutral::neutral;

/// A function as it was named: without and with its qualifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionReference {
    /// The bare name.
    pub name: String,
    /// Version or alias.
    pub qualifier: Option<String>,
}

impl FunctionReference {
    /// Reads `name`, `name:qualifier`, `account:function:name` and full ARNs, with or without qualifier.
    pub fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.split(':').collect();
        let (name, qualifier) = match parts.as_slice() {
            ["arn", _, "lambda", _, _, "function", name, rest @ ..] => (*name, rest.first()),
            [_, "function", name, rest @ ..] => (*name, rest.first()),
            [name, rest @ ..] => (*name, rest.first()),
            [] => (text, None),
        };
        Self {
            name: name.to_owned(),
            qualifier: qualifier.map(|&text| text.to_owned()),
        }
    }
}

/// Finds the function called `name` among those of the service.
///
/// A stack puts its name before a function's logical id, so the logical id alone will do where it is unique.
///
/// # Errors
/// No function, or several; and the service's errors.
pub async fn find(client: &Client, name: &str) -> Result<FunctionConfiguration, CliError> {
    let functions = client.list_functions().await?;
    let found = choose_by_template(client, name, functions).await;
    if let Err(CliError::NotFound { .. }) = found
        && let Some(reason) = client.why_left_out(name).await
    {
        let message = format!("function `{name}` cannot be invoked: it is left out");
        return Err(CliError::not_found(message, reason));
    }
    found
}

/// The durable functions, or the one that was named.
///
/// # Errors
/// As [`find`], and a function that is not durable.
pub async fn durable(
    client: &Client,
    name: Option<&str>,
) -> Result<Vec<FunctionConfiguration>, CliError> {
    let functions = client.list_functions().await?;
    let Some(name) = name else {
        let durable = functions.into_iter().filter(is_durable);
        return Ok(durable.collect());
    };
    let name = FunctionReference::parse(name).name;
    let function = choose_by_template(client, &name, functions).await?;
    if is_durable(&function) {
        return Ok(vec![function]);
    }
    Err(CliError::usage(
        format!("`{}` is not a durable function", function.function_name),
        "only durable functions have executions; its log is in `lambdura logs`",
    ))
}

/// Whether the function keeps durable executions.
pub fn is_durable(function: &FunctionConfiguration) -> bool {
    function.durable_config.is_some()
}

/// As [`choose`], else by the function's name in its template: its logical id, or its construct's path in the CDK app,
/// or the end of that path.
async fn choose_by_template(
    client: &Client,
    name: &str,
    functions: Vec<FunctionConfiguration>,
) -> Result<FunctionConfiguration, CliError> {
    let by_name = choose(name, functions.clone());
    if !matches!(by_name, Err(CliError::NotFound { .. })) {
        return by_name;
    }
    let in_templates = client.in_templates().await;
    let by_id = in_templates
        .iter()
        .filter(|it| it.logical_id.as_deref() == Some(name));
    let by_id: Vec<&str> = by_id.map(|it| it.function.as_str()).collect();
    match by_id.as_slice() {
        [] => {}
        [function] => return choose(function, functions),
        [one, other, ..] => return Err(several(name, one, other)),
    }
    let paths = in_templates
        .into_iter()
        .filter_map(|it| Some((it.function, it.construct_path?)));
    let paths: Vec<(String, String)> = paths.collect();
    let suffix = format!("/{name}");
    let exact = paths.iter().find(|(_, path)| path == name);
    let meant: Vec<_> = match exact {
        Some(exact) => vec![exact],
        None => paths
            .iter()
            .filter(|(_, path)| path.ends_with(&suffix))
            .collect(),
    };
    match meant.as_slice() {
        [] => by_name,
        [(function, _)] => choose(function, functions),
        [one, other, ..] => Err(several(name, &one.1, &other.1)),
    }
}

fn several(name: &str, one: &str, other: &str) -> CliError {
    CliError::usage(
        format!("`{}` could be more than one function", neutral(name)),
        format!("say which, for example `{one}` or `{other}`"),
    )
}

fn choose(
    name: &str,
    functions: Vec<FunctionConfiguration>,
) -> Result<FunctionConfiguration, CliError> {
    if let Some(exact) = functions.iter().find(|it| it.function_name == name) {
        return Ok(exact.clone());
    }
    let suffix = format!("-{name}");
    let mut by_logical_id = functions
        .iter()
        .filter(|it| it.function_name.ends_with(&suffix));
    match (by_logical_id.next(), by_logical_id.next()) {
        (Some(only), None) => Ok(only.clone()),
        (Some(first), Some(second)) => {
            Err(several(name, &first.function_name, &second.function_name))
        }
        (None, _) => Err(not_found(name, &functions)),
    }
}

fn not_found(name: &str, functions: &[FunctionConfiguration]) -> CliError {
    let message = format!("there is no function `{name}`");
    let likeness =
        |candidate: &str| strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
    let nearest = functions
        .iter()
        .map(|it| it.function_name.as_str())
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = match nearest {
        None => "the service has no functions at all".to_owned(),
        // Below this, names have little in common but their alphabet.
        Some(nearest) if likeness(nearest) > 0.8 => format!("did you mean `{nearest}`?"),
        Some(_) => {
            let mut names: Vec<&str> = functions
                .iter()
                .map(|it| it.function_name.as_str())
                .take(20)
                .collect();
            names.sort_unstable();
            format!("there are: {}", names.join(", "))
        }
    };
    CliError::not_found(message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str) -> FunctionConfiguration {
        FunctionConfiguration {
            function_name: name.to_owned(),
            ..FunctionConfiguration::default()
        }
    }

    #[test]
    fn references_are_taken_apart() {
        let parse = |text| {
            let reference = FunctionReference::parse(text);
            (reference.name, reference.qualifier.unwrap_or_default())
        };
        let both = |name: &str, qualifier: &str| (name.to_owned(), qualifier.to_owned());
        assert_eq!(parse("F"), both("F", ""));
        assert_eq!(parse("F:$LATEST"), both("F", "$LATEST"));
        assert_eq!(parse("000000000000:function:F:live"), both("F", "live"));
        assert_eq!(
            parse("arn:aws:lambda:us-east-1:000000000000:function:F:3"),
            both("F", "3")
        );
        assert_eq!(
            parse("arn:aws:lambda:us-east-1:000000000000:function:F"),
            both("F", "")
        );
    }

    #[test]
    fn logical_ids_find_their_function() {
        let functions = || {
            vec![
                function("loan-Api"),
                function("loan-Workflow"),
                function("x-Api"),
            ]
        };
        assert_eq!(
            choose("Workflow", functions()).unwrap().function_name,
            "loan-Workflow"
        );
        assert!(matches!(
            choose("Api", functions()),
            Err(CliError::Usage { message, .. }) if message.contains("more than one")
        ));
        assert!(matches!(
            choose("loan-workflw", functions()),
            Err(CliError::NotFound { hint: Some(hint), .. }) if hint == "did you mean `loan-Workflow`?"
        ));
    }
}
