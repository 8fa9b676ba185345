//! The imports of TypeScript and JavaScript files from each other, types too.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::source_file::SourceFile;

/// Endings that an import may leave out of a file's name.
const ENDINGS: &[&str] = &["", ".ts", ".tsx", ".mjs", ".js", "/index.ts", "/index.tsx"];

/// The text before the name of a file.
const BEFORE: &[&str] = &["from '", "import '", "import('"];

/// The files that each of them imports, by their paths.
pub(super) fn imports(files: &[SourceFile]) -> BTreeMap<String, BTreeSet<String>> {
    let is_script = |file: &&SourceFile| {
        let ending = file.path.rsplit('.').next();
        ending.is_some_and(|it| ["ts", "tsx", "mjs", "js"].contains(&it))
    };
    let scripts: BTreeMap<&str, &SourceFile> = files
        .iter()
        .filter(is_script)
        .map(|file| (file.path.as_str(), file))
        .collect();
    let imported = |file: &SourceFile| {
        let named = BEFORE
            .iter()
            .flat_map(|before| file.text.split(before).skip(1));
        let named = named.filter_map(|rest| rest.split('\'').next());
        let found = named.filter_map(|name| {
            let path = beside(&file.path, name)?;
            // TypeScript may name the file that the compiler makes of another one.
            let source = path.strip_suffix(".js").unwrap_or(&path);
            let mut candidates = [&path, source]
                .into_iter()
                .flat_map(|path| ENDINGS.iter().map(move |ending| format!("{path}{ending}")));
            candidates.find(|it| scripts.contains_key(it.as_str()))
        });
        found.filter(|it| *it != file.path).collect()
    };
    scripts
        .values()
        .map(|file| (file.path.clone(), imported(file)))
        .collect()
}

/// The path of a relative import in a file; none for a package.
fn beside(file: &str, name: &str) -> Option<String> {
    if !name.starts_with('.') {
        return None;
    }
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_where_imports_say() {
        let file = |(path, text): (&str, &str)| SourceFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let files = [
            (
                "a/b/one.tsx",
                "import {\n  type T,\n} from '../two'\nimport x from 'react'\nimport './one'\nconst y = await import('./more')\n",
            ),
            (
                "a/two.ts",
                "export type { X } from './b/more'\nimport './b/one.js'\n",
            ),
            ("a/b/more/index.ts", ""),
        ];
        let found = imports(&files.map(file));
        let of = |path: &str| found[path].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(of("a/b/one.tsx"), ["a/b/more/index.ts", "a/two.ts"]);
        assert_eq!(of("a/two.ts"), ["a/b/more/index.ts", "a/b/one.tsx"]);
    }
}
