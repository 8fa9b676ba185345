//! The permissions that requests need.

mod denials;
mod needed;

use hyper::Request;

use super::*;

fn home() -> Home {
    Home {
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
    }
}

/// The needed permissions of a request, whose operation is in `header` if not in its target.
fn asked(
    service: Service,
    method: &str,
    target: &str,
    header: Option<&str>,
    body: &str,
) -> Vec<Needed> {
    let mut request = Request::builder().method(method).uri(target);
    if let Some(header) = header {
        request = request.header("x-amz-target", header);
    }
    let (parts, ()) = request.body(()).expect("it is a request").into_parts();
    needed(service, "sqs", &parts, body.as_bytes(), &home())
}
