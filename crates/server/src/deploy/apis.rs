//! The APIs and function URLs of deployed stacks, each on its port.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use stack::Stack;
use tokio::net::TcpListener;

use super::ground::Ground;
use crate::deploy_error::DeployError;
use crate::gateway::{Api, Face, HttpFace, RestFace, ServedApi};
use crate::http::listen;

/// The port of an API that is about to be served: bound, so that no other program can take it.
pub(super) struct Bound {
    listener: TcpListener,
    pub url: String,
}

/// The faces of all HTTP resources of a stack: HTTP APIs, REST APIs, function URLs.
///
/// # Errors
/// When an API or URL cannot invoke one of its functions.
pub(super) fn faces(stack: &Stack) -> Result<Vec<Arc<dyn Face>>, DeployError> {
    let mut faces: Vec<Arc<dyn Face>> = Vec::new();
    for api in &stack.http_apis {
        faces.push(Arc::new(HttpFace::http_api(stack, api)?));
    }
    for api in &stack.rest_apis {
        faces.push(Arc::new(RestFace::new(stack, api)?));
    }
    for url in &stack.function_urls {
        faces.push(Arc::new(HttpFace::function_url(stack, url)?));
    }
    Ok(faces)
}

impl Ground {
    /// Serves an API, or replaces its face if it is served already; returns its URL.
    pub(super) async fn serve_api(
        &self,
        stack: &str,
        index: usize,
        face: Arc<dyn Face>,
    ) -> Result<String, DeployError> {
        let key = (stack.to_owned(), face.logical_id().to_owned());
        if let Some(url) = self.replace_face(&key, &face) {
            return Ok(url);
        }
        let bound = self.bind(&key.1, index)?;
        let url = bound.url.clone();
        self.serve_bound(key, bound, face);
        Ok(url)
    }

    /// Replaces the face of an API that is already served, and returns its URL; none when it is not
    /// served.
    pub(super) fn replace_face(
        &self,
        key: &(String, String),
        face: &Arc<dyn Face>,
    ) -> Option<String> {
        let apis = self.apis();
        let served = apis.get(key)?;
        served.api.replace(Arc::clone(face));
        Some(served.url.clone())
    }

    /// The URL of an API that is served.
    pub(super) fn api_url(&self, stack: &str, logical_id: &str) -> Option<String> {
        let key = (stack.to_owned(), logical_id.to_owned());
        Some(self.apis().get(&key)?.url.clone())
    }

    /// Binds the port of an API.
    pub(super) fn bind(&self, logical_id: &str, index: usize) -> Result<Bound, DeployError> {
        let address = self.api_address(index);
        let failed = |cause| DeployError::Listen {
            logical_id: logical_id.to_owned(),
            address,
            cause,
        };
        let listener = listen::bind(address).map_err(failed)?;
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().map_err(failed)?);
        Ok(Bound { listener, url })
    }

    fn api_address(&self, index: usize) -> SocketAddr {
        let mut address = self.config.http_api_listen;
        if address.port() != 0 {
            let port = usize::from(address.port()) + index;
            address.set_port(u16::try_from(port).unwrap_or(0));
        }
        address
    }

    /// Serves an API on its port.
    pub(super) fn serve_bound(&self, key: (String, String), bound: Bound, face: Arc<dyn Face>) {
        let Bound { listener, url } = bound;
        let api = Arc::new(Api::new(Arc::clone(&self.app), face));
        self.app.diagnostics.add_api(&key.1, &url);
        let ended = self.shutdown.child_token();
        let served = ServedApi {
            api: Arc::clone(&api),
            url,
            ended: ended.clone(),
        };
        self.apis().insert(key, served);
        let handle = move |request, peer| Arc::clone(&api).handle(request, peer);
        let (connections, tls) = (self.connections.clone(), self.tls.clone());
        self.tasks
            .spawn(listen::serve(listener, tls, handle, connections, ended));
    }

    /// Stops serving all APIs that are not in this set.
    pub(super) fn keep_apis(&self, kept: &BTreeSet<(String, String)>) {
        let gone = self
            .apis()
            .extract_if(.., |key, _| !kept.contains(key))
            .collect::<Vec<_>>();
        for ((_, logical_id), served) in gone {
            served.ended.cancel();
            self.app.diagnostics.remove_api(&logical_id);
        }
    }

    fn apis(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), ServedApi>> {
        self.apis
            .lock()
            .expect("the map is never left half changed")
    }
}
