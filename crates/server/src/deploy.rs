//! Deploying a stack: tables, HTTP APIs, functions.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use model::{FunctionName, InvalidId};
use stack::{FunctionResource, HttpApiResource, Output, Stack};
use store::StoreFault;
use thiserror::Error;

use crate::functions::FreezeCodeError;
use crate::gateway::Described;
use crate::server::Server;

/// Why a stack could not be deployed. What was deployed before the failure stays; deploying again
/// goes on from there.
#[derive(Debug, Error)]
pub enum DeployError {
    /// A function has a name that AWS would refuse.
    #[error("deploy a function")]
    FunctionName {
        /// What is wrong with it.
        #[source]
        cause: InvalidId,
    },
    /// No built code was given for a function.
    #[error("function `{function}` has no code; build it first")]
    NoArtifact {
        /// Its logical id.
        function: String,
    },
    /// A function's code could not be frozen.
    #[error("freeze the code of function `{function}`")]
    Code {
        /// Its name.
        function: String,
        /// What stood in the way.
        #[source]
        cause: FreezeCodeError,
    },
    /// A durable function sits behind an HTTP API without an alias.
    #[error(
        "function `{function}` is durable and behind an HTTP API, but has no `AutoPublishAlias`; \
         durable functions are invoked by version or alias only"
    )]
    UnqualifiedDurableRoute {
        /// Its logical id.
        function: String,
    },
    /// A table could not be created.
    #[error("create table `{name}`: {cause}")]
    Table {
        /// Its name.
        name: String,
        /// What DynamoDB says.
        cause: String,
    },
    /// An HTTP API's address is taken.
    #[error("listen on {address} for HTTP API `{logical_id}`")]
    Listen {
        /// The API.
        logical_id: String,
        /// Where it should listen.
        address: SocketAddr,
        /// The system's answer.
        #[source]
        cause: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// What a deployment came to.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// In the template's order.
    pub functions: Vec<DeployedFunction>,
    /// URL by logical id.
    pub http_apis: BTreeMap<String, String>,
    /// Names of the tables.
    pub tables: Vec<String>,
    /// The template's outputs, with local URLs.
    pub outputs: Vec<Output>,
    /// Whatever the template asks for that does nothing here.
    pub warnings: Vec<stack::Warning>,
}

/// One function of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedFunction {
    /// Its key in the template.
    pub logical_id: String,
    /// Its name.
    pub name: String,
    /// What to invoke: qualified by the alias where there is one.
    pub arn: String,
    /// The version that the ARN means now.
    pub version: String,
    /// `AutoPublishAlias`.
    pub alias: Option<String>,
    /// Whether this deployment changed it.
    pub changed: bool,
    /// Whether it is a durable function.
    pub durable: bool,
    /// Its runtime.
    pub runtime: String,
}

impl Server {
    /// Makes the server what the stack says. `artifacts` has the folder with each function's built
    /// code by logical id. Functions that the stack does not have stay as they are, for their
    /// executions.
    ///
    /// # Errors
    /// See [`DeployError`].
    pub async fn deploy(
        &self,
        stack: &Stack,
        artifacts: &BTreeMap<String, PathBuf>,
    ) -> Result<Deployment, DeployError> {
        for table in &stack.tables {
            self.tables.deploy(table).await?;
        }
        let mut http_apis = BTreeMap::new();
        for (index, api) in stack.http_apis.iter().enumerate() {
            let described = describe(stack, api)?;
            let url = self.serve_http_api(index, described).await?;
            http_apis.insert(api.logical_id.clone(), url);
        }
        let stack = stack.clone().with_local_urls(&http_apis);
        let mut functions = Vec::new();
        for resource in &stack.functions {
            functions.push(self.deploy_function(resource, artifacts).await?);
        }
        Ok(Deployment {
            functions,
            http_apis,
            tables: stack
                .tables
                .iter()
                .map(|table| table.name.clone())
                .collect(),
            outputs: stack.outputs,
            warnings: stack.warnings,
        })
    }

    async fn deploy_function(
        &self,
        resource: &FunctionResource,
        artifacts: &BTreeMap<String, PathBuf>,
    ) -> Result<DeployedFunction, DeployError> {
        let artifact =
            artifacts
                .get(&resource.logical_id)
                .ok_or_else(|| DeployError::NoArtifact {
                    function: resource.logical_id.clone(),
                })?;
        let app = &self.app;
        let store = app.driver.store();
        let now = app.driver.now();
        let deployed = app
            .registry
            .deploy(store.as_ref(), resource, artifact, &app.code_dir, now)
            .await?;
        let alias = resource.auto_publish_alias.clone();
        Ok(DeployedFunction {
            logical_id: resource.logical_id.clone(),
            name: resource.name.clone(),
            arn: match &alias {
                Some(alias) => resource.qualified_arn(alias),
                None => resource.arn.clone(),
            },
            version: deployed.version.to_string(),
            alias,
            changed: deployed.changed,
            durable: resource.durable_config.is_some(),
            runtime: resource.runtime.clone(),
        })
    }
}

fn describe(stack: &Stack, api: &HttpApiResource) -> Result<Described, DeployError> {
    let mut function_names = Vec::new();
    for route in &api.routes {
        let function = stack
            .function(&route.function)
            .expect("a route is an event of one of the stack's functions");
        if function.durable_config.is_some() && route.qualifier.is_none() {
            let function = route.function.clone();
            return Err(DeployError::UnqualifiedDurableRoute { function });
        }
        let name = FunctionName::parse(&function.name)
            .map_err(|cause| DeployError::FunctionName { cause })?;
        function_names.push(name);
    }
    Ok(Described {
        resource: api.clone(),
        function_names,
    })
}
