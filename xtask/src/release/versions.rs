//! The one version of everything that is published: crates, binary, and the packages for tests.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::change::Change;
use crate::workspace::Workspace;

/// Files that hold the version, and the beginning of the line that does.
const PLACES: [(&str, &str); 4] = [
    ("Cargo.toml", "version = \""),
    ("clients/python/pyproject.toml", "version = \""),
    ("clients/node/package.json", "  \"version\": \""),
    // Projects that the program makes depend on the crates of its own version once these are published.
    (
        "crates/cli/src/commands/new/sdk_source.rs",
        "const RELEASED: &str = \"",
    ),
];

/// Files in which every mention of the version is ours: file names, tags.
const MENTIONS: [&str; 5] = [
    "action.yml",
    "docs/in-ci.md",
    "docs/installing.md",
    "ops/kubernetes/first-key.yaml",
    "ops/kubernetes/servers.yaml",
];

/// Files that say that there is no release. The first release takes those lines out.
const UNPUBLISHED: [&str; 2] = ["README.md", "docs/installing.md"];

/// The words of such a line.
const NOT_PUBLISHED: &str = "not published yet";

/// Files that tell users which dependency to write: its version without the last number.
const REQUIREMENTS: [&str; 5] = [
    "crates/powertools/README.md",
    "crates/sdk-testing/README.md",
    "crates/sdk/README.md",
    "docs/embedded.md",
    "docs/first-function.md",
];

/// Whether a release may have this version: three numbers, and not less than the current ones.
pub fn check(workspace: &Workspace, version: &str) -> Result<()> {
    let new = numbers(version)
        .with_context(|| format!("`{version}` is no version: three numbers are meant"))?;
    for package in &workspace.packages {
        let old = numbers(&package.version)
            .with_context(|| format!("`{}` has the version {}", package.name, package.version))?;
        ensure!(
            new >= old,
            "`{}` is at {} already",
            package.name,
            package.version
        );
    }
    Ok(())
}

/// The files with the new version.
pub fn changed(workspace: &Workspace, version: &str) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (file, beginning) in PLACES {
        let file = workspace.root.join(file);
        changes.push(change(&file, |text| {
            with_version(text, beginning, version)
        })?);
    }
    let old = current(workspace)?;
    for name in MENTIONS {
        let file = workspace.root.join(name);
        changes.push(change(&file, |text| {
            let text = match UNPUBLISHED.contains(&name) {
                true => without_unpublished(text),
                false => text.to_owned(),
            };
            replaced(&text, old, version)
        })?);
    }
    for name in UNPUBLISHED.iter().filter(|it| !MENTIONS.contains(it)) {
        let file = workspace.root.join(name);
        let change = change(&file, |text| Some(without_unpublished(text)))?;
        // From the second release on there is no such line.
        if change.is_changed() {
            changes.push(change);
        }
    }
    let (old, version) = (requirement(old), requirement(version));
    for file in REQUIREMENTS {
        let file = workspace.root.join(file);
        changes.push(change(&file, |text| {
            replaced(text, &format!("\"{old}\""), &format!("\"{version}\""))
        })?);
    }
    Ok(changes)
}

/// Fails if anything of the workspace, as these changes make it, still says that nothing is published, or names an
/// archive, a tag or an image of the version before.
pub fn check_leftovers(workspace: &Workspace, changes: &[Change], version: &str) -> Result<()> {
    // The first release has the version that the workspace has had all along.
    let old = Some(current(workspace)?).filter(|it| *it != version);
    let mut findings = Vec::new();
    for file in workspace.files()? {
        // The changelog is history, and Rust files have versions in their tests as examples.
        if file == Path::new("CHANGELOG.md") || file.extension().is_some_and(|it| it == "rs") {
            continue;
        }
        let path = workspace.root.join(&file);
        let text = match changes.iter().find(|it| it.path == path) {
            Some(change) => change.after.clone(),
            None => {
                let bytes =
                    fs::read(&path).with_context(|| format!("read `{}`", path.display()))?;
                match String::from_utf8(bytes) {
                    Ok(text) => text,
                    // A picture.
                    Err(_) => continue,
                }
            }
        };
        for leftover in leftovers(&text, old) {
            findings.push(format!("{}: {leftover}", file.display()));
        }
    }
    ensure!(
        findings.is_empty(),
        "a release would leave behind:\n{}",
        findings.join("\n")
    );
    Ok(())
}

/// The next version that may break something: every file that holds a version changes with it.
pub fn next(workspace: &Workspace) -> Result<String> {
    let current = current(workspace)?;
    let [major, minor, _] =
        numbers(current).with_context(|| format!("`{current}` is no version"))?;
    Ok(format!("{major}.{}.0", minor + 1))
}

/// The version of the published crates.
pub fn current(workspace: &Workspace) -> Result<&str> {
    let sdk = workspace.packages.iter().find(|it| it.name == "lambdura");
    Ok(&sdk.context("the workspace has no SDK")?.version)
}

fn change(path: &Path, changed: impl FnOnce(&str) -> Option<String>) -> Result<Change> {
    let before = fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))?;
    let after =
        changed(&before).with_context(|| format!("`{}` lacks its version", path.display()))?;
    Ok(Change {
        path: path.to_owned(),
        before,
        after,
    })
}

fn replaced(text: &str, old: &str, new: &str) -> Option<String> {
    text.contains(old).then(|| text.replace(old, new))
}

/// Without the lines that say that nothing is published.
fn without_unpublished(text: &str) -> String {
    text.split_inclusive('\n')
        .filter(|line| !line.contains(NOT_PUBLISHED))
        .collect()
}

/// Text that a release must not leave in a file: lines that say that nothing is published, and words made of our name
/// and this version, such as `lambdura_0.1.0_amd64.deb`.
fn leftovers<'t>(text: &'t str, old: Option<&str>) -> Vec<&'t str> {
    let lines = text.lines().filter(|line| line.contains(NOT_PUBLISHED));
    let words = text
        .split(|it: char| it.is_whitespace() || "`'\"()".contains(it))
        .filter(|word| word.contains("lambdura") && old.is_some_and(|it| word.contains(it)));
    lines.chain(words).collect()
}

/// A version without its last number, as a dependency is written.
fn requirement(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(most, _)| most)
}

/// The first line with this beginning has the version; later ones belong to dependencies.
fn with_version(text: &str, beginning: &str, version: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(beginning))?;
    let (_, rest) = line.strip_prefix(beginning)?.split_once('"')?;
    Some(text.replacen(line, &format!("{beginning}{version}\"{rest}"), 1))
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_has_the_version() {
        let manifest = "[package]\nversion = \"0.1.0\"\n[dependencies.it]\nversion = \"0.1.0\"\n";
        let changed = with_version(manifest, "version = \"", "0.2.0").expect("it has a version");
        assert_eq!(
            changed,
            "[package]\nversion = \"0.2.0\"\n[dependencies.it]\nversion = \"0.1.0\"\n"
        );
        let json = "{\n  \"version\": \"0.1.0\",\n}\n";
        let changed = with_version(json, "  \"version\": \"", "1.0.0").expect("it has a version");
        assert_eq!(changed, "{\n  \"version\": \"1.0.0\",\n}\n");
    }

    #[test]
    fn a_mention_changes_wherever_it_is() {
        let page = "install x_0.1.0.deb, or v0.1.0";
        assert_eq!(
            replaced(page, "0.1.0", "0.2.0").as_deref(),
            Some("install x_0.2.0.deb, or v0.2.0")
        );
        assert_eq!(replaced("nothing", "0.1.0", "0.2.0"), None);
        assert_eq!(requirement("0.10.2"), "0.10");
    }

    #[test]
    fn the_first_release_says_no_more_that_there_is_none() {
        let page = "One.\nVersion 0.1.0 is not published yet: build it.\nTwo.\n";
        assert_eq!(without_unpublished(page), "One.\nTwo.\n");
        assert_eq!(without_unpublished("One.\n"), "One.\n");
        assert_eq!(leftovers(page, None).len(), 1);
    }

    #[test]
    fn what_is_of_the_version_before_is_found_and_what_is_of_others_is_not() {
        let page = "image: ghcr.io/lambdura/lambdura:v0.1.0\n| `apt install ./lambdura_0.1.0_amd64.deb` |\n\
            AWS's crate 0.1.0, lambdura-0.2.0.tar.xz\n";
        assert_eq!(
            leftovers(page, Some("0.1.0")),
            [
                "ghcr.io/lambdura/lambdura:v0.1.0",
                "./lambdura_0.1.0_amd64.deb"
            ]
        );
    }

    #[test]
    fn versions_are_three_numbers() {
        assert_eq!(numbers("0.10.2"), Some([0, 10, 2]));
        for text in ["1.0", "1.0.0-rc.1", "v1.0.0", "1.0.0.0"] {
            assert_eq!(numbers(text), None, "{text}");
        }
    }
}
