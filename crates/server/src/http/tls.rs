//! TLS: certificate and key from files, reloaded when the files change.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// How often the files are checked.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The name of HTTP/2 in the handshake.
const HTTP2: &[u8] = b"h2";

/// Why certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("read `{}`: {cause}", .path.display())]
    File { path: PathBuf, cause: io::Error },
    /// A file has other contents.
    #[error("`{}` holds no {expected} in PEM: {problem}", .path.display())]
    Pem {
        path: PathBuf,
        expected: &'static str,
        problem: String,
    },
    /// They do not belong together, or the key is of a kind that is not supported.
    #[error("the certificate in `{}` and the key in `{}`: {problem}", .certificates.display(), .key.display())]
    Pair {
        certificates: PathBuf,
        key: PathBuf,
        problem: String,
    },
}

/// Accepts TLS connections.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
}

/// The certificate that clients see.
struct Current {
    certificates: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    shown: RwLock<Arc<CertifiedKey>>,
}

/// Shows whether a file has changed.
type Stamp = [Option<(SystemTime, u64)>; 2];

/// Whether a certificate and its key, in two PEM files, can be used.
///
/// # Errors
/// The reason why they cannot be used, with the file.
pub fn check_certificate(certificates: &Path, key: &Path) -> Result<(), TlsError> {
    Tls::load(certificates, key).map(drop)
}

impl Tls {
    /// With the certificates and the key in two PEM files.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn load(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let shown = read(certificates, key, &provider)?;
        let current = Arc::new(Current {
            certificates: certificates.to_owned(),
            key: key.to_owned(),
            provider: Arc::clone(&provider),
            shown: RwLock::new(Arc::new(shown)),
        });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the suites of TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as _);
        config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            current,
        })
    }

    /// Does the handshake; returns whether the client goes on with HTTP/2, too.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, bool)> {
        let stream = self.acceptor.accept(stream).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
        Ok((stream, is_http2))
    }

    /// Reloads the files whenever they change, until the shutdown. Unusable files are logged and ignored.
    pub async fn follow(self, shutdown: CancellationToken) {
        let mut seen = self.current.stamp();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shutdown.cancelled() => return,
            }
            let stamp = self.current.stamp();
            if stamp != seen {
                seen = stamp;
                self.reload();
            }
        }
    }

    fn reload(&self) {
        let current = &self.current;
        match read(&current.certificates, &current.key, &current.provider) {
            Ok(read) => {
                let mut shown = current
                    .shown
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                *shown = Arc::new(read);
                tracing::info!("the certificate for TLS was read anew");
            }
            // The two files are written one after the other: a pair that does not match now may match next time.
            Err(error) => {
                tracing::warn!(%error, "the changed certificate for TLS cannot be used; the one before is");
            }
        }
    }
}

impl Current {
    fn stamp(&self) -> Stamp {
        [&self.certificates, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

fn read(
    certificates: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let pem = |path: &Path, expected, problem: &dyn fmt::Display| TlsError::Pem {
        path: path.to_owned(),
        expected,
        problem: problem.to_string(),
    };
    let text = |path: &Path| {
        fs::read(path).map_err(|cause| TlsError::File {
            path: path.to_owned(),
            cause,
        })
    };
    let chain = text(certificates)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(|error| pem(certificates, "certificate", &error))?;
    if chain.is_empty() {
        return Err(pem(certificates, "certificate", &"there is none in it"));
    }
    let private = PrivateKeyDer::from_pem_slice(&text(key)?);
    let private = private.map_err(|error| pem(key, "private key", &error))?;
    CertifiedKey::from_der(chain, private, provider).map_err(|error| TlsError::Pair {
        certificates: certificates.to_owned(),
        key: key.to_owned(),
        problem: error.to_string(),
    })
}
