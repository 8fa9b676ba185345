//! Frozen code that is sound, damaged in every way, and interrupted at every step.

mod crashes;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use function_host::FunctionConfig;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

mod seen;

use super::manifest::Manifest;
use super::store::*;
use super::*;

struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        world.write("bootstrap", "#!/bin/sh\nfirst\n");
        world.write("lib/a.py", "a = 1\n");
        world.write("lib/deep/b.py", "b = 2\n");
        let bootstrap = world.source().join("bootstrap");
        fs::set_permissions(bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
        world
    }

    fn source(&self) -> PathBuf {
        self.dir.path().join("source")
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.source().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The code store as a server opens it at its start.
    fn open(&self) -> CodeStore {
        let dir = self.dir.path().join("code");
        CodeStore::open(dir, true, CancellationToken::new()).unwrap()
    }

    fn freeze(&self) -> FrozenCode {
        self.open().freeze(&self.source()).unwrap()
    }

    /// All entries below the code folder: files with their content, folders.
    fn everything(&self) -> BTreeMap<String, String> {
        let root = self.dir.path().join("code");
        let mut found = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                if path.is_dir() {
                    found.insert(name, "folder".to_owned());
                    folders.push(path);
                } else if name.ends_with(".manifest") {
                    found.insert(name, "manifest".to_owned());
                } else {
                    found.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
        found
    }
}

/// Overwrites a file even if its mode forbids it.
fn overwrite(path: &Path, text: &str) {
    let mode = fs::metadata(path).unwrap().permissions();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, mode).unwrap();
}

/// Changes a content, but not its length and time: as a failing disk does.
fn rot(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let text = fs::read_to_string(path).unwrap();
    overwrite(path, &text.replace('1', "7").replace("first", "worst"));
    fs::File::open(path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    assert_ne!(fs::read_to_string(path).unwrap(), text);
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

fn damage(checked: &Checked) -> String {
    match checked {
        Checked::Damaged(damage) => damage.to_string(),
        other @ (Checked::Sound | Checked::Mended(_) | Checked::Unfinished) => {
            panic!("it is damaged, not {other:?}")
        }
    }
}

#[test]
fn frozen_code_is_its_owners_alone_and_stored_once() {
    let world = World::new();
    let frozen = world.freeze();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.dir.path().join("code")), 0o700);
    assert_eq!(mode(&frozen.dir), 0o700);
    assert_eq!(mode(&frozen.dir.join("lib/deep")), 0o700);
    assert_eq!(mode(&frozen.dir.join("bootstrap")), 0o500);
    assert_eq!(mode(&frozen.dir.join("lib/a.py")), 0o400);
    assert_eq!(text(frozen.dir.join("lib/deep/b.py")), "b = 2\n");

    let before = world.everything();
    let again = world.freeze();
    assert_eq!((&again.dir, &again.sha256), (&frozen.dir, &frozen.sha256));
    assert_eq!(world.everything(), before);
    assert_eq!(world.open().folder_count(), 1);
}

#[test]
fn files_that_have_not_changed_are_not_copied_again() {
    let world = World::new();
    let first = world.freeze();
    world.write("lib/a.py", "a = 3\n");
    let second = world.freeze();
    assert_ne!(first.dir, second.dir);
    let inode =
        |frozen: &FrozenCode, file: &str| fs::metadata(frozen.dir.join(file)).unwrap().ino();
    assert_eq!(inode(&first, "bootstrap"), inode(&second, "bootstrap"));
    assert_ne!(inode(&first, "lib/a.py"), inode(&second, "lib/a.py"));
    assert_eq!(text(first.dir.join("lib/a.py")), "a = 1\n");
    assert_eq!(text(second.dir.join("lib/a.py")), "a = 3\n");
}

#[test]
fn a_damaged_file_is_never_linked() {
    let world = World::new();
    let first = world.freeze();
    rot(&first.dir.join("bootstrap"));
    world.write("lib/a.py", "a = 3\n");
    let second = world.freeze();
    assert_eq!(text(second.dir.join("bootstrap")), "#!/bin/sh\nfirst\n");
}

#[test]
fn an_emptied_file_is_noticed_and_comes_back_from_the_source() {
    let world = World::new();
    let frozen = world.freeze();
    overwrite(&frozen.dir.join("bootstrap"), "");
    fs::remove_file(frozen.dir.join("lib/a.py")).unwrap();
    let code = world.open();
    assert!(matches!(
        code.check(&frozen.dir, Depth::Sizes),
        Checked::Mended(2)
    ));
    assert_eq!(text(frozen.dir.join("bootstrap")), "#!/bin/sh\nfirst\n");
    let mode = fs::metadata(frozen.dir.join("bootstrap")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o500);
    assert!(matches!(
        code.check(&frozen.dir, Depth::Sizes),
        Checked::Sound
    ));
}

#[test]
fn what_nobody_has_any_more_is_said_until_it_is_deployed_again() {
    let world = World::new();
    let frozen = world.freeze();
    overwrite(&frozen.dir.join("bootstrap"), "");
    fs::remove_file(frozen.dir.join("lib/a.py")).unwrap();
    let elsewhere = world.dir.path().join("elsewhere");
    fs::rename(world.source(), &elsewhere).unwrap();
    let code = world.open();
    let said = damage(&code.check(&frozen.dir, Depth::Sizes));
    let bootstrap = frozen.dir.join("bootstrap").display().to_string();
    assert_eq!(
        said,
        format!("`{bootstrap}` has 0 bytes instead of 16, and another file is damaged too")
    );
    assert!(code.damage(&frozen.dir).is_some());

    // The same code from another place.
    let again = code.freeze(&elsewhere).unwrap();
    assert_eq!(again.dir, frozen.dir);
    assert!(code.damage(&frozen.dir).is_none());
    assert!(matches!(
        code.check(&frozen.dir, Depth::Contents),
        Checked::Sound
    ));
}

#[test]
fn a_content_that_changes_by_itself_is_seen_when_contents_are_compared() {
    let world = World::new();
    let frozen = world.freeze();
    rot(&frozen.dir.join("lib/a.py"));
    let code = world.open();
    assert!(matches!(
        code.check(&frozen.dir, Depth::Sizes),
        Checked::Sound
    ));
    fs::rename(world.source(), world.dir.path().join("away")).unwrap();
    let said = damage(&code.check(&frozen.dir, Depth::Contents));
    assert!(
        said.ends_with("has another content than it was deployed with"),
        "{said}"
    );
    // A check of sizes alone does not clear the damage.
    damage(&code.check(&frozen.dir, Depth::Sizes));
    fs::rename(world.dir.path().join("away"), world.source()).unwrap();
    assert!(matches!(
        code.check(&frozen.dir, Depth::Sizes),
        Checked::Mended(1)
    ));
}

#[test]
fn a_source_with_another_content_mends_nothing() {
    let world = World::new();
    let frozen = world.freeze();
    overwrite(&frozen.dir.join("lib/a.py"), "");
    world.write("lib/a.py", "a = 9\n");
    let said = damage(&world.open().check(&frozen.dir, Depth::Sizes));
    assert!(said.contains("has 0 bytes instead of 6"), "{said}");
}

#[test]
fn other_code_with_the_same_file_mends_it() {
    let world = World::new();
    let first = world.freeze();
    // A file of its own, not a hard link to the same file.
    let copy = world.dir.path().join("copy");
    fs::copy(first.dir.join("bootstrap"), &copy).unwrap();
    world.write("lib/a.py", "a = 3\n");
    let second = world.freeze();
    fs::rename(&copy, second.dir.join("bootstrap")).unwrap();
    fs::remove_dir_all(world.source()).unwrap();
    overwrite(&first.dir.join("bootstrap"), "");
    let code = world.open();
    assert!(matches!(
        code.check(&first.dir, Depth::Sizes),
        Checked::Mended(1)
    ));
    assert_eq!(text(first.dir.join("bootstrap")), "#!/bin/sh\nfirst\n");
}

#[test]
fn a_folder_that_is_gone_comes_back_from_the_source() {
    let world = World::new();
    let frozen = world.freeze();
    fs::remove_dir_all(&frozen.dir).unwrap();
    let code = world.open();
    let _lease = code.frozen(&frozen.dir, String::new(), 0);
    code.sweep();
    assert!(matches!(
        code.check(&frozen.dir, Depth::Sizes),
        Checked::Mended(3)
    ));
    assert_eq!(text(frozen.dir.join("lib/deep/b.py")), "b = 2\n");

    fs::remove_dir_all(&frozen.dir).unwrap();
    fs::remove_file(code.manifest_path(folder_of(&frozen.dir).unwrap())).unwrap();
    let said = damage(&code.check(&frozen.dir, Depth::Sizes));
    assert!(said.ends_with("is missing"), "{said}");
}

#[test]
fn times_and_modes_that_differ_are_no_damage() {
    let world = World::new();
    let frozen = world.freeze();
    let path = frozen.dir.join("lib/a.py");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    fs::File::open(&path)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    // Files that an interpreter adds are not the function's code.
    fs::create_dir(frozen.dir.join("lib/__pycache__")).unwrap();
    fs::write(frozen.dir.join("lib/__pycache__/a.pyc"), "compiled").unwrap();
    let code = world.open();
    assert!(matches!(
        code.check(&frozen.dir, Depth::Sizes),
        Checked::Sound
    ));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o400);
    let listed = Manifest::read(&code.manifest_path(folder_of(&frozen.dir).unwrap())).unwrap();
    let listed = listed.expect("there is a list").entries;
    let entry = listed
        .iter()
        .find(|entry| entry.path == Path::new("lib/a.py"));
    let manifest::Content::File { modified_nanos, .. } = entry.unwrap().content else {
        panic!("it is a file")
    };
    assert_eq!(
        modified_nanos, 1_000_000_000_000_000,
        "it need not be read again"
    );
}

#[test]
fn code_of_an_older_server_gets_a_list() {
    let world = World::new();
    let frozen = world.freeze();
    let code = world.open();
    let manifest = code.manifest_path(folder_of(&frozen.dir).unwrap());
    for damaged in [None, Some("{}")] {
        fs::remove_file(&manifest).unwrap();
        if let Some(damaged) = damaged {
            fs::write(&manifest, damaged).unwrap();
        }
        assert!(matches!(
            code.check(&frozen.dir, Depth::Sizes),
            Checked::Sound
        ));
        assert!(matches!(
            code.check(&frozen.dir, Depth::Contents),
            Checked::Sound
        ));
        assert!(Manifest::read(&manifest).unwrap().is_some());
    }
    // A new deployment keeps the files, and writes their list.
    fs::remove_file(&manifest).unwrap();
    world.freeze();
    assert!(Manifest::read(&manifest).unwrap().is_some());
}

#[test]
fn deployments_at_once_do_not_disturb_each_other() {
    let world = World::new();
    let code = world.open();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|number| {
                let (code, source) = (&code, world.source());
                scope.spawn(move || {
                    for _ in 0..5 {
                        let frozen = code.freeze(&source).unwrap();
                        assert_eq!(text(frozen.dir.join("lib/a.py")), "a = 1\n", "{number}");
                        code.sweep();
                        assert_eq!(text(frozen.dir.join("lib/a.py")), "a = 1\n", "{number}");
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    code.sweep();
    assert_eq!(
        world.everything(),
        BTreeMap::new(),
        "nobody needs it any more"
    );
}

#[test]
fn code_that_changes_while_it_is_copied_is_read_anew() {
    let world = World::new();
    let mut code = world.open();
    let source = world.source();
    let changes = AtomicUsize::new(0);
    code.disk.hook = Some(Box::new(move |step, path| {
        let is_first = step == "copied" && path.ends_with("bootstrap");
        if is_first && changes.fetch_add(1, Ordering::Relaxed) == 0 {
            fs::write(source.join("lib/a.py"), "a = 5\n").unwrap();
        }
    }));
    let frozen = code.freeze(&world.source()).unwrap();
    assert_eq!(text(frozen.dir.join("lib/a.py")), "a = 5\n");
    assert!(matches!(
        code.check(&frozen.dir, Depth::Contents),
        Checked::Sound
    ));

    let source = world.source();
    let changes = AtomicUsize::new(10);
    code.disk.hook = Some(Box::new(move |step, path| {
        if step == "copied" && path.ends_with("bootstrap") {
            let number = changes.fetch_add(1, Ordering::Relaxed);
            fs::write(source.join("lib/a.py"), format!("a = {number}\n")).unwrap();
        }
    }));
    world.write("lib/a.py", "a = 9\n");
    let refused = code.freeze(&world.source()).unwrap_err();
    assert!(matches!(refused, FreezeCodeError::Changing(_)), "{refused}");
}

#[test]
fn only_unused_code_of_ours_is_swept() {
    let world = World::new();
    let code = world.open();
    let leased = code.freeze(&world.source()).unwrap();
    world.write("lib/a.py", "a = 3\n");
    let run = code.freeze(&world.source()).unwrap();
    let config = Arc::new(FunctionConfig {
        arn: String::new(),
        name: "Loan".to_owned(),
        version: "1".to_owned(),
        revision: String::new(),
        code_dir: run.dir.clone(),
        runtime: String::new(),
        handler: String::new(),
        timeout: Duration::from_secs(1),
        memory_mb: 128,
        environment: BTreeMap::new(),
        logging: Default::default(),
        concurrency_max: 1,
        per_process: None,
        debugger: None,
    });
    code.track(&config);
    world.write("lib/a.py", "a = 4\n");
    let unused = code.freeze(&world.source()).unwrap().dir;
    let unused_name = folder_of(&unused).unwrap().to_owned();
    for left_over in [
        format!("{unused_name}.partial-1"),
        format!("{unused_name}.removed-1"),
        format!("{}.manifest", "a".repeat(32)),
        "theirs".to_owned(),
    ] {
        fs::create_dir(code.dir.join(left_over)).unwrap();
    }
    let run_dir = run.dir.clone();
    drop(run);
    assert_eq!(code.sweep(), 1);
    assert!(leased.dir.is_dir() && run_dir.is_dir() && code.dir.join("theirs").is_dir());
    assert!(!unused.exists());
    assert_eq!(fs::read_dir(&code.dir).unwrap().count(), 5);

    // The last process of the version has ended.
    drop(config);
    assert_eq!(code.sweep(), 1);
    assert!(leased.dir.is_dir() && !run_dir.exists());
}
