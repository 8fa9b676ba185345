//! A server that other machines reach: its requirements, and TLS.

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use access::SecretKey;
use access::signature::{Signer, sign};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use model::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use server::{AccessConfig, KeyWithSecret, OfflineKeys, Server, ServerConfig, TlsFiles};
use tempfile::TempDir;

use support::{bare_config, fixtures, until};

fn files(name: &str) -> TlsFiles {
    let folder = fixtures().join("tls");
    TlsFiles {
        certificates: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    }
}

fn exposed(data_dir: &TempDir, access: AccessConfig) -> ServerConfig {
    let everywhere: SocketAddr = "0.0.0.0:0".parse().expect("an address");
    ServerConfig {
        listen: everywhere,
        access,
        ..bare_config(data_dir)
    }
}

async fn key(data_dir: &Path) -> KeyWithSecret {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let keys = OfflineKeys::open(data_dir, None, "user test".to_owned(), now).await;
    let keys = keys.expect("nobody has the folder");
    let created = keys.create("admin", vec!["admin".into()], now).await;
    keys.close().await.expect("it is whole");
    created.expect("it is new")
}

/// Requests the functions over TLS; an error when the server has another certificate.
async fn asked(
    server: &Server,
    certificate: &Path,
    key: &KeyWithSecret,
) -> Result<Response<Vec<u8>>, String> {
    let mut roots = RootCertStore::empty();
    let text = std::fs::read(certificate).expect("it is there");
    let trusted = CertificateDer::from_pem_slice(&text).expect("it is one");
    roots.add(trusted).expect("it is one");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("they are supported")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_http1()
        .build();
    let client: Client<_, Full<bytes::Bytes>> =
        Client::builder(TokioExecutor::new()).build(connector);
    let endpoint = server.endpoint();
    assert!(endpoint.starts_with("https://0.0.0.0:"), "{endpoint}");
    let authority = endpoint.replace("https://0.0.0.0", "localhost");
    let mut request = Request::get(format!("https://{authority}/2015-03-31/functions"))
        .header("host", authority)
        .body(())
        .expect("it is a request");
    let signer = Signer {
        access_key_id: key.key.access_key_id.clone(),
        secret: SecretKey::new(key.secret_access_key.as_str()),
        session_token: None,
        region: "us-east-1".to_owned(),
        service: "lambda".to_owned(),
    };
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = since.expect("it is after 1970").as_millis();
    sign(&mut request, b"", &signer, now as i64).expect("it can be signed");
    let answer = client.request(request.map(|()| Full::default())).await;
    let (parts, body) = answer.map_err(|error| format!("{error:?}"))?.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?;
    Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_and_a_key_it_does_not_start_and_says_what_is_missing() {
    let data_dir = tempfile::tempdir().expect("there is room");
    let started = async |access: AccessConfig| {
        let started = Server::start(exposed(&data_dir, access)).await;
        started
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let message = started(AccessConfig::default()).await;
    assert!(message.contains("would not be encrypted"), "{message}");
    let behind_proxy = AccessConfig {
        behind_proxy: true,
        ..AccessConfig::default()
    };
    let message = started(behind_proxy.clone()).await;
    assert!(message.contains("there is no access key"), "{message}");
    let enforced = ServerConfig {
        access: AccessConfig {
            enforce_policies: true,
            ..AccessConfig::default()
        },
        ..bare_config(&data_dir)
    };
    let started = Server::start(enforced).await;
    let message = started
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(message.contains("there is no access key"), "{message}");

    key(data_dir.path()).await;
    let mixed = AccessConfig {
        tls: Some(TlsFiles {
            key: files("second").key,
            ..files("first")
        }),
        ..AccessConfig::default()
    };
    let started = Server::start(exposed(&data_dir, mixed)).await;
    let error = started
        .err()
        .expect("certificate and key are of different pairs");
    assert_eq!(error.to_string(), "use the certificate for TLS");
    let server = Server::start(exposed(&data_dir, behind_proxy)).await;
    server
        .expect("nothing is missing")
        .shut_down()
        .await
        .expect("it is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_change_are_shown_and_ones_that_do_not_fit_are_not() {
    let data_dir = tempfile::tempdir().expect("there is room");
    let key = key(data_dir.path()).await;
    let own = TlsFiles {
        certificates: data_dir.path().join("server.pem"),
        key: data_dir.path().join("server.key"),
    };
    let install = |name: &str| {
        std::fs::copy(files(name).certificates, &own.certificates).expect("there is room");
        std::fs::copy(files(name).key, &own.key).expect("there is room");
    };
    install("first");
    let access = AccessConfig {
        tls: Some(own.clone()),
        ..AccessConfig::default()
    };
    let server = Server::start(exposed(&data_dir, access))
        .await
        .expect("nothing is missing");
    let (first, second) = (files("first").certificates, files("second").certificates);
    let answer = asked(&server, &first, &key).await.expect("it is trusted");
    assert_eq!(answer.status(), 200);
    let refused = asked(&server, &second, &key).await;
    assert!(refused.is_err(), "it shows another certificate");
    install("second");
    until("the second certificate is shown", async || {
        let answer = asked(&server, &second, &key).await?;
        assert_eq!(answer.status(), 200);
        Ok(())
    })
    .await;
    server.shut_down().await.expect("it is whole");
}
