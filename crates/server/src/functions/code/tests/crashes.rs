//! Crashes while code is frozen, mended and removed.

use super::*;

#[test]
fn everything_is_synced_before_it_gets_its_name_and_listed_last() {
    let world = World::new();
    let steps = Arc::new(Mutex::new(Vec::new()));
    let mut code = world.open();
    let noted = Arc::clone(&steps);
    code.disk.hook = Some(Box::new(move |step, path| {
        noted.lock().unwrap().push((step, path.to_owned()));
    }));
    let frozen = code.freeze(&world.source()).unwrap();
    let steps = steps.lock().unwrap();
    let moved = steps.iter().position(|(step, _)| *step == "moved").unwrap();
    let synced = |path: &str| {
        let of_partial = |(step, seen): &(&str, PathBuf)| {
            let inside = seen.components().rev().collect::<Vec<_>>();
            let wanted = Path::new(path).components().rev().collect::<Vec<_>>();
            *step == "synced" && inside.starts_with(&wanted)
        };
        steps.iter().position(of_partial).unwrap_or(usize::MAX)
    };
    for path in ["bootstrap", "lib/a.py", "lib/deep/b.py", "lib/deep", "lib"] {
        assert!(synced(path) < moved, "{path}: {steps:?}");
    }
    let complete = steps.iter().position(|it| it.0 == "complete").unwrap();
    assert!(complete < moved);
    let after: Vec<_> = steps[moved..]
        .iter()
        .map(|(step, path)| (*step, path))
        .collect();
    let name = folder_of(&frozen.dir).unwrap();
    let (root, manifest) = (&code.dir, code.manifest_path(name));
    assert_eq!(after[0], ("moved", &frozen.dir));
    assert_eq!(after[1], ("synced", root), "the name is on disk");
    assert_eq!((after[2].0, after[3].0), ("synced", "written"));
    assert_eq!(after[4], ("renamed", &manifest));
    assert_eq!(after[5], ("synced", root));
    assert_eq!(after.len(), 6);
}

/// Repeats `run`, each time with a crash one step later; after each crash a server starts, sweeps
/// and checks.
fn crash_everywhere(
    prepare: impl Fn(&World),
    run: impl Fn(&World, &CodeStore),
    look: impl Fn(&World, &CodeStore, usize),
) {
    for crash_at in 0.. {
        let world = World::new();
        prepare(&world);
        let mut code = world.open();
        let count = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        code.disk.hook = Some(Box::new(move |_, _| {
            if seen.fetch_add(1, Ordering::Relaxed) == crash_at {
                std::panic::resume_unwind(Box::new("the machine stops"));
            }
        }));
        let ended = catch_unwind(AssertUnwindSafe(|| run(&world, &code)));
        drop(code);
        let code = world.open();
        look(&world, &code, crash_at);
        let left_over: Vec<_> = world
            .everything()
            .into_keys()
            .filter(|name| name.contains(".partial-") || name.contains(".removed-"))
            .collect();
        assert_eq!(left_over, [""; 0], "after a crash at step {crash_at}");
        if ended.is_ok() {
            assert!(crash_at > 4, "there are steps to crash at");
            return;
        }
    }
}

#[test]
fn a_crash_while_code_is_frozen_leaves_all_of_it_or_nothing() {
    crash_everywhere(
        |world| {
            world.freeze();
            world.write("lib/a.py", "a = 3\n");
        },
        |world, code| {
            code.freeze(&world.source()).unwrap();
        },
        |world, code, crash_at| {
            // No version names it yet, and the old version is gone too in this test.
            let whole = code.freeze(&world.source());
            let whole = whole.unwrap_or_else(|error| panic!("{crash_at}: {error}"));
            assert!(matches!(
                code.check(&whole.dir, Depth::Contents),
                Checked::Sound
            ));
            code.sweep();
            assert_eq!(code.folder_count(), 1);
            assert_eq!(text(whole.dir.join("lib/a.py")), "a = 3\n");
        },
    );
}

#[test]
fn a_crash_while_code_is_mended_leaves_the_file_damaged_or_whole() {
    crash_everywhere(
        |world| overwrite(&world.freeze().dir.join("lib/a.py"), ""),
        |world, code| {
            let frozen = world.freeze_dir();
            assert!(matches!(
                code.check(&frozen, Depth::Sizes),
                Checked::Mended(1)
            ));
        },
        |world, code, crash_at| {
            let dir = world.freeze_dir();
            let _lease = code.frozen(&dir, String::new(), 0);
            let now = text(dir.join("lib/a.py"));
            assert!(now.is_empty() || now == "a = 1\n", "{crash_at}: {now}");
            code.check(&dir, Depth::Contents);
            assert!(code.damage(&dir).is_none(), "{crash_at}");
            assert_eq!(text(dir.join("lib/a.py")), "a = 1\n");
            code.sweep();
        },
    );
}

impl World {
    /// The only frozen folder.
    fn freeze_dir(&self) -> PathBuf {
        let names = self.everything().into_keys();
        let mut names = names.filter(|name| name.len() == NAME_DIGITS);
        self.dir.path().join("code").join(names.next().unwrap())
    }
}

#[test]
fn a_crash_while_code_is_removed_leaves_all_of_it_or_nothing() {
    crash_everywhere(
        |world| {
            for number in 0..3 {
                world.write("lib/a.py", &format!("a = {number}\n"));
                world.freeze();
            }
        },
        |_, code| {
            code.sweep();
        },
        |world, code, crash_at| {
            for (name, _) in world.everything() {
                if let Some(name) = folder_of(Path::new(&name)) {
                    let checked = code.check(&code.folder(name), Depth::Contents);
                    assert!(matches!(checked, Checked::Sound), "{crash_at}: {checked:?}");
                }
            }
            code.sweep();
            assert_eq!(world.everything(), BTreeMap::new());
        },
    );
}
