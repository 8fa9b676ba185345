//! The access rules of one API, by its template.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::FunctionName;
use stack::{Access, ApiKeySource, Authorizer, AuthorizerKind, Route, Stack};

use super::caller::{Admitted, ApiKey, Caller};
use super::gated_api::{GateKind, GatedApi};
use super::lambda::LambdaAuthorizer;
use super::refusal::Refusal;
use super::request_check::Checks;
use super::token::TokenAuthorizer;
use crate::app::App;
use crate::gateway::request::Incoming;

/// Decides which requests one API admits.
pub(crate) struct Gate {
    pub api: GatedApi,
    authorizers: BTreeMap<String, Guard>,
    key_source: ApiKeySource,
    keys: Vec<ApiKey>,
    /// By route key.
    checks: BTreeMap<String, Checks>,
}

enum Guard {
    Lambda(LambdaAuthorizer),
    Token(TokenAuthorizer),
    Missing(String),
}

impl Gate {
    /// The gate of a stack's API.
    pub fn new(
        kind: GateKind,
        stack: &Stack,
        (api, api_id, stage_name): (&str, &str, &str),
        authorizers: &BTreeMap<String, Authorizer>,
        routes: &[Route],
    ) -> Self {
        let guards = authorizers.iter();
        let guards = guards.map(|(name, it)| (name.clone(), guard(stack, name, it)));
        let keys = stack.api_keys.iter();
        let keys = keys.filter(|key| key.enabled && key.apis.iter().any(|it| it == api));
        let keys = keys.map(|key| ApiKey {
            id: key.logical_id.clone(),
            value: key.value.clone(),
        });
        let checked = routes
            .iter()
            .filter(|it| it.checks != stack::RequestChecks::default());
        let checks = checked.map(|it| {
            let key = it.key.to_string();
            (key.clone(), Checks::new(&it.checks, &key))
        });
        Self {
            api: GatedApi {
                kind,
                name: api.to_owned(),
                id: api_id.to_owned(),
                stage_name: stage_name.to_owned(),
            },
            authorizers: guards.collect(),
            key_source: ApiKeySource::Header,
            keys: keys.collect(),
            checks: checks.collect(),
        }
    }

    /// The same, with another source of API keys.
    pub fn with_key_source(self, key_source: ApiKeySource) -> Self {
        Self { key_source, ..self }
    }

    /// Admits a request or refuses it, before its body is read. `event` makes the event for the function behind the
    /// route.
    pub async fn admit(
        &self,
        app: &Arc<App>,
        access: &Access,
        incoming: &Incoming<'_>,
        event: impl FnOnce() -> Vec<u8>,
    ) -> Result<Caller, Refusal> {
        let mut admitted = Admitted::default();
        if let Some(name) = &access.authorizer
            && !app.tokens.authorizers_are_off()
        {
            admitted = self.ask(app, name, &access.scopes, incoming, event).await?;
        }
        let mut caller = Caller {
            authorizer: admitted.authorizer,
            api_key: None,
        };
        if access.api_key_required {
            let shown = match self.key_source {
                ApiKeySource::Header => incoming.header("x-api-key").map(str::to_owned),
                ApiKeySource::Authorizer => admitted.usage_identifier_key,
            };
            let known = shown.and_then(|it| self.keys.iter().find(|key| key.value == it));
            caller.api_key = Some(known.cloned().ok_or(Refusal::NoApiKey)?);
        }
        if let Some(checks) = self.checks(incoming) {
            checks.check_parameters(incoming)?;
        }
        Ok(caller)
    }

    /// Checks the body of an admitted request.
    pub fn check_body(&self, incoming: &Incoming<'_>) -> Result<(), Refusal> {
        let checks = self.checks(incoming);
        checks.map_or(Ok(()), |checks| checks.check_body(incoming))
    }

    fn checks(&self, incoming: &Incoming<'_>) -> Option<&Checks> {
        // The gateway's own answers to `OPTIONS` have another route in `call`.
        let is_own = incoming.call.answered.is_none();
        let key = is_own.then(|| incoming.call.route.key.to_string())?;
        self.checks.get(&key)
    }

    async fn ask(
        &self,
        app: &Arc<App>,
        name: &str,
        scopes: &[String],
        incoming: &Incoming<'_>,
        event: impl FnOnce() -> Vec<u8>,
    ) -> Result<Admitted, Refusal> {
        let api = self.api.name.as_str();
        match self.authorizers.get(name) {
            Some(Guard::Token(guard)) => guard.admit(&self.api, app, scopes, incoming).await,
            Some(Guard::Lambda(guard)) => {
                let event = serde_json::from_slice(&event()).unwrap_or_default();
                guard.admit(&self.api, app, incoming, event).await
            }
            Some(Guard::Missing(reason)) => {
                tracing::warn!(api, "the authorizer `{name}` lets nobody in: {reason}");
                Err(Refusal::NoDecision)
            }
            None => {
                tracing::warn!(
                    api,
                    "a route's authorizer is not in the template: nobody is let in"
                );
                Err(Refusal::NoDecision)
            }
        }
    }
}

fn guard(stack: &Stack, name: &str, authorizer: &Authorizer) -> Guard {
    match &authorizer.kind {
        AuthorizerKind::Missing { reason } => Guard::Missing(reason.clone()),
        AuthorizerKind::Token {
            issuers,
            issued_nowhere,
            audience,
        } => Guard::Token(TokenAuthorizer {
            name: name.to_owned(),
            identity: authorizer.identity.clone(),
            issuers: issuers.clone(),
            issued_nowhere: *issued_nowhere,
            audience: audience.clone(),
        }),
        AuthorizerKind::Lambda {
            function,
            qualifier,
            event,
            validation,
        } => {
            let Some(resource) = stack.function(function) else {
                return Guard::Missing(format!("its function `{function}` is not in the template"));
            };
            if resource.durable_config.is_some() && qualifier.is_none() {
                return Guard::Missing(format!(
                    "its function `{function}` is durable, and named without an alias"
                ));
            }
            match FunctionName::parse(&resource.name) {
                Ok(function) => Guard::Lambda(LambdaAuthorizer::new(
                    name,
                    function,
                    qualifier.clone(),
                    *event,
                    validation.as_deref(),
                    authorizer,
                )),
                Err(invalid) => Guard::Missing(invalid.to_string()),
            }
        }
    }
}
