//! What a template says about an API or a function URL, with functions' logical ids turned into
//! names.

use std::time::Duration;

use model::FunctionName;
use stack::{Cors, FunctionUrlResource, HttpApiResource, RestApiResource, Route, RouteKey, Stack};

use crate::deploy::DeployError;

/// The longest that a function can take: a function URL has no timeout of its own.
const FUNCTION_TIMEOUT_MAX: Duration = Duration::from_secs(900);

/// What is served with payload format 2.0.
pub(crate) struct Described {
    pub face: Face,
    pub logical_id: String,
    pub api_id: String,
    pub stage_name: String,
    pub cors: Option<Cors>,
    pub routes: Vec<Route>,
    /// Name of the function behind each route, in the routes' order.
    pub function_names: Vec<FunctionName>,
}

/// Which service of AWS it stands for: they answer differently when something fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    HttpApi,
    FunctionUrl,
}

/// What is served with payload format 1.0.
pub(crate) struct DescribedRest {
    pub resource: RestApiResource,
    /// Name of the function behind each route, in the routes' order.
    pub function_names: Vec<FunctionName>,
}

impl Described {
    /// An HTTP API.
    ///
    /// # Errors
    /// When a function behind it cannot be.
    pub fn http_api(stack: &Stack, api: &HttpApiResource) -> Result<Self, DeployError> {
        Ok(Self {
            face: Face::HttpApi,
            logical_id: api.logical_id.clone(),
            api_id: api.api_id.clone(),
            stage_name: api.stage_name.clone(),
            cors: api.cors.clone(),
            function_names: function_names(stack, &api.routes)?,
            routes: api.routes.clone(),
        })
    }

    /// A function URL: an API whose only route takes everything.
    ///
    /// # Errors
    /// When the function cannot be behind it.
    pub fn function_url(stack: &Stack, url: &FunctionUrlResource) -> Result<Self, DeployError> {
        let routes = vec![Route {
            key: RouteKey::Default,
            function: url.function.clone(),
            qualifier: url.qualifier.clone(),
            event: url.logical_id.clone(),
            timeout: FUNCTION_TIMEOUT_MAX,
        }];
        Ok(Self {
            face: Face::FunctionUrl,
            logical_id: url.logical_id.clone(),
            api_id: url.url_id.clone(),
            stage_name: "$default".to_owned(),
            cors: url.cors.clone(),
            function_names: function_names(stack, &routes)?,
            routes,
        })
    }
}

impl DescribedRest {
    /// A REST API.
    ///
    /// # Errors
    /// When a function behind it cannot be.
    pub fn new(stack: &Stack, api: &RestApiResource) -> Result<Self, DeployError> {
        Ok(Self {
            function_names: function_names(stack, &api.routes)?,
            resource: api.clone(),
        })
    }
}

fn function_names(stack: &Stack, routes: &[Route]) -> Result<Vec<FunctionName>, DeployError> {
    let name = |route: &Route| {
        let function = stack
            .function(&route.function)
            .expect("a route is an event of one of the stack's functions");
        if function.durable_config.is_some() && route.qualifier.is_none() {
            let function = route.function.clone();
            return Err(DeployError::UnqualifiedDurableRoute { function });
        }
        FunctionName::parse(&function.name).map_err(|cause| DeployError::FunctionName { cause })
    };
    routes.iter().map(name).collect()
}
