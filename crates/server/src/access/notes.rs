//! What is noted of requests that were let in, and of changes that nobody had to be known for.

use std::net::IpAddr;

use hyper::Response;
use lambda_api::headers;
use model::Timestamp;
use store::{AuditKind, AuditRecord};

use super::gate::{Access, Admitted, Noted};
use super::principal::Principal;

/// What a request concerned, where it is decided by less whether it may be made: which access key, for one.
#[derive(Debug, Clone)]
pub(crate) struct Concerned(pub String);

impl Access {
    /// Notes what came of a request that was let in, and returns when that is durable.
    pub async fn note<B>(&self, admitted: Admitted, answer: &Response<B>, now: Timestamp) {
        let Some(Noted {
            principal,
            address,
            action,
            resource,
        }) = admitted.noted
        else {
            return;
        };
        let status = answer.status();
        let outcome = match status.as_u16() {
            ..400 => "done",
            400..500 => "refused",
            500.. => "failed",
        };
        let resource = match answer.extensions().get() {
            Some(Concerned(name)) => format!("{resource}/{name}"),
            None => resource,
        };
        let error = answer.headers().get(headers::ERROR_TYPE);
        let error = error.and_then(|error| error.to_str().ok());
        let record = AuditRecord {
            outcome: outcome.to_owned(),
            status: Some(status.as_u16()),
            error: error.map(str::to_owned),
            ..self.draft(principal.as_ref(), Some(address), &action, &resource, now)
        };
        let kind = record.kind;
        self.audit.note(record);
        self.audit.settle(kind).await;
    }

    /// Notes a request that was let in, and whose client left before the answer.
    pub fn note_left(&self, admitted: Admitted, now: Timestamp) {
        let Some(Noted {
            principal,
            address,
            action,
            resource,
        }) = admitted.noted
        else {
            return;
        };
        self.audit.note(AuditRecord {
            outcome: "left".to_owned(),
            ..self.draft(principal.as_ref(), Some(address), &action, &resource, now)
        });
    }

    /// Notes a change where nothing is enforced, and so nobody is known; returns when that is durable.
    pub async fn note_unsigned(&self, action: &str, resource: &str, done: bool, now: Timestamp) {
        if self.enforced {
            return;
        }
        let action = format!("lambdura:{action}");
        self.audit.note(AuditRecord {
            who: "whoever reaches loopback".to_owned(),
            outcome: if done { "done" } else { "refused" }.to_owned(),
            ..self.draft(None, None, &action, resource, now)
        });
        self.audit.settle(AuditKind::Management).await;
    }

    /// What somebody does, whose outcome is the caller's to say.
    pub(super) fn draft(
        &self,
        principal: Option<&Principal>,
        address: Option<IpAddr>,
        action: &str,
        resource: &str,
        now: Timestamp,
    ) -> AuditRecord {
        AuditRecord {
            who: principal.map_or_else(|| "nobody who is known".to_owned(), Principal::name),
            access_key_id: match principal {
                Some(Principal::Key(key)) => Some(key.id.to_string()),
                Some(Principal::Person(_) | Principal::Process { .. }) | None => None,
            },
            source_ip: address.map(|address| address.to_string()),
            resource: resource.to_owned(),
            ..self.audit.draft(action, now)
        }
    }
}
