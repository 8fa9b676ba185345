//! The ledger: the functions write one line of JSON for each invocation and each body of a step, at its beginning.
//!
//! It lies outside the service, so it is independent of the service's records. Each line is one write to a file that is
//! only appended to, so the lines of many processes do not mix.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use lambdura::{CallbackId, DurableContext, StepContext};
use serde_json::{Value, json};

/// Names the file.
const PATH_VARIABLE: &str = "LEDGER";

/// An invocation of a durable function begins.
pub fn invocation(ctx: &DurableContext) -> io::Result<()> {
    write(json!({
        "what": "invocation",
        "execution": ctx.execution_arn(),
        "request": ctx.request_id(),
    }))
}

/// An attempt of a step begins.
pub fn step(step: &StepContext) -> io::Result<()> {
    write(of_step(step))
}

/// A step that hands out a callback id begins; the reader of the line answers the callback.
pub fn submit(step: &StepContext, callback_id: &CallbackId) -> io::Result<()> {
    let mut line = of_step(step);
    line["callback"] = json!(callback_id.as_str());
    write(line)
}

/// An invocation of a plain function begins, which `call` names.
pub fn plain(call: &str, request_id: &str) -> io::Result<()> {
    write(json!({ "what": "plain", "execution": call, "request": request_id }))
}

fn of_step(step: &StepContext) -> Value {
    json!({
        "what": "step",
        "execution": step.execution_arn(),
        "step": step.name(),
        "operation": step.operation_id(),
        "attempt": step.attempt(),
        "request": step.request_id(),
    })
}

fn write(mut line: Value) -> io::Result<()> {
    static LEDGER: OnceLock<File> = OnceLock::new();
    let mut ledger = match LEDGER.get() {
        Some(ledger) => ledger,
        None => {
            let opened = open()?;
            LEDGER.get_or_init(|| opened)
        }
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(io::Error::other)?;
    line["at_micros"] = json!(u64::try_from(now.as_micros()).map_err(io::Error::other)?);
    line["process"] = json!(std::process::id());
    ledger.write_all(format!("{line}\n").as_bytes())
}

fn open() -> io::Result<File> {
    let path = std::env::var_os(PATH_VARIABLE)
        .ok_or_else(|| io::Error::other(format!("`{PATH_VARIABLE}` names no file")))?;
    OpenOptions::new().append(true).create(true).open(path)
}
