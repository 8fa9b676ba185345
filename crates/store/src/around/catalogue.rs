//! The catalogue.

use model::{FunctionName, Version};

use super::{Around, Call, Surround};
use crate::{
    AliasRecord, Catalogue, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord,
    StoreFuture,
};

impl<S: Surround> Catalogue for Around<S> {
    fn revision(&self) -> StoreFuture<'_, CatalogueRevision> {
        let call = Call::Read("revision");
        self.around.call(call, move || self.inner.revision())
    }

    fn put_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        let call = Call::Describe("put_function_version");
        self.around
            .call(call, move || self.inner.put_function_version(record))
    }

    fn replace_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        let call = Call::Describe("replace_function_version");
        self.around
            .call(call, move || self.inner.replace_function_version(record))
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, ()> {
        let function = function.clone();
        let version = version.clone();
        let call = Call::Describe("delete_function_version");
        self.around.call(call, move || {
            self.inner.delete_function_version(&function, &version)
        })
    }

    fn function_versions(&self) -> StoreFuture<'_, Vec<FunctionVersionRecord>> {
        let call = Call::Read("function_versions");
        self.around
            .call(call, move || self.inner.function_versions())
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, ()> {
        let call = Call::Describe("put_alias");
        self.around.call(call, move || self.inner.put_alias(record))
    }

    fn delete_alias(&self, function: &FunctionName, name: &str) -> StoreFuture<'_, ()> {
        let function = function.clone();
        let name = name.to_owned();
        let call = Call::Describe("delete_alias");
        self.around
            .call(call, move || self.inner.delete_alias(&function, &name))
    }

    fn aliases(&self) -> StoreFuture<'_, Vec<AliasRecord>> {
        let call = Call::Read("aliases");
        self.around.call(call, move || self.inner.aliases())
    }

    fn put_function_settings(&self, record: FunctionSettingsRecord) -> StoreFuture<'_, ()> {
        let call = Call::Describe("put_function_settings");
        self.around
            .call(call, move || self.inner.put_function_settings(record))
    }

    fn function_settings(&self) -> StoreFuture<'_, Vec<FunctionSettingsRecord>> {
        let call = Call::Read("function_settings");
        self.around
            .call(call, move || self.inner.function_settings())
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, ()> {
        let function = function.clone();
        let call = Call::Describe("delete_function");
        self.around
            .call(call, move || self.inner.delete_function(&function))
    }
}
