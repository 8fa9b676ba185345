//! Circles of files: two files that belong together may use each other, but not more. A reader of one file of a larger
//! circle has to read them all.
//!
//! The paths in a file tell which files it uses, without a compiler: `use`, and paths within the code. A re-exported
//! name counts for the file that defines it. Methods have no path, so that an `impl` block may stand in any file.

mod script;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use self::source::Source;
use crate::tidy::finding::Finding;
use crate::tidy::source_file::SourceFile;

/// How many files may use each other.
const FILES_MAX: usize = 2;

/// The modules of a crate, by their paths.
type Modules = BTreeMap<Vec<String>, Source>;

/// Where a path leads.
#[derive(Debug, PartialEq)]
enum Place {
    Module(Vec<String>),
    /// Something that stands in this module.
    Item(Vec<String>),
}

/// Findings in the circles of all crates.
pub fn check(files: &[SourceFile]) -> Vec<Finding> {
    let about = |circle: Vec<String>| {
        let message = format!(
            "is in a circle of {} files, which use each other: {}; move what several need into a file of its own",
            circle.len(),
            circle.join(", ")
        );
        Finding::about(&circle[0], message)
    };
    let crates = crates(files);
    let of_crates = crates.values().flat_map(|modules| {
        let name = |path: &Vec<String>| modules[path].file.clone();
        let circles = circles(&uses(modules)).into_iter();
        circles.map(move |circle| circle.iter().map(name).collect())
    });
    let of_scripts = circles(&script::imports(files));
    of_crates.chain(of_scripts).map(about).collect()
}

/// The modules of every crate, by its folder. Tests are not checked.
fn crates(files: &[SourceFile]) -> BTreeMap<&str, Modules> {
    let mut crates: BTreeMap<&str, Modules> = BTreeMap::new();
    let is_there = |path: &str| files.iter().any(|file| file.path == path);
    for file in files {
        let Some((folder, rest)) = file.path.split_once("/src/") else {
            continue;
        };
        let Some(rest) = rest.strip_suffix(".rs") else {
            continue;
        };
        let mut path: Vec<String> = rest.split('/').map(str::to_owned).collect();
        let is_test = path.iter().any(|part| part == "tests") || folder.contains("/tests/");
        if is_test || path[0] == "bin" {
            continue;
        }
        match rest {
            "lib" => path.clear(),
            // A program beside a library is a crate of its own, and one file.
            "main" if is_there(&format!("{folder}/src/lib.rs")) => continue,
            "main" => path.clear(),
            _ => path.retain(|part| part != "mod"),
        }
        let modules = crates.entry(folder).or_default();
        modules.insert(path, Source::read(&file.path, &file.text));
    }
    crates
}

/// The modules that each module of a crate uses.
fn uses(modules: &Modules) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    modules
        .iter()
        .map(|(path, source)| (path.clone(), used(modules, path, source)))
        .collect()
}

/// The circles of more files than may be, each in order of names.
fn circles<T: Ord + Clone>(uses: &BTreeMap<T, BTreeSet<T>>) -> Vec<Vec<T>> {
    let mut left: BTreeSet<&T> = uses.keys().collect();
    let mut circles = Vec::new();
    while let Some(first) = left.first().copied() {
        let reached = reach(first, uses);
        let circle: BTreeSet<&T> = left
            .iter()
            .copied()
            .filter(|it| {
                *it == first || (reached.contains(*it) && reach(*it, uses).contains(first))
            })
            .collect();
        left.retain(|it| !circle.contains(it));
        if circle.len() > FILES_MAX {
            circles.push(circle.into_iter().cloned().collect());
        }
    }
    circles
}

/// Everything that one of them uses, directly or not.
fn reach<'a, T: Ord>(from: &'a T, uses: &'a BTreeMap<T, BTreeSet<T>>) -> BTreeSet<&'a T> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(path) = open.pop() {
        for next in &uses[path] {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

/// The modules whose items a module names.
fn used(modules: &Modules, path: &[String], source: &Source) -> BTreeSet<Vec<String>> {
    let mut used = BTreeSet::new();
    for import in &source.imports {
        if import.name == "*" {
            if let (false, Some(Place::Module(from))) =
                (import.is_public, resolve(modules, path, &import.path, 0))
            {
                used.insert(from);
            }
        // A name that is only re-exported is not used.
        } else if (!import.is_public || source.words.contains(&import.name))
            && let Some(Place::Item(from)) = resolve(modules, path, &import.path, 0)
        {
            used.insert(from);
        }
    }
    for named in &source.paths {
        if let Some(Place::Item(from)) = resolve(modules, path, named, 0) {
            used.insert(from);
        }
    }
    used.remove(path);
    used
}

/// Where a path in the module at `from` leads; none if it leads out of the crate.
fn resolve(modules: &Modules, from: &[String], named: &[String], depth: usize) -> Option<Place> {
    /// Names are re-exported a few times at the most.
    const DEPTH_MAX: usize = 12;
    if depth > DEPTH_MAX {
        return None;
    }
    let mut at = from.to_vec();
    for (index, name) in named.iter().enumerate() {
        match name.as_str() {
            "crate" if index == 0 => at.clear(),
            "self" if index == 0 => {}
            "super" => {
                at.pop();
            }
            _ => {
                let mut within = at.clone();
                within.push(name.clone());
                if modules.contains_key(&within) {
                    at = within;
                    continue;
                }
                match imported(modules, &at, name, depth) {
                    Some(Place::Module(module)) => at = module,
                    Some(item) => return Some(item),
                    None if index == 0 => return None,
                    None => return Some(Place::Item(at)),
                }
            }
        }
    }
    Some(Place::Module(at))
}

/// The meaning of a name in a module, where it is no submodule.
fn imported(modules: &Modules, at: &[String], name: &str, depth: usize) -> Option<Place> {
    let source = modules.get(at)?;
    if source.defines.contains(name) {
        return Some(Place::Item(at.to_vec()));
    }
    let mut globs = Vec::new();
    for import in &source.imports {
        match import.name.as_str() {
            "*" => globs.push(import),
            it if it == name && import.path.len() > 1 => {
                return resolve(modules, at, &import.path, depth + 1);
            }
            _ => {}
        }
    }
    globs
        .into_iter()
        .find_map(|glob| match resolve(modules, at, &glob.path, depth + 1)? {
            Place::Module(module) if module != at => imported(modules, &module, name, depth + 1),
            Place::Module(_) | Place::Item(_) => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        let file = |(path, text): &(&str, &str)| SourceFile {
            path: format!("crates/x/src/{path}"),
            text: (*text).to_owned(),
        };
        let files: Vec<_> = files.iter().map(file).collect();
        check(&files).iter().map(ToString::to_string).collect()
    }

    const CIRCLE: &[(&str, &str)] = &[
        ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\n"),
        ("a.rs", "use crate::b::{self, B};\npub struct A(B);\n"),
        (
            "b.rs",
            "pub struct B;\nfn c() { super::c::go(\"crate::no\") }\n",
        ),
        ("c.rs", "use crate::A;\npub fn go(_: &str) {}\n"),
    ];

    #[test]
    fn three_files_that_use_each_other_are_found() {
        let found = findings(CIRCLE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("src/a.rs, crates/x/src/b.rs, crates/x/src/c.rs"),
            "{found:?}"
        );
    }

    #[test]
    fn two_files_may_use_each_other_and_parents_hand_on() {
        let files = [
            (
                "lib.rs",
                "mod a;\nmod b;\nmod c;\npub use a::A;\npub use c::C;\n",
            ),
            ("a.rs", "pub struct A;\nuse crate::b::B;\n"),
            ("b.rs", "use crate::A;\npub struct B; // crate::c::C\n"),
            (
                "c.rs",
                "use crate::{A, b::B};\npub struct C;\n#[cfg(test)]\nmod tests {}\n",
            ),
        ];
        assert_eq!(findings(&files), [""; 0]);
    }
}
