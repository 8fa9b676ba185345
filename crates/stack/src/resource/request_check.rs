//! Request validators and models: what a request to a REST API must contain.
//!
//! Source of names: CloudFormation template reference, `AWS::ApiGateway::RequestValidator` and `Model`,
//! AWS SAM developer guide, `ApiFunctionRequestModel` and `RequestParameter`, and API Gateway developer
//! guide, "Request validation for REST APIs", read 2026-11-28.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::template::{Entry, Fields, Named, Node, Properties, Type, properties, yields};
use crate::{RequestChecks, RequestPart};

use super::api_part::{part_type, parts};
use super::authorizer::request_part;

pub(super) static VALIDATOR: Type = Type {
    properties: properties! {
        used: Name, RestApiId, ValidateRequestBody, ValidateRequestParameters;
    },
    ..part_type("AWS::ApiGateway::RequestValidator")
};

pub(super) static MODEL: Type = Type {
    properties: properties! { used: ContentType, Description, Name, RestApiId, Schema; },
    named: Named::By("Name", 128),
    reference: yields::name,
    ..part_type("AWS::ApiGateway::Model")
};

/// The default content type of bodies.
const JSON: &str = "application/json";

/// Models that every API has; neither requires anything worth checking.
const GIVEN: [&str; 2] = ["Empty", "Error"];

/// Models by name, as in the template.
#[derive(Debug, Default)]
pub(super) struct Models(BTreeMap<String, Value>);

impl Models {
    /// The models of `AWS::ApiGateway::Model` resources.
    pub fn of_parts(api: &Fields<'_>) -> Self {
        let read = |part: Fields<'_>| {
            let name = part.resolver.name(part.index()).ok()?;
            Some((name, schema(&part, "Schema", part.node("Schema")?)?))
        };
        Self(parts(api, &MODEL, "RestApiId").filter_map(read).collect())
    }

    /// The models in a mapping by name: SAM's `Models`, or the schemas of a document.
    pub fn of_entries(fields: &Fields<'_>, property: &str, entries: &[Entry]) -> Self {
        let entries = entries.iter().filter(|entry| !entry.value.is_no_value());
        let read = |entry: &Entry| {
            let step = format!("{property}.{}", entry.key);
            Some((entry.key.to_string(), schema(fields, &step, &entry.value)?))
        };
        Self(entries.filter_map(read).collect())
    }

    /// A schema together with everything it refers to.
    pub fn closed(&self, mut root: Value) -> Value {
        let mut wanted = BTreeSet::new();
        self.refer(&mut root, "", &Value::Null, &mut wanted);
        let mut definitions = Map::new();
        while let Some(name) = wanted.pop_first() {
            let Some(own) = self
                .0
                .get(&name)
                .filter(|_| !definitions.contains_key(&name))
            else {
                continue;
            };
            let mut schema = own.clone();
            self.refer(&mut schema, &name, own, &mut wanted);
            definitions.insert(name, schema);
        }
        json!({"definitions": definitions, "allOf": [root]})
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Redirects references to the places of models in a closed schema. `own` is the schema, called `name`, that
    /// contains this part.
    fn refer(&self, part: &mut Value, name: &str, own: &Value, wanted: &mut BTreeSet<String>) {
        match part {
            Value::Array(items) => {
                for item in items {
                    self.refer(item, name, own, wanted);
                }
            }
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get_mut("$ref") {
                    *reference = self.referred(reference, name, own, wanted);
                }
                for member in members.values_mut() {
                    self.refer(member, name, own, wanted);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn referred(
        &self,
        reference: &str,
        name: &str,
        own: &Value,
        wanted: &mut BTreeSet<String>,
    ) -> String {
        let model = |text: &'_ str| {
            let model = text.split('/').next().unwrap_or_default();
            self.has(model).then(|| model.to_owned())
        };
        let within = reference.strip_prefix("#/definitions/");
        let is_own = |rest: &str| {
            let key = rest.split('/').next().unwrap_or_default();
            own.get("definitions").and_then(|it| it.get(key)).is_some()
        };
        let others = within.filter(|rest| !is_own(rest));
        let others = others.or_else(|| reference.strip_prefix("#/components/schemas/"));
        let others = others.or_else(|| Some(reference.rsplit_once("/models/")?.1));
        if let Some(rest) = others
            && let Some(model) = model(rest)
        {
            wanted.insert(model);
            return format!("#/definitions/{rest}");
        }
        match reference.strip_prefix('#') {
            Some(rest) if !name.is_empty() => format!("#/definitions/{name}{rest}"),
            _ => reference.to_owned(),
        }
    }
}

/// A schema, which may also be written as text. Its statements about itself as a document are dropped: it becomes a
/// part of one.
fn schema(fields: &Fields<'_>, property: &str, node: &Node) -> Option<Value> {
    let mut schema = fields.opaque(property, node)?;
    if let Value::String(text) = &schema {
        match serde_json::from_str(text) {
            Ok(parsed) => schema = parsed,
            Err(error) => {
                let help = "a schema is a mapping, or a text of JSON";
                let label = error.to_string();
                fields.wrong_node(property, node, "is not a JSON schema", &label, help);
                return None;
            }
        }
    }
    if let Value::Object(members) = &mut schema {
        for name in ["$schema", "id", "$id"] {
            if members.get(name).is_some_and(Value::is_string) {
                members.remove(name);
            }
        }
    }
    Some(schema)
}

/// What a validator checks.
#[derive(Debug, Clone, Copy, Default)]
struct Checked {
    body: bool,
    parameters: bool,
}

/// What a `Method` requires of requests.
pub(super) fn of_method(fields: &Fields<'_>, models: &Models) -> RequestChecks {
    let Some(node) = fields.node("RequestValidatorId") else {
        return RequestChecks::default();
    };
    let resolver = fields.resolver;
    let index = resolver.mentioned(node);
    let is_validator = |index: &usize| resolver.resources[*index].kind.name == VALIDATOR.name;
    let Some(index) = index.filter(is_validator) else {
        let meaning = "there is no such validator: requests are not checked";
        fields.warn_of("RequestValidatorId", meaning);
        return RequestChecks::default();
    };
    let validator = Fields::of(resolver, index);
    let mut checks = RequestChecks::default();
    if validator.boolean("ValidateRequestParameters") == Some(true) {
        let required = fields.text_map("RequestParameters").into_iter();
        let required = required.filter(|(_, it)| it == "true");
        checks.parameters = required.filter_map(|(it, _)| request_part(&it)).collect();
    }
    if validator.boolean("ValidateRequestBody") == Some(true) {
        for (content_type, model) in fields.text_map("RequestModels") {
            if let Some(schema) = named(fields, "RequestModels", &model, models) {
                checks.bodies.insert(content_type, schema);
            }
        }
    }
    checks
}

fn named(fields: &Fields<'_>, property: &str, model: &str, models: &Models) -> Option<Value> {
    if models.has(model) {
        return Some(models.closed(json!({"$ref": format!("#/definitions/{model}")})));
    }
    if !GIVEN.contains(&model) {
        let meaning = "there is no such model in this template: bodies are not checked by it";
        fields.warn_of(property, meaning);
    }
    None
}

const MODEL_OF_EVENT: Properties = properties! {
    used: Required, ValidateBody, ValidateParameters;
    required: Model = "the name of one of the API's `Models`";
};

/// What an `Api` event requires of requests.
pub(super) fn of_event(fields: &Fields<'_>, api: &Fields<'_>) -> RequestChecks {
    let mut checks = RequestChecks::default();
    let required = required_parameters(fields);
    let Some(model) = fields.mapping("RequestModel", MODEL_OF_EVENT) else {
        return checks;
    };
    if model.boolean("ValidateParameters") == Some(true) {
        checks.parameters = required;
    }
    if model.boolean("ValidateBody") == Some(true) {
        let entries = api.node("Models").and_then(Node::entries);
        let models = Models::of_entries(api, "Models", entries.unwrap_or_default());
        let name = model.text("Model").unwrap_or_default();
        if let Some(schema) = named(&model, "Model", &name, &models) {
            checks.bodies.insert(JSON.to_owned(), schema);
        }
    }
    checks
}

/// `RequestParameters` of an event: names alone, or names with settings.
fn required_parameters(fields: &Fields<'_>) -> Vec<RequestPart> {
    const PARAMETER: Properties = properties! {
        used: Required;
        ignored: "answers are not cached" => Caching;
    };
    let mut required = Vec::new();
    for node in fields.list("RequestParameters") {
        for entry in node.entries().unwrap_or_default() {
            let step = format!("RequestParameters.{}", entry.key);
            let said = fields.nested(&step, entry.key_span, &entry.value, PARAMETER);
            let is_required = said.and_then(|it| it.boolean("Required")) == Some(true);
            match request_part(&entry.key) {
                Some(part) if is_required => required.push(part),
                Some(_) => {}
                None => {
                    let must = "must name parameters of the request";
                    let help = "for example `method.request.querystring.page`";
                    fields.wrong_node("RequestParameters", node, must, "not such a name", help);
                }
            }
        }
    }
    required
}

/// The validators of an OpenAPI document, and the data for their checks.
pub(super) struct DocumentChecks<'d> {
    root: &'d Node,
    models: Models,
}

const VALIDATORS: &str = "x-amazon-apigateway-request-validators";
const VALIDATOR_OF: &str = "x-amazon-apigateway-request-validator";

impl<'d> DocumentChecks<'d> {
    /// The checks of a document, which is the value of some fields.
    pub fn new(fields: &Fields<'_>, root: &'d Node) -> Self {
        let schemas = root.get("components").and_then(|it| it.get("schemas"));
        let schemas = schemas.or_else(|| root.get("definitions"));
        // Documents without validators have schemas too, often with keywords that no validator knows.
        let schemas = schemas.filter(|_| root.get(VALIDATORS).is_some());
        let entries = schemas.and_then(Node::entries).unwrap_or_default();
        Self {
            models: Models::of_entries(fields, "components.schemas", entries),
            root,
        }
    }

    /// What an operation requires of requests.
    pub fn of(&self, fields: &Fields<'_>, path: &'d Node, operation: &'d Node) -> RequestChecks {
        let checked = self.checked(fields, operation);
        let mut checks = RequestChecks::default();
        let parameters = [path, operation].map(|it| it.get("parameters").and_then(Node::items));
        for node in parameters.into_iter().flatten().flatten() {
            let parameter = self.followed(node);
            let text = |name: &str| parameter.get(name).and_then(Node::text);
            let is_required = text("required") == Some("true");
            let name = text("name").unwrap_or_default().to_owned();
            let part = match text("in") {
                Some("query") => RequestPart::Query(name),
                Some("header") => RequestPart::Header(name),
                Some("path") => RequestPart::Path(name),
                Some("body") if checked.body => {
                    if let Some(schema) = parameter.get("schema") {
                        self.add_body(fields, JSON, schema, &mut checks);
                    }
                    continue;
                }
                _ => continue,
            };
            if is_required && checked.parameters {
                checks.parameters.push(part);
            }
        }
        let body = operation.get("requestBody").filter(|_| checked.body);
        let content = body.and_then(|it| self.followed(it).get("content"));
        for entry in content.and_then(Node::entries).unwrap_or_default() {
            if let Some(schema) = entry.value.get("schema") {
                self.add_body(fields, &entry.key, schema, &mut checks);
            }
        }
        checks
    }

    fn add_body(&self, fields: &Fields<'_>, kind: &str, node: &Node, checks: &mut RequestChecks) {
        if let Some(schema) = schema(fields, "schema", node) {
            let schema = self.models.closed(schema);
            checks.bodies.insert(kind.to_owned(), schema);
        }
    }

    fn checked(&self, fields: &Fields<'_>, operation: &Node) -> Checked {
        let named = operation
            .get(VALIDATOR_OF)
            .or_else(|| self.root.get(VALIDATOR_OF));
        let Some(name) = named.and_then(Node::text) else {
            return Checked::default();
        };
        let validators = self.root.get(VALIDATORS);
        let Some(validator) = validators.and_then(|it| it.get(name)) else {
            let meaning = "there is no such validator: requests are not checked";
            fields.warn_of(VALIDATOR_OF, meaning);
            return Checked::default();
        };
        let is_set = |name: &str| validator.get(name).and_then(Node::text) == Some("true");
        Checked {
            body: is_set("validateRequestBody"),
            parameters: is_set("validateRequestParameters"),
        }
    }

    /// A node, or the target of its reference within the document.
    fn followed(&self, node: &'d Node) -> &'d Node {
        let found = || within(self.root, node.get("$ref")?.text()?);
        found().unwrap_or(node)
    }
}

/// The target of a reference within a document.
pub(super) fn within<'d>(root: &'d Node, reference: &str) -> Option<&'d Node> {
    let mut node = root;
    for key in reference.strip_prefix("#/")?.split('/') {
        node = node.get(&key.replace("~1", "/").replace("~0", "~"))?;
    }
    Some(node)
}
