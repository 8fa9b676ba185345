//! The catalogue. Its revision is a counter in memory: no other process writes to the file, and no caller has a
//! revision from before this store was opened.

use std::sync::Arc;

use model::{FunctionName, Version};
use store::{
    AliasRecord, Catalogue, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord,
    StoreFuture, StoreWrite,
};

use super::SqliteStore;
use crate::read;

impl Catalogue for SqliteStore {
    fn revision(&self) -> StoreFuture<'_, CatalogueRevision> {
        let attempted = "read the revision of the catalogue".to_owned();
        let stats = Arc::clone(&self.stats);
        // Among the reads, so that a store that cannot read does not call anything current.
        self.readers.read(attempted, move |_| {
            Ok(CatalogueRevision(stats.catalogue_revision()))
        })
    }

    fn put_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::PutFunctionVersion(record))
    }

    fn replace_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::ReplaceFunctionVersion(record))
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, ()> {
        let write = StoreWrite::DeleteFunctionVersion(function.clone(), version.clone());
        self.do_write(write)
    }

    fn function_versions(&self) -> StoreFuture<'_, Vec<FunctionVersionRecord>> {
        let attempted = "read the versions of all functions".to_owned();
        self.readers.read(attempted, read::function_versions)
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::PutAlias(record))
    }

    fn delete_alias(&self, function: &FunctionName, name: &str) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::DeleteAlias(function.clone(), name.to_owned()))
    }

    fn aliases(&self) -> StoreFuture<'_, Vec<AliasRecord>> {
        let attempted = "read the aliases of all functions".to_owned();
        self.readers.read(attempted, read::aliases)
    }

    fn put_function_settings(&self, record: FunctionSettingsRecord) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::PutFunctionSettings(record))
    }

    fn function_settings(&self) -> StoreFuture<'_, Vec<FunctionSettingsRecord>> {
        let attempted = "read the settings of all functions".to_owned();
        self.readers.read(attempted, read::function_settings)
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, ()> {
        self.do_write(StoreWrite::DeleteFunction(function.clone()))
    }
}
