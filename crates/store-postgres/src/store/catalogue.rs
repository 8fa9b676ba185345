//! Versions, aliases and settings of functions.

use model::{FunctionName, Version};
use store::columns::{Cells as _, read_alias, read_function_settings, read_function_version};
use store::{
    AliasRecord, Catalogue, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord,
    StoreFuture,
};

use super::PostgresStore;
use crate::cells::Columns;
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
            let read = |row: &_| read_function_version(&mut Columns::of(row));
            let mut versions = self.unreadable.all(kind, &rows, read);
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
            let read = |row: &_| read_alias(&mut Columns::of(row));
            Ok(self.unreadable.all("alias of function", &rows, read))
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
            let read = |row: &_| read_function_settings(&mut Columns::of(row));
            Ok(self.unreadable.all(kind, &rows, read))
        })
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, ()> {
        self.do_write(Write::DeleteFunction(function.clone()))
    }
}
