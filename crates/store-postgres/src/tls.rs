//! TLS to the database: which certificates are believed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::open_error::OpenError;

/// The checks of a server's certificate. The file has the certificates of authorities; `None`: the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checks {
    /// Nothing: the connection is encrypted, with whomever.
    Nothing,
    /// Its authority.
    Authority(Option<PathBuf>),
    /// Its authority, and whether it is for this host.
    Everything(Option<PathBuf>),
}

/// Makes connections that look at that.
pub(crate) fn connector(checks: Checks) -> Result<MakeRustlsConnect, OpenError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = match checks {
        Checks::Nothing => Verifier {
            authority: None,
            checks_host: false,
            provider: Arc::clone(&provider),
        },
        Checks::Authority(roots) => Verifier {
            authority: Some(authority(roots.as_deref(), &provider)?),
            checks_host: false,
            provider: Arc::clone(&provider),
        },
        Checks::Everything(roots) => Verifier {
            authority: Some(authority(roots.as_deref(), &provider)?),
            checks_host: true,
            provider: Arc::clone(&provider),
        },
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| OpenError::Configuration {
            reason: format!("TLS cannot be set up: {cause}"),
        })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn authority(
    file: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, OpenError> {
    let roots = match file {
        Some(file) => from_file(file)?,
        None => from_system(),
    };
    let place = file.map_or_else(
        || "the system's store of certificates".to_owned(),
        |file| format!("`{}`", file.display()),
    );
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    built.build().map_err(|cause| OpenError::Certificates {
        place,
        cause: Box::new(cause),
    })
}

fn from_file(file: &Path) -> Result<RootCertStore, OpenError> {
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| OpenError::Certificates {
        place: format!("`{}`", file.display()),
        cause,
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|cause| unreadable(Box::new(cause)))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|cause| unreadable(Box::new(cause)))?;
        let added = roots.add(certificate);
        added.map_err(|cause| unreadable(Box::new(cause)))?;
    }
    Ok(roots)
}

fn from_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "certificates of the system cannot be read");
    }
    // A malformed certificate is not trusted, and the others are.
    roots.add_parsable_certificates(found.certs);
    roots
}

/// Looks at a certificate as far as it was told to.
#[derive(Debug)]
struct Verifier {
    authority: Option<Arc<WebPkiServerVerifier>>,
    checks_host: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified = authority.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.checks_host => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
