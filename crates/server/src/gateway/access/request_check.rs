//! Required parts of a request to a REST API: parameters, and a body that matches its model.

use std::collections::BTreeMap;
use std::fmt;

use boon::{Compiler, Draft, SchemaIndex, Schemas, SchemeUrlLoader};
use hyper::header::CONTENT_TYPE;
use serde_json::Value;
use stack::{RequestChecks, RequestPart};

use super::refusal::Refusal;
use crate::gateway::request::Incoming;

/// The content type of requests without one.
const JSON: &str = "application/json";

/// The URL of a schema while it is compiled.
const PLACE: &str = "http://model.invalid/model.json";

/// The checks of one route.
#[derive(Debug, Default)]
pub(super) struct Checks {
    parameters: Vec<RequestPart>,
    bodies: BTreeMap<String, Model>,
}

/// A compiled schema.
struct Model {
    schemas: Schemas,
    index: SchemaIndex,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Model")
    }
}

impl Model {
    fn compile(schema: &Value) -> Result<Self, String> {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V4);
        // A schema must be complete: nothing that it refers to is loaded, neither from disk nor elsewhere.
        compiler.use_loader(Box::new(SchemeUrlLoader::new()));
        let added = compiler.add_resource(PLACE, schema.clone());
        added.map_err(|error| format!("{error:#}"))?;
        let index = compiler.compile(PLACE, &mut schemas);
        let index = index.map_err(|error| format!("{error:#}"))?;
        Ok(Self { schemas, index })
    }
}

impl Checks {
    /// The checks of a route. A model that cannot be compiled is logged, and its bodies are not checked.
    pub fn new(checks: &RequestChecks, route: &str) -> Self {
        let mut bodies = BTreeMap::new();
        for (kind, schema) in &checks.bodies {
            match Model::compile(schema) {
                Ok(model) => {
                    bodies.insert(kind.to_ascii_lowercase(), model);
                }
                Err(problem) => tracing::warn!(
                    "bodies of `{route}` are not checked: their model is not valid: {problem}"
                ),
            }
        }
        Self {
            parameters: checks.parameters.clone(),
            bodies,
        }
    }

    /// Refuses a request that lacks a parameter. A blank parameter counts as missing.
    pub fn check_parameters(&self, incoming: &Incoming<'_>) -> Result<(), Refusal> {
        let is_missing = |part: &&RequestPart| {
            let value = incoming.part(part);
            value.is_none_or(|value| value.trim().is_empty())
        };
        let missing: Vec<&RequestPart> = self.parameters.iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names = missing.into_iter().map(|part| part.name().to_owned());
        Err(Refusal::MissingParameters(names.collect()))
    }

    /// Refuses a body that does not match the model of its content type.
    pub fn check_body(&self, incoming: &Incoming<'_>) -> Result<(), Refusal> {
        let given = incoming.header(CONTENT_TYPE.as_str()).unwrap_or(JSON);
        let kind = given.split(';').next().unwrap_or_default().trim();
        let model = self.bodies.get(&kind.to_ascii_lowercase());
        let Some(model) = model.or_else(|| self.bodies.get("$default")) else {
            return Ok(());
        };
        let refused = |problem: String| {
            tracing::info!("a request body is not what its model says: {problem}");
            Refusal::InvalidBody
        };
        let body: Value =
            serde_json::from_slice(incoming.body).map_err(|error| refused(error.to_string()))?;
        let checked = model.schemas.validate(&body, model.index);
        checked.map_err(|error| refused(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_are_of_draft_4_and_read_nothing() {
        let schema = json!({
            "definitions": {"Id": {"type": "integer", "minimum": 0, "exclusiveMinimum": true}},
            "allOf": [{"type": "object", "required": ["id"], "properties": {"id": {"$ref": "#/definitions/Id"}}}],
        });
        let model = Model::compile(&schema).unwrap();
        let fits = |body: Value| model.schemas.validate(&body, model.index).is_ok();
        assert!(fits(json!({"id": 1})));
        assert!(!fits(json!({"id": 0})));
        assert!(!fits(json!({})));
        assert!(!fits(json!([])));
        for elsewhere in [
            "file:///etc/hostname",
            "http://127.0.0.1/model",
            "other.json",
        ] {
            assert!(
                Model::compile(&json!({"allOf": [{"$ref": elsewhere}]})).is_err(),
                "{elsewhere}"
            );
        }
    }
}
