//! Having a version run the code of another one: a part of the service that AWS does not have.

use serde::{Deserialize, Serialize};

use super::api::{Client, encode};
use super::error::CallError;

/// The code that a version runs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionCode {
    /// The version whose code it runs.
    pub code_of: String,
    /// Whether it ran other code before.
    pub changed: bool,
}

impl Client {
    /// Gives a published version the code of another version or alias.
    pub async fn replace_code(
        &self,
        function: &str,
        version: &str,
        of: &str,
    ) -> Result<VersionCode, CallError> {
        let path = format!(
            "/lambdura/v1/functions/{}/versions/{}/code?of={}",
            encode(function),
            encode(version),
            encode(of)
        );
        let answer = self.post(path.clone(), Vec::new()).await?;
        self.read(&format!("POST {path}"), &answer)
    }
}
