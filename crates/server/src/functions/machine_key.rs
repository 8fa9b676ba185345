//! What the keys of state machines are made of, with which their interpreters prove inputs to themselves.
//!
//! It is kept beside the activities, so that backups have it, and executions go on after a restart and on every server of
//! a database. Each machine has a key of its own, which follows from it.

use serde::{Deserialize, Serialize};
use state_machine::Key;
use store::{Sessions, StoreFault};

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

impl KeySharing<'_> {
    /// The key that is kept from now on: the drawn one, unless another server was faster. None where nothing is written.
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
