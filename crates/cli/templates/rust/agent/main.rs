//! The function's program: it serves invocations until Lambda ends it.

mod model;
mod tools;
mod workflow;

#[cfg(test)]
mod tests;

#[tokio::main]
async fn main() -> Result<(), lambdura::Error> {
    lambdura::run(workflow::handler).await
}
