//! The loan approval in one program: a SQLite file and no server.
//!
//! The workflow is the demo's own. This program replaces AWS: the progress table is a table in the program's file, the
//! fraud check is another handler, and commands on standard input replace the API. Kill it at any moment and start it
//! again: every application goes on where it was.

use std::io::Write as _;

use lambdura::embedded::{Embedded, rusqlite};
use lambdura::{BoxError, DurableContext, ReplayFilter, StepContext};
use loan::{AnswerTo, LoanApplication, Pace, Status};
use loan_workflow::fraud_service::{FraudCheckRequest, FraudReport, FraudService};
use loan_workflow::outcome::Outcome;
use loan_workflow::progress_log::{Applied, Counts, ProgressStore, StoreProgressError, Update};
use loan_workflow::workflow::{Workflow, WorkflowError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::SetOnce;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

/// The program, for its handlers: executions that an earlier run left may begin before `open` has returned.
static APP: SetOnce<Embedded> = SetOnce::const_new();

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS applications (
        application_id TEXT PRIMARY KEY,
        progress INTEGER NOT NULL,
        replayed INTEGER NOT NULL,
        status TEXT,
        current_step TEXT,
        callback_id TEXT,
        updated_at TEXT
    );
    CREATE TABLE IF NOT EXISTS application_logs (application_id TEXT NOT NULL, entry TEXT NOT NULL)";

/// The progress table, in the program's file.
struct OwnTable;

impl ProgressStore for OwnTable {
    async fn counts(&self, application_id: &str) -> Result<Counts, StoreProgressError> {
        let id = application_id.to_owned();
        let counted = APP.wait().await.query(move |connection| {
            let sql = "SELECT progress, replayed FROM applications WHERE application_id = ?1";
            let counts = |row: &rusqlite::Row<'_>| {
                let (progress, replayed) = (row.get(0)?, row.get(1)?);
                Ok(Counts { progress, replayed })
            };
            rusqlite::OptionalExtension::optional(connection.query_row(sql, [id], counts))
        });
        let counts = counted
            .await
            .map_err(|error| failed("read", application_id, error))?;
        Ok(counts.unwrap_or_default())
    }

    async fn update(
        &self,
        application_id: &str,
        update: &Update,
    ) -> Result<Applied, StoreProgressError> {
        let (id, update) = (application_id.to_owned(), update.clone());
        let written = APP.wait().await.transaction(move |tx| {
            let (expected, counts) = (update.expected, update.counts);
            tx.execute("INSERT OR IGNORE INTO applications (application_id, progress, replayed) VALUES (?1, 0, 0)", [&id])?;
            let sql = "UPDATE applications SET progress = ?1, replayed = ?2, updated_at = ?3 \
                       WHERE application_id = ?4 AND progress = ?5 AND replayed = ?6";
            let values = (counts.progress, counts.replayed, &update.at, &id, expected.progress, expected.replayed);
            if tx.execute(sql, values)? == 0 {
                return Ok(Applied::Overtaken);
            }
            for entry in &update.entries {
                let entry = serde_json::to_string(entry)?;
                tx.execute("INSERT INTO application_logs VALUES (?1, ?2)", [&id, &entry])?;
                println!("{id} {entry}");
            }
            if let Some(standing) = &update.standing {
                let kept = standing.status == Status::PendingApproval;
                let sql = "UPDATE applications SET status = ?1, current_step = ?2, callback_id = iif(?3, callback_id, NULL) \
                           WHERE application_id = ?4";
                tx.execute(sql, (standing.status.as_str(), standing.stage.as_str(), kept, &id))?;
            }
            Ok::<_, BoxError>(Applied::Yes)
        });
        written
            .await
            .map_err(|error| failed("write", application_id, error))
    }

    async fn offer_callback(
        &self,
        application_id: &str,
        callback_id: &str,
        progress: u64,
    ) -> Result<Applied, StoreProgressError> {
        let (id, callback_id) = (application_id.to_owned(), callback_id.to_owned());
        let written = APP.wait().await.transaction(move |tx| {
            let sql = "UPDATE applications SET callback_id = ?1 WHERE application_id = ?2 AND progress = ?3";
            let applied = tx.execute(sql, (&callback_id, &id, progress))? == 1;
            Ok::<_, BoxError>(if applied { Applied::Yes } else { Applied::Overtaken })
        });
        written
            .await
            .map_err(|error| failed("offer a callback of", application_id, error))
    }
}

fn failed(
    what: &str,
    application_id: &str,
    cause: lambdura::embedded::Error,
) -> StoreProgressError {
    StoreProgressError {
        attempting: format!("{what} progress of application {application_id}"),
        cause: cause.into(),
    }
}

/// The fraud check, as another handler of the program.
struct OwnFraudCheck;

/// The request to the fraud check.
#[derive(Clone, Serialize, Deserialize)]
struct Check {
    callback_id: String,
}

impl FraudService for OwnFraudCheck {
    async fn request(&self, request: FraudCheckRequest) -> Result<(), BoxError> {
        let AnswerTo::CallbackId(callback_id) = request.answer_to else {
            return Err("only a durable function asks here".into());
        };
        // A second request finds the same execution.
        let start = APP
            .wait()
            .await
            .start("fraud-check", &Check { callback_id });
        start.name(request.application_id).await?;
        Ok(())
    }
}

async fn fraud_check(check: Check, ctx: DurableContext) -> Result<(), BoxError> {
    ctx.step(|_: StepContext| async {
        Pace::from_env()?.work(5).await;
        Ok::<_, BoxError>(())
    })
    .name("check applicant")
    .await?;
    let report: FraudReport = serde_json::from_value(json!({ "fraud_check": "passed" }))?;
    let answer = json!({ "fraud_check": report.fraud_check, "checked_by": "this very program" });
    // If the callback is already completed, this step completed it before the program was killed.
    match APP
        .wait()
        .await
        .send_callback_success(&check.callback_id, &answer)
        .await
    {
        Ok(()) | Err(lambdura::embedded::Error::Refused(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn approve_loan(
    application: LoanApplication,
    ctx: DurableContext,
) -> Result<Outcome, BoxError> {
    let workflow = Workflow {
        table: OwnTable,
        fraud_service: OwnFraudCheck,
        pace: Pace::from_env()?,
    };
    match workflow.run(application, &ctx).await {
        Ok(outcome) => Ok(outcome),
        Err(WorkflowError::Operation(error)) => Err(error),
        Err(WorkflowError::Progress(error)) => Err(error.into()),
    }
}

const HELP: &str = "commands: apply NAME DOLLARS | approve LOAN | deny LOAN | list | quit";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let file = std::env::args().nth(1).ok_or("usage: loan-embedded FILE")?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let quiet = tracing_subscriber::filter::LevelFilter::WARN;
    let registry = tracing_subscriber::registry()
        .with(lines.with_filter(ReplayFilter::new()).with_filter(quiet));
    tracing::subscriber::set_global_default(registry)?;

    let app = Embedded::builder(file)
        .handler("loan", approve_loan)
        .handler("fraud-check", fraud_check)
        .open()
        .await?;
    app.transaction(|tx| tx.execute_batch(TABLE)).await?;
    APP.set(app.clone())?;
    println!("{HELP}");
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = commands.next_line().await? {
        let words: Vec<&str> = line.split_whitespace().collect();
        let done = match words.as_slice() {
            ["apply", name, dollars] => apply(&app, name, dollars).await,
            ["approve", loan] => decide(&app, loan, true).await,
            ["deny", loan] => decide(&app, loan, false).await,
            ["list"] => list(&app).await,
            ["quit"] => break,
            _ => Err(HELP.into()),
        };
        if let Err(error) = done {
            println!("{error}");
        }
        std::io::stdout().flush()?;
    }
    app.shut_down().await?;
    Ok(())
}

async fn apply(app: &Embedded, name: &str, dollars: &str) -> Result<(), BoxError> {
    let number = app.list().handler("loan").limit(10_000).await?.len() + 1;
    let application = LoanApplication {
        application_id: format!("LOAN-{number}"),
        applicant_name: name.to_owned(),
        sin: "1234".to_owned(),
        loan_amount: dollars.parse()?,
        address: String::new(),
        phone: String::new(),
    };
    let execution = app
        .start("loan", &application)
        .name(application.application_id.as_str())
        .await?;
    println!("{} is on its way", execution.name());
    Ok(())
}

async fn decide(app: &Embedded, loan: &str, approved: bool) -> Result<(), BoxError> {
    let id = loan.to_owned();
    let found = app.query(move |connection| {
        let sql = "SELECT callback_id FROM applications WHERE application_id = ?1";
        connection.query_row(sql, [id], |row| row.get::<_, Option<String>>(0))
    });
    let callback_id = found.await?.ok_or("no manager is asked about it")?;
    app.send_callback_success(&callback_id, &json!({ "approved": approved }))
        .await?;
    Ok(())
}

async fn list(app: &Embedded) -> Result<(), BoxError> {
    for listed in app.list().handler("loan").await? {
        let execution = app.execution(&listed.durable_execution_arn).await?;
        let shown = execution.get().await?;
        let result = shown.result.unwrap_or_default();
        println!("{} {} {result}", execution.name(), shown.status);
    }
    Ok(())
}
