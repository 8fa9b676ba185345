//! The APIs and function URLs of the deployed stack, each on its port.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::DeployError;
use crate::gateway::{Described, DescribedRest, HttpApi, RestApi};
use crate::http::listen;
use crate::server::Server;

/// An API and where it is served.
pub(crate) struct ServedApi {
    api: Served,
    url: String,
}

#[derive(Clone)]
enum Served {
    Http(Arc<HttpApi>),
    Rest(Arc<RestApi>),
}

/// What an API is to be.
pub(crate) enum ApiToServe {
    Http(Described),
    Rest(DescribedRest),
}

impl ApiToServe {
    fn logical_id(&self) -> &str {
        match self {
            Self::Http(described) => &described.logical_id,
            Self::Rest(described) => &described.resource.logical_id,
        }
    }
}

impl Server {
    /// Serves an API, or replaces its description if it is served already; returns its URL.
    pub(crate) async fn serve_api(
        &self,
        index: usize,
        wanted: ApiToServe,
    ) -> Result<String, DeployError> {
        let logical_id = wanted.logical_id().to_owned();
        let served = {
            let apis = self
                .apis
                .lock()
                .expect("the map is never left half changed");
            apis.get(&logical_id).cloned()
        };
        let wanted = match (served, wanted) {
            (Some(served), wanted) => match (&served.api, wanted) {
                (Served::Http(api), ApiToServe::Http(described)) => {
                    api.replace(described);
                    return Ok(served.url.clone());
                }
                (Served::Rest(api), ApiToServe::Rest(described)) => {
                    api.replace(described);
                    return Ok(served.url.clone());
                }
                // The template made another kind of API of it: that takes another port.
                (Served::Http(_) | Served::Rest(_), wanted) => wanted,
            },
            (None, wanted) => wanted,
        };
        let mut address = self.config.http_api_listen;
        if address.port() != 0 {
            let port = usize::from(address.port()) + index;
            address.set_port(u16::try_from(port).unwrap_or(0));
        }
        let failed = |cause| DeployError::Listen {
            logical_id: logical_id.clone(),
            address,
            cause,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let app = Arc::clone(&self.app);
        let api = match wanted {
            ApiToServe::Http(described) => Served::Http(Arc::new(HttpApi::new(app, described))),
            ApiToServe::Rest(described) => Served::Rest(Arc::new(RestApi::new(app, described))),
        };
        self.app.diagnostics.add_api(&logical_id, &url);
        let served = ServedApi {
            api: api.clone(),
            url: url.clone(),
        };
        self.apis
            .lock()
            .expect("the map is never left half changed")
            .insert(logical_id, Arc::new(served));
        let handle = move |request, peer| {
            let api = api.clone();
            async move {
                match api {
                    Served::Http(api) => api.handle(request, peer).await,
                    Served::Rest(api) => api.handle(request, peer).await,
                }
            }
        };
        let (connections, shutdown) = (self.connections.clone(), self.shutdown.clone());
        self.tasks
            .spawn(listen::serve(listener, handle, connections, shutdown));
        Ok(url)
    }
}
