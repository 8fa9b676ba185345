//! The APIs and function URLs of the deployed stack, each on its port.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::deploy_error::DeployError;
use crate::gateway::{Api, Face, ServedApi};
use crate::http::listen;
use crate::server::Server;

impl Server {
    /// Serves an API, or replaces its face if it is served already; returns its URL.
    pub(crate) async fn serve_api(
        &self,
        index: usize,
        face: Arc<dyn Face>,
    ) -> Result<String, DeployError> {
        let logical_id = face.logical_id().to_owned();
        {
            let apis = self
                .apis
                .lock()
                .expect("the map is never left half changed");
            if let Some(served) = apis.get(&logical_id) {
                served.api.replace(face);
                return Ok(served.url.clone());
            }
        }
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
        let (scheme, tls) = (self.scheme(), self.tls.clone());
        let url = format!("{scheme}://{}", listener.local_addr().map_err(failed)?);
        let api = Arc::new(Api::new(Arc::clone(&self.app), face));
        self.app.diagnostics.add_api(&logical_id, &url);
        let served = ServedApi {
            api: Arc::clone(&api),
            url: url.clone(),
        };
        self.apis
            .lock()
            .expect("the map is never left half changed")
            .insert(logical_id, Arc::new(served));
        let handle = move |request, peer| Arc::clone(&api).handle(request, peer);
        let (connections, shutdown) = (self.connections.clone(), self.shutdown.clone());
        self.tasks
            .spawn(listen::serve(listener, tls, handle, connections, shutdown));
        Ok(url)
    }
}
