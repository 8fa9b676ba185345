//! Items of a Map state that are read from outside: a file in a bucket, or the list of a bucket's objects.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use asl::{ItemReader, StateError};
use jiff::Timestamp;
use lambdura::{BoxError, DurableContext, NamedError, RetryStrategy, StepContext};
use serde_json::{Value, json};

use crate::failure::{IntoStateError as _, named};
use crate::frame::Frame;
use crate::integration::{Integration, of_sdk};
use crate::resource::Source;
use crate::services::{ServiceError, ServiceRequest, Services};
use crate::walk::Walk;

/// Reads the items of a file, once: the items are recorded.
pub(crate) async fn read(
    walk: &Walk<'_>,
    frame: &Frame<'_>,
    reader: &ItemReader,
    context: &DurableContext,
) -> Result<Vec<Value>, StateError> {
    let failed = |cause: String| StateError::new(asl::ITEM_READER_FAILED, cause);
    let source = Source::of(reader)
        .map_err(|reason| failed(format!("The resource '{}' {reason}", reader.resource)))?;
    let (arguments, max) = frame.before(|scope| {
        let effective = frame.state.flow.effective_input(scope)?;
        let scope = scope.with_input(&effective);
        let max = reader
            .max_items
            .as_ref()
            .map(|it| it.whole(&scope, "MaxItems"));
        let max = max
            .transpose()?
            .map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
        Ok((reader.arguments.evaluate(&scope, "ItemReader")?, max))
    })?;
    let settings = &walk.machine.settings;
    let from = match (&settings.files, settings.services.clone()) {
        (Some(folder), _) => From::File(file(folder, source, &arguments).map_err(failed)?),
        (None, Some(services)) => From::Bucket {
            services,
            integration: of_sdk(match source {
                Source::Object => "s3:getObject",
                Source::List => "s3:listObjectsV2",
            })
            .map_err(failed)?,
            arguments,
        },
        (None, None) => {
            return Err(failed(String::from(
                "There is no folder that files could be read from",
            )));
        }
    };
    let format = reader.format.clone();
    let read = context.step(move |_: StepContext| {
        let (from, format) = (from.clone(), format.clone());
        async move {
            let text = match from {
                From::File(path) => std::fs::read_to_string(&path).map_err(|error| {
                    let cause = format!("{} could not be read: {error}", path.display());
                    NamedError::new(asl::ITEM_READER_FAILED, cause)
                })?,
                From::Bucket {
                    services,
                    integration,
                    arguments,
                } => match source {
                    Source::List => {
                        let items = listed(&*services, integration, arguments, max).await;
                        return items.map_err(BoxError::from);
                    }
                    Source::Object => {
                        let failure = asl::ITEM_READER_FAILED;
                        let got = called(&*services, integration, arguments, failure).await?;
                        got["Body"].as_str().unwrap_or_default().to_owned()
                    }
                },
            };
            let items = format.items(&text, max);
            items.map_err(|error| BoxError::from(named(error)))
        }
    });
    let read = read.name("read").retry(RetryStrategy::none());
    let read: Result<Vec<Value>, _> = read.await;
    read.map_err(|error| error.into_state_error())
}

/// The source of the items.
#[derive(Clone)]
enum From {
    File(PathBuf),
    Bucket {
        services: Arc<dyn Services>,
        integration: Integration,
        arguments: Value,
    },
}

/// The answer of a service to a Map state, which fails with `failure` if the service refuses.
pub(crate) async fn called(
    services: &dyn Services,
    integration: Integration,
    parameters: Value,
    failure: &str,
) -> Result<Value, NamedError> {
    let answer = services.call(ServiceRequest {
        service: integration.service,
        operation: integration.operation,
        parameters,
        token: String::new(),
        style: integration.style(),
        within: None,
    });
    match answer.await {
        Ok(answer) => Ok(answer.result),
        Err(ServiceError::Refused {
            refusal,
            status,
            request_id,
        }) => {
            let (_, cause) = integration.failure(&refusal, status, request_id.as_deref());
            Err(NamedError::new(failure, cause))
        }
        Err(ServiceError::Unanswered(cause)) => Err(NamedError::new(failure, cause)),
        Err(ServiceError::Named(error)) => Err(error),
    }
}

/// The objects of a bucket, page by page.
async fn listed(
    services: &dyn Services,
    integration: Integration,
    mut parameters: Value,
    max: usize,
) -> Result<Vec<Value>, NamedError> {
    let mut items = Vec::new();
    while items.len() < max {
        let failure = asl::ITEM_READER_FAILED;
        let mut page = called(services, integration, parameters.clone(), failure).await?;
        if let Some(Value::Array(objects)) = page.get_mut("Contents").map(Value::take) {
            items.extend(objects.into_iter().map(object));
        }
        let next = page.get("NextContinuationToken").cloned();
        match next.filter(|it| !it.is_null()) {
            Some(next) => parameters["ContinuationToken"] = next,
            None => break,
        }
    }
    items.truncate(max);
    Ok(items)
}

/// An object as an item: its time in seconds, and `Etag`.
fn object(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        if let Some(tag) = members.remove("ETag") {
            members.insert(String::from("Etag"), tag);
        }
        let at = members.get("LastModified").and_then(Value::as_str);
        if let Some(at) = at.and_then(|it| it.parse::<Timestamp>().ok()) {
            members.insert(String::from("LastModified"), json!(at.as_second()));
        }
    }
    object
}

fn file(folder: &Path, source: Source, arguments: &Value) -> Result<PathBuf, String> {
    if source == Source::List {
        return Err(String::from("A folder of files is not listed"));
    }
    let part = |name: &str| {
        let text = arguments.get(name).and_then(Value::as_str);
        text.ok_or_else(|| format!("The field '{name}' of ItemReader is missing, or no text"))
    };
    within(folder, part("Bucket")?, part("Key")?)
}

/// A file within the folder; paths out of it are rejected.
pub(crate) fn within(folder: &Path, bucket: &str, key: &str) -> Result<PathBuf, String> {
    let inside = Path::new(bucket).join(key);
    let is_inside = inside
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !is_inside || Path::new(key).is_absolute() {
        return Err(format!(
            "`{bucket}/{key}` is no place within the folder of files"
        ));
    }
    Ok(folder.join(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_within_their_folder() {
        let at = |bucket, key| within(Path::new("files"), bucket, key);
        assert_eq!(at("in", "a/b.csv"), Ok(PathBuf::from("files/in/a/b.csv")));
        for (bucket, key) in [
            ("in", "../../x"),
            ("..", "x"),
            ("in", "/etc/passwd"),
            ("/", "x"),
        ] {
            assert!(at(bucket, key).is_err(), "{bucket} {key}");
        }
    }

    #[test]
    fn objects_are_items() {
        let listed = json!({ "Key": "k", "ETag": "e", "LastModified": "2023-11-14T22:13:20.000Z", "Size": 1 });
        assert_eq!(
            object(listed),
            json!({ "Key": "k", "Etag": "e", "LastModified": 1_700_000_000, "Size": 1 })
        );
    }
}
