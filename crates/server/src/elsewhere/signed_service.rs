//! Finds the AWS service for which a request is signed.
//!
//! Source: "AWS Signature Version 4 for API requests": the credential's scope is
//! `KEY/DATE/REGION/SERVICE/aws4_request`, without a region in version 4A; in the header `Authorization`, or in
//! the query of a presigned URL.

use std::borrow::Cow;

use hyper::Request;
use hyper::header::AUTHORIZATION;

use crate::http::decode;

/// Services that the main port serves, by their signing names.
const HERE: &[&str] = &["lambda", "dynamodb"];

/// Longest accepted name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// The signing name of the service, if the main port does not serve it.
pub(super) fn of<B>(request: &Request<B>) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let scope = match header.filter(|value| value.starts_with("AWS4-")) {
        Some(value) => {
            let (_, scope) = value.split_once("Credential=")?;
            Cow::Borrowed(scope.split(',').next()?)
        }
        None => {
            let query = request.uri().query()?;
            let mut parameters = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, scope) = parameters.find(|(name, _)| *name == "X-Amz-Credential")?;
            Cow::Owned(decode(scope)?)
        }
    };
    let mut parts = scope.trim().rsplit('/');
    let (terminator, service) = (parts.next()?, parts.next()?);
    let is_name = !service.is_empty()
        && service.len() <= NAME_BYTES_MAX
        && service
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_elsewhere = terminator == "aws4_request" && is_name && !HERE.contains(&service);
    is_elsewhere.then(|| service.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(authorization: Option<&str>, uri: &str) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        of(&request.body(()).expect("it is a request"))
    }

    #[test]
    fn the_scope_of_a_signature_names_the_service() {
        let signed = |scope: &str| {
            let value = format!(
                "AWS4-HMAC-SHA256 Credential=local/20261128/{scope}, SignedHeaders=host, Signature=0"
            );
            service(Some(&value), "/")
        };
        assert_eq!(signed("us-east-1/sns/aws4_request").as_deref(), Some("sns"));
        assert_eq!(signed("events/aws4_request").as_deref(), Some("events"));
        for here in [
            "us-east-1/lambda/aws4_request",
            "us-east-1/dynamodb/aws4_request",
        ] {
            assert_eq!(signed(here), None);
        }
        for nonsense in [
            "",
            "x",
            "us-east-1/s<n>s/aws4_request",
            "us-east-1//aws4_request",
            "a/sns/b",
        ] {
            assert_eq!(signed(nonsense), None, "{nonsense}");
        }
        assert_eq!(service(None, "/2015-03-31/functions"), None);
        assert_eq!(service(Some("Bearer x"), "/"), None);
        let presigned =
            "/bucket/key?X-Amz-Credential=local%2F20261128%2Fus-east-1%2Fs3%2Faws4_request&x=1";
        assert_eq!(service(None, presigned).as_deref(), Some("s3"));
    }
}
