use lambdura_macros::durable_execution;

struct DurableContext;

#[durable_execution]
fn not_async(_event: u32, _ctx: DurableContext) -> Result<(), String> {
    Ok(())
}

#[durable_execution]
async fn without_context(_event: u32) -> Result<(), String> {
    Ok(())
}

#[durable_execution]
async fn wrong_order(_ctx: DurableContext, _event: u32) -> Result<(), String> {
    Ok(())
}

#[durable_execution]
async fn without_result(_event: u32, _ctx: DurableContext) -> u32 {
    0
}

#[durable_execution]
async fn generic<T>(_event: T, _ctx: DurableContext) -> Result<(), String> {
    Ok(())
}

#[durable_execution(name = "x")]
async fn with_arguments(_event: u32, _ctx: DurableContext) -> Result<(), String> {
    Ok(())
}

fn main() {}
