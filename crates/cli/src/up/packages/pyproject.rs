//! The dependencies of a `pyproject.toml` in pip's words, and the versions in a lock beside it.
//!
//! Source: the Python Packaging User Guide, "pyproject.toml specification"; Poetry's documentation, "Dependency
//! specification"; both read 2026-11.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

/// The dependencies of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    /// One a line, as in a `requirements.txt`.
    pub requirements: Vec<String>,
    /// Versions that were locked, as in a constraints file.
    pub constraints: Vec<String>,
    /// Dependencies that pip has no words for, and why.
    pub left_out: Vec<String>,
}

impl Project {
    /// Reads the project of a folder.
    ///
    /// # Errors
    /// The file makes no sense, or its dependencies are not written in it.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let text = |name: &str| fs::read_to_string(folder.join(name));
        let project = text("pyproject.toml").map_err(|cause| cause.to_string())?;
        let mut read = Self::parse(&project)?;
        for lock in ["uv.lock", "poetry.lock"] {
            if let Ok(text) = text(lock) {
                read.constraints = constraints(&text);
                break;
            }
        }
        Ok(read)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: Table = text.parse().map_err(|error| format!("{error}"))?;
        let project = document.get("project").and_then(Value::as_table);
        if let Some(list) = project.and_then(|it| it.get("dependencies")) {
            let list = list
                .as_array()
                .ok_or("`project.dependencies` is not a list")?;
            let texts = list.iter().filter_map(Value::as_str);
            return Ok(Self {
                requirements: texts.map(str::to_owned).collect(),
                ..Self::default()
            });
        }
        let dynamic = project.and_then(|it| it.get("dynamic")?.as_array());
        if dynamic.is_some_and(|it| it.iter().any(|it| it.as_str() == Some("dependencies"))) {
            let why = "its dependencies are `dynamic`: list them in `requirements.txt`, or under `project.dependencies`";
            return Err(why.to_owned());
        }
        let poetry = document.get("tool").and_then(|it| it.get("poetry"));
        let poetry = poetry.and_then(|it| it.get("dependencies")?.as_table());
        let mut read = Self::default();
        for (name, wanted) in poetry.into_iter().flatten() {
            if name == "python" {
                continue;
            }
            match poetry_requirement(name, wanted) {
                Some(requirement) => read.requirements.push(requirement),
                None => read.left_out.push(format!(
                    "`{name}` of `tool.poetry.dependencies` is not installed: give its version, or name it in \
                     `requirements.txt`"
                )),
            }
        }
        Ok(read)
    }
}

/// Poetry's dependency in pip's words; none where pip has no words for it.
fn poetry_requirement(name: &str, wanted: &Value) -> Option<String> {
    if let Some(version) = wanted.as_str() {
        return Some(format!("{name}{}", versions(version)?));
    }
    let wanted = wanted.as_table()?;
    let text = |key: &str| wanted.get(key).and_then(Value::as_str);
    if wanted.get("optional").and_then(Value::as_bool) == Some(true) {
        return Some(format!("# {name} is optional"));
    }
    let extras = wanted.get("extras").and_then(Value::as_array);
    let extras: Vec<&str> = extras
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let extras = match extras[..] {
        [] => String::new(),
        _ => format!("[{}]", extras.join(",")),
    };
    let from = if let Some(version) = text("version") {
        versions(version)?
    } else if let Some(git) = text("git") {
        let at = text("rev").or(text("tag")).or(text("branch"));
        format!(
            " @ git+{git}{}",
            at.map_or_else(String::new, |it| format!("@{it}"))
        )
    } else {
        format!(" @ {}", text("url")?)
    };
    let markers = text("markers").map_or_else(String::new, |it| format!(" ; {it}"));
    Some(format!("{name}{extras}{from}{markers}"))
}

/// Poetry's constraints of versions in pip's words: `^1.2` and `~1.2` are its own.
fn versions(text: &str) -> Option<String> {
    if text.contains("||") {
        return None;
    }
    let mut parts = Vec::new();
    for part in text.split(',').map(str::trim) {
        let numbers = |version: &str| -> Vec<u64> {
            let numbers = version.split('.').map_while(|it| it.parse().ok());
            numbers.collect()
        };
        if part == "*" || part.is_empty() {
            continue;
        }
        if let Some(version) = part.strip_prefix('^') {
            let numbers = numbers(version);
            // The first number that is not zero may not grow.
            let fixed = numbers.iter().position(|it| *it > 0);
            let fixed = fixed.unwrap_or(numbers.len().saturating_sub(1));
            parts.push(format!(">={version}"));
            parts.push(format!("<{}", above(&numbers, fixed)?));
        } else if let Some(version) = part.strip_prefix('~').filter(|it| !it.starts_with('=')) {
            let numbers = numbers(version);
            let fixed = usize::from(numbers.len() > 1);
            parts.push(format!(">={version}"));
            parts.push(format!("<{}", above(&numbers, fixed)?));
        } else if part.starts_with(|it: char| it.is_ascii_digit()) {
            parts.push(format!("=={part}"));
        } else {
            parts.push(part.to_owned());
        }
    }
    Some(parts.join(","))
}

/// The lowest version that differs in the number at `fixed`.
fn above(numbers: &[u64], fixed: usize) -> Option<String> {
    let mut numbers = numbers.get(..=fixed)?.to_vec();
    *numbers.last_mut()? += 1;
    let texts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Some(texts.join("."))
}

/// The versions of a lock. A package that is there in several versions, for different machines, is left to pip.
fn constraints(lock: &str) -> Vec<String> {
    let Ok(document) = lock.parse::<Table>() else {
        return Vec::new();
    };
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let packages = document.get("package").and_then(Value::as_array);
    for package in packages.into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let source = package.get("source").and_then(Value::as_table);
        let is_local = source.is_some_and(|it| {
            ["editable", "virtual", "directory", "git", "url", "path"]
                .iter()
                .any(|key| it.contains_key(*key))
                || it.get("type").is_some()
        });
        if let (Some(name), Some(version), false) = (text("name"), text("version"), is_local) {
            versions.entry(name).or_default().push(version);
        }
    }
    let single = versions.into_iter().filter(|(_, all)| all.len() == 1);
    single
        .map(|(name, all)| format!("{name}=={}", all[0]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_names_its_dependencies() {
        let text = "[project]\nname = 'u'\ndependencies = ['humanize==4.9.0', 'x[y]>=1']\n[dependency-groups]\ndev = ['z']";
        let project = Project::parse(text).unwrap();
        assert_eq!(project.requirements, ["humanize==4.9.0", "x[y]>=1"]);
        let dynamic = Project::parse("[project]\ndynamic = ['dependencies']").unwrap_err();
        assert!(dynamic.contains("`dynamic`"), "{dynamic}");
        assert_eq!(Project::parse("[tool.ruff]").unwrap(), Project::default());
    }

    #[test]
    fn poetrys_words_become_pips() {
        let text = r#"
            [tool.poetry.dependencies]
            python = "^3.11"
            a = "^1.2.3"
            b = "~0.5"
            c = { version = ">=2,<3", extras = ["x", "y"] }
            d = "*"
            e = { git = "https://example.com/e.git", tag = "v1" }
            f = "^0.0.7"
            g = "1.5"
            h = { path = "../h" }
        "#;
        let project = Project::parse(text).unwrap();
        assert_eq!(
            project.requirements,
            [
                "a>=1.2.3,<2",
                "b>=0.5,<0.6",
                "c[x,y]>=2,<3",
                "d",
                "e @ git+https://example.com/e.git@v1",
                "f>=0.0.7,<0.0.8",
                "g==1.5",
            ]
        );
        assert!(
            project.left_out[0].contains("`h`"),
            "{:?}",
            project.left_out
        );
    }

    #[test]
    fn locked_versions_hold() {
        let lock = r#"
            version = 1
            [[package]]
            name = "app"
            version = "0.1"
            source = { virtual = "." }
            [[package]]
            name = "humanize"
            version = "4.9.0"
            source = { registry = "https://packages.example/simple" }
            [[package]]
            name = "numpy"
            version = "1.0"
            [[package]]
            name = "numpy"
            version = "2.0"
        "#;
        assert_eq!(constraints(lock), ["humanize==4.9.0"]);
    }
}
