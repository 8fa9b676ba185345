//! The fraud check as the `bootstrap` that Lambda starts.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    fraud_check::serve().await
}
