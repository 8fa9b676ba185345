//! Dynamic references: `{{resolve:ssm:…}}`, `{{resolve:ssm-secure:…}}` and
//! `{{resolve:secretsmanager:…}}`.
//!
//! Source: CloudFormation user guide, "Get values stored in other services using dynamic references",
//! read 2026-11-28.

use super::evaluate::Evaluation;
use super::parameter::no_stored_value;
use super::report::shorten;
use super::{Node, Place, Reported, Resolver, Span};

const OPENING: &str = "{{resolve:";

/// How many resources may be needed for the value of one. Ours: each takes a part of the stack, and they may form a
/// cycle.
const DEPTH_MAX: usize = 8;

/// The types of resources whose values are known.
pub(crate) const PARAMETER: &str = "AWS::SSM::Parameter";
pub(crate) const SECRET: &str = "AWS::SecretsManager::Secret";

impl Evaluation<'_> {
    /// The value as text, with its dynamic references replaced.
    pub fn settled_text(&self, node: &Node) -> Result<String, Reported> {
        let text = self.text(node)?;
        self.settled(text, node.span)
    }

    /// The text with its dynamic references replaced.
    pub fn settled(&self, text: String, span: Span) -> Result<String, Reported> {
        let mut settled = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(OPENING) {
            let Some((reference, after)) = after.split_once("}}") else {
                break;
            };
            let value = self.resolver.dynamic(reference, span)?;
            self.resolver.charge(value.len(), span)?;
            settled.push_str(before);
            settled.push_str(&value);
            rest = after;
        }
        if settled.is_empty() && rest.len() == text.len() {
            return Ok(text);
        }
        settled.push_str(rest);
        Ok(settled)
    }
}

impl Resolver<'_> {
    /// The value for the text between `{{resolve:` and `}}`, which is never passed on unresolved.
    fn dynamic(&self, reference: &str, span: Span) -> Result<String, Reported> {
        let (service, rest) = reference.split_once(':').unwrap_or((reference, ""));
        match service {
            "ssm" | "ssm-secure" => match self.parameter_value(rest)? {
                Some(value) => Ok(value),
                None => Err(no_stored_value(rest, span, self.report)),
            },
            "secretsmanager" => self.secret_value(rest, span),
            other => {
                let message = format!(
                    "`{}` is not a service of dynamic references",
                    shorten(other)
                );
                let help = "services are ssm, ssm-secure and secretsmanager";
                Err(self.report.problem(span, message, "in this text", help))
            }
        }
    }

    /// A value of the parameter store: from outside, or of a resource of this template.
    pub(crate) fn parameter_value(&self, name: &str) -> Result<Option<String>, Reported> {
        let unversioned = match name.rsplit_once(':') {
            Some((name, version)) if version.bytes().all(|it| it.is_ascii_digit()) => name,
            _ => name,
        };
        let given = &self.references.ssm;
        if let Some(value) = given.get(name).or_else(|| given.get(unversioned)) {
            return Ok(Some(value.clone()));
        }
        let is_meant = |index: &usize| {
            self.resources[*index].kind.name == PARAMETER
                && self.name(*index).is_ok_and(|it| it == unversioned)
        };
        match (0..self.resources.len()).find(is_meant) {
            Some(index) => self.property_text(index, "Value"),
            None => Ok(None),
        }
    }

    /// `secret-id:SecretString:json-key:version-stage:version-id`, all but the first optional.
    fn secret_value(&self, reference: &str, span: Span) -> Result<String, Reported> {
        // An ARN has colons of its own.
        let parts = if reference.starts_with("arn:") { 7 } else { 1 };
        let ends = reference.match_indices(':').map(|(at, _)| at);
        let end = ends.into_iter().nth(parts - 1).unwrap_or(reference.len());
        let (id, rest) = reference.split_at(end);
        let mut rest = rest.split(':').skip(1);
        let kind = rest.next().unwrap_or("SecretString");
        let key = rest.next().unwrap_or_default();
        if !matches!(kind, "SecretString" | "") {
            let message = format!("`{}` is no part of a secret", shorten(kind));
            let help = "write `{{resolve:secretsmanager:name:SecretString:key}}`";
            return Err(self.report.problem(span, message, "in this text", help));
        }
        let Some(secret) = self.secret(id)? else {
            return Err(self.no_secret(id, key, span));
        };
        if key.is_empty() {
            return Ok(secret);
        }
        let object: Option<serde_json::Value> = serde_json::from_str(&secret).ok();
        match object.as_ref().and_then(|it| it.get(key)) {
            Some(serde_json::Value::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None => {
                let (id, key) = (shorten(id), shorten(key));
                let message = format!("the secret `{id}` has no key `{key}`");
                let help = "a secret with keys is a JSON object";
                Err(self.report.problem(span, message, "no such key", help))
            }
        }
    }

    /// The value of a secret, by its name or ARN.
    pub(crate) fn secret(&self, id: &str) -> Result<Option<String>, Reported> {
        let name = match id.rsplit_once(":secret:") {
            Some((_, name)) => name,
            None => id,
        };
        let given = &self.references.secrets;
        if let Some(value) = given.get(id).or_else(|| given.get(name)) {
            return Ok(Some(value.clone()));
        }
        let is_meant = |index: &usize| {
            self.resources[*index].kind.name == SECRET
                && self.name(*index).is_ok_and(|it| {
                    it == name || self.pseudo.secret_arn(&it).ends_with(&format!(":{name}"))
                })
        };
        let Some(index) = (0..self.resources.len()).find(is_meant) else {
            return Ok(None);
        };
        let name = self.name(index)?;
        match given.get(&name) {
            Some(value) => Ok(Some(value.clone())),
            None => Ok(self
                .property_text(index, "SecretString")?
                .or_else(|| self.generated_secret(index))),
        }
    }

    fn no_secret(&self, id: &str, key: &str, span: Span) -> Reported {
        let shown = shorten(id);
        let message = format!("the secret `{shown}` has no value here");
        let value = match key {
            "" => "\"value\"".to_owned(),
            key => format!("{{\"{}\": \"value\"}}", shorten(key)),
        };
        let help = format!(
            "give it one in `references.json` in the data folder, or in the file of \
             `--references`: {{\"secretsmanager\": {{\"{shown}\": {value}}}}}"
        );
        self.report
            .problem(span, message, "nothing to resolve it to", help)
    }

    /// The text of a resource's property, which may need other resources in turn.
    pub(crate) fn property_text(
        &self,
        index: usize,
        property: &str,
    ) -> Result<Option<String>, Reported> {
        let resource = &self.resources[index];
        let Some(node) = resource.property(property) else {
            return Ok(None);
        };
        let depth = self.dynamic_depth.get();
        if depth >= DEPTH_MAX {
            let message = format!("values need each other more than {DEPTH_MAX} deep");
            let help = "give one of them a value that needs no other";
            return Err(self
                .report
                .problem(node.span, message, "the limit is passed here", help));
        }
        self.dynamic_depth.set(depth + 1);
        let place = Place {
            logical_id: &resource.logical_id,
            resource_type: &resource.resource_type,
            property,
            opaque: false,
        };
        let resolver = self;
        let text = Evaluation { resolver, place }.settled_text(node);
        self.dynamic_depth.set(depth);
        text.map(Some)
    }
}
