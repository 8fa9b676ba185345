//! Functions of a stack that have the same code, so that it is built once and is in one folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use stack::{FunctionResource, Stack};

use super::build::Problem;
use super::build_dir::build_dir;
use super::packages::Workshop;
use super::source::{Source, source};

/// Functions that are built as one, by the first of them.
#[derive(Debug)]
pub struct SameCode<'s> {
    /// The one whose logical id names the folder.
    pub first: &'s FunctionResource,
    /// The others.
    pub others: Vec<&'s FunctionResource>,
    /// Where the code comes from.
    pub source: Source,
    /// Whether it is built for a debugger.
    pub debugged: bool,
}

/// The inputs of a build, without the content of the sources.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'s> {
    source: Source,
    runtime: &'s str,
    /// They are merged into the code.
    layers: &'s [String],
    debugged: bool,
    /// Settings that only some build methods use.
    settings: String,
}

impl SameCode<'_> {
    /// The logical ids of all of them.
    pub fn ids(&self) -> Vec<String> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.map(|it| it.logical_id.clone()).collect()
    }

    /// The developer's names for all of them.
    pub fn shown(&self) -> Vec<String> {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.map(|it| it.shown().to_owned()).collect()
    }
}

/// Groups the functions of a stack in the template's order, and says which have no code.
pub fn groups<'s>(
    stack: &'s Stack,
    is_built: bool,
    debugged: &BTreeSet<String>,
) -> (Vec<SameCode<'s>>, Vec<Problem>) {
    let mut groups: Vec<SameCode<'s>> = Vec::new();
    let mut known: BTreeMap<Key<'s>, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for function in &stack.functions {
        let source = match source(function, is_built) {
            Ok(source) => source,
            Err(error) => {
                let functions = vec![function.logical_id.clone()];
                problems.push(Problem { functions, error });
                continue;
            }
        };
        let debugged = debugged.contains(&function.logical_id);
        let key = Key {
            settings: settings(function, &source),
            source: source.clone(),
            runtime: &function.runtime,
            layers: &function.layers,
            debugged,
        };
        let index = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(index) {
            Some(group) => group.others.push(function),
            None => groups.push(SameCode {
                first: function,
                others: Vec::new(),
                source,
                debugged,
            }),
        }
    }
    (groups, problems)
}

fn settings(function: &FunctionResource, source: &Source) -> String {
    match source {
        // The handler names the file to bundle where the properties do not.
        Source::Esbuild(_) => {
            let properties = function.build_properties.as_ref();
            let properties = properties.map(ToString::to_string).unwrap_or_default();
            format!("{}\n{properties}", function.handler)
        }
        // A target of its own for each function.
        Source::Makefile(_) => function.logical_id.clone(),
        Source::Built(_)
        | Source::Archive(_)
        | Source::Cargo { .. }
        | Source::Python { .. }
        | Source::Node(_)
        | Source::Go(_) => String::new(),
    }
}

/// Removes folders that functions had to themselves before they shared one.
pub fn tidy(groups: &[SameCode<'_>], workshop: Workshop<'_>) {
    for function in groups.iter().flat_map(|group| &group.others) {
        let Ok(folder) = build_dir(workshop.data_dir, &function.logical_id) else {
            continue;
        };
        match fs::remove_dir_all(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "cannot remove a folder that is not needed any more");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(resources: &str) -> (tempfile::TempDir, Stack) {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["src", "other"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let template = format!("Transform: AWS::Serverless-2016-10-31\nResources:\n{resources}");
        let path = dir.path().join("template.yaml");
        fs::write(&path, template).unwrap();
        let stack = stack::load(&path, &stack::LoadOptions::default()).unwrap();
        (dir, stack)
    }

    #[test]
    fn one_folder_and_the_same_settings_are_one_build() {
        let function = |id: &str, code: &str, handler: &str, metadata: &str| {
            format!(
                "  {id}:\n    Type: AWS::Serverless::Function\n    Metadata: {{{metadata}}}\n    Properties: {{Runtime: \
                 python3.13, CodeUri: {code}, Handler: {handler}}}\n"
            )
        };
        let functions = [
            function("A", "src", "a.handler", ""),
            function("B", "./src", "b.handler, MemorySize: 512", ""),
            function("C", "src", "a.handler", "BuildMethod: python-uv"),
            function("D", "src", "a.handler", "SkipBuild: true"),
            function("E", "nowhere", "a.handler", ""),
            function("F", "src", "a.handler", "BuildMethod: esbuild"),
            function("G", "src", "b.handler", "BuildMethod: esbuild"),
            function("H", "src", "a.handler", ""),
            function("I", "other", "a.handler", ""),
        ];
        let (_dir, stack) = stack(&functions.concat());
        let debugged = BTreeSet::from(["H".to_owned()]);
        let (groups, problems) = groups(&stack, false, &debugged);
        let ids: Vec<String> = groups.iter().map(|group| group.ids().join(" ")).collect();
        assert_eq!(ids, ["A B", "C", "D", "F", "G", "H", "I"]);
        assert_eq!(problems[0].functions, ["E"]);
    }
}
