//! Signing in to the console and out again, and finding the user who is signed in.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use access::AccessKeyId;
use access::policy::PolicySet;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use lambda_api::ErrorCode;
use model::Timestamp;
use store::{AuditKind, AuditRecord};
use wire::ApiError;

use super::gate::{Access, too_many};
use super::identify::cookie;
use super::principal::{Person, Principal};
use super::sign_in::{SignedIn, remove_cookie, set_cookie};
use crate::http::client;

/// Actions that the console offers.
const OFFERED: [&str; 12] = [
    "lambda:InvokeFunction",
    "lambda:SendDurableExecutionCallbackFailure",
    "lambda:SendDurableExecutionCallbackHeartbeat",
    "lambda:SendDurableExecutionCallbackSuccess",
    "lambda:StopDurableExecution",
    "lambdura:DeleteDurableExecution",
    "lambdura:MoveClock",
    "lambdura:PauseDurableExecution",
    "lambdura:ReadAudit",
    "lambdura:ResumeDurableExecution",
    "lambdura:RetrySetAside",
    "states:RedriveExecution",
];

/// Which of the console's actions a principal may do. Only for display: each request is still decided by itself.
pub(super) fn offered_to(principal: &Principal) -> Option<BTreeMap<String, bool>> {
    let policies = match principal {
        Principal::Key(key) => &key.policies,
        Principal::Person(person) => &person.policies,
        Principal::Process { .. } => return None,
    };
    let verdicts = OFFERED.iter();
    let verdicts = verdicts.map(|action| ((*action).to_owned(), policies.may_allow(action)));
    Some(verdicts.collect())
}

impl Access {
    /// Signs in the owner of an access key; returns the header that sets the cookie, the key's name, and the allowed
    /// actions.
    ///
    /// # Errors
    /// When there is no such key, or the secret is wrong.
    pub async fn sign_in(
        &self,
        id: &str,
        secret: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(String, String, Option<BTreeMap<String, bool>>), ApiError> {
        self.count_sign_in(address, now)?;
        let key = match AccessKeyId::parse(id) {
            Some(id) => self.find_key(&id, now).await?,
            None => None,
        };
        let Some(key) = key.filter(|key| key.secret.is(secret)) else {
            self.note_sign_in(None, "refused", address, now);
            let message = "There is no such access key, or the secret is wrong.";
            return Err(ApiError::new(ErrorCode::UnrecognizedClient, message));
        };
        let who = SignedIn::Key {
            id: key.id.to_string(),
            rotated_at: key.rotated_at.as_millis(),
        };
        let value = self.sign_ins.begin(&who, now.as_millis()).await?;
        let name = key.name.clone();
        let principal = Principal::Key(key);
        self.note_sign_in(Some(&principal), "done", address, now);
        self.audit.settle(AuditKind::Management).await;
        Ok((
            set_cookie(&value, self.is_tls()),
            name,
            offered_to(&principal),
        ))
    }

    /// Signs in a user whom an OpenID provider knows; returns the header that sets the cookie.
    ///
    /// # Errors
    /// When there is no randomness, or the store fails.
    pub async fn sign_in_person(
        &self,
        who: &SignedIn,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<String, ApiError> {
        let value = self.sign_ins.begin(who, now.as_millis()).await?;
        let principal = self.of_cookie(&value, now).await?;
        self.note_sign_in(principal.as_ref(), "done", address, now);
        self.audit.settle(AuditKind::Management).await;
        Ok(set_cookie(&value, self.is_tls()))
    }

    /// Records a failed sign-in.
    pub fn note_not_signed_in(&self, address: IpAddr, now: Timestamp) {
        self.note_sign_in(None, "refused", address, now);
    }

    /// Counts an attempt to sign in.
    ///
    /// # Errors
    /// When the address tries too often.
    pub fn count_sign_in(&self, address: IpAddr, now: Timestamp) -> Result<(), ApiError> {
        match self
            .sign_ins_by_address
            .take(client(address), now.as_millis())
        {
            true => Ok(()),
            false => Err(too_many("This address tries to sign in too often.")),
        }
    }

    fn note_sign_in(
        &self,
        principal: Option<&Principal>,
        outcome: &str,
        address: IpAddr,
        now: Timestamp,
    ) {
        let draft = self.draft(principal, Some(address), "lambdura:SignIn", "console", now);
        self.audit.note(AuditRecord {
            // Anybody can make attempts.
            kind: match principal {
                Some(_) => AuditKind::Management,
                None => AuditKind::Data,
            },
            outcome: outcome.to_owned(),
            ..draft
        });
    }

    /// The owner of a cookie, if the session and its access key are still valid.
    pub(super) async fn of_cookie(
        &self,
        value: &str,
        now: Timestamp,
    ) -> Result<Option<Principal>, ApiError> {
        match self.sign_ins.find(value, now.as_millis()).await? {
            Some(SignedIn::Key { id, rotated_at }) => {
                let Some(id) = AccessKeyId::parse(&id) else {
                    return Ok(None);
                };
                let key = self.find_key(&id, now).await?;
                let key = key.filter(|key| key.rotated_at.as_millis() == rotated_at);
                Ok(key.map(Principal::Key))
            }
            Some(SignedIn::Person { name, policies }) => {
                let policies = PolicySet::parse(&policies);
                let person = policies.map(|policies| Arc::new(Person { name, policies }));
                Ok(person.ok().map(Principal::Person))
            }
            None => Ok(None),
        }
    }

    /// The name of the user who is signed in to the console.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn signed_in(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<String>, ApiError> {
        let Some(value) = cookie(headers) else {
            return Ok(None);
        };
        Ok(match self.of_cookie(value, now).await? {
            Some(Principal::Key(key)) => Some(key.name.clone()),
            Some(Principal::Person(person)) => Some(person.name.clone()),
            Some(Principal::Process { .. }) | None => None,
        })
    }

    /// Which of the console's actions the signed-in user may do: a verdict for each action; none without a user.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn offered(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<BTreeMap<String, bool>>, ApiError> {
        let Some(value) = cookie(headers) else {
            return Ok(None);
        };
        let principal = self.of_cookie(value, now).await?;
        Ok(principal.as_ref().and_then(offered_to))
    }

    /// The session by which a request was let in; none where it was let in by other means.
    pub fn session_of(&self, headers: &HeaderMap) -> Option<String> {
        let is_by_session = self.is_enforced() && !headers.contains_key(AUTHORIZATION);
        cookie(headers).filter(|_| is_by_session).map(str::to_owned)
    }

    /// Whether a session has ended: its holder signed out, it expired, or its access key is no longer valid.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_ended(&self, session: &str, now: Timestamp) -> Result<bool, ApiError> {
        Ok(self.of_cookie(session, now).await?.is_none())
    }

    /// Signs out, at all servers; returns the header that removes the cookie.
    ///
    /// # Errors
    /// When the store fails: the user stays signed in.
    pub async fn sign_out(&self, headers: &HeaderMap) -> Result<String, ApiError> {
        if let Some(value) = cookie(headers) {
            self.sign_ins.end(value).await?;
        }
        Ok(remove_cookie())
    }
}
