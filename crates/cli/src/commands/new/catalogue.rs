//! The templates: the facts in which they differ, the same for every language.

use super::texts::embedded;
use crate::args::Template;

/// A template's part of the page, the SAM template and the inputs.
#[derive(Debug)]
pub struct Subject {
    /// Of the resource in the SAM template.
    pub resource: &'static str,
    /// Of the whole execution, in the words of a comment and in seconds.
    pub execution_time: (&'static str, u32),
    /// The first of these is the one that the page begins with.
    pub events: &'static [(&'static str, &'static str)],
    /// The people who answer, where a template waits for people.
    pub answers: Option<&'static str>,
    /// Paragraphs of the page.
    pub page: Page,
    /// Further lines of `[dependencies]` in Rust.
    pub crates: &'static str,
}

/// Paragraphs that are the template's own.
#[derive(Debug)]
pub struct Page {
    pub about: &'static str,
    pub run: &'static str,
    pub deploy: &'static str,
    pub change: &'static str,
}

/// One sentence, for lists.
pub fn about(template: Template) -> &'static str {
    match template {
        Template::Approval => {
            "a step, a callback that a manager answers, a reminder after two days, and two outcomes"
        }
        Template::Saga => {
            "three bookings; when the third fails, the others are cancelled in reverse order"
        }
        Template::Agent => {
            "a model decides which tools to call, and a person confirms the expensive one; the number of turns is limited"
        }
        Template::FanOut => "many items, three at a time, some of which may fail, and a summary",
    }
}

macro_rules! page {
    ($folder:literal) => {
        Page {
            about: embedded!(concat!("shared/", $folder, "/about.md")),
            run: embedded!(concat!("shared/", $folder, "/run.md")),
            deploy: embedded!(concat!("shared/", $folder, "/deploy.md")),
            change: embedded!(concat!("shared/", $folder, "/change.md")),
        }
    };
}

pub fn subject(template: Template) -> Subject {
    match template {
        Template::Approval => Subject {
            resource: "Approval",
            execution_time: ("ten days", 864_000),
            events: &[("expense", embedded!("shared/approval/events/expense.json"))],
            answers: Some(embedded!("shared/approval/answers.yaml")),
            page: page!("approval"),
            crates: "uuid = { version = \"1\", features = [\"v4\"] }\n",
        },
        Template::Saga => Subject {
            resource: "Saga",
            execution_time: ("three days", 259_200),
            events: &[
                ("trip", embedded!("shared/saga/events/trip.json")),
                ("no-cars", embedded!("shared/saga/events/no-cars.json")),
            ],
            answers: None,
            page: page!("saga"),
            crates: "thiserror = \"2\"\n",
        },
        Template::Agent => Subject {
            resource: "Agent",
            execution_time: ("seven days", 604_800),
            events: &[
                (
                    "broken-lamp",
                    embedded!("shared/agent/events/broken-lamp.json"),
                ),
                (
                    "unknown-order",
                    embedded!("shared/agent/events/unknown-order.json"),
                ),
            ],
            answers: Some(embedded!("shared/agent/answers.yaml")),
            page: page!("agent"),
            crates: "",
        },
        Template::FanOut => Subject {
            resource: "FanOut",
            execution_time: ("a day", 86_400),
            events: &[
                ("january", embedded!("shared/fan-out/events/january.json")),
                (
                    "no-addresses",
                    embedded!("shared/fan-out/events/no-addresses.json"),
                ),
            ],
            answers: None,
            page: page!("fan-out"),
            crates: "thiserror = \"2\"\n",
        },
    }
}
