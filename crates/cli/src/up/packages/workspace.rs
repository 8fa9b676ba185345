//! Reads the parts of a `package.json` about other folders: workspaces, local dependencies, scripts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

/// The lists of a manifest in which dependencies are named.
const DEPENDENCIES: [&str; 3] = ["dependencies", "optionalDependencies", "devDependencies"];

/// Scripts that npm runs at an installation.
const INSTALL_SCRIPTS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// A `package.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    json: Map<String, Value>,
}

impl Manifest {
    /// Reads the manifest of a folder; none where there is none, or none that npm could read.
    pub fn of(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join("package.json")).ok()?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Object(json)) => Some(Self { json }),
            Ok(_) | Err(_) => None,
        }
    }

    fn specs(&self) -> impl Iterator<Item = (&str, &str)> {
        let lists = DEPENDENCIES.iter().filter_map(|list| self.json.get(*list));
        let entries = lists.filter_map(Value::as_object).flatten();
        entries.filter_map(|(name, spec)| Some((name.as_str(), spec.as_str()?)))
    }

    /// Folders that dependencies name, as they are written.
    pub fn local_dependencies(&self) -> impl Iterator<Item = &str> {
        self.specs()
            .filter_map(|(_, spec)| local_path(spec))
            .filter(|path| !path.ends_with(".tgz") && !path.ends_with(".tar.gz"))
    }

    /// Whether an installation needs more than the manifest itself.
    pub fn needs_sources(&self) -> bool {
        let scripts = self.json.get("scripts");
        let has_script = |name: &&str| scripts.is_some_and(|it| it.get(*name).is_some());
        INSTALL_SCRIPTS.iter().any(has_script)
            || self.json.contains_key("workspaces")
            || self
                .specs()
                .any(|(_, spec)| local_path(spec).is_some() || spec.starts_with("workspace:"))
    }

    /// Whether it names any package.
    pub fn has_dependencies(&self) -> bool {
        self.specs().next().is_some()
    }

    /// The patterns of `workspaces`, in either of its two forms.
    fn workspaces(&self) -> Vec<String> {
        let workspaces = self.json.get("workspaces");
        let list = workspaces.and_then(|it| {
            it.as_array()
                .or_else(|| it.get("packages").and_then(Value::as_array))
        });
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// The manifest for npm: dependencies in other package managers' words are rewritten in npm's, and the scripts
    /// `prepare` and `prepublish`, for developing and publishing, are left out, because their programs are not
    /// installed.
    pub fn for_npm(&self, workspaces: Option<&[String]>) -> String {
        let mut json = self.json.clone();
        for list in DEPENDENCIES {
            let entries = json.get_mut(list).and_then(Value::as_object_mut);
            for spec in entries.into_iter().flat_map(Map::values_mut) {
                if let Some(text) = spec.as_str().and_then(npm_spec) {
                    *spec = Value::String(text);
                }
            }
        }
        if let Some(scripts) = json.get_mut("scripts").and_then(Value::as_object_mut) {
            scripts.remove("prepare");
            scripts.remove("prepublish");
        }
        if let Some(workspaces) = workspaces {
            json.insert("workspaces".to_owned(), workspaces.into());
        }
        Value::Object(json).to_string()
    }
}

fn local_path(spec: &str) -> Option<&str> {
    let schemes = ["file:", "link:", "portal:"];
    schemes.iter().find_map(|scheme| spec.strip_prefix(scheme))
}

/// A dependency in npm's words, where it is written in another package manager's.
fn npm_spec(spec: &str) -> Option<String> {
    if let Some(version) = spec.strip_prefix("workspace:") {
        let any = matches!(version, "" | "*" | "^" | "~");
        return Some(if any { "*" } else { version }.to_owned());
    }
    let is_ours = spec.starts_with("file:");
    local_path(spec)
        .filter(|_| !is_ours)
        .map(|path| format!("file:{path}"))
}

/// The workspace that a package is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    pub root: PathBuf,
    /// The patterns of its members, as npm takes them.
    pub patterns: Vec<String>,
}

impl Workspace {
    /// The workspace of a folder, of which `above` are the folders above it, nearest first.
    pub fn of<'a>(folder: &Path, above: impl Iterator<Item = &'a Path>) -> Option<Self> {
        above
            .filter_map(Self::at)
            .find(|workspace| workspace.has(folder))
    }

    fn at(root: &Path) -> Option<Self> {
        let mut patterns = Manifest::of(root)?.workspaces();
        if let Ok(text) = fs::read_to_string(root.join("pnpm-workspace.yaml")) {
            patterns.extend(pnpm_packages(&text));
        }
        (!patterns.is_empty()).then(|| Self {
            root: root.to_owned(),
            patterns,
        })
    }

    fn has(&self, folder: &Path) -> bool {
        let Ok(below) = folder.strip_prefix(&self.root) else {
            return false;
        };
        let parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
        let matching = |pattern: &str| {
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            matches(&pattern.split('/').collect::<Vec<_>>(), &parts)
        };
        let excluded = self.patterns.iter().filter_map(|it| it.strip_prefix('!'));
        self.patterns.iter().any(|pattern| matching(pattern)) && !excluded.into_iter().any(matching)
    }
}

/// The list `packages` of a `pnpm-workspace.yaml`, which people write one a line.
fn pnpm_packages(text: &str) -> Vec<String> {
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with("packages:"));
    lines.next();
    lines
        .take_while(|line| line.is_empty() || line.starts_with([' ', '-', '#']))
        .filter_map(|line| line.trim().strip_prefix('-'))
        .map(|entry| entry.trim().trim_matches(['"', '\'']).to_owned())
        .collect()
}

/// Whether the parts of a path match those of a pattern with `*` and `**`.
fn matches(pattern: &[&str], parts: &[&str]) -> bool {
    match (pattern, parts) {
        ([], []) => true,
        (["**", rest @ ..], _) => {
            matches(rest, parts) || (!parts.is_empty() && matches(pattern, &parts[1..]))
        }
        ([first, pattern @ ..], [part, parts @ ..]) => {
            matches_part(first, part) && matches(pattern, parts)
        }
        (_, _) => false,
    }
}

fn matches_part(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((head, tail)) => part.strip_prefix(head).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches_part(tail, &rest[at..]))
        }),
    }
}

/// The local packages that a folder depends on, directly or through others; absolute, without the folder itself.
pub fn local_packages(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Some(manifest) = Manifest::of(&folder) else {
            continue;
        };
        for path in manifest.local_dependencies() {
            let package = normal(&folder.join(path));
            if package.is_dir() && found.insert(package.clone()) {
                open.push(package);
            }
        }
    }
    found.remove(folder);
    found
}

/// A path without `.` and `..`, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                normal.push(component);
            }
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        Manifest::parse(text).expect("it is an object")
    }

    #[test]
    fn what_needs_the_sources_is_seen() {
        for text in [
            r#"{"dependencies": {"a": "file:../a"}}"#,
            r#"{"dependencies": {"a": "workspace:*"}}"#,
            r#"{"scripts": {"postinstall": "node gen.js"}}"#,
            r#"{"workspaces": ["packages/*"]}"#,
        ] {
            assert!(manifest(text).needs_sources(), "{text}");
        }
        let plain =
            r#"{"dependencies": {"a": "^1.0.0"}, "scripts": {"test": "x", "prepare": "husky"}}"#;
        assert!(!manifest(plain).needs_sources());
    }

    #[test]
    fn other_package_managers_words_become_npms() {
        let text = r#"{"dependencies":{"a":"workspace:*","b":"workspace:^1.2.0","c":"link:../c","d":"^4"},"scripts":{"prepare":"husky","test":"t"}}"#;
        let members = ["packages/*".to_owned()];
        assert_eq!(
            manifest(text).for_npm(Some(&members)),
            r#"{"dependencies":{"a":"*","b":"^1.2.0","c":"file:../c","d":"^4"},"scripts":{"test":"t"},"workspaces":["packages/*"]}"#
        );
    }

    #[test]
    fn members_of_a_workspace_are_found_by_its_patterns() {
        let workspace = |patterns: &[&str]| Workspace {
            root: "/repo".into(),
            patterns: patterns.iter().map(|&it| it.to_owned()).collect(),
        };
        let has = |patterns: &[&str], folder: &str| workspace(patterns).has(Path::new(folder));
        assert!(has(&["packages/*"], "/repo/packages/a"));
        assert!(has(&["./apps/**"], "/repo/apps/x/y"));
        assert!(has(&["fn-*"], "/repo/fn-a"));
        assert!(!has(&["packages/*"], "/repo/packages/a/b"));
        assert!(!has(&["packages/*", "!packages/old"], "/repo/packages/old"));
        assert!(!has(&["packages/*"], "/elsewhere/packages/a"));
    }

    #[test]
    fn workspaces_are_written_in_two_forms() {
        for text in [
            r#"{"workspaces": ["packages/*"]}"#,
            r#"{"workspaces": {"packages": ["packages/*"]}}"#,
        ] {
            assert_eq!(manifest(text).workspaces(), ["packages/*"]);
        }
        assert!(manifest("{}").workspaces().is_empty());
    }

    #[test]
    fn pnpm_lists_its_members_in_a_file_of_its_own() {
        let text = "packages:\n  - 'packages/*'\n\n  # more\n  - \"apps/web\"\ncatalog:\n  - no\n";
        assert_eq!(pnpm_packages(text), ["packages/*", "apps/web"]);
    }

    #[test]
    fn local_packages_bring_their_own() {
        let dir = tempfile::tempdir().unwrap();
        for (folder, needs) in [("fn", "file:../a"), ("a", "link:../b"), ("b", "file:../a")] {
            let folder = dir.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            let text = format!(r#"{{"dependencies": {{"x": "{needs}"}}}}"#);
            fs::write(folder.join("package.json"), text).unwrap();
        }
        let found = local_packages(&dir.path().join("fn"));
        assert_eq!(
            found,
            BTreeSet::from(["a", "b"].map(|it| dir.path().join(it)))
        );
    }
}
