//! A PostgreSQL of the tests' own: started once for each test process, with a fresh database for each test. It ends
//! with the process.

#![allow(
    dead_code,
    reason = "each file of tests is a program of its own, and uses a part of this"
)]

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User};
use store_postgres::PostgresStore;
use tempfile::TempDir;
use tokio_postgres::NoTls;

pub mod load;

/// The account of the tests.
pub const ACCOUNT: &str = "000000000000";

/// How long a server may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// The prefix of the folders of servers, followed by the id of the owning process.
const FOLDER: &str = "lambdura-postgres-";

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    port: u16,
    process: Mutex<Option<Child>>,
}

/// The server that the tests of this process share.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&[]))
}

impl Server {
    /// Starts one, with these settings besides those that make tests fast.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        remove_what_others_left();
        let prefix = format!("{FOLDER}{}-", std::process::id());
        let folder = TempDir::with_prefix(prefix).expect("a folder for the server");
        let runner = Runner::of_this_process();
        runner.own(folder.path());
        let data = folder.path().join("data");
        let mut command = runner.command("initdb");
        command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        command
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(&data);
        let made = command.output().expect("initdb can be run");
        assert!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut written = std::fs::read_to_string(data.join("postgresql.conf"))
            .expect("the configuration can be read");
        let tests = [
            ("listen_addresses", "''"),
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("max_connections", "200"),
            ("shared_buffers", "64MB"),
            ("autovacuum_naptime", "5s"),
        ];
        for (name, value) in tests.iter().chain(settings) {
            written.push_str(&format!("{name} = {value}\n"));
        }
        std::fs::write(data.join("postgresql.conf"), written)
            .expect("the configuration can be written");
        let server = Self {
            folder,
            // A number that names the socket; nothing listens on it.
            port: 5432,
            process: Mutex::new(None),
        };
        server.run();
        server
    }

    /// Runs the server, if it does not, until it answers.
    pub fn run(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if process.is_some() {
            return;
        }
        let runner = Runner::of_this_process();
        let mut command = runner.command("postgres");
        command.arg("-D").arg(self.folder.path().join("data"));
        command.arg("-k").arg(self.folder.path());
        command.arg("-p").arg(self.port.to_string());
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        // SAFETY: `prctl` with plain numbers may be called between fork and exec. The server ends when this process
        // does, whatever it died of.
        #[expect(unsafe_code, reason = "the server must not outlive the tests")]
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGQUIT);
                Ok(())
            });
        }
        let child = start_from_a_lasting_thread(command);
        *process = Some(child);
        drop(process);
        let since = Instant::now();
        while !self.answers() {
            assert!(
                since.elapsed() < STARTS_WITHIN,
                "PostgreSQL does not start: {}",
                std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        let mut command = Runner::of_this_process().command("pg_isready");
        command.arg("-h").arg(self.folder.path()).args([
            "-p",
            &self.port.to_string(),
            "-q",
            "-U",
            "postgres",
        ]);
        command.status().is_ok_and(|status| status.success())
    }

    /// Ends the server: at once and without a message, as a crash would.
    pub fn crash(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = process.take() {
            let pid = Pid::from_raw(child.id().cast_signed());
            kill(pid, Signal::SIGQUIT).expect("the server can be ended");
            child.wait().expect("the server ends");
        }
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        let name = format!(".s.PGSQL.{}", self.port);
        self.folder.path().join(name)
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let host = folder.replace('/', "%2F");
        format!("postgres://postgres@{host}:{}/{database}", self.port)
    }

    /// A new, empty database.
    pub async fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"))
            .await;
        self.url(&name)
    }

    async fn execute(&self, database: &str, sql: &str) {
        client(&self.url(database))
            .await
            .batch_execute(sql)
            .await
            .expect("the statement works");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.crash();
    }
}

/// A process of tests ends without dropping its shared servers: the next one removes them.
fn remove_what_others_left() {
    let folders = std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten();
    for folder in folders.flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix(FOLDER)
            .and_then(|rest| rest.split('-').next()?.parse().ok());
        let is_gone = owner.is_some_and(|pid| kill(Pid::from_raw(pid), None).is_err());
        if is_gone {
            // Another process may be at it as well.
            let _ = std::fs::remove_dir_all(folder.path());
        }
    }
}

/// A child gets its signal when the thread that started it ends, so that thread must last as long as the process.
fn start_from_a_lasting_thread(command: Command) -> Child {
    use std::sync::mpsc;
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static STARTER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (orders, ordered) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in ordered {
                answer.send(command.spawn()).expect("it is waited for");
            }
        });
        Mutex::new(orders)
    });
    let (answer, answered) = mpsc::channel();
    let orders = starter.lock().unwrap_or_else(PoisonError::into_inner);
    orders.send((command, answer)).expect("the thread lasts");
    let started = answered.recv().expect("the thread answers");
    started.expect("PostgreSQL can be started")
}

/// A client of one's own.
pub async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the server answers");
    tokio::spawn(connection);
    client
}

/// A store on a database, as one server has it.
pub async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(url, ACCOUNT)
        .await
        .unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)))
}

/// A store on a new database, from within a task of a runtime with several threads.
pub fn empty() -> PostgresStore {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        runtime.block_on(async { open(&server().database().await).await })
    })
}

/// How the server's programs are run: PostgreSQL refuses to be run by root.
struct Runner {
    user: Option<(Uid, Gid)>,
}

impl Runner {
    fn of_this_process() -> Self {
        if !Uid::effective().is_root() {
            return Self { user: None };
        }
        let found = ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        let user = found.expect("a system has somebody who is not root");
        Self {
            user: Some((user.uid, user.gid)),
        }
    }

    fn own(&self, folder: &Path) {
        if let Some((uid, gid)) = self.user {
            nix::unistd::chown(folder, Some(uid), Some(gid)).expect("root gives it away");
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(find(program));
        if let Some((uid, gid)) = self.user {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command.current_dir("/");
        command
    }
}

/// A program of PostgreSQL: on the `PATH`, or where Debian puts it.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin"));
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut versions: Vec<_> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    folders.splice(0..0, versions.into_iter().rev());
    let found = folders
        .into_iter()
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "`{program}` is missing: install PostgreSQL (on Debian `apt-get install postgresql`)"
        )
    })
}
