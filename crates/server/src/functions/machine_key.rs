//! What the keys of state machines are made of, with which their interpreters prove inputs to themselves.
//!
//! It is kept beside the activities, so that backups have it, and executions go on after a restart and on every server of
//! a database. Each machine has a key of its own, which follows from it.

use serde::{Deserialize, Serialize};
use state_machine::Key;
use store::{Catalogue, Sessions};

use super::Registry;
use super::activities::reserved;
use crate::start_error::StartServerError;

/// The name under which servers that share a store agree on one.
const SHARED: &str = "state-machines";

/// What the keys of all machines are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MachineKey(Key);

impl Serialize for MachineKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_text())
    }
}

impl<'de> Deserialize<'de> for MachineKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let key = Key::parse(&text).ok_or_else(|| serde::de::Error::custom("it is no key"))?;
        Ok(Self(key))
    }
}

impl MachineKey {
    pub fn draw() -> Result<Self, getrandom::Error> {
        Key::draw().map(Self)
    }

    /// The key of the machine of this name.
    pub fn of(&self, machine: &str) -> Key {
        self.0.of_machine(machine)
    }
}

/// How the key is found that is made where a store has none.
#[derive(Clone, Copy)]
pub(crate) enum KeySharing<'s> {
    /// This server is the only one.
    Alone,
    /// Others may be making one at this moment: the first one counts.
    With(&'s dyn Sessions),
    /// This server runs nothing, and writes nothing.
    Reads,
}

impl Registry {
    /// With the key that is kept, or the drawn one, which is kept from now on.
    pub(super) async fn with_machine_key(
        mut self,
        store: &dyn Catalogue,
        sharing: KeySharing<'_>,
    ) -> Result<Self, StartServerError> {
        let name = reserved();
        let mut settings = self.settings(&name).as_ref().clone();
        if let Some(kept) = settings.machine_key {
            self.running.machine_key = kept;
            return Ok(self);
        }
        match sharing {
            KeySharing::Reads => return Ok(self),
            KeySharing::Alone => {}
            KeySharing::With(sessions) => {
                let drawn = self.running.machine_key.0.to_text().into_bytes();
                let kept = sessions.keep_secret(SHARED, drawn, None).await?;
                let kept = String::from_utf8(kept).ok();
                if let Some(kept) = kept.and_then(|text| Key::parse(&text)) {
                    self.running.machine_key = MachineKey(kept);
                }
            }
        }
        settings.machine_key = Some(self.running.machine_key.clone());
        store
            .put_function_settings(settings.to_record(&name))
            .await?;
        self.insert_settings(&name, settings);
        Ok(self)
    }

    /// The key of the machine of this name.
    pub fn machine_key(&self, machine: &str) -> Key {
        self.running.machine_key.of(machine)
    }
}
