//! All answers of the API, and their format. Errors are `{"statusCode": …, "message": …}`.

use std::collections::BTreeMap;

use loan::{Engine, LogEntry, Stage, Status};
use serde::Serialize;
use serde_json::{Value, json};

use crate::application_id::ApplicationId;
use crate::gateway::{BODY_BYTES_MAX, Response};
use crate::ports::Fault;

/// Why a request failed: because of the client, or of the server.
#[derive(Debug)]
pub enum ApiError {
    /// The client has to change something.
    Refused(Refusal),
    /// A service that the API needs failed.
    Failed(Fault),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// The answers that tell a client to change its request.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400: the body, or a field of it.
    Invalid(String),
    /// 404: no such application.
    UnknownApplication,
    /// 404: no such path.
    UnknownRoute,
    /// 405: the path takes another method.
    WrongMethod {
        /// The method that it takes.
        allowed: &'static str,
    },
    /// 409: the application does not wait for a manager.
    NoApprovalPending,
    /// 409: the manager decided before, or too late.
    ApprovalClosed,
    /// 413: the body.
    BodyTooLarge,
}

impl Refusal {
    /// The HTTP response.
    pub fn response(&self) -> Response {
        let (status, message) = match self {
            Self::Invalid(message) => (400, message.clone()),
            Self::UnknownApplication => (404, "Application not found".to_owned()),
            Self::UnknownRoute => (404, "Not found".to_owned()),
            Self::WrongMethod { allowed } => (
                405,
                format!("Method not allowed; this path takes {allowed}"),
            ),
            Self::NoApprovalPending => (
                409,
                "No approval is pending for this application".to_owned(),
            ),
            Self::ApprovalClosed => (
                409,
                "The approval was already given, or its time is over".to_owned(),
            ),
            Self::BodyTooLarge => (
                413,
                format!("The body is larger than {BODY_BYTES_MAX} bytes"),
            ),
        };
        let mut response = error(status, &message);
        if let Self::WrongMethod { allowed } = self {
            response.headers.insert("allow", (*allowed).to_owned());
        }
        response
    }
}

/// The answer to a client when a service failed; the details are in the log.
pub fn failed() -> Response {
    error(500, "Something went wrong on our side; please try again")
}

/// `POST /apply`: the application is stored and its workflow started.
pub fn applied(id: &ApplicationId) -> Response {
    json_response(200, &json!({ "application_id": id.as_str() }))
}

/// `POST /approve/{applicationId}`: the decision is with the workflow.
pub fn approval_sent(approved: bool) -> Response {
    json_response(
        200,
        &json!({ "status": "approval_sent", "approved": approved }),
    )
}

/// `GET /status/{applicationId}`. Other attributes, above all the callback id, stay in the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusView {
    /// The id.
    pub application_id: String,
    /// The engine that runs it.
    pub engine: Engine,
    /// Its status.
    pub status: Status,
    /// The stage in progress.
    pub current_step: Stage,
    /// The applicant's name.
    pub applicant_name: String,
    /// In dollars.
    pub loan_amount: Value,
    /// The log, oldest entry first.
    pub logs: Vec<LogEntry>,
    /// How it ended; `null` until then.
    pub result: Value,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

impl StatusView {
    /// The HTTP response.
    pub fn response(&self) -> Response {
        json_response(200, self)
    }
}

fn error(status: u16, message: &str) -> Response {
    json_response(status, &json!({ "statusCode": status, "message": message }))
}

fn json_response(status_code: u16, body: &impl Serialize) -> Response {
    let body =
        serde_json::to_string(body).expect("answers are made of texts, numbers and JSON values");
    // A cached status would never change on the page.
    let headers = BTreeMap::from([
        ("cache-control", "no-store".to_owned()),
        ("content-type", "application/json".to_owned()),
    ]);
    Response {
        status_code,
        headers,
        body,
    }
}
