//! Lets requests in, or not.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use access::policy::{PolicySet, Question, Verdict};
use access::{AccessKeyId, SessionKeys};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, StatusCode};
use lambda_api::{ErrorCode, headers};
use model::{ExecutionId, FunctionName, Timestamp};
use store::{AuditKind, AuditRecord, Store};
use wire::ApiError;

use super::audit::Audit;
use super::config::AccessConfig;
use super::grants::Grants;
use super::identify::{Asked, Identified, Meant, identify};
use super::key_ring::{KeyError, KeyRing};
use super::limits::Rate;
use super::principal::{Key, Principal};
use super::sign_in::SignIns;
use crate::functions::{Home, Registry};
use crate::http::{RequestBody, client};
use crate::permission::{self, Needed, On, Service};

/// ARNs of executions that are remembered. An execution keeps its ARN for good.
const ARNS_MAX: usize = 8_192;

/// Sign-ins a second that one address may try.
const SIGN_INS_PER_SECOND: u32 = 2;

/// Who may use this server, and what they did.
pub(crate) struct Access {
    /// Whether requests are looked at.
    enforced: bool,
    /// Whether other machines reach the server.
    exposed: bool,
    config: AccessConfig,
    home: Home,
    functions: Arc<dyn Functions>,
    pub keys: KeyRing,
    /// Credentials of function processes.
    pub sessions: SessionKeys,
    pub sign_ins: SignIns,
    pub grants: Grants,
    pub audit: Audit,
    by_key: Rate<AccessKeyId>,
    by_address: Rate<IpAddr>,
    pub(super) sign_ins_by_address: Rate<IpAddr>,
    arns: Mutex<HashMap<ExecutionId, String>>,
}

/// A request that was let in, for the record.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// None where nothing is enforced.
    noted: Option<Noted>,
}

#[derive(Debug)]
struct Noted {
    principal: Option<Principal>,
    address: IpAddr,
    action: String,
    resource: String,
}

/// What is invoked by a request that must be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invoked<'a> {
    FunctionUrl {
        function: &'a FunctionName,
        qualifier: Option<&'a str>,
    },
    /// A method of an HTTP or REST API, as policies name it.
    Method { arn: String },
}

/// A request with what is decided by.
struct Deciding<'a> {
    principal: &'a Principal,
    address: IpAddr,
    needed: &'a Needed,
    resource: &'a str,
}

/// Who sent a request that was let in, for what its handler does in their name. It is among the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    principal: Principal,
    address: IpAddr,
}

/// What is known of the functions, to decide about them.
pub(crate) trait Functions: Send + Sync {
    /// Whether a function is a state machine.
    fn is_machine(&self, name: &str) -> bool;

    /// Whether a function is here to stay. One that is being removed goes on with its executions until they have ended.
    fn is_deployed(&self, name: &str) -> bool;
}

impl Functions for Registry {
    fn is_machine(&self, name: &str) -> bool {
        let newest = FunctionName::parse(name).ok();
        let newest = newest.and_then(|name| self.newest(&name));
        newest.is_some_and(|newest| newest.is_state_machine())
    }

    fn is_deployed(&self, name: &str) -> bool {
        let Ok(name) = FunctionName::parse(name) else {
            return false;
        };
        self.versions(&name).is_some() && !self.settings(&name).deleting
    }
}

impl Access {
    pub fn new(
        config: AccessConfig,
        listeners: &[SocketAddr],
        (home, functions): (Home, Arc<dyn Functions>),
        keys: KeyRing,
        sessions: SessionKeys,
        sign_ins: SignIns,
        audit: Audit,
    ) -> Self {
        let limits = config.limits;
        Self {
            enforced: config.is_enforced(listeners),
            exposed: listeners.iter().any(|it| !it.ip().is_loopback()),
            config,
            home,
            functions,
            keys,
            sessions,
            sign_ins,
            grants: Grants::default(),
            audit,
            by_key: Rate::new(limits.per_key),
            by_address: Rate::new(limits.per_address),
            sign_ins_by_address: Rate::new(SIGN_INS_PER_SECOND),
            arns: Mutex::default(),
        }
    }

    /// Whether requests have to be signed.
    pub fn is_enforced(&self) -> bool {
        self.enforced
    }

    /// Whether other machines reach the server, under names that it does not know.
    pub fn is_exposed(&self) -> bool {
        self.exposed
    }

    /// Where a request comes from: what the proxy says last, if there is one. A request without the header comes from
    /// something on this side of the proxy, such as a probe.
    ///
    /// # Errors
    /// When there is a proxy, and what it says is no address: limits and conditions must not go by the proxy's own.
    pub fn address(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<IpAddr, ApiError> {
        let said = headers.get_all("x-forwarded-for").iter().next_back();
        let Some(said) = said.filter(|_| self.config.behind_proxy) else {
            return Ok(peer.ip().to_canonical());
        };
        // Whatever stands before the last one, anybody may have written.
        let last = said.to_str().ok();
        let last = last.and_then(|value| value.rsplit(',').next());
        let last = last.and_then(|text| forwarded(text.trim()));
        let last = last.ok_or_else(|| {
            tracing::warn!(%peer, "the last entry of `X-Forwarded-For` is not an address: the request is refused");
            let message = "The last entry of X-Forwarded-For is not an address.";
            ApiError::new(ErrorCode::InvalidRequestContent, message)
        })?;
        Ok(last.to_canonical())
    }

    /// The key of an id that may sign.
    pub(super) async fn find_key(
        &self,
        id: &AccessKeyId,
        now: Timestamp,
    ) -> Result<Option<Arc<Key>>, ApiError> {
        match self.keys.find(id, now).await {
            Ok(key) => Ok(key),
            Err(KeyError::Store(fault)) => Err(fault.into()),
            Err(error) => {
                tracing::error!(%error, "access keys cannot be read");
                let message = "The access keys cannot be read. See the server's log.";
                Err(ApiError::new(ErrorCode::Service, message))
            }
        }
    }

    /// Counts a request from an address.
    pub fn count_address(&self, address: IpAddr, now: Timestamp) -> Result<(), ApiError> {
        // Function processes are on this machine, and so are users who could do far worse.
        if address.is_loopback() || self.by_address.take(client(address), now.as_millis()) {
            return Ok(());
        }
        Err(too_many("This address sends more requests than it may."))
    }

    /// Lets a request to the main port in, which has been read whole then.
    ///
    /// # Errors
    /// Why it is not let in.
    pub async fn admit(
        &self,
        request: Request<RequestBody>,
        service: Service,
        address: IpAddr,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(Request<RequestBody>, Admitted), ApiError> {
        let (mut parts, body) = request.into_parts();
        let asked = Asked {
            meant: Meant::Service(service),
            bytes_max: permission::bytes_max(service, &parts),
            now,
        };
        let identified = self.identify(&parts, body, asked, address).await?;
        let Identified {
            principal,
            body,
            signed_for,
        } = identified;
        let needed = permission::needed(service, &signed_for, &parts, &body, &self.home);
        let mut noted = None;
        for one in &needed {
            let resource = self.resource(&one.on, store).await?;
            let is_machine = |name: &str| self.functions.is_machine(name);
            let other = match &one.on {
                // A token is as good at Lambda, and needs what it needs there.
                On::Task(_) if resource != "*" => {
                    Some(permission::of_callback(&one.action, &resource, is_machine))
                }
                On::Chained(arn) => match permission::of_machine(&one.action, arn, is_machine) {
                    // The items of a map are executions of the same machine.
                    Some(_) if principal.is_process_of(arn) => continue,
                    other => other,
                },
                On::Task(_) | On::Arn(_) | On::Anything | On::Execution { .. } => None,
            };
            let (one, resource) = match &other {
                Some(other) => (other, self.resource(&other.on, store).await?),
                None => (one, resource),
            };
            let deciding = Deciding {
                principal: &principal,
                address,
                needed: one,
                resource: &resource,
            };
            self.decide(&deciding, now)?;
            self.decide_on_machine(&deciding, now)?;
            if noted.is_none() && !one.is_read() && !one.is_progress() {
                noted = Some(Noted {
                    principal: Some(principal.clone()),
                    address,
                    action: one.action.clone(),
                    resource,
                });
            }
        }
        parts.extensions.insert(Caller { principal, address });
        let request = Request::from_parts(parts, RequestBody::whole(body));
        Ok((request, Admitted { noted }))
    }

    /// Decides about something that a request does beside what it was let in for.
    ///
    /// # Errors
    /// When whoever sent it may not.
    pub fn check(&self, caller: &Caller, needed: &Needed, now: Timestamp) -> Result<(), ApiError> {
        let On::Arn(resource) = &needed.on else {
            unreachable!("what a handler does, it names by its ARN");
        };
        let deciding = Deciding {
            principal: &caller.principal,
            address: caller.address,
            needed,
            resource,
        };
        self.decide(&deciding, now)?;
        self.decide_on_machine(&deciding, now)
    }

    /// Decides once more about a function that is a state machine, as such.
    fn decide_on_machine(&self, deciding: &Deciding<'_>, now: Timestamp) -> Result<(), ApiError> {
        let is_its_own = |name: &str| match deciding.principal {
            // It is what runs the machine.
            Principal::Process { function, .. } => function == name,
            Principal::Key(_) | Principal::Person(_) => false,
        };
        let is_machine = |name: &str| !is_its_own(name) && self.functions.is_machine(name);
        let action = &deciding.needed.action;
        let Some(needed) = permission::of_machine(action, deciding.resource, is_machine) else {
            return Ok(());
        };
        let On::Arn(resource) = &needed.on else {
            unreachable!("machines are named by their ARNs");
        };
        let deciding = Deciding {
            needed: &needed,
            resource,
            ..*deciding
        };
        self.decide(&deciding, now)
    }

    /// Lets a request in that must be signed, to an API or a function URL; gives its body back.
    ///
    /// # Errors
    /// Why it is not let in.
    pub async fn admit_signed(
        &self,
        parts: &Parts,
        body: RequestBody,
        invoked: &Invoked<'_>,
        address: IpAddr,
        (bytes_max, now): (usize, Timestamp),
    ) -> Result<RequestBody, ApiError> {
        let (meant, action, resource) = match invoked {
            Invoked::FunctionUrl {
                function,
                qualifier,
            } => {
                let arn = self.home.arn(function);
                let resource = match qualifier {
                    Some(qualifier) => arn.qualified(qualifier),
                    None => arn.to_string(),
                };
                (Meant::FunctionUrl, "lambda:InvokeFunctionUrl", resource)
            }
            Invoked::Method { arn } => (Meant::Api, "execute-api:Invoke", arn.clone()),
        };
        let asked = Asked {
            meant,
            bytes_max,
            now,
        };
        let identified = self.identify(parts, body, asked, address).await?;
        let needed = Needed {
            action: action.to_owned(),
            on: On::Arn(resource.clone()),
            within: None,
        };
        let deciding = Deciding {
            principal: &identified.principal,
            address,
            needed: &needed,
            resource: &resource,
        };
        self.decide(&deciding, now)?;
        Ok(RequestBody::whole(identified.body))
    }

    async fn identify(
        &self,
        parts: &Parts,
        body: RequestBody,
        asked: Asked,
        address: IpAddr,
    ) -> Result<Identified, ApiError> {
        let identified = match identify(self, parts, body, asked).await {
            Ok(identified) => identified,
            Err(error) => {
                tracing::info!(%address, error = error.code.as_str(), "a request is refused");
                return Err(error);
            }
        };
        if let Principal::Key(key) = &identified.principal
            && !self.by_key.take(key.id.clone(), asked.now.as_millis())
        {
            return Err(too_many("This access key sends more requests than it may."));
        }
        Ok(identified)
    }

    /// The ARN that something is done to.
    async fn resource(&self, on: &On, store: &dyn Store) -> Result<String, ApiError> {
        let (id, unknown) = match on {
            On::Arn(arn) | On::Chained(arn) => return Ok(arn.clone()),
            On::Anything => return Ok("*".to_owned()),
            On::Execution { id, unknown } => (id, unknown.as_str()),
            On::Task(id) => (id, "*"),
        };
        {
            let arns = self.arns.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(arn) = arns.get(id) {
                return Ok(arn.clone());
            }
        }
        let Some(head) = store.head(id).await? else {
            // Nothing can be done to what is not there, and its handler says so.
            return Ok(unknown.to_owned());
        };
        let arn = head.arn.to_string();
        let mut arns = self.arns.lock().unwrap_or_else(PoisonError::into_inner);
        if arns.len() >= ARNS_MAX {
            arns.clear();
        }
        arns.insert(id.clone(), arn.clone());
        Ok(arn)
    }

    fn decide(&self, deciding: &Deciding<'_>, now: Timestamp) -> Result<(), ApiError> {
        let Deciding {
            principal,
            address,
            needed,
            resource,
        } = *deciding;
        let question = Question {
            action: &needed.action,
            resource,
            source_ip: Some(address),
            username: match principal {
                Principal::Key(key) => Some(key.name.as_str()),
                Principal::Person(person) => Some(person.name.as_str()),
                Principal::Process { .. } => None,
            },
        };
        let verdict = |question: &Question<'_>, is_anything: bool| match principal {
            Principal::Key(key) => decide_by(&key.policies, question, is_anything),
            Principal::Person(person) => decide_by(&person.policies, question, is_anything),
            Principal::Process { function, .. } => {
                // What its template granted went with it.
                let granted = match self.functions.is_deployed(function) {
                    true => self.grants.of(function),
                    false => Arc::default(),
                };
                granted.decide(function, question, is_anything, &self.home)
            }
        };
        let whole = needed.within.as_deref().map(|whole| Question {
            resource: whole,
            ..question
        });
        let verdict = match whole.map(|whole| verdict(&whole, false)) {
            Some(Verdict::Denied) => Verdict::Denied,
            Some(Verdict::Allowed | Verdict::NotAllowed) | None => {
                verdict(&question, needed.on == On::Anything)
            }
        };
        let because = match verdict {
            Verdict::Allowed => return Ok(()),
            Verdict::NotAllowed => format!(
                "because no identity-based policy allows the {} action",
                needed.action
            ),
            Verdict::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        };
        let who = principal.arn(&self.home.account_id);
        let action = &needed.action;
        self.audit.note(AuditRecord {
            // Nothing was changed, and it can be tried all the time.
            kind: AuditKind::Data,
            outcome: "refused".to_owned(),
            status: Some(StatusCode::FORBIDDEN.as_u16()),
            error: Some(ErrorCode::AccessDenied.as_str().to_owned()),
            ..self.draft(Some(principal), Some(address), action, resource, now)
        });
        Err(ApiError::new(
            ErrorCode::AccessDenied,
            format!(
                "User: {who} is not authorized to perform: {action} on resource: {resource} {because}"
            ),
        ))
    }

    /// Notes what came of a request that was let in, and returns when that is durable.
    pub async fn note<B>(&self, admitted: Admitted, answer: &Response<B>, now: Timestamp) {
        let Some(noted) = admitted.noted else {
            return;
        };
        let Noted {
            principal,
            address,
            action,
            resource,
        } = noted;
        let status = answer.status();
        let outcome = match status.as_u16() {
            ..400 => "done",
            400..500 => "refused",
            500.. => "failed",
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
        let Some(noted) = admitted.noted else {
            return;
        };
        let Noted {
            principal,
            address,
            action,
            resource,
        } = noted;
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

    /// Whether browsers reach the server by TLS.
    pub fn is_tls(&self) -> bool {
        self.config.tls.is_some() || self.config.behind_proxy
    }
}

impl Admitted {
    /// Of a request that nothing is enforced for, or that anybody may send.
    pub const fn unseen() -> Self {
        Self { noted: None }
    }
}

fn decide_by(policies: &PolicySet, question: &Question<'_>, is_anything: bool) -> Verdict {
    match is_anything {
        true => policies.decide_everywhere(question),
        false => policies.decide(question),
    }
}

/// An address as proxies write it: some add the port.
fn forwarded(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok();
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    address.or_else(bare).or_else(with_port)
}

/// A time, as RFC 3339.
pub(super) fn moment(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis());
    moment.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

pub(super) fn too_many(message: &str) -> ApiError {
    ApiError::throttled("CallerRateLimitExceeded", message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_write_addresses_in_several_ways() {
        let read = |text: &str| forwarded(text).map(|it| it.to_string());
        for text in ["203.0.113.7", "203.0.113.7:443"] {
            assert_eq!(read(text).as_deref(), Some("203.0.113.7"), "{text}");
        }
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(read(text).as_deref(), Some("2001:db8::1"), "{text}");
        }
        for text in ["", "unknown", "_hidden", "203.0.113.7, 1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
