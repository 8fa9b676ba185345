//! Text that does harm where it is taken for more than text.

use lambdura::{BoxError, DurableContext, StepContext, durable_step};
use serde_json::{Value, json};

/// Runs in a page that takes text for markup, and leaves a trace that a test can look for.
const MARKUP: &str = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>";

/// Clears a terminal, sets its title, and turns what follows around.
const ESCAPES: &str = "\u{1b}[2J\u{1b}]0;pwned\u{7}\u{1b}[31mred\u{1b}[0m \u{202e}desrever";

/// One line that is larger than what any screen shows.
const LONG_LINE_BYTES: usize = 5 * 1024 * 1024;

pub async fn run(ctx: &DurableContext) -> Result<Value, BoxError> {
    println!("{MARKUP}");
    println!("{ESCAPES}");
    println!("{{\"level\":\"INFO\",\"message\":{}}}", json!(MARKUP));
    println!("{}", "x".repeat(LONG_LINE_BYTES));
    let given_back = ctx.step(give_back(format!("{MARKUP} {ESCAPES}")));
    given_back.name("<b onmouseover=alert(1)>bold</b>").await?;
    ctx.step(give_back("y".repeat(200_000)))
        .name("w".repeat(200))
        .await?;
    Err(format!("{MARKUP} {ESCAPES}").into())
}

#[durable_step]
async fn give_back(_: StepContext, text: String) -> Result<String, BoxError> {
    Ok(text)
}
