//! The loan demo's stack, built; and what its store holds while no server runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::{OperationDetails, OperationStatus};
use server::{ServerConfig, Stores};
use store::{ExecutionFilter, LogQuery};

use super::built;

/// Where the template and the built functions are.
pub struct Loan {
    pub template: PathBuf,
    /// Folder with the built code by logical id.
    pub artifacts: Vec<(String, PathBuf)>,
    _artifacts_dir: tempfile::TempDir,
}

/// Logical id and package of each function.
const FUNCTIONS: [(&str, &str); 4] = [
    ("LoanWorkflowFunction", "loan-workflow"),
    ("LoanTaskFunction", "loan-workflow"),
    ("FraudCheckFunction", "fraud-check"),
    ("LoanApiFunction", "loan-api"),
];

impl Loan {
    /// Builds the functions, unless they are.
    pub fn build() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let built = built::programs(&workspace);
        let artifacts_dir = tempfile::tempdir().expect("a folder for the code");
        let artifacts = FUNCTIONS
            .iter()
            .map(|(logical_id, package)| {
                let dir = artifacts_dir.path().join(logical_id);
                std::fs::create_dir(&dir).expect("a folder for one function");
                std::fs::copy(built.join(package), dir.join("bootstrap")).expect("the binary");
                ((*logical_id).to_owned(), dir)
            })
            .collect();
        Self {
            template: workspace.join("demo/loan-approval/template.yaml"),
            artifacts,
            _artifacts_dir: artifacts_dir,
        }
    }
}

/// How often each step (a credit report's with its bureau) and each task is on record as succeeded, by execution id;
/// and the number of the last log line.
pub async fn on_record(data: &Path) -> (BTreeMap<String, BTreeMap<String, usize>>, i64) {
    let config = ServerConfig::local(data);
    let Stores { store, logs, .. } =
        Stores::open(&config).expect("the store of the dead server opens");
    let filter = ExecutionFilter {
        limit: 100,
        ..ExecutionFilter::default()
    };
    let mut recorded = BTreeMap::new();
    for head in store.list(filter).await.expect("the executions") {
        let id = &head.arn.id;
        let work: &mut BTreeMap<String, usize> = recorded.entry(id.to_string()).or_default();
        let execution = store
            .load(id)
            .await
            .expect("the execution")
            .expect("it was listed");
        for operation in execution.operations() {
            if operation.status != OperationStatus::Succeeded {
                continue;
            }
            let name = operation.name.clone().unwrap_or_default();
            let done = match &operation.details {
                OperationDetails::Step { result, .. } => match member(result.as_ref(), "bureau") {
                    Some(bureau) => format!("{name} {bureau}"),
                    None => name,
                },
                OperationDetails::ChainedInvoke { input, .. } => {
                    member(input.as_ref(), "task").unwrap_or(name)
                }
                _ => continue,
            };
            *work.entry(done).or_default() += 1;
        }
    }
    let query = LogQuery {
        tail: true,
        limit: 1,
        ..LogQuery::default()
    };
    let last = logs
        .lines(query)
        .await
        .expect("the logs")
        .lines
        .last()
        .map_or(0, |found| found.number);
    store.close().await.expect("close the store");
    (recorded, last)
}

/// A text in a payload.
fn member(payload: Option<&model::Payload>, name: &str) -> Option<String> {
    let payload: serde_json::Value = serde_json::from_str(payload?.as_str()).ok()?;
    payload[name].as_str().map(str::to_owned)
}
