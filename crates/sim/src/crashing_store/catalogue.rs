//! The catalogue: not counted.

use model::{FunctionName, Version};
use store::{
    AliasRecord, Catalogue, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord,
    StoreFuture,
};

use super::CrashingStore;

impl Catalogue for CrashingStore {
    fn revision(&self) -> StoreFuture<'_, CatalogueRevision> {
        self.inner.revision()
    }

    fn put_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.inner.put_function_version(record)
    }

    fn replace_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.inner.replace_function_version(record)
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, ()> {
        self.inner.delete_function_version(function, version)
    }

    fn function_versions(&self) -> StoreFuture<'_, Vec<FunctionVersionRecord>> {
        self.inner.function_versions()
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, ()> {
        self.inner.put_alias(record)
    }

    fn delete_alias(&self, function: &FunctionName, name: &str) -> StoreFuture<'_, ()> {
        self.inner.delete_alias(function, name)
    }

    fn aliases(&self) -> StoreFuture<'_, Vec<AliasRecord>> {
        self.inner.aliases()
    }

    fn put_function_settings(&self, record: FunctionSettingsRecord) -> StoreFuture<'_, ()> {
        self.inner.put_function_settings(record)
    }

    fn function_settings(&self) -> StoreFuture<'_, Vec<FunctionSettingsRecord>> {
        self.inner.function_settings()
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, ()> {
        self.inner.delete_function(function)
    }
}
