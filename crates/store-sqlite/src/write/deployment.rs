//! Versions and aliases of functions.

use model::Version;
use store::{AliasRecord, FunctionVersionRecord, StoreFault};

use super::Statements;
use crate::cells::Parameters;
use crate::codes::version_text;
use crate::job::Refusal;

impl Statements<'_> {
    /// Records a version; the inner result refuses to publish one again.
    pub(crate) fn put_function_version(
        &mut self,
        record: &FunctionVersionRecord,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        let FunctionVersionRecord {
            function,
            version,
            code_sha256,
            config_sha256,
            code_dir,
            configuration,
            published_at,
        } = record;
        let statement = match version {
            Version::Latest => &mut self.replace_function_version,
            Version::Published(_) => &mut self.insert_function_version,
        };
        let mut parameters = Parameters::of(statement);
        parameters.add(function.as_str())?;
        parameters.add(version_text(version))?;
        parameters.add(code_sha256)?;
        parameters.add(config_sha256)?;
        parameters.add(code_dir)?;
        parameters.add(configuration)?;
        parameters.add(published_at.as_millis())?;
        if parameters.execute()? == 1 {
            return Ok(Ok(()));
        }
        Ok(Err(Refusal::Fault(StoreFault {
            attempted: format!("record version {version} of function `{function}`"),
            retryable: false,
            cause: "the version is published already, and a published version is frozen".into(),
        })))
    }

    pub(crate) fn put_alias(&mut self, record: &AliasRecord) -> rusqlite::Result<()> {
        let AliasRecord {
            function,
            name,
            version,
            description,
        } = record;
        let mut parameters = Parameters::of(&mut self.replace_alias);
        parameters.add(function.as_str())?;
        parameters.add(name)?;
        parameters.add(version_text(version))?;
        parameters.add(description)?;
        parameters.execute().map(drop)
    }
}
