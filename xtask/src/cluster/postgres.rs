//! A private PostgreSQL: on loopback, with a password that only its owner can read.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::unistd::{User, geteuid};

use crate::port;
use crate::process::{self, ProcessGroup};
use crate::system::{make_parent, tail};

/// Bound on its start; after a crash it reads its log first.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The user that Debian's package makes for it. PostgreSQL refuses to run as root.
const SERVICE_USER: &str = "postgres";

/// The database that the servers share.
const DATABASE: &str = "lambdura";

/// A running PostgreSQL, which ends with this value.
#[derive(Debug)]
pub struct Postgres {
    /// For `--store`; it holds the password.
    pub url: String,
    /// Where its files are.
    pub folder: PathBuf,
    pub pid: u32,
    programs: PathBuf,
    port: u16,
    password: String,
    log: PathBuf,
    group: ProcessGroup,
}

/// The user that the process runs as.
#[derive(Debug)]
struct Owner(Option<User>);

impl Postgres {
    /// Starts one on the files that are kept in `folder`, or makes them. As root, they are kept in the home of the user
    /// `postgres` instead, because that user does not reach every folder.
    pub fn start(programs: &Path, folder: &Path, begins_empty: bool, log: &Path) -> Result<Self> {
        let owner = Owner::find()?;
        let folder = owner.place(folder);
        if begins_empty {
            remove(&folder)?;
        }
        owner.make(&folder)?;
        let password = password(&folder)?;
        let data = folder.join("data");
        if !data.join("PG_VERSION").exists() {
            create_cluster(programs, &owner, &folder, &data)?;
        }
        make_parent(log)?;
        let output = File::create(log).with_context(|| format!("create `{}`", log.display()))?;
        let errors = output.try_clone().context("use one log for both outputs")?;
        let port = port::free()?;
        let mut command = owner.command(&programs.join("postgres"), &folder);
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            // No socket: it would lie where other programs look for theirs.
            "unix_socket_directories=",
            "max_connections=100",
        ] {
            command.args(["-c", setting]);
        }
        command.stdout(output).stderr(errors);
        let group = ProcessGroup::spawn(&mut command)?;
        let mut postgres = Self {
            url: format!("postgres://{SERVICE_USER}:{password}@127.0.0.1:{port}/{DATABASE}"),
            pid: group.pid(),
            folder,
            programs: programs.to_owned(),
            port,
            password,
            log: log.to_owned(),
            group,
        };
        postgres.wait_until_it_answers()?;
        postgres.create_database()?;
        Ok(postgres)
    }

    /// Its `psql`.
    pub fn psql(&self) -> PathBuf {
        self.programs.join("psql")
    }

    /// Variables for its programs, instead of arguments, which all users of the machine could see.
    pub fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("PGHOST", "127.0.0.1".to_owned()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", SERVICE_USER.to_owned()),
            ("PGPASSWORD", self.password.clone()),
            ("PGDATABASE", DATABASE.to_owned()),
        ]
    }

    /// Ends it, and removes its files.
    pub fn remove(self) -> Result<()> {
        let folder = self.folder.clone();
        drop(self);
        remove(&folder)
    }

    /// Fails if it has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        match self.group.exit_status()? {
            None => Ok(()),
            Some(status) => bail!(
                "PostgreSQL ended with {status}; it said:\n{}",
                tail(&self.log)
            ),
        }
    }

    fn wait_until_it_answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            self.check()?;
            let mut probe = Command::new(self.programs.join("pg_isready"));
            probe.arg("-q").envs(self.variables());
            if ProcessGroup::spawn(&mut probe)?.wait()?.success() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!(
                    "PostgreSQL did not answer within {} s; it said:\n{}",
                    READY_WITHIN.as_secs(),
                    tail(&self.log)
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn create_database(&self) -> Result<()> {
        let psql = || {
            let mut command = Command::new(self.psql());
            command.envs(self.variables());
            command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
            command.args(["-d", "postgres", "-c"]);
            command
        };
        let mut look = psql();
        look.arg(format!(
            "SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
        ));
        if process::output(&mut look)?.trim().is_empty() {
            let sql = format!("CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0");
            process::run(psql().arg(sql)).context("create the database")?;
        }
        Ok(())
    }
}

impl Owner {
    /// This user, or as root that of Debian's package.
    fn find() -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        let user = User::from_name(SERVICE_USER).context("look for the user `postgres`")?;
        let user = user.context(
            "PostgreSQL refuses to run as root, and there is no user `postgres`: run this as another user",
        )?;
        Ok(Self(Some(user)))
    }

    /// The folder of its files.
    fn place(&self, wanted: &Path) -> PathBuf {
        match &self.0 {
            None => wanted.to_owned(),
            Some(user) => {
                let name = wanted.to_string_lossy().replace(['/', ' '], "-");
                user.dir.join(format!("lambdura{name}"))
            }
        }
    }

    /// Makes that folder, readable by its owner alone.
    fn make(&self, folder: &Path) -> Result<()> {
        let attempted = || format!("make the folder `{}` for PostgreSQL", folder.display());
        let mut builder = fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.with_context(attempted)?;
        if let Some(user) = &self.0 {
            let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
            chown(folder, Some(uid), Some(gid)).with_context(attempted)?;
        }
        let found = fs::symlink_metadata(folder).with_context(attempted)?;
        let uid = self.0.as_ref().map_or(geteuid(), |user| user.uid).as_raw();
        if !found.is_dir() || found.uid() != uid || found.permissions().mode() & 0o077 != 0 {
            bail!(
                "`{}` is to hold the files of a PostgreSQL, and others may read it: remove it, then try again",
                folder.display()
            );
        }
        Ok(())
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Some(user) = &self.0 {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }
}

/// Removes a folder, if there is one.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove `{}`", folder.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn password_file(folder: &Path) -> PathBuf {
    folder.join("password")
}

/// The password that was made with the files, or a new one.
fn password(folder: &Path) -> Result<String> {
    let file = password_file(folder);
    match fs::read_to_string(&file) {
        Ok(password) => return Ok(password),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("read `{}`", file.display())),
    }
    let mut random = [0; 16];
    let source = File::open("/dev/urandom");
    let read = source.and_then(|mut source| source.read_exact(&mut random));
    read.context("ask the system for a random password")?;
    let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = fs::OpenOptions::new();
    let created = options.write(true).create_new(true).mode(0o600).open(&file);
    let written = created.and_then(|mut created| {
        created.write_all(password.as_bytes())?;
        // The user that runs PostgreSQL reads it.
        let owner = fs::metadata(folder)?;
        chown(&file, Some(owner.uid()), Some(owner.gid()))
    });
    written.with_context(|| format!("write `{}`", file.display()))?;
    Ok(password)
}

/// Makes the files; whole or not at all, so that a start that was interrupted is begun again.
fn create_cluster(programs: &Path, owner: &Owner, folder: &Path, data: &Path) -> Result<()> {
    let partial = data.with_extension("partial");
    remove(&partial)?;
    let mut command = owner.command(&programs.join("initdb"), folder);
    command.args(["--username", SERVICE_USER, "--auth=scram-sha-256"]);
    command.args(["--encoding=UTF8", "--locale=C", "--pwfile"]);
    command.arg(password_file(folder)).arg("-D").arg(&partial);
    // Standard output is not shown; errors are on standard error.
    process::run(command.stdout(Stdio::null())).context("make the files of a PostgreSQL")?;
    fs::rename(&partial, data).with_context(|| format!("rename `{}`", partial.display()))
}
