//! Checks that an example shows each function, macro and method that users call.
//!
//! Users call functions, macros, and methods that take something; they name types in signatures. Methods that only
//! return something have a sentence (`missing_docs` is denied), and need no example.

use std::collections::BTreeSet;

use rustdoc_types::{Crate, Function, Id, Impl, Item, ItemEnum, Visibility};

/// Functions, macros and methods in no example: neither in the crates' documentation nor on one of these pages.
pub fn missing(crates: &[Crate], pages: &[String]) -> Vec<String> {
    let mut examples: String = crates.iter().flat_map(examples).collect();
    examples.extend(pages.iter().map(|page| code(page)));
    let words: BTreeSet<&str> = examples
        .split(|it: char| !it.is_alphanumeric() && it != '_')
        .collect();
    let mut missing = BTreeSet::new();
    for description in crates {
        let called = called(description);
        let unseen = called
            .into_iter()
            .filter(|called| !words.contains(called.word.as_str()));
        missing.extend(unseen.map(|it| it.place));
    }
    missing.into_iter().collect()
}

/// The code of all examples in the documentation of a crate.
fn examples(description: &Crate) -> Vec<String> {
    let docs = description
        .index
        .values()
        .filter(|item| item.crate_id == 0)
        .filter_map(|item| item.docs.as_deref());
    docs.map(code).collect()
}

/// The code in fences of Rust.
fn code(markdown: &str) -> String {
    let mut code = String::new();
    // The language of the fence that is open.
    let mut fence: Option<bool> = None;
    for line in markdown.lines() {
        match (line.trim_start().strip_prefix("```"), fence) {
            (Some(_), Some(_)) => fence = None,
            (Some(language), None) => {
                let word = language.split([',', ' ']).next().unwrap_or_default();
                let is_rust = matches!(word, "" | "rust" | "no_run");
                fence = Some(is_rust);
            }
            (None, Some(true)) => {
                code.push_str(line);
                code.push('\n');
            }
            (None, _) => {}
        }
    }
    code
}

/// Something that users write.
struct Called {
    /// The word that an example with it contains.
    word: String,
    /// Its full path, such as `lambdura::RetryStrategy::linear`.
    place: String,
}

fn called(description: &Crate) -> Vec<Called> {
    let mut called = Vec::new();
    let root = &description.index[&description.root];
    let crate_name = root.name.clone().unwrap_or_default();
    walk(
        description,
        description.root,
        &crate_name,
        &mut BTreeSet::new(),
        &mut called,
    );
    called
}

/// Adds what a module, or a type in it, offers.
fn walk(
    description: &Crate,
    id: Id,
    above: &str,
    seen: &mut BTreeSet<u32>,
    called: &mut Vec<Called>,
) {
    // Items of another crate are shown in that crate.
    let Some(item) = description.index.get(&id) else {
        return;
    };
    if item.crate_id != 0 || is_hidden(item) {
        return;
    }
    match &item.inner {
        ItemEnum::Module(module) => {
            if !seen.insert(id.0) {
                return;
            }
            let inside = match module.is_crate {
                true => above.to_owned(),
                false => place(above, item),
            };
            for it in &module.items {
                walk(description, *it, &inside, seen, called);
            }
        }
        ItemEnum::Use(used) => {
            if let Some(target) = used.id {
                walk(description, target, above, seen, called);
            }
        }
        ItemEnum::Struct(it) => of_type(description, item, &it.impls, above, called),
        ItemEnum::Enum(it) => of_type(description, item, &it.impls, above, called),
        ItemEnum::Function(_) | ItemEnum::Macro(_) | ItemEnum::ProcMacro(_) => {
            push(item, above, called)
        }
        _ => {}
    }
}

/// A type's own methods, if they take something. Examples of the functions that return or take the type name it.
fn of_type(description: &Crate, item: &Item, impls: &[Id], above: &str, called: &mut Vec<Called>) {
    let inside = place(above, item);
    for id in impls {
        let ItemEnum::Impl(Impl {
            trait_: None,
            items,
            ..
        }) = &description.index[id].inner
        else {
            continue;
        };
        for id in items {
            let method = &description.index[id];
            if let ItemEnum::Function(function) = &method.inner
                && method.visibility == Visibility::Public
                && !is_hidden(method)
                && takes_something(function)
            {
                push(method, &inside, called);
            }
        }
    }
}

/// A function without a receiver, or with something besides.
fn takes_something(function: &Function) -> bool {
    let inputs = &function.sig.inputs;
    inputs.first().is_none_or(|(name, _)| name != "self") || inputs.len() > 1
}

fn push(item: &Item, above: &str, called: &mut Vec<Called>) {
    if let Some(word) = item.name.clone() {
        called.push(Called {
            place: place(above, item),
            word,
        });
    }
}

fn place(above: &str, item: &Item) -> String {
    format!("{above}::{}", item.name.as_deref().unwrap_or_default())
}

fn is_hidden(item: &Item) -> bool {
    let hidden = |it: &rustdoc_types::Attribute| matches!(it, rustdoc_types::Attribute::Other(text) if text.contains("doc(hidden)"));
    item.attrs.iter().any(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fences_of_rust_are_examples() {
        let docs = "Says `a`.\n\n```\nb();\n```\n```toml\nc = 1\n```\n```rust,no_run\nd();\n```\n";
        assert_eq!(code(docs), "b();\nd();\n");
    }
}
