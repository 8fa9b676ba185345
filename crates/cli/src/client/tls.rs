//! Connections by TLS: certificates that the system trusts, or those in the file that `AWS_CA_BUNDLE` names.

use std::path::Path;
use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// AWS's variable for a file with root certificates, as PEM.
const BUNDLE: &str = "AWS_CA_BUNDLE";

/// A connector to `http://` and, where it is wanted, to `https://` endpoints.
pub(super) fn connector(
    http: HttpConnector,
    is_https: bool,
) -> Result<HttpsConnector<HttpConnector>, String> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let bundle = std::env::var_os(BUNDLE).filter(|path| !path.is_empty());
    let builder = HttpsConnectorBuilder::new();
    let builder = match (is_https, bundle) {
        (true, None) => builder
            .with_provider_and_native_roots(provider)
            .map_err(|error| format!("no trusted root certificates: {error}"))?,
        (is_https, bundle) => {
            let mut roots = RootCertStore::empty();
            if let Some(path) = bundle.filter(|_| is_https) {
                read(Path::new(&path), &mut roots)?;
            }
            let config = ClientConfig::builder_with_provider(Arc::new(provider))
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(roots)
                .with_no_client_auth();
            builder.with_tls_config(config)
        }
    };
    Ok(builder.https_or_http().enable_http1().wrap_connector(http))
}

fn read(path: &Path, roots: &mut RootCertStore) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{BUNDLE}: `{}`: {error}", path.display());
    let text = std::fs::read(path).map_err(|error| failed(&error))?;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    Ok(())
}
