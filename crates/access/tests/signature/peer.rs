//! AWS's own signer for Rust, and ours: their signatures are accepted.

use std::time::{Duration, SystemTime};

use access::SecretKey;
use access::signature::{Signer, sign};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign as sign_by_aws,
};
use aws_sigv4::sign::v4;
use http::Request;
use proptest::prelude::*;

use crate::signed::{ACCESS_KEY, SECRET, THEN, verify};

fn then() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(THEN as u64)
}

/// A request as clients send them to this service.
pub fn requests() -> impl Strategy<Value = Request<Vec<u8>>> {
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]);
    let segment = "(%[23][0-9A-F]|[-A-Za-z0-9._~:@$]){1,12}";
    let path =
        prop::collection::vec(segment, 0..5).prop_map(|parts| format!("/{}", parts.join("/")));
    let pair = "[A-Za-z]{1,6}=(%[2-7][0-9A-F]|%C3%A4|[-A-Za-z0-9._~]){0,8}";
    let query = prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"));
    let header = ("x-(amz-)?[a-z]{3,8}", "[!-~]([ -~]{0,20}[!-~])?");
    let headers = prop::collection::vec(header, 0..4);
    let body = prop::collection::vec(any::<u8>(), 0..200);
    (method, path, query, headers, body).prop_map(|(method, path, query, headers, body)| {
        let target = match query.as_str() {
            "" => path,
            query => format!("{path}?{query}"),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:3001{target}"))
            .header("host", "127.0.0.1:3001");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(body).expect("it is a request")
    })
}

/// Signs as AWS's SDKs for Rust do.
pub fn signed_by_aws(
    request: Request<Vec<u8>>,
    location: SignatureLocation,
    token: Option<String>,
    hash_is_sent: bool,
) -> Request<Vec<u8>> {
    let mut settings = SigningSettings::default();
    settings.signature_location = location;
    if location == SignatureLocation::QueryParams {
        settings.expires_in = Some(Duration::from_secs(900));
    } else if hash_is_sent {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    signed_for(request, "lambda", settings, token)
}

fn signed_for(
    mut request: Request<Vec<u8>>,
    service: &str,
    settings: SigningSettings,
    token: Option<String>,
) -> Request<Vec<u8>> {
    let credentials = Credentials::new(ACCESS_KEY, SECRET, token, None, "test");
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name(service)
        .time(then())
        .settings(settings)
        .build()
        .expect("nothing is missing");
    let uri = request.uri().to_string();
    let headers = request.headers().iter();
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| {
            let value = value.to_str().expect("it is text");
            (name.to_string(), value.to_owned())
        })
        .collect();
    let signable = SignableRequest::new(
        request.method().as_str(),
        &uri,
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(request.body()),
    );
    let signed = sign_by_aws(signable.expect("it can be signed"), &parameters.into());
    let (instructions, _) = signed.expect("it can be signed").into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_awss_signer_signs_is_accepted(
        request in requests(),
        by_query in any::<bool>(),
        token in proptest::option::of("[A-Za-z0-9+/=]{1,60}"),
        hash_is_sent in any::<bool>(),
    ) {
        let location = match by_query {
            true => SignatureLocation::QueryParams,
            false => SignatureLocation::Headers,
        };
        let signed = signed_by_aws(request, location, token.clone(), hash_is_sent);
        let claim = verify(&signed, THEN + 1_000);
        let claim = claim.map_err(|refused| TestCaseError::fail(format!("{refused}: {signed:?}")))?;
        prop_assert_eq!(claim.session_token, token);
        prop_assert_eq!(claim.scope.service.as_str(), "lambda");
    }

    #[test]
    fn what_our_signer_signs_is_accepted(request in requests(), token in proptest::option::of("[A-Za-z0-9]{1,60}")) {
        let signer = Signer {
            access_key_id: ACCESS_KEY.to_owned(),
            secret: SecretKey::new(SECRET),
            session_token: token.clone(),
            region: "us-east-1".to_owned(),
            service: "lambda".to_owned(),
        };
        let mut signed = request;
        let body = signed.body().clone();
        sign(&mut signed, &body, &signer, THEN).expect("it can be signed");
        let claim = verify(&signed, THEN);
        let claim = claim.map_err(|refused| TestCaseError::fail(format!("{refused}: {signed:?}")))?;
        prop_assert_eq!(claim.session_token, token);
    }
}

/// S3 is the only service whose paths are signed as they are sent.
#[test]
fn requests_for_s3_are_signed_as_aws_does() {
    for target in [
        "/bucket",
        "/bucket/a%20b/c%3Ad.json",
        "/bucket//twice/./x?versionId=a%2Fb",
    ] {
        let request = || {
            let request = Request::builder()
                .method("PUT")
                .uri(format!("https://s3.eu-central-1.amazonaws.com{target}"))
                .header("host", "s3.eu-central-1.amazonaws.com");
            request.body(b"hello".to_vec()).expect("it is a request")
        };
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let theirs = signed_for(request(), "s3", settings, Some(String::from("token")));
        let signer = Signer {
            access_key_id: ACCESS_KEY.to_owned(),
            secret: SecretKey::new(SECRET),
            session_token: Some(String::from("token")),
            region: "eu-central-1".to_owned(),
            service: "s3".to_owned(),
        };
        let mut ours = request();
        sign(&mut ours, b"hello", &signer, THEN).expect("it can be signed");
        let header = |it: &Request<Vec<u8>>| it.headers()["authorization"].clone();
        assert_eq!(header(&ours), header(&theirs), "{target}");
    }
}
