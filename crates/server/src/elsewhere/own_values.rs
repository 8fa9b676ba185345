//! Answers reads of the template's own parameters and secrets when there is no emulator: `GetParameter`,
//! `GetParameters`, `GetParametersByPath` and `GetSecretValue`. All other operations of these services are refused like
//! other services.
//!
//! Source: botocore's models `ssm` 2014-11-06 and `secretsmanager` 2017-10-17, read 2026-11-28.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use stack::CompanionResource;

use crate::http::Body;

/// The values, by name.
#[derive(Default)]
pub(super) struct OwnValues {
    parameters: BTreeMap<String, Parameter>,
    secrets: BTreeMap<String, Secret>,
    region: String,
    account_id: String,
    /// When they were deployed, in seconds since 1970.
    at: f64,
}

struct Parameter {
    kind: String,
    value: String,
}

struct Secret {
    arn: String,
    value: String,
}

impl OwnValues {
    pub fn new(resources: &[CompanionResource], region: &str, account_id: &str, at: f64) -> Self {
        let mut values = Self {
            region: region.to_owned(),
            account_id: account_id.to_owned(),
            at,
            ..Self::default()
        };
        for resource in resources {
            let text = |name: &str| {
                let value = resource.properties.get(name).and_then(Value::as_str);
                value.unwrap_or_default().to_owned()
            };
            let name = resource.name.clone();
            match resource.resource_type.as_str() {
                "AWS::SSM::Parameter" => {
                    let (kind, value) = (text("Type"), text("Value"));
                    values.parameters.insert(name, Parameter { kind, value });
                }
                "AWS::SecretsManager::Secret" => {
                    let arn = resource.arn.clone().unwrap_or_default();
                    let value = text("SecretString");
                    values.secrets.insert(name, Secret { arn, value });
                }
                _ => {}
            }
        }
        values
    }

    /// Whether an operation's name is one that may be answered.
    pub fn may_answer(target: &str) -> bool {
        [
            "AmazonSSM.GetParameter",
            "AmazonSSM.GetParameters",
            "AmazonSSM.GetParametersByPath",
            "secretsmanager.GetSecretValue",
        ]
        .contains(&target)
    }

    /// The answer; none when the template has nothing that the request asks for.
    pub fn answer(&self, target: &str, request: &[u8]) -> Option<Response<Body>> {
        let request: Value = serde_json::from_slice(request).ok()?;
        let answer = match target {
            "AmazonSSM.GetParameter" => {
                json!({ "Parameter": self.parameter(request["Name"].as_str()?)? })
            }
            "AmazonSSM.GetParameters" => {
                let names = request["Names"].as_array()?;
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                let found = |name: &&str| self.parameter(name);
                let parameters: Vec<Value> = names.iter().filter_map(found).collect();
                if parameters.is_empty() {
                    return None;
                }
                let others = names
                    .into_iter()
                    .filter(|name| self.parameter(name).is_none());
                let others: Vec<&str> = others.collect();
                json!({ "Parameters": parameters, "InvalidParameters": others })
            }
            "AmazonSSM.GetParametersByPath" => {
                let path = request["Path"].as_str()?.trim_end_matches('/');
                let is_recursive = request["Recursive"].as_bool().unwrap_or(false);
                let is_below = |name: &&String| {
                    let below = name.strip_prefix(path).and_then(|it| it.strip_prefix('/'));
                    below.is_some_and(|below| is_recursive || !below.contains('/'))
                };
                let names = self.parameters.keys().filter(is_below);
                let found: Vec<Value> = names.filter_map(|name| self.parameter(name)).collect();
                if found.is_empty() {
                    return None;
                }
                json!({ "Parameters": found })
            }
            "secretsmanager.GetSecretValue" => self.secret(request["SecretId"].as_str()?)?,
            _ => return None,
        };
        let bytes = answer.to_string().into_bytes();
        let answer = Response::builder()
            .status(StatusCode::OK)
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .body(Body::from(Bytes::from(bytes)));
        Some(answer.expect("the parts are all valid"))
    }

    fn parameter_arn(&self, name: &str) -> String {
        let (region, account) = (&self.region, &self.account_id);
        let slash = if name.starts_with('/') { "" } else { "/" };
        format!("arn:aws:ssm:{region}:{account}:parameter{slash}{name}")
    }

    fn parameter(&self, asked: &str) -> Option<Value> {
        let is_meant = |name: &str| {
            name == asked
                || self.parameter_arn(name) == asked
                || asked.strip_suffix(":1") == Some(name)
        };
        let mut all = self.parameters.iter();
        let (name, parameter) = all.find(|(name, _)| is_meant(name))?;
        Some(json!({
            "Name": name,
            "Type": parameter.kind,
            "Value": parameter.value,
            "Version": 1,
            "LastModifiedDate": self.at,
            "ARN": self.parameter_arn(name),
            "DataType": "text",
        }))
    }

    fn secret(&self, asked: &str) -> Option<Value> {
        let mut all = self.secrets.iter();
        let (name, secret) = all.find(|(name, secret)| {
            let without_suffix = secret.arn.rsplit_once('-').map(|(arn, _)| arn);
            *name == asked || secret.arn == asked || without_suffix == Some(asked)
        })?;
        let digest = Sha256::digest(format!("{}/{}", secret.arn, secret.value).as_bytes());
        let version = uuid::Uuid::from_slice(&digest[..16]).unwrap_or_default();
        Some(json!({
            "ARN": secret.arn,
            "Name": name,
            "VersionId": version.to_string(),
            "SecretString": secret.value,
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": self.at,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> OwnValues {
        let mut values = OwnValues {
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            ..OwnValues::default()
        };
        for name in ["/app/key", "/app/db/host", "plain"] {
            let parameter = Parameter {
                kind: "String".to_owned(),
                value: format!("value of {name}"),
            };
            values.parameters.insert(name.to_owned(), parameter);
        }
        let secret = Secret {
            arn: "arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-abcdef".to_owned(),
            value: "hush".to_owned(),
        };
        values.secrets.insert("app/db".to_owned(), secret);
        values
    }

    #[test]
    fn parameters_are_found_by_name_arn_and_version() {
        let values = values();
        for asked in [
            "/app/key",
            "/app/key:1",
            "arn:aws:ssm:us-east-1:000000000000:parameter/app/key",
        ] {
            let found = values.parameter(asked).expect(asked);
            assert_eq!(found["Value"], "value of /app/key");
        }
        let arn = &values.parameter("plain").expect("it is there")["ARN"];
        assert_eq!(arn, "arn:aws:ssm:us-east-1:000000000000:parameter/plain");
        assert!(values.parameter("/app/key:2").is_none());
        assert!(values.parameter("/app").is_none());
    }

    #[test]
    fn secrets_are_found_by_name_and_arn() {
        let values = values();
        let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db";
        for asked in ["app/db", arn, &format!("{arn}-abcdef")] {
            assert_eq!(values.secret(asked).expect(asked)["SecretString"], "hush");
        }
        assert!(values.secret("app").is_none());
    }

    #[test]
    fn only_what_the_template_has_is_answered() {
        let values = values();
        let is_answered = |target: &str, request: Value| {
            assert!(OwnValues::may_answer(target));
            values
                .answer(target, request.to_string().as_bytes())
                .is_some()
        };
        assert!(is_answered(
            "AmazonSSM.GetParameter",
            json!({"Name": "plain"})
        ));
        assert!(!is_answered(
            "AmazonSSM.GetParameter",
            json!({"Name": "other"})
        ));
        let names = json!({"Names": ["plain", "other"]});
        assert!(is_answered("AmazonSSM.GetParameters", names));
        assert!(!is_answered(
            "AmazonSSM.GetParameters",
            json!({"Names": ["other"]})
        ));
        assert!(is_answered(
            "AmazonSSM.GetParametersByPath",
            json!({"Path": "/app/"})
        ));
        assert!(!is_answered(
            "AmazonSSM.GetParametersByPath",
            json!({"Path": "/ap"})
        ));
        assert!(!is_answered(
            "secretsmanager.GetSecretValue",
            json!({"SecretId": 5})
        ));
        assert!(!OwnValues::may_answer("AmazonSSM.PutParameter"));
    }
}
