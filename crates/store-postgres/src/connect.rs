//! Where the database is, and how it is connected to: a URL or key words as libpq takes them.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::open_error::OpenError;
use crate::tls::{self, Checks};

/// How long a server may take to answer at all, unless the configuration says so.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);

/// How long one host may take before the next one is tried beside it.
const NEXT_HOST_AFTER: Duration = Duration::from_millis(500);

/// A connection whose packets are not acknowledged for so long is broken: the host is gone, or the way to it.
const ACKNOWLEDGES_WITHIN: Duration = Duration::from_secs(10);

/// How a resting connection checks whether its host is still there; the system's own first question comes after two
/// hours.
const RESTS_AT_MOST: Duration = Duration::from_secs(10);
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(3);
const ASKED_AGAIN: u32 = 3;

/// Settings of the planner. Indexes are used even while the tables are small: a plan that reads a small table from its
/// beginning to its end would be kept while the table grows. And plans are not compiled: a table without an index
/// counts as so expensive then that its plan would be, in more time than it runs.
const SETTINGS: [&str; 2] = ["SET enable_seqscan = off", "SET jit = off"];

/// A database, and the way to connect to it.
pub(crate) struct Target {
    pub config: Config,
    tls: MakeRustlsConnect,
    /// The configuration for each host by itself.
    hosts: Vec<Config>,
    /// The host that took writes last.
    primary: AtomicUsize,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("server", &self.server())
            .finish_non_exhaustive()
    }
}

/// The TLS settings of a configuration that the client's library does not know.
#[derive(Debug, Default, PartialEq, Eq)]
struct TlsWords {
    mode: Option<String>,
    root_cert: Option<String>,
}

impl Target {
    /// Reads a configuration.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let (rest, words) = if text.contains("://") {
            split_url(text)
        } else {
            split_words(text)
        };
        let parsed: Result<Config, _> = rest.parse();
        let mut config = parsed.map_err(|cause| OpenError::Configuration {
            reason: stdx::error_chain(&cause),
        })?;
        let (mode, checks) = words.policy()?;
        config.ssl_mode(mode);
        if config.get_application_name().is_none() {
            config.application_name("lambdura");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECTS_WITHIN);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(OpenError::Configuration {
                reason: "it names no host".to_owned(),
            });
        }
        // Of several servers the primary is the one to write to; and a name or a proxy may still lead to a server that
        // was the primary a moment ago.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(ACKNOWLEDGES_WITHIN);
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_idle(RESTS_AT_MOST);
            config.keepalives_interval(ASKED_AGAIN_AFTER);
            config.keepalives_retries(ASKED_AGAIN);
        }
        Ok(Self {
            hosts: one_by_one(&config)?,
            config,
            tls: tls::connector(checks)?,
            primary: AtomicUsize::new(0),
        })
    }

    /// Connects to the host that takes writes. The task drives the connection, and ends with it.
    ///
    /// Begins with the host that took writes last. One that does not answer does not stand in the way of the others:
    /// the next one is tried beside it.
    pub async fn connect(&self) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let first = self.primary.load(Ordering::Relaxed);
        let count = self.hosts.len();
        let mut left = (0..count).map(|number| (first + number) % count);
        let mut tries = FuturesUnordered::new();
        let mut failed = None;
        loop {
            match (left.next(), failed.take()) {
                (Some(host), _) => tries.push(self.connect_to(host)),
                (None, Some(error)) if tries.is_empty() => return Err(error),
                (None, error) => failed = error,
            }
            tokio::select! {
                Some((host, tried)) = tries.next() => match tried {
                    Ok((client, connection)) => {
                        self.primary.store(host, Ordering::Relaxed);
                        set_up(&client).await;
                        return Ok((client, connection));
                    }
                    Err(error) => failed = Some(error),
                },
                () = tokio::time::sleep(NEXT_HOST_AFTER), if left.len() > 0 => {}
            }
        }
    }

    async fn connect_to(
        &self,
        host: usize,
    ) -> (
        usize,
        Result<(Client, JoinHandle<()>), tokio_postgres::Error>,
    ) {
        (host, drive(&self.hosts[host], &self.tls).await)
    }
    /// The servers, for people.
    pub fn server(&self) -> String {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate();
        let named: Vec<_> = hosts
            .map(|(number, host)| {
                let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    #[cfg(unix)]
                    Host::Unix(folder) => format!("{}:{port}", folder.display()),
                }
            })
            .collect();
        named.join(",")
    }

    /// The database, for people.
    pub fn database(&self) -> &str {
        let user = self.config.get_user();
        self.config.get_dbname().or(user).unwrap_or("postgres")
    }

    /// The user, for people.
    pub fn user(&self) -> &str {
        self.config.get_user().unwrap_or("(that of the process)")
    }
}

/// Connects by a configuration.
async fn drive(
    config: &Config,
    tls: &MakeRustlsConnect,
) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
    let (client, connection) = config.connect(tls.clone()).await?;
    let driven = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(
                error = stdx::error_chain(&error),
                "a connection to the database broke"
            );
        }
    });
    Ok((client, driven))
}

/// Everything works without the settings, so an engine that lacks one will do.
async fn set_up(client: &Client) {
    for tried in future::join_all(SETTINGS.map(|it| client.batch_execute(it))).await {
        if let Err(error) = tried {
            tracing::debug!(
                error = stdx::error_chain(&error),
                "the database has no such setting"
            );
        }
    }
}

/// The configuration for each of its hosts by itself.
fn one_by_one(config: &Config) -> Result<Vec<Config>, OpenError> {
    let wrong = |reason: String| OpenError::Configuration { reason };
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let ports = config.get_ports();
    let count = hosts.len().max(addresses.len());
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(wrong(
            "it names another number of hosts than of addresses".to_owned(),
        ));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(wrong(
            "it names another number of ports than of hosts".to_owned(),
        ));
    }
    let only = |number: usize| {
        let mut only = Config::new();
        match hosts.get(number) {
            Some(Host::Tcp(name)) => _ = only.host(name),
            #[cfg(unix)]
            Some(Host::Unix(folder)) => _ = only.host_path(folder),
            None => {}
        }
        if let Some(address) = addresses.get(number) {
            only.hostaddr(*address);
        }
        if let Some(port) = ports.get(number).or(ports.first()) {
            only.port(*port);
        }
        copy_all_but_hosts(config, &mut only);
        only
    };
    Ok((0..count).map(only).collect())
}

fn copy_all_but_hosts(from: &Config, to: &mut Config) {
    let words = [
        (
            from.get_user(),
            Config::user as fn(&mut Config, String) -> &mut Config,
        ),
        (from.get_dbname(), Config::dbname),
        (from.get_options(), Config::options),
        (from.get_application_name(), Config::application_name),
    ];
    for (word, set) in words {
        if let Some(word) = word {
            set(to, word.to_owned());
        }
    }
    if let Some(password) = from.get_password() {
        to.password(password);
    }
    let times = [
        (
            from.get_connect_timeout().copied(),
            Config::connect_timeout as fn(&mut Config, Duration) -> &mut Config,
        ),
        (
            from.get_tcp_user_timeout().copied(),
            Config::tcp_user_timeout,
        ),
        (Some(from.get_keepalives_idle()), Config::keepalives_idle),
        (from.get_keepalives_interval(), Config::keepalives_interval),
    ];
    for (time, set) in times {
        if let Some(time) = time {
            set(to, time);
        }
    }
    if let Some(retries) = from.get_keepalives_retries() {
        to.keepalives_retries(retries);
    }
    to.keepalives(from.get_keepalives())
        .ssl_mode(from.get_ssl_mode())
        .ssl_negotiation(from.get_ssl_negotiation())
        .channel_binding(from.get_channel_binding())
        .target_session_attrs(from.get_target_session_attrs());
}

impl TlsWords {
    /// Takes a parameter that is ours; says whether it was.
    fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "sslmode" => self.mode = Some(value.to_owned()),
            "sslrootcert" => self.root_cert = Some(value.to_owned()),
            _ => return false,
        }
        true
    }

    /// As libpq has it, except for `verify-…` without certificates of one's own: then the system's are taken.
    fn policy(self) -> Result<(SslMode, Checks), OpenError> {
        let roots = match self.root_cert.as_deref() {
            None | Some("system") => None,
            Some(path) => Some(PathBuf::from(path)),
        };
        let is_system = self.root_cert.as_deref() == Some("system");
        Ok(match self.mode.as_deref() {
            Some("disable") => (SslMode::Disable, Checks::Nothing),
            None | Some("allow" | "prefer") if !is_system => (SslMode::Prefer, Checks::Nothing),
            Some("require") if roots.is_none() && !is_system => (SslMode::Require, Checks::Nothing),
            Some("require" | "verify-ca") if !is_system => {
                (SslMode::Require, Checks::Authority(roots))
            }
            None | Some("verify-full") => (SslMode::Require, Checks::Everything(roots)),
            Some("allow" | "prefer" | "require" | "verify-ca") => {
                return Err(OpenError::Configuration {
                    reason: "`sslrootcert=system` needs `sslmode=verify-full`".to_owned(),
                });
            }
            Some(other) => {
                return Err(OpenError::Configuration {
                    reason: format!(
                        "`sslmode={other}` is none of disable, allow, prefer, require, verify-ca, verify-full"
                    ),
                });
            }
        })
    }
}

/// A URL without its TLS settings.
fn split_url(url: &str) -> (String, TlsWords) {
    let mut words = TlsWords::default();
    let Some((base, query)) = url.split_once('?') else {
        return (url.to_owned(), words);
    };
    let kept: Vec<_> = query
        .split('&')
        .filter(|parameter| match parameter.split_once('=') {
            Some((name, value)) => !words.take(name, &decoded(value)),
            None => true,
        })
        .collect();
    let rest = match kept.as_slice() {
        [] => base.to_owned(),
        kept => format!("{base}?{}", kept.join("&")),
    };
    (rest, words)
}

/// The text of a percent-encoded one.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, following @ ..] = rest {
        let digits = following.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &following[2..];
            }
            None => {
                bytes.push(*first);
                rest = following;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Key words and values without the TLS settings.
fn split_words(text: &str) -> (String, TlsWords) {
    let mut words = TlsWords::default();
    let mut kept = String::new();
    let mut rest = text.trim_start();
    while let Some((name, value)) = rest.split_once('=') {
        let (value, raw, following) = first_value(value.trim_start());
        if !words.take(name.trim(), &value) {
            kept.push_str(&format!("{}={raw} ", name.trim()));
        }
        rest = following.trim_start();
    }
    kept.push_str(rest);
    (kept, words)
}

/// The first value of a text, as it is meant and as it is written, and the rest.
fn first_value(text: &str) -> (String, &str, &str) {
    let is_quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(is_quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            '\'' if is_quoted => return (value, &text[..=at], &text[at + 1..]),
            space if space.is_whitespace() && !is_quoted => {
                return (value, &text[..at], &text[at..]);
            }
            other => value.push(other),
        }
    }
    (value, text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(mode: Option<&str>, root_cert: Option<&str>) -> TlsWords {
        TlsWords {
            mode: mode.map(str::to_owned),
            root_cert: root_cert.map(str::to_owned),
        }
    }

    #[test]
    fn a_url_is_parted_from_what_it_says_about_tls() {
        let url = "postgres://me:p%40ss@db:5433/x?sslmode=verify-full&sslrootcert=%2Fetc%2Fa%20b.pem&connect_timeout=3";
        let (rest, found) = split_url(url);
        assert_eq!(rest, "postgres://me:p%40ss@db:5433/x?connect_timeout=3");
        assert_eq!(found, words(Some("verify-full"), Some("/etc/a b.pem")));
        let (rest, found) = split_url("postgres://db/x?sslmode=require");
        assert_eq!(
            (rest.as_str(), found),
            ("postgres://db/x", words(Some("require"), None))
        );
    }

    #[test]
    fn key_words_are_parted_from_what_they_say_about_tls() {
        let text = "host=db password='it\\'s' sslrootcert='/a b.pem'  sslmode = verify-ca dbname=x";
        let (rest, found) = split_words(text);
        assert_eq!(found, words(Some("verify-ca"), Some("/a b.pem")));
        assert!(
            rest.starts_with("host=db ") && rest.ends_with("dbname=x "),
            "{rest}"
        );
    }

    #[test]
    fn modes_are_those_of_libpq() {
        let policy = |mode, root: Option<&str>| words(mode, root).policy().ok();
        let path = || Some(PathBuf::from("/a.pem"));
        assert_eq!(policy(None, None), Some((SslMode::Prefer, Checks::Nothing)));
        let required = Some((SslMode::Require, Checks::Nothing));
        assert_eq!(policy(Some("require"), None), required);
        // As libpq has it: a user with a certificate of the authority wants it to be checked.
        let checked = Some((SslMode::Require, Checks::Authority(path())));
        assert_eq!(policy(Some("require"), Some("/a.pem")), checked);
        let everything = Some((SslMode::Require, Checks::Everything(None)));
        assert_eq!(policy(None, Some("system")), everything);
        assert_eq!(policy(Some("verify-full"), None), everything);
        assert_eq!(policy(Some("verify-ca"), Some("system")), None);
        assert_eq!(policy(Some("verify"), None), None);
    }
}
