//! Templates: whatever is in the file, the answer is a stack or a list of problems.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|template: &str| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, template).expect("the template");
    if let Err(error) = stack::load(&path, &stack::LoadOptions::default()) {
        assert!(!error.to_string().is_empty());
    }
});
