//! The custom serialisations that requirements ask for.

use lambdura::{BatchResult, BoxError, SerDes, SerDesContext};
use serde::{Deserialize, Serialize};

/// Text that is stored in capitals, without the quotes of JSON.
pub struct Uppercase;

impl SerDes<String> for Uppercase {
    fn serialize(&self, value: &String, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(value.to_uppercase())
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(text.to_owned())
    }
}

/// Text that is read in capitals, whatever it is, and stored as it is.
pub struct ReadUppercase;

impl SerDes<String> for ReadUppercase {
    fn serialize(&self, value: &String, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(value.clone())
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(text.to_uppercase())
    }
}

/// JSON in capitals.
pub struct UppercaseJson;

impl SerDes<serde_json::Value> for UppercaseJson {
    fn serialize(
        &self,
        value: &serde_json::Value,
        _: SerDesContext<'_>,
    ) -> Result<String, BoxError> {
        Ok(value.to_string().to_uppercase())
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<serde_json::Value, BoxError> {
        Ok(serde_json::from_str(text)?)
    }
}

/// Text after a prefix.
pub struct Prefixed(pub &'static str);

impl SerDes<String> for Prefixed {
    fn serialize(&self, value: &String, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(format!("{}{value}", self.0))
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<String, BoxError> {
        let value = text.strip_prefix(self.0);
        Ok(value
            .ok_or_else(|| format!("`{text}` does not begin with `{}`", self.0))?
            .to_owned())
    }
}

/// `{"wrapped": …}` around the value.
pub struct Enveloped;

#[derive(Serialize, Deserialize)]
struct Envelope {
    wrapped: String,
}

impl SerDes<String> for Enveloped {
    fn serialize(&self, value: &String, _: SerDesContext<'_>) -> Result<String, BoxError> {
        let wrapped = value.clone();
        Ok(serde_json::to_string(&Envelope { wrapped })?)
    }

    fn deserialize(&self, text: &str, _: SerDesContext<'_>) -> Result<String, BoxError> {
        Ok(serde_json::from_str::<Envelope>(text)?.wrapped)
    }
}

/// A whole batch as the list of its results.
pub struct JoinedResults;

const JOINED: &str = "OPSERDE:";

impl SerDes<BatchResult<String>> for JoinedResults {
    fn serialize(
        &self,
        value: &BatchResult<String>,
        _: SerDesContext<'_>,
    ) -> Result<String, BoxError> {
        let results: Vec<&str> = value.results().map(String::as_str).collect();
        Ok(format!("{JOINED}{}", results.join(",")))
    }

    fn deserialize(
        &self,
        text: &str,
        _: SerDesContext<'_>,
    ) -> Result<BatchResult<String>, BoxError> {
        let results = text
            .strip_prefix(JOINED)
            .ok_or_else(|| format!("`{text}` does not begin with `{JOINED}`"))?;
        Ok(BatchResult::from_results(
            results.split(',').map(str::to_owned),
        ))
    }
}
