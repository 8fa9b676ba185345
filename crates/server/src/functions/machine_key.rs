//! The key from which the keys of state machines are made; with those their interpreters prove inputs to themselves.
//!
//! It is stored beside the activities, so that backups have it, and executions go on after a restart and on every
//! server of a database. Each machine's own key is derived from it.

use serde::{Deserialize, Serialize};
use state_machine::Key;
use store::{Sessions, StoreFault};

/// The name under which servers that share a store agree on one.
const SHARED: &str = "state-machines";

/// The key from which the keys of all machines are derived.
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

/// How servers agree on a new key where the store has none.
#[derive(Clone, Copy)]
pub(crate) enum KeySharing<'s> {
    /// This server is the only one.
    Alone,
    /// Other servers may make a key at this moment: the first one counts.
    With(&'s dyn Sessions),
    /// This server runs nothing, and writes nothing.
    Reads,
}

impl KeySharing<'_> {
    /// The key that is stored from now on: the drawn one, unless another server was faster. `None` where nothing is
    /// written.
    pub(super) async fn agreed(self, drawn: &MachineKey) -> Result<Option<MachineKey>, StoreFault> {
        let sessions = match self {
            Self::Reads => return Ok(None),
            Self::Alone => return Ok(Some(drawn.clone())),
            Self::With(sessions) => sessions,
        };
        let text = drawn.0.to_text().into_bytes();
        let kept = sessions.keep_secret(SHARED, text, None).await?;
        let kept = String::from_utf8(kept).ok();
        let kept = kept.and_then(|text| Key::parse(&text)).map(MachineKey);
        Ok(Some(kept.unwrap_or_else(|| drawn.clone())))
    }
}
