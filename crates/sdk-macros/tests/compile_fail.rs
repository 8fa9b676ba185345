//! Misuse of the macros gives errors that say what to write instead. The expected texts are beside the cases, in
//! `tests/fail`.

#[test]
fn misuse_is_explained() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/pass/*.rs");
    cases.compile_fail("tests/fail/*.rs");
}
