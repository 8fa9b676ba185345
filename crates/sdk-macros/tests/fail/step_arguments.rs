use lambdura_macros::durable_step;

struct StepContext;
struct Server;

#[durable_step]
async fn without_context(_amount: u32) -> Result<(), String> {
    Ok(())
}

#[durable_step]
async fn context_by_reference(_step: &StepContext) -> Result<(), String> {
    Ok(())
}

#[durable_step]
async fn without_result(_step: StepContext) {}

#[durable_step]
async fn result_without_types(_step: StepContext) -> Result {
    Ok(())
}

#[durable_step(retries = 3)]
async fn unknown_argument(_step: StepContext) -> Result<(), String> {
    Ok(())
}

impl Server {
    #[durable_step]
    async fn method(&self, _step: StepContext) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
