//! Lets requests in, or refuses them.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use access::policy::{PolicySet, Question, Verdict};
use access::{AccessKeyId, SessionKeys};
use hyper::http::request::Parts;
use hyper::{Request, StatusCode};
use lambda_api::ErrorCode;
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
use crate::http::RequestBody;
use crate::permission::{self, Needed, On, Service};

/// Cached ARNs of executions, at most. An execution never changes its ARN.
const ARNS_MAX: usize = 8_192;

/// Sign-ins a second that one address may try.
const SIGN_INS_PER_SECOND: u32 = 2;

/// Decides which requests may use this server, and records what they change.
pub(crate) struct Access {
    /// Whether requests are checked.
    pub(super) enforced: bool,
    /// Whether other machines reach the server.
    exposed: bool,
    pub(super) config: AccessConfig,
    home: Home,
    functions: Arc<dyn Functions>,
    pub keys: KeyRing,
    /// Credentials of function processes.
    pub sessions: SessionKeys,
    pub sign_ins: SignIns,
    pub grants: Grants,
    pub audit: Audit,
    by_key: Rate<AccessKeyId>,
    pub(super) by_address: Rate<IpAddr>,
    pub(super) sign_ins_by_address: Rate<IpAddr>,
    arns: Mutex<HashMap<ExecutionId, String>>,
}

/// A request that was let in, for the record.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// None where nothing is enforced.
    pub(super) noted: Option<Noted>,
}

#[derive(Debug)]
pub(super) struct Noted {
    pub principal: Option<Principal>,
    pub address: IpAddr,
    pub action: String,
    pub resource: String,
}

/// The target of a signed request that invokes a function or an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invoked<'a> {
    FunctionUrl {
        function: &'a FunctionName,
        qualifier: Option<&'a str>,
    },
    /// A method of an HTTP or REST API, as policies name it.
    Method { arn: String },
}

/// A request, with everything that the decision needs.
struct Deciding<'a> {
    principal: &'a Principal,
    address: IpAddr,
    needed: &'a Needed,
    resource: &'a str,
}

/// The sender of a request that was let in, for further checks by its handler. It is among the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    principal: Principal,
    address: IpAddr,
}

/// The facts about functions that decisions need.
pub(crate) trait Functions: Send + Sync {
    /// Whether a function is a state machine.
    fn is_machine(&self, name: &str) -> bool;

    /// Whether a function stays deployed. One that is being removed runs on until its executions have ended.
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

    /// The key with this id, if it may sign.
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

    /// Lets a request to the main port in; reads its body whole.
    ///
    /// # Errors
    /// The reason why it is not let in.
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
                // The token may belong to a Lambda callback, which needs Lambda's permission.
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

    /// Decides about an action that a handler does in addition to the request's own action.
    ///
    /// # Errors
    /// When the sender of the request may not do it.
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

    /// If the function is a state machine, decides also by the permissions of Step Functions.
    fn decide_on_machine(&self, deciding: &Deciding<'_>, now: Timestamp) -> Result<(), ApiError> {
        let is_its_own = |name: &str| match deciding.principal {
            // This process runs the machine.
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

    /// Lets in a signed request to an API or a function URL; gives its body back.
    ///
    /// # Errors
    /// The reason why it is not let in.
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

    /// The ARN of the resource that a request concerns.
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
            // The execution does not exist: its handler will say so.
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
                // A function that is being removed has lost its template's grants.
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
            // Nothing was changed, and clients can repeat it as often as they like.
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

    /// Whether browsers reach the server over TLS.
    pub fn is_tls(&self) -> bool {
        self.config.tls.is_some() || self.config.behind_proxy
    }
}

impl Admitted {
    /// For a request that needs no check, or that anybody may send.
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

pub(super) fn too_many(message: &str) -> ApiError {
    ApiError::throttled("CallerRateLimitExceeded", message.to_owned())
}
