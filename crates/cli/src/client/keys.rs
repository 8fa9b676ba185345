//! Access keys of a running service, and its record of changes.

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use server::{AuditLine, KeyView, KeyWithSecret};

use super::api::{Client, encode};
use super::error::CallError;

const ROUTE: &str = "/lambdura/v1/access-keys";
const AUDIT_ROUTE: &str = "/lambdura/v1/audit";

#[derive(Debug, Deserialize)]
struct Keys {
    access_keys: Vec<KeyView>,
}

#[derive(Debug, Deserialize)]
struct Lines {
    lines: Vec<AuditLine>,
}

impl Client {
    /// All access keys, by name.
    pub async fn access_keys(&self) -> Result<Vec<KeyView>, CallError> {
        let keys: Keys = self.get(ROUTE.to_owned(), &[]).await?;
        Ok(keys.access_keys)
    }

    /// Creates one.
    pub async fn create_access_key(
        &self,
        name: &str,
        policies: &[Value],
    ) -> Result<KeyWithSecret, CallError> {
        let body = json!({ "name": name, "policies": policies }).to_string();
        let answer = self.post(ROUTE.to_owned(), body.into_bytes()).await?;
        self.read(&format!("POST {ROUTE}"), &answer)
    }

    /// `rotate`, `disable` or `enable`.
    pub async fn change_access_key<T: DeserializeOwned>(
        &self,
        key: &str,
        action: &str,
    ) -> Result<T, CallError> {
        let path = format!("{ROUTE}/{}/{action}", encode(key));
        let request = format!("POST {path}");
        let answer = self.post(path, Vec::new()).await?;
        self.read(&request, &answer)
    }

    /// Deletes one.
    pub async fn delete_access_key(&self, key: &str) -> Result<KeyView, CallError> {
        let path = format!("{ROUTE}/{}", encode(key));
        let request = format!("{} {path}", Method::DELETE);
        let answer = self.delete_at(path).await?;
        self.read(&request, &answer)
    }

    /// The newest lines of the record, oldest first.
    pub async fn audit(
        &self,
        limit: u32,
        containing: Option<&str>,
    ) -> Result<Vec<AuditLine>, CallError> {
        let mut parameters = vec![("limit", limit.to_string())];
        parameters.extend(containing.map(|text| ("containing", text.to_owned())));
        let lines: Lines = self.get(AUDIT_ROUTE.to_owned(), &parameters).await?;
        Ok(lines.lines)
    }
}
