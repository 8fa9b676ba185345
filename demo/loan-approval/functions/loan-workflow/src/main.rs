//! The loan approval workflow as the `bootstrap` that Lambda starts.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambdura::BoxError> {
    loan_workflow::serve().await
}
