//! Records requests that were let in, and changes where the sender is not identified.

use std::net::IpAddr;

use hyper::Response;
use lambda_api::headers;
use model::Timestamp;
use store::{AuditKind, AuditRecord};

use super::gate::{Access, Admitted, Noted};
use super::principal::Principal;

/// The resource of a request, where the check needed less than that: the name of the access key, for one.
#[derive(Debug, Clone)]
pub(crate) struct Concerned(pub String);

impl Access {
    /// Records the outcome of a request that was let in, and returns when the record is durable.
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

    /// Records a request that was let in, and whose client left before the answer.
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

    /// Records a change where nothing is enforced, so that the sender is unknown; returns when the record is durable.
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

    /// A record of an action. The caller adds the outcome.
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
