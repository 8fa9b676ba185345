//! The engine of an application: the demo has its workflow twice.

use serde::{Deserialize, Serialize};

/// The workflow that decides on an application. Both have the same rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The durable function.
    #[default]
    Durable,
    /// The state machine.
    StateMachine,
}

impl Engine {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Durable, Self::StateMachine];

    /// The word in the table and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::StateMachine => "state-machine",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_json_agree() {
        for engine in Engine::ALL {
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.as_str());
        }
    }
}
