//! An issuer's keys, by OpenID's discovery.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use model::Timestamp;
use serde::Deserialize;
use stdx::error_chain;

use super::{KeySet, Tokens};

/// How long an issuer may take for one answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Largest answer of an issuer: some dozens of keys fit.
const BYTES_MAX: usize = 1024 * 1024;

/// How long keys of an issuer are kept. API Gateway keeps them as long.
const FRESH_MILLIS: i64 = 2 * 60 * 60 * 1000;

/// How long an issuer is not asked again: tokens with unknown keys must not make traffic.
const QUIET_MILLIS: i64 = 5_000;

/// An issuer and its known keys.
#[derive(Default)]
pub(super) struct Issuer {
    /// Held only briefly, for a look at it.
    known: Mutex<Option<Known>>,
    /// Held while the issuer is asked. Tokens whose keys are known do not wait for that.
    asking: tokio::sync::Mutex<()>,
}

/// An issuer's last answer.
struct Known {
    keys: Result<Arc<KeySet>, String>,
    asked_at: Timestamp,
}

impl Issuer {
    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer without asking the issuer: fresh keys with the wanted one among them, or any answer of a moment ago.
    fn answer(
        &self,
        now: Timestamp,
        is_known: impl Fn(&KeySet) -> bool,
    ) -> Option<Result<Arc<KeySet>, String>> {
        let known = self.known();
        let known = known.as_ref()?;
        let age = now.as_millis() - known.asked_at.as_millis();
        let serves = match &known.keys {
            Ok(keys) => is_known(keys) && age < FRESH_MILLIS,
            Err(_) => false,
        };
        (serves || (0..QUIET_MILLIS).contains(&age)).then(|| known.keys.clone())
    }
}

/// Asks issuers.
pub(crate) struct IssuerClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

#[derive(Deserialize)]
struct Discovered {
    jwks_uri: String,
}

impl IssuerClient {
    /// Uses the machine's certificates; the error says why they cannot be read.
    pub fn new() -> Result<Self, String> {
        let connector = HttpsConnectorBuilder::new().with_native_roots();
        let connector = connector.map_err(|error| error.to_string())?;
        let connector = connector.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client })
    }

    async fn keys(&self, issuer: &str) -> Result<KeySet, String> {
        let issuer = issuer.trim_end_matches('/');
        let discovery = format!("{issuer}/.well-known/openid-configuration");
        let text = self.get(&discovery).await?;
        let discovered: Discovered = serde_json::from_slice(&text)
            .map_err(|error| format!("{discovery} has no `jwks_uri`: {error}"))?;
        let text = self.get(&discovered.jwks_uri).await?;
        let keys = KeySet::published(&text);
        keys.map_err(|error| format!("{}: {}", discovered.jwks_uri, error_chain(&error)))
    }

    /// The contents of a URL, or a text that says why they cannot be read.
    pub async fn get(&self, url: &str) -> Result<Bytes, String> {
        self.send(url, Request::get(parsed(url)?), Full::default())
            .await
    }

    /// The answer to a form, or a text that says why there is none.
    pub async fn post_form(
        &self,
        url: &str,
        form: String,
        authorization: Option<String>,
    ) -> Result<Bytes, String> {
        let mut request = Request::post(parsed(url)?)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        self.send(url, request, Full::from(form)).await
    }

    async fn send(
        &self,
        url: &str,
        request: hyper::http::request::Builder,
        body: Full<Bytes>,
    ) -> Result<Bytes, String> {
        let request = request.body(body);
        let request = request.map_err(|error| format!("{url}: {error}"))?;
        let answered = async {
            let answer = self.client.request(request).await;
            let answer = answer.map_err(|error| format!("{url}: {}", error_chain(&error)))?;
            if !answer.status().is_success() {
                return Err(format!("{url} answers {}", answer.status()));
            }
            let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await;
            Ok(body.map_err(|error| format!("{url}: {error}"))?.to_bytes())
        };
        let answered = tokio::time::timeout(ANSWERS_WITHIN, answered).await;
        answered.unwrap_or_else(|_elapsed| {
            Err(format!(
                "{url} gives no answer within {} s",
                ANSWERS_WITHIN.as_secs()
            ))
        })
    }
}

fn parsed(url: &str) -> Result<Uri, String> {
    let uri: Uri = url
        .parse()
        .map_err(|error| format!("{url} is not a URL: {error}"))?;
    match uri.host() {
        Some(_) => Ok(uri),
        None => Err(format!("{url} is not a URL of a server")),
    }
}

impl Tokens {
    /// The client for other requests to issuers, or a text that says why there is none.
    pub fn web(&self) -> Result<&IssuerClient, String> {
        self.client.as_ref().map_err(Clone::clone)
    }

    /// The keys of an issuer; fetched again where `is_known` does not find the wanted one among them.
    pub(super) async fn issuer_keys(
        &self,
        name: &str,
        now: impl Fn() -> Timestamp,
        is_known: impl Fn(&KeySet) -> bool,
    ) -> Result<Arc<KeySet>, String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        // A slow issuer delays only its own tokens.
        let issuer = self.issuer(name);
        if let Some(answer) = issuer.answer(now(), &is_known) {
            return answer;
        }
        let _asking = issuer.asking.lock().await;
        // An earlier caller may already have fetched the wanted keys.
        if let Some(answer) = issuer.answer(now(), &is_known) {
            return answer;
        }
        let mut keys = client.keys(name).await.map(Arc::new);
        let mut known = issuer.known();
        if let (Err(problem), Some(Known { keys: Ok(old), .. })) = (&keys, known.as_ref()) {
            tracing::warn!(
                issuer = name,
                "the keys of an issuer are not renewed: {problem}"
            );
            keys = Ok(Arc::clone(old));
        }
        *known = Some(Known {
            keys: keys.clone(),
            asked_at: now(),
        });
        keys
    }

    fn issuer(&self, name: &str) -> Arc<Issuer> {
        let issuers = self.issuers.lock();
        let mut issuers = issuers.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(issuers.entry(name.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    use super::super::AuthorizerConfig;
    use super::*;

    /// An issuer that sends one answer per permit of `answers`, and adds a permit to `asked` for each request.
    async fn issuer(answers: Arc<Semaphore>, asked: Arc<Semaphore>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let own = url.clone();
        // The key is that of an example in RFC 7517.
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
        let body = json!({"jwks_uri": format!("{own}/keys"), "keys": [key]}).to_string();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.unwrap();
                assert_ne!(read, 0, "a request");
                asked.add_permits(1);
                answers.acquire().await.unwrap().forget();
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    #[tokio::test]
    async fn tokens_with_known_keys_do_not_wait_for_those_with_unknown_ones() {
        let (answers, asked) = (Arc::new(Semaphore::new(2)), Arc::new(Semaphore::new(0)));
        let url = issuer(Arc::clone(&answers), Arc::clone(&asked)).await;
        let tokens = Tokens::new(AuthorizerConfig::default());
        let clock = AtomicI64::new(1_000_000);
        let now = || Timestamp::from_millis(clock.load(Ordering::SeqCst));
        let keys = tokens.issuer_keys(&url, now, |_| true).await;
        keys.expect("the issuer answers");
        asked.acquire_many(2).await.unwrap().forget();
        clock.fetch_add(QUIET_MILLIS, Ordering::SeqCst);
        let stranger = tokens.issuer_keys(&url, now, |_| false);
        let others = async {
            // The issuer has been asked, and does not answer.
            asked.acquire().await.unwrap().forget();
            let known = tokens.issuer_keys(&url, now, |_| true).await;
            known.expect("they are known");
            clock.fetch_add(QUIET_MILLIS, Ordering::SeqCst);
            let second = tokens.issuer_keys(&url, now, |_| false);
            let answered = async {
                answers.add_permits(2);
            };
            tokio::join!(second, answered).0
        };
        let (stranger, second) = tokio::join!(stranger, others);
        stranger.expect("the issuer answers");
        second.expect("the issuer has answered");
        // The quiet begins when the issuer has answered: a caller that waited does not ask again.
        assert_eq!(asked.available_permits(), 1, "only for the keys themselves");
    }
}
