//! The loan API as the `bootstrap` that Lambda starts.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    loan_api::serve().await
}
