//! A shop in one file: orders survive `kill -9`, and each is paid for once.
//!
//! `cargo run -p lambdura --features embedded --example embedded -- shop.db Alice 30`

use std::time::Duration;

use lambdura::embedded::Embedded;
use lambdura::{BoxError, DurableContext, StepContext, durable_execution, durable_step};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Order {
    customer: String,
    amount: i64,
}

// A step's result is recorded: it is not repeated once it has succeeded.
#[durable_step]
async fn check_stock(_: StepContext, amount: i64) -> Result<bool, BoxError> {
    println!("  looking for goods worth {amount}");
    Ok(amount < 1_000)
}

// A handler as on Lambda; only `transaction` needs the program's own file.
#[durable_execution]
async fn order(order: Order, ctx: DurableContext) -> Result<String, BoxError> {
    if !ctx.step(check_stock(order.amount)).await? {
        return Ok("not in stock".to_owned());
    }
    // Its writes are durable together with its result, or not at all.
    let Order { customer, amount } = order;
    let balance: i64 = ctx
        .transaction("pay", move |tx| {
            tx.execute(
                "INSERT OR IGNORE INTO accounts VALUES (?1, 100)",
                [&customer],
            )?;
            let sql =
                "UPDATE accounts SET balance = balance - ?1 WHERE customer = ?2 RETURNING balance";
            tx.query_row(sql, (amount, &customer), |row| row.get(0))
        })
        .await?;
    println!("  paid; now kill me, and start me again");
    ctx.wait(Duration::from_secs(10)).name("delivery").await?;
    Ok(format!("delivered, {balance} left"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments
        .next()
        .ok_or("usage: embedded FILE [CUSTOMER AMOUNT]")?;
    // Executions that an earlier run left go on from here.
    let app = Embedded::builder(file)
        .handler("order", order)
        .open()
        .await?;
    app.transaction(|tx| {
        tx.execute_batch(
            "CREATE TABLE IF NOT EXISTS accounts (customer TEXT PRIMARY KEY, balance INTEGER)",
        )
    })
    .await?;
    if let (Some(customer), Some(amount)) = (arguments.next(), arguments.next()) {
        let amount = amount.parse()?;
        app.start("order", &Order { customer, amount }).await?;
    }
    for listed in app.list().await? {
        let execution = app.execution(&listed.durable_execution_arn).await?;
        let outcome: String = execution.result().await?;
        println!("order {}: {outcome}", execution.name());
    }
    app.shut_down().await?;
    Ok(())
}
