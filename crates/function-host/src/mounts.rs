//! Layers at `/opt`: function processes with layers see the machine's files with a few others mounted over them.
//!
//! Each such process gets a mount namespace of its own, and a user namespace around it where this user may not mount
//! otherwise. In a user namespace the user stays the same, so that signals, limits and `/proc` work as for every other
//! process. `/opt` is then a small file system in memory. Mounted in it are the top-level entries of the layers, and
//! the machine's other entries of `/opt`, because some machines have interpreters there. `/var/task` shows the code if
//! the machine has such a folder; creating one would take more rights than this needs.
//!
//! If the system does not allow that, nothing is mounted, and [`layers`](crate::layers) sets variables to the real
//! folders instead.

use std::path::Path;
use std::sync::{Arc, OnceLock};

pub(crate) use imp::Mounts;

use crate::folders::LAYERS_FOLDER;
use crate::function::FunctionConfig;

/// The place where a function's processes find its layers.
#[derive(Clone, Debug)]
pub(crate) enum LayersAt {
    /// At `/opt`, by these mounts.
    Opt(Arc<Mounts>),
    /// Only in the code's own folder, or the function has no layers.
    CodeFolder,
}

impl LayersAt {
    /// Returns the mounts of a process, if it has any.
    pub(crate) fn mounts(&self) -> Option<Arc<Mounts>> {
        match self {
            LayersAt::Opt(mounts) => Some(Arc::clone(mounts)),
            LayersAt::CodeFolder => None,
        }
    }
}

/// Decides where layers are, and logs once if they cannot be at `/opt`.
#[derive(Debug)]
pub(crate) struct MountPolicy {
    wanted: bool,
    /// Whether this system allows it; known from the first function that has layers.
    allowed: OnceLock<bool>,
}

impl MountPolicy {
    pub(crate) fn new(wanted: bool) -> MountPolicy {
        MountPolicy {
            wanted,
            allowed: OnceLock::new(),
        }
    }

    /// Decides for one process. `needed` are files and folders that it must be able to see.
    pub(crate) fn layers_at(&self, function: &FunctionConfig, needed: &[&Path]) -> LayersAt {
        let layers = function.code_dir.join(LAYERS_FOLDER);
        if !layers.is_dir() || !self.wanted || !self.is_allowed() {
            return LayersAt::CodeFolder;
        }
        match Mounts::plan(&layers, &function.code_dir, needed) {
            Ok(mounts) => LayersAt::Opt(Arc::new(mounts)),
            Err(cause) => {
                tracing::warn!(function = %function.key(), %cause, "the function's layers cannot be at `/opt`: variables that name `/opt/…` name the real folder instead");
                LayersAt::CodeFolder
            }
        }
    }

    fn is_allowed(&self) -> bool {
        *self.allowed.get_or_init(|| match imp::probe() {
            Ok(()) => true,
            Err(cause) => {
                tracing::warn!(%cause, "this system does not let functions have their layers at `/opt`: the variables PATH, LD_LIBRARY_PATH, PYTHONPATH, NODE_PATH and AWS_LAMBDA_EXEC_WRAPPER name the real folders instead, and code that opens `/opt/…` itself finds nothing; allow user namespaces, or run as root");
                false
            }
        })
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::collections::BTreeSet;
    use std::ffi::{CStr, CString, OsString};
    use std::fs;
    use std::io;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::path::{Component, Path, PathBuf};
    use std::process::Command;

    use nix::errno::Errno;
    use nix::fcntl::{AT_FDCWD, OFlag, open};
    use nix::mount::{MntFlags, MsFlags, mount, umount2};
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::stat::Mode;
    use nix::unistd::{getegid, geteuid, mkdir, symlinkat, write};

    /// Lambda's folders.
    const OPT: &str = "/opt";
    const TASK: &str = "/var/task";

    const HOSTS: &str = "/etc/hosts";

    /// Folders that every Linux has and that are covered for a moment, while the real `/opt` must still be visible.
    const STAGES: [&str; 4] = ["/mnt", "/media", "/srv", "/run"];

    /// The parts of a process's own `/opt`. Everything is prepared before the process is started: between `fork` and
    /// `exec` no memory may be allocated.
    #[derive(Debug)]
    pub(crate) struct Mounts {
        stage: CString,
        entries: Vec<Entry>,
        /// The code, if the machine has a `/var/task` to show it in.
        task: Option<CString>,
        /// `/etc/hosts` with the names by which extensions know their machine; `None` if there is no such file.
        hosts: Option<Hosts>,
        user_map: CString,
        group_map: CString,
    }

    #[derive(Debug)]
    struct Hosts {
        content: Vec<u8>,
        /// Its path in the stage.
        file: CString,
    }

    /// One name at the top of `/opt`.
    #[derive(Debug)]
    struct Entry {
        source: CString,
        /// Its path in the stage.
        target: CString,
        kind: Kind,
    }

    #[derive(Clone, Copy, Debug)]
    enum Kind {
        Folder,
        File,
        /// A link, whose content is the entry's source.
        Link,
    }

    impl Mounts {
        /// Plans the mounts of a process.
        ///
        /// # Errors
        /// When the machine has no `/opt`, or a layer would hide a file that the process needs.
        pub(crate) fn plan(layers: &Path, code_dir: &Path, needed: &[&Path]) -> io::Result<Mounts> {
            let mut mounts = Mounts::empty(&[code_dir])?;
            if !Path::new(OPT).is_dir() {
                return Err(io::Error::other("this machine has no folder `/opt`"));
            }
            // Links elsewhere may lead to files in `/opt`.
            let real = needed.iter().filter_map(|path| fs::canonicalize(path).ok());
            let real: Vec<PathBuf> = real.collect();
            let real = real.iter().map(PathBuf::as_path);
            let needed: Vec<&Path> = needed.iter().copied().chain(real).collect();
            let mut names = BTreeSet::new();
            for folder in [layers, Path::new(OPT)] {
                for entry in fs::read_dir(folder)? {
                    let entry = entry?;
                    let name = entry.file_name();
                    // An entry of a layer hides the machine's entry of the same name.
                    if names.insert(name.clone()) {
                        mounts.add(&entry.path(), name)?;
                    }
                }
                if folder == layers
                    && let Some(path) = hidden(&names, &needed)
                {
                    return Err(io::Error::other(format!(
                        "a layer would hide `{}`, which the function needs",
                        path.display()
                    )));
                }
            }
            if Path::new(TASK).is_dir() {
                mounts.task = Some(c_string(code_dir)?);
            }
            Ok(mounts)
        }

        /// An empty `/opt`.
        fn empty(sources: &[&Path]) -> io::Result<Mounts> {
            let is_free = |stage: &&str| {
                Path::new(stage).is_dir() && !sources.iter().any(|source| source.starts_with(stage))
            };
            let stage = STAGES.into_iter().find(is_free);
            let stage = stage.ok_or_else(|| {
                io::Error::other(
                    "this machine has none of the folders `/mnt`, `/media`, `/srv`, `/run`",
                )
            })?;
            let hosts = fs::read(HOSTS).ok().map(|mut content| {
                content.extend_from_slice(b"\n127.0.0.1 sandbox.localdomain sandbox.local\n");
                let file = c_string(&Path::new(stage).join("hosts"));
                file.map(|file| Hosts { content, file })
            });
            Ok(Mounts {
                stage: c_string(Path::new(stage))?,
                entries: Vec::new(),
                task: None,
                hosts: hosts.transpose()?,
                user_map: one_id(geteuid().as_raw()),
                group_map: one_id(getegid().as_raw()),
            })
        }

        fn add(&mut self, path: &Path, name: OsString) -> io::Result<()> {
            let kind = fs::symlink_metadata(path)?.file_type();
            let (kind, source) = if kind.is_symlink() {
                (Kind::Link, fs::read_link(path)?)
            } else if kind.is_dir() {
                (Kind::Folder, path.to_owned())
            } else {
                (Kind::File, path.to_owned())
            };
            let stage = self.stage.to_str().expect("it is one of ours");
            self.entries.push(Entry {
                source: c_string(&source)?,
                target: c_string(&Path::new(stage).join(name))?,
                kind,
            });
            Ok(())
        }

        /// Gives these mounts to the calling process only. Makes plain system calls only, so that it may be called
        /// between `fork` and `exec`.
        pub(crate) fn enter(&self) -> io::Result<()> {
            self.unshare()?;
            // Mounts made here stay in this namespace; unmounts on the machine apply here, too.
            let slave = MsFlags::MS_SLAVE | MsFlags::MS_REC;
            mount(NONE, c"/", NONE, slave, NONE)?;
            if let Some(hosts) = &self.hosts {
                self.mount_stage()?;
                let flags = OFlag::O_CREAT | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
                let mode = Mode::S_IRUSR | Mode::S_IWUSR | Mode::S_IRGRP | Mode::S_IROTH;
                write(&open(&*hosts.file, flags, mode)?, &hosts.content)?;
                bind(&hosts.file, c"/etc/hosts")?;
                // The file stays mounted at its target.
                umount2(&*self.stage, MntFlags::MNT_DETACH)?;
            }
            self.mount_stage()?;
            for entry in &self.entries {
                entry.make()?;
            }
            mount(Some(&*self.stage), c"/opt", NONE, MsFlags::MS_MOVE, NONE)?;
            if let Some(code) = &self.task {
                bind(code, c"/var/task")?;
            }
            Ok(())
        }

        fn mount_stage(&self) -> io::Result<()> {
            let small = c"mode=755,size=1m";
            let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
            let tmpfs = c"tmpfs";
            Ok(mount(
                Some(tmpfs),
                &*self.stage,
                Some(tmpfs),
                flags,
                Some(small),
            )?)
        }

        fn unshare(&self) -> io::Result<()> {
            if unshare(CloneFlags::CLONE_NEWNS).is_ok() {
                return Ok(());
            }
            unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
            // The user stays the same; a user cannot map groups without giving up `setgroups` for good.
            put(c"/proc/self/setgroups", b"deny")?;
            put(c"/proc/self/uid_map", self.user_map.as_bytes())?;
            put(c"/proc/self/gid_map", self.group_map.as_bytes())
        }
    }

    impl Entry {
        fn make(&self) -> io::Result<()> {
            match self.kind {
                Kind::Link => return Ok(symlinkat(&*self.source, AT_FDCWD, &*self.target)?),
                Kind::Folder => mkdir(&*self.target, Mode::S_IRWXU)?,
                Kind::File => {
                    let flags = OFlag::O_CREAT | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
                    drop(open(&*self.target, flags, Mode::S_IRWXU)?);
                }
            }
            bind(&self.source, &self.target)
        }
    }

    const NONE: Option<&CStr> = None;

    fn bind(source: &CStr, target: &CStr) -> io::Result<()> {
        // Recursive: a user namespace must not uncover files that mounts below hide.
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        Ok(mount(Some(source), target, NONE, flags, NONE)?)
    }

    fn put(path: &CStr, content: &[u8]) -> io::Result<()> {
        let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
        write(&file, content)?;
        Ok(())
    }

    /// The path among `needed` that lies in `/opt` below one of these names.
    fn hidden<'a>(names: &BTreeSet<OsString>, needed: &[&'a Path]) -> Option<&'a Path> {
        let is_hidden = |path: &&&Path| {
            let first = path.strip_prefix(OPT).ok()?.components().next()?;
            match first {
                Component::Normal(name) => names.contains(name).then_some(()),
                Component::Prefix(_)
                | Component::RootDir
                | Component::CurDir
                | Component::ParentDir => None,
            }
        };
        needed
            .iter()
            .find(|path| is_hidden(path).is_some())
            .copied()
    }

    /// A map of one id to itself.
    fn one_id(id: u32) -> CString {
        CString::new(format!("{id} {id} 1")).expect("digits and spaces have no NUL")
    }

    fn c_string(path: &Path) -> io::Result<CString> {
        Ok(CString::new(path.as_os_str().as_bytes())?)
    }

    /// Tries the mounts with an empty `/opt`.
    ///
    /// # Errors
    /// When this system does not allow or support it.
    #[expect(unsafe_code, reason = "what a process may do shows in a process")]
    pub(super) fn probe() -> io::Result<()> {
        let mounts = Mounts::empty(&[])?;
        // This error means success, so that no program need be run.
        const ALLOWED: Errno = Errno::ECANCELED;
        let mut command = Command::new("/");
        // SAFETY: between fork and exec only async-signal-safe functions may run; `enter` makes plain system calls.
        unsafe {
            command.pre_exec(move || {
                mounts.enter()?;
                Err(ALLOWED.into())
            });
        }
        match command.spawn() {
            Err(cause) if cause.raw_os_error() == Some(ALLOWED as i32) => Ok(()),
            Err(cause) => Err(cause),
            Ok(_) => unreachable!("a folder cannot be run"),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_layer_must_not_hide_what_is_needed() {
            let names = BTreeSet::from([OsString::from("bin")]);
            let node = Path::new("/opt/node/bin/node");
            let python = Path::new("/opt/bin/python3");
            assert_eq!(hidden(&names, &[node, Path::new("/bin/sh")]), None);
            assert_eq!(hidden(&names, &[node, python]), Some(python));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;
    use std::path::Path;

    /// Mounts do not exist on this system.
    #[derive(Debug)]
    pub(crate) enum Mounts {}

    impl Mounts {
        pub(crate) fn plan(_: &Path, _: &Path, _: &[&Path]) -> io::Result<Mounts> {
            probe()?;
            unreachable!("the probe fails")
        }

        pub(crate) fn enter(&self) -> io::Result<()> {
            match *self {}
        }
    }

    pub(super) fn probe() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
