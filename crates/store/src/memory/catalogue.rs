//! The catalogue in memory.

use model::{FunctionName, Version};

use super::tables::CatalogueTables;
use super::{MemoryStore, ready};
use crate::{
    AliasRecord, Catalogue, CatalogueRevision, FunctionSettingsRecord, FunctionVersionRecord,
    StoreFault, StoreFuture,
};

impl MemoryStore {
    /// Changes the catalogue.
    fn change<T: Send + 'static>(
        &self,
        attempted: &str,
        change: impl FnOnce(&mut CatalogueTables) -> Result<T, StoreFault>,
    ) -> StoreFuture<'static, T> {
        ready(self.tables(attempted).and_then(|mut tables| {
            tables.catalogue.revision += 1;
            change(&mut tables.catalogue)
        }))
    }
}

impl Catalogue for MemoryStore {
    fn revision(&self) -> StoreFuture<'_, CatalogueRevision> {
        self.call("read the revision of the catalogue", |tables| {
            CatalogueRevision(tables.catalogue.revision)
        })
    }

    fn put_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.change("record a function version", |catalogue| {
            catalogue.put_function_version(record)
        })
    }

    fn replace_function_version(&self, record: FunctionVersionRecord) -> StoreFuture<'_, ()> {
        self.change("replace a function version", |catalogue| {
            let key = (record.function.clone(), record.version.clone());
            catalogue.versions.insert(key, record);
            Ok(())
        })
    }

    fn delete_function_version(
        &self,
        function: &FunctionName,
        version: &Version,
    ) -> StoreFuture<'_, ()> {
        let key = (function.clone(), version.clone());
        self.change("forget a function version", |catalogue| {
            catalogue.versions.remove(&key);
            Ok(())
        })
    }

    fn function_versions(&self) -> StoreFuture<'_, Vec<FunctionVersionRecord>> {
        self.call("read function versions", |tables| {
            tables.catalogue.versions.values().cloned().collect()
        })
    }

    fn put_alias(&self, record: AliasRecord) -> StoreFuture<'_, ()> {
        self.change("record an alias", |catalogue| {
            let key = (record.function.clone(), record.name.clone());
            catalogue.aliases.insert(key, record);
            Ok(())
        })
    }

    fn delete_alias(&self, function: &FunctionName, name: &str) -> StoreFuture<'_, ()> {
        let key = (function.clone(), name.to_owned());
        self.change("forget an alias", |catalogue| {
            catalogue.aliases.remove(&key);
            Ok(())
        })
    }

    fn aliases(&self) -> StoreFuture<'_, Vec<AliasRecord>> {
        self.call("read aliases", |tables| {
            tables.catalogue.aliases.values().cloned().collect()
        })
    }

    fn put_function_settings(&self, record: FunctionSettingsRecord) -> StoreFuture<'_, ()> {
        self.change("record function settings", |catalogue| {
            catalogue.settings.insert(record.function.clone(), record);
            Ok(())
        })
    }

    fn function_settings(&self) -> StoreFuture<'_, Vec<FunctionSettingsRecord>> {
        self.call("read function settings", |tables| {
            tables.catalogue.settings.values().cloned().collect()
        })
    }

    fn delete_function(&self, function: &FunctionName) -> StoreFuture<'_, ()> {
        self.change("forget a function", |catalogue| {
            catalogue.versions.retain(|(name, _), _| name != function);
            catalogue.aliases.retain(|(name, _), _| name != function);
            catalogue.settings.remove(function);
            Ok(())
        })
    }
}

impl CatalogueTables {
    fn put_function_version(&mut self, record: FunctionVersionRecord) -> Result<(), StoreFault> {
        let key = (record.function.clone(), record.version.clone());
        if record.version != Version::Latest && self.versions.contains_key(&key) {
            return Err(StoreFault::published_already(
                &record.function,
                &record.version,
            ));
        }
        self.versions.insert(key, record);
        Ok(())
    }
}
