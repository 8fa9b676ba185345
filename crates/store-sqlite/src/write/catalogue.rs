//! Versions, aliases and settings of functions.

use model::{FunctionName, Version};
use rusqlite::Statement;
use store::columns::version_text;
use store::{AliasRecord, FunctionSettingsRecord, FunctionVersionRecord, StoreFault};

use super::Statements;
use crate::cells::Parameters;
use crate::refusal::Refusal;

impl Statements<'_> {
    /// Records a version; the inner result refuses to publish one again.
    pub(crate) fn put_function_version(
        &mut self,
        record: &FunctionVersionRecord,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        let statement = match record.version {
            Version::Latest => &mut self.replace_function_version,
            Version::Published(_) => &mut self.insert_function_version,
        };
        if write_version(statement, record)? == 1 {
            return Ok(Ok(()));
        }
        let refused = StoreFault::published_already(&record.function, &record.version);
        Ok(Err(Refusal::Fault(refused)))
    }

    /// Replaces the version of that number.
    pub(crate) fn replace_version(
        &mut self,
        record: &FunctionVersionRecord,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        write_version(&mut self.replace_function_version, record)?;
        Ok(Ok(()))
    }

    pub(crate) fn put_alias(&mut self, record: &AliasRecord) -> rusqlite::Result<()> {
        let AliasRecord {
            function,
            name,
            version,
            description,
            routing,
            revision_id,
        } = record;
        let mut parameters = Parameters::of(&mut self.replace_alias);
        parameters.add(function.as_str())?;
        parameters.add(name)?;
        parameters.add(version_text(version))?;
        parameters.add(description)?;
        parameters.add_text(routing.as_ref())?;
        parameters.add(revision_id)?;
        parameters.execute().map(drop)
    }

    pub(crate) fn put_function_settings(
        &mut self,
        record: &FunctionSettingsRecord,
    ) -> rusqlite::Result<()> {
        let FunctionSettingsRecord { function, settings } = record;
        self.replace_function_settings
            .execute((function.as_str(), settings))
            .map(drop)
    }

    pub(crate) fn delete_function_version(
        &mut self,
        function: &FunctionName,
        version: &Version,
    ) -> rusqlite::Result<()> {
        self.delete_function_version
            .execute((function.as_str(), version_text(version)))
            .map(drop)
    }

    pub(crate) fn delete_alias(
        &mut self,
        function: &FunctionName,
        name: &str,
    ) -> rusqlite::Result<()> {
        self.delete_alias
            .execute((function.as_str(), name))
            .map(drop)
    }

    pub(crate) fn delete_function(&mut self, function: &FunctionName) -> rusqlite::Result<()> {
        self.delete_function_versions.execute([function.as_str()])?;
        self.delete_function_aliases.execute([function.as_str()])?;
        self.delete_function_settings
            .execute([function.as_str()])
            .map(drop)
    }
}

/// Gives how many rows were written.
fn write_version(
    statement: &mut Statement<'_>,
    record: &FunctionVersionRecord,
) -> rusqlite::Result<usize> {
    let FunctionVersionRecord {
        function,
        version,
        code_sha256,
        config_sha256,
        code_dir,
        configuration,
        published_at,
    } = record;
    let mut parameters = Parameters::of(statement);
    parameters.add(function.as_str())?;
    parameters.add(version_text(version))?;
    parameters.add(code_sha256)?;
    parameters.add(config_sha256)?;
    parameters.add(code_dir)?;
    parameters.add(configuration)?;
    parameters.add(published_at.as_millis())?;
    parameters.execute()
}
