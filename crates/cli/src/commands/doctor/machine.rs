//! What the machine lets a service do: files, folders, ports, mounts.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access, geteuid};

use super::check::Check;
use crate::args::UpArguments;
use crate::up;

/// Open files below which a busy service runs short: each function process holds a dozen.
const FILES_MIN: u64 = 4096;

/// Bytes of free disk below which a store may fill it in a day's work.
const DISK_MIN: u64 = 1024 * 1024 * 1024;

/// Watched folders below which large projects are not watched whole.
const WATCHES_MIN: u64 = 8192;

pub fn checks(up: &UpArguments) -> Vec<Check> {
    let mut checks = vec![
        open_files(),
        data_folder(up),
        port("Lambda API", up.server.listen, "--listen"),
        port("HTTP APIs", up.server.http_api_listen, "--http-api-listen"),
    ];
    if cfg!(target_os = "linux") {
        checks.push(mounts());
        checks.extend(watches());
    }
    checks
}

fn open_files() -> Check {
    let name = "open files";
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Err(error) => Check::warning(name, format!("unknown: {error}"), "`ulimit -Hn` says it"),
        Ok((_, hard)) if hard < FILES_MIN => Check::warning(
            name,
            format!("at most {hard}"),
            format!(
                "invocations wait when they run out; `ulimit -Hn` should be {FILES_MIN} or more"
            ),
        ),
        Ok((_, hard)) => Check::ok(name, format!("at most {hard}")),
    }
}

/// The folder that data goes to, or the nearest one above it that is there.
fn data_folder(up: &UpArguments) -> Check {
    let name = "data folder";
    let template = if up.template.is_dir() {
        Some(up.template.as_path())
    } else {
        up.template.parent()
    };
    let beside = template.filter(|it| !it.as_os_str().is_empty());
    let wanted = match &up.data_dir {
        Some(data_dir) => data_dir.clone(),
        None => beside.unwrap_or(Path::new(".")).join(".lambdura"),
    };
    let wanted = std::path::absolute(&wanted).unwrap_or(wanted);
    let shown = wanted.display();
    let Some(there) = wanted.ancestors().find(|it| it.exists()).map(PathBuf::from) else {
        return Check::problem(
            name,
            format!("{shown} has no folder above it"),
            "name another with `--data-dir`",
        );
    };
    if let Err(error) = access(&there, AccessFlags::W_OK | AccessFlags::X_OK) {
        return Check::problem(
            name,
            format!("{} cannot be written ({error})", there.display()),
            "name another with `--data-dir`",
        );
    }
    match free_bytes(&there) {
        Err(error) => Check::warning(
            name,
            format!("{shown}, and its free space is unknown ({error})"),
            "`df` may know",
        ),
        Ok(free) if free < DISK_MIN => Check::warning(
            name,
            format!("{shown}, with {} MB free", free / 1_000_000),
            "requests fail when the disk is full; free some space",
        ),
        Ok(free) => Check::ok(
            name,
            format!("{shown}, with {} GB free", free / 1_000_000_000),
        ),
    }
}

fn free_bytes(path: &Path) -> nix::Result<u64> {
    let found = statvfs(path)?;
    #[expect(clippy::useless_conversion, reason = "these are narrower elsewhere")]
    let (blocks, size) = (
        u64::from(found.blocks_available()),
        u64::from(found.fragment_size()),
    );
    Ok(blocks.saturating_mul(size))
}

fn port(name: &'static str, address: SocketAddr, option: &str) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(name, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let holder = up::holder(address).map_or_else(
                || "another process".to_owned(),
                |it| format!("process {} ({})", it.pid, it.command),
            );
            Check::warning(
                name,
                format!("{address} is taken by {holder}"),
                format!("`{option} 127.0.0.1:0` takes a free one"),
            )
        }
        Err(error) => Check::problem(
            name,
            format!("{address}: {error}"),
            format!("choose another with `{option}`"),
        ),
    }
}

/// Layers are mounted at `/opt`, for each process its own.
fn mounts() -> Check {
    let name = "layers";
    if geteuid().is_root() {
        return Check::ok(name, "mounted at /opt for each function");
    }
    let number = |path: &str| -> Option<u64> { fs::read_to_string(path).ok()?.trim().parse().ok() };
    let namespaces = number("/proc/sys/user/max_user_namespaces").unwrap_or_default();
    let refused = number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1)
        || number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0);
    if namespaces == 0 || refused {
        return Check::warning(
            name,
            "this system lets only root mount them",
            "functions with layers start, but code that opens files at /opt itself does not find them; run `lambdura` as root, or allow user namespaces",
        );
    }
    Check::ok(
        name,
        "mounted at /opt for each function, in a user namespace",
    )
}

fn watches() -> Option<Check> {
    let name = "watched files";
    let path = "/proc/sys/fs/inotify/max_user_watches";
    let found: u64 = fs::read_to_string(path).ok()?.trim().parse().ok()?;
    Some(if found < WATCHES_MIN {
        Check::warning(
            name,
            format!("at most {found}"),
            format!(
                "changed sources may go unnoticed; `sysctl fs.inotify.max_user_watches={WATCHES_MIN}` allows more"
            ),
        )
    } else {
        Check::ok(name, format!("at most {found}"))
    })
}
