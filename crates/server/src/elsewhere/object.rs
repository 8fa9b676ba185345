//! Code in a bucket.
//!
//! Source: botocore's model `s3` 2006-03-01, `GetObject`, and the Lambda developer guide, "Lambda quotas", read 2026-11-28.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use stack::S3Object;
use thiserror::Error;

use super::Elsewhere;
use super::client::{AnswerBounds, AwsClient, Call, CallError};

/// The maximum size of an unpacked deployment package; its zip file is smaller.
const PACKAGE: AnswerBounds = AnswerBounds {
    within: Duration::from_secs(600),
    bytes_max: 250 * 1024 * 1024,
};

/// Characters that need no encoding in a path.
const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Characters that need no encoding in a query's value.
const IN_QUERIES: &AsciiSet = &IN_PATHS.add(b'/');

/// Why an object could not be fetched.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct FetchObjectError(#[from] CallError);

/// Fetches an object from the emulator, or from the account.
///
/// # Errors
/// When no endpoint is configured, the service does not answer, or S3 refuses.
pub async fn fetch_object(
    elsewhere: &Elsewhere,
    region: &str,
    object: &S3Object,
) -> Result<Bytes, FetchObjectError> {
    let path = path(object);
    let call = Call {
        service: "s3",
        region,
        method: Method::GET,
        path: &path,
        content_type: "application/octet-stream",
        target: None,
        body: Bytes::new(),
    };
    let client = AwsClient::new(elsewhere);
    Ok(client.call_within(call, PACKAGE).await?)
}

fn path(object: &S3Object) -> String {
    let bucket = utf8_percent_encode(&object.bucket, IN_QUERIES);
    let key = utf8_percent_encode(&object.key, IN_PATHS);
    let version = object.version.as_deref().map(|version| {
        let version = utf8_percent_encode(version, IN_QUERIES);
        format!("?versionId={version}")
    });
    format!("/{bucket}/{key}{}", version.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_path_and_keeps_its_slashes() {
        let object = |version: Option<&str>| S3Object {
            bucket: "my.bucket-1".to_owned(),
            key: "releases/app v2+3.zip".to_owned(),
            version: version.map(str::to_owned),
        };
        assert_eq!(
            path(&object(None)),
            "/my.bucket-1/releases/app%20v2%2B3.zip"
        );
        assert_eq!(
            path(&object(Some("a/b="))),
            "/my.bucket-1/releases/app%20v2%2B3.zip?versionId=a%2Fb%3D"
        );
    }

    #[tokio::test]
    async fn with_nobody_to_ask_the_error_says_how_to_name_one() {
        let object = S3Object {
            bucket: "b".to_owned(),
            key: "k".to_owned(),
            version: None,
        };
        let error = fetch_object(&Elsewhere::Nowhere, "us-east-1", &object).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("--aws-endpoint"), "{error}");
    }
}
