//! Activities of Step Functions: names that workers ask for tasks by.
//!
//! They are kept in the settings of a function whose name is reserved, so that they survive restarts, and every server
//! of a database has them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use model::FunctionName;
use serde::{Deserialize, Serialize};

/// The function whose settings these are.
pub(crate) const RESERVED: &str = "lambdura-activities";

/// An activity, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Activity {
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub tags: BTreeMap<String, String>,
}

/// All activities, by name.
pub(crate) type Activities = BTreeMap<String, Activity>;

pub(super) fn reserved() -> FunctionName {
    FunctionName::parse(RESERVED).expect("it is a name")
}

/// Whose turn it is to look for tasks of an activity: one worker looks, and the others wait in line.
#[derive(Debug, Default)]
pub(crate) struct ActivityTurns {
    lines: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl ActivityTurns {
    /// The line of an activity.
    pub fn line(&self, activity: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut lines = self
            .lines
            .lock()
            .expect("the map is never left half changed");
        Arc::clone(lines.entry(activity.to_owned()).or_default())
    }

    /// Forgets the line of an activity that is gone; workers that wait in it stay there.
    pub fn forget(&self, activity: &str) {
        let mut lines = self
            .lines
            .lock()
            .expect("the map is never left half changed");
        lines.remove(activity);
    }
}
