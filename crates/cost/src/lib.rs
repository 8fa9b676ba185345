//! The cost of an execution on AWS.
//!
//! [`Usage`] meters an event history as AWS's price list has it: durable operations, data written and retained,
//! requests and GB-seconds; of a state machine its transitions, or an Express execution's time, and the functions that
//! it invokes. [`Prices`] is a dated table of list prices; [`Bill`] multiplies usage and prices. This crate calls no
//! service: [`walk`] goes from an execution to those that it invoked through the caller's [`Histories`]; events and
//! configurations have the form of the Lambda API, whether from our service or from AWS's.
//!
//! AWS publishes the prices but not every counting rule. [`ASSUMPTIONS`] lists the rules used where AWS's are unknown.

mod bill;
mod chained;
mod machine;
mod prices;
mod tally;
mod usage;
mod walk;

pub use bill::{Bill, Line};
pub use chained::{Invocation, Step};
pub use prices::{
    Architecture, DurablePrices, LambdaPrices, Prices, PricesError, StepFunctionsPrices,
};
pub use tally::LISTED_MAX;
pub use usage::{Function, Operations, StateMachine, Usage};
pub use walk::{Histories, Walked, walk};

/// The counting rules used where AWS's are unknown, and the omissions: sentences to print beside the figures.
pub const ASSUMPTIONS: &[&str] = &[
    "An operation is the start of an execution, an attempt of a step that ended, and the start of a wait, a callback, a \
     chained invoke or a child context.",
    "Data written is the UTF-8 text of inputs, results and errors, without what AWS may add to each.",
    "Data is retained from the start of its execution until the retention after its end, as if all of it were written first.",
    "An invocation is billed from its start to its end in whole milliseconds; the start of a cold process is not added.",
    "A plain function that was invoked in a chain is billed for the time that its caller waited.",
    "Step Functions' prices in the table that comes with the program were read in stored copies of AWS's page, and not there.",
    "An execution that was redriven is one execution, with each time that it ran.",
    "A state transition is a state that is entered, also within Parallel and Map, and each retry; the start and the end of an \
     execution are none.",
    "An Express execution is billed for 64 MB from its first event to its last; AWS counts definition and data in, too.",
    "A state machine is no function on AWS: what interprets it here, and what that records, is not counted.",
    "A function that a function invokes by itself is not counted: no history knows it.",
    "Other services, data transfer, logs, taxes and free tiers are not counted.",
];
