//! Unchanged sources are not read again, and changed ones are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::functions::code::seen::Sight;
use crate::functions::code::tree::Tree;

/// Freezes the source as if it had been written long ago: times of the last change cannot be set.
fn settle(world: &World, code: &CodeStore) -> FrozenCode {
    let frozen = code.freeze(&world.source()).unwrap();
    let digest = Tree::read(&world.source(), &code.disk).unwrap().digest;
    let sight = Sight::of(&world.source()).unwrap().settled();
    code.remember(&world.source(), &sight, &digest);
    frozen
}

#[test]
fn a_source_that_has_not_changed_is_not_read_again() {
    let world = World::new();
    let frozen = settle(&world, &world.open());

    let code = world.open();
    let sight = Sight::of(&world.source()).unwrap();
    assert_eq!(code.recall(&world.source(), &sight), Some(frozen.clone()));
    assert!(code.was_checked(&frozen.dir) && !code.was_verified(&frozen.dir));

    // The same content at another place counts as other code until it has been read.
    let elsewhere = world.dir.path().join("elsewhere");
    fs::rename(world.source(), &elsewhere).unwrap();
    let moved = Sight::of(&elsewhere).unwrap();
    assert_eq!(code.recall(&elsewhere, &moved), None);
    assert_eq!(code.freeze(&elsewhere).unwrap(), frozen);
}

#[test]
fn any_change_of_a_source_has_it_read_again() {
    let changes: [fn(&World); 5] = [
        |world| world.write("lib/a.py", "a = 3\n"),
        |world| world.write("lib/c.py", ""),
        |world| fs::remove_file(world.source().join("lib/deep/b.py")).unwrap(),
        |world| {
            let path = world.source().join("lib/a.py");
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        },
        // Same length, same time of the last write.
        |world| rot(&world.source().join("lib/a.py")),
    ];
    for (number, change) in changes.iter().enumerate() {
        let world = World::new();
        let before = settle(&world, &world.open());
        change(&world);
        let after = world.open().freeze(&world.source()).unwrap();
        assert_ne!(after.sha256, before.sha256, "change {number}");
    }
}

#[test]
fn a_copy_that_is_not_what_it_was_is_compared_with_its_source() {
    let damages: [fn(&Path); 4] = [
        |dir| overwrite(&dir.join("lib/a.py"), "a = 1 # changed\n"),
        |dir| fs::remove_file(dir.join("lib/a.py")).unwrap(),
        |dir| fs::remove_dir_all(dir).unwrap(),
        |dir| fs::remove_file(dir.with_extension("manifest")).unwrap(),
    ];
    for damage in damages {
        let world = World::new();
        let frozen = settle(&world, &world.open());
        damage(&frozen.dir);
        assert_eq!(world.freeze(), frozen);
        assert_eq!(text(frozen.dir.join("lib/a.py")), "a = 1\n");
    }
}

#[test]
fn a_source_that_was_just_written_is_not_remembered() {
    let world = World::new();
    world.freeze();
    let sight = Sight::of(&world.source()).unwrap();
    assert_eq!(world.open().recall(&world.source(), &sight), None);
    assert!(!world.everything().contains_key("seen"));
}

#[test]
fn a_source_that_is_gone_is_forgotten() {
    let world = World::new();
    let code = world.open();
    settle(&world, &code);
    code.sweep();
    assert!(code.dir.join("seen").read_dir().unwrap().next().is_some());
    fs::remove_dir_all(world.source()).unwrap();
    code.sweep();
    assert!(code.dir.join("seen").read_dir().unwrap().next().is_none());
}
