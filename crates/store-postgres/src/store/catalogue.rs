//! Versions, aliases and settings of functions.

use model::{FunctionName, Version};
use store::{
    AliasRecord, Catalogue, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord,
    StoreFuture,
};
use tokio_postgres::Row;

use super::PostgresStore;
use crate::cells::Columns;
use crate::fault::ReadError;
use crate::job::Write;

impl Catalogue for PostgresStore {
    fn revision(&self) -> StoreFuture<'_, CatalogueRevision> {
        self.read(
            "read the revision of the catalogue".to_owned(),
            async move {
                let sql = include_str!("../sql/read/revision.sql");
                let rows = self.readers.rows(sql, &[&&*self.account]).await?;
                let revision = rows.first().map(|row| Columns::of(row).bits()).transpose();
                Ok(CatalogueRevision(revision?.unwrap_or(0)))
            },
        )
    }

    fn put_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.do_write(Write::PutFunctionVersion(record))
    }

    fn replace_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.do_write(Write::ReplaceFunctionVersion(record))
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, ()> {
        self.do_write(Write::DeleteFunctionVersion(
            function.clone(),
            version.clone(),
        ))
    }

    fn function_versions(&self) -> StoreFuture<'_, Vec<FunctionVersionRecord>> {
        self.read("read versions of functions".to_owned(), async move {
            let sql = include_str!("../sql/read/function_versions.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            let kind = "version of function";
            let mut versions = self.unreadable.all(kind, &rows, read_version);
            versions.sort_by(|one, other| {
                let key = |record: &FunctionVersionRecord| {
                    (record.function.clone(), record.version.clone())
                };
                key(one).cmp(&key(other))
            });
            Ok(versions)
        })
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, ()> {
        self.do_write(Write::PutAlias(record))
    }

    fn delete_alias(&self, function: &FunctionName, name: &str) -> StoreFuture<'_, ()> {
        self.do_write(Write::DeleteAlias(function.clone(), name.to_owned()))
    }

    fn aliases(&self) -> StoreFuture<'_, Vec<AliasRecord>> {
        self.read("read aliases".to_owned(), async move {
            let sql = include_str!("../sql/read/aliases.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            Ok(self.unreadable.all("alias of function", &rows, read_alias))
        })
    }

    fn put_function_settings(&self, record: FunctionSettingsRecord) -> StoreFuture<'_, ()> {
        self.do_write(Write::PutFunctionSettings(record))
    }

    fn function_settings(&self) -> StoreFuture<'_, Vec<FunctionSettingsRecord>> {
        self.read("read settings of functions".to_owned(), async move {
            let sql = include_str!("../sql/read/function_settings.sql");
            let rows = self.readers.rows(sql, &[&&*self.account]).await?;
            let kind = "settings of function";
            Ok(self.unreadable.all(kind, &rows, read_settings))
        })
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, ()> {
        self.do_write(Write::DeleteFunction(function.clone()))
    }
}

fn read_version(row: &Row) -> Result<FunctionVersionRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(FunctionVersionRecord {
        function: columns.parsed(FunctionName::parse)?,
        version: columns.parsed_text()?,
        code_sha256: columns.text()?,
        config_sha256: columns.text()?,
        code_dir: columns.text()?,
        configuration: columns.text()?,
        published_at: columns.instant()?,
    })
}

fn read_alias(row: &Row) -> Result<AliasRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(AliasRecord {
        function: columns.parsed(FunctionName::parse)?,
        name: columns.text()?,
        version: columns.parsed_text()?,
        description: columns.text()?,
        routing: columns.optional_text()?,
        revision_id: columns.text()?,
    })
}

fn read_settings(row: &Row) -> Result<FunctionSettingsRecord, ReadError> {
    let mut columns = Columns::of(row);
    Ok(FunctionSettingsRecord {
        function: columns.parsed(FunctionName::parse)?,
        settings: columns.text()?,
    })
}
