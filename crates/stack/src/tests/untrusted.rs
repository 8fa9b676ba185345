//! Arbitrary input: no panic, no hang, no unbounded memory.

use std::fmt::Write;

use expect_test::expect;
use proptest::prelude::*;

use super::{check_problems, function, problems, try_load};

#[test]
fn aliases_of_aliases_end() {
    let mut template = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        writeln!(template, "a{level}: &a{level} [{below}]").unwrap();
    }
    check_problems(
        &template,
        expect![[r#"
        6:10 the template has more than 200000 values [the limit is passed here] (aliases count as often as they are used; split the template)
    "#]],
    );
}

#[test]
fn an_alias_within_itself_ends() {
    check_problems(
        "a: &a [*a]\n",
        expect![[r#"
        1:8 a YAML alias refers to a value that contains it [this alias] (write the value out)
    "#]],
    );
}

#[test]
fn nesting_ends() {
    check_problems(
        &"[".repeat(1000),
        expect![[r#"
        1:256 not valid YAML: recursion limit exceeded [reading ended here] (check indentation, quotes and brackets at and above this line)
    "#]],
    );
    let block: String = (0..100).map(|depth| " ".repeat(depth) + "a:\n").collect();
    check_problems(
        &block,
        expect![[r#"
        65:65 nested deeper than 64 levels [too deep] (no CloudFormation property nests that far; check brackets and indentation)
    "#]],
    );
    // Each is allowed alone; an alias nests one in the other.
    let deep = |inner: &str| "[".repeat(40) + inner + &"]".repeat(40);
    let template = format!("a: &a {}\nb: {}\n", deep("x"), deep("*a"));
    check_problems(
        &template,
        expect![[r#"
        2:44 nested deeper than 64 levels [too deep] (no CloudFormation property nests that far; check brackets and indentation)
    "#]],
    );
    let tags = format!("a: {}x", "!Sub [".repeat(70));
    check_problems(
        &tags,
        expect![[r#"
        1:376 nested deeper than 64 levels [too deep] (no CloudFormation property nests that far; check brackets and indentation)
    "#]],
    );
}

#[test]
fn names_that_double_end() {
    let mut template = "Resources:\n".to_owned();
    for level in 0..40 {
        let name = match level {
            0 => "aa".to_owned(),
            _ => format!("!Sub '${{T{}}}${{T{}}}'", level - 1, level - 1),
        };
        writeln!(
            template,
            "  T{level}: {{Type: AWS::DynamoDB::Table, Properties: {{TableName: {name}}}}}"
        )
        .unwrap();
    }
    let problems = problems(&template);
    assert!(
        problems.contains("references expand to more than 8388608 bytes"),
        "{problems}"
    );
}

#[test]
fn a_long_parameter_in_many_places_ends() {
    let template = format!(
        "Parameters: {{P: {{Type: String, Default: {}}}}}\nResources: {{}}\n\
         Outputs: {{O: {{Value: !Sub '{}'}}}}\n",
        "x".repeat(4096),
        "${P}".repeat(100_000),
    );
    check_problems(
        &template,
        expect![[r#"
        3:22 references expand to more than 8388608 bytes [the limit is passed here] (repeat long values less often)
    "#]],
    );
}

#[test]
fn globals_for_many_functions_end() {
    let variables: String = (0..5000).map(|it| format!("V{it}: x, ")).collect();
    let functions: String = (0..400)
        .map(|it| format!("  F{it}: {{Type: AWS::Serverless::Function}}\n"))
        .collect();
    let template = format!(
        "Transform: AWS::Serverless-2016-10-31\n\
         Globals: {{Function: {{Environment: {{Variables: {{{variables}}}}}}}}}\n\
         Resources:\n{functions}"
    );
    check_problems(
        &template,
        expect![[r#"
        2:21 `Globals` make more than 200000 values of this template [copied into every resource] (share less, or split the template)
    "#]],
    );
}

#[test]
fn a_long_event_in_any_script_has_a_name() {
    let name = "é".repeat(300);
    let events = format!(
        "Events:
  {name}: {{Type: Schedule, Properties: {{Schedule: rate(1 day)}}}}
  {name}y: {{Type: HttpApi}}"
    );
    let stack = super::load(&function(&events));
    assert_eq!(stack.http_apis[0].routes[0].event, format!("{name}y"));
    let name = &stack.schedules[0].name;
    assert!(name.starts_with("demo-Fé") && name.len() <= 64, "{name}");
}

#[test]
fn a_long_chain_of_references_needs_no_deep_stack() {
    let mut template = "Resources:\n".to_owned();
    for index in 0..500 {
        writeln!(
            template,
            "  R{index}: {{Type: A::B::C, Properties: {{Next: !Ref R{}}}}}",
            (index + 1) % 500
        )
        .unwrap();
    }
    let problems = problems(&template);
    assert!(problems.contains("in a circle: R0 → R1 → R2"), "{problems}");
}

#[test]
fn many_wrong_references_cost_little() {
    let template = function(&format!(
        "Description: !Sub '{}'\nPolicies: [{}]",
        "${Nowhere}".repeat(50_000),
        "!Ref Nowhere, ".repeat(20_000),
    ));
    assert_eq!(
        problems(&template).lines().count(),
        crate::limits::PROBLEMS_MAX
    );
}

#[test]
fn a_template_of_one_line_is_shown_in_part() {
    let ignored: String = (0..45)
        .map(|it| format!("Quantum{it}: [é, extra], "))
        .collect();
    let template = format!(
        "{{Transform: AWS::Serverless-2016-10-31, Resources: {{F: {{Properties: {{{}}}, \
         Type: AWS::Serverless::Function}}}}}}",
        ignored.replacen("Quantum30", "Tiemout: 1, Quantum30", 1)
            + "CodeUri: f, Handler: h, Runtime: nodejs22.x",
    );
    let error = try_load(&template, &[]).unwrap_err();
    expect![[r#"
        Error:
          × `template.yaml` has one problem

        Error:
          × unknown property `Tiemout` of `F`
           ╭─[template.yaml:1:780]
         1 │ é, extra], Quantum28: [é, extra], Quantum29: [é, extra], Tiemout: 1, Quantum30: [é, extra], Quantum31: [é, extra], Quantum
           ·                                                          ───┬───
           ·                                                             ╰── no such property
           ╰────
          help: did you mean `Timeout`?
    "#]].assert_eq(&super::render(&error));
}

#[test]
fn many_unknown_properties_cost_little() {
    let unknown: String = (0..30_000).map(|it| format!("Timeou{it}: 1, ")).collect();
    let template = function("").replace("f/\n", &format!("f/\n      Environment: {{{unknown}}}\n"));
    let error = try_load(&template, &[]).unwrap_err();
    let rendered = super::render(&error);
    assert!(rendered.len() < 50_000, "{} bytes", rendered.len());
    assert!(
        rendered.contains("too many unknown properties"),
        "{rendered}"
    );
}

/// Pieces that mean something to the parser or to a template.
fn piece() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "Resources",
        "Properties",
        "Type",
        "Globals",
        "Function",
        "Parameters",
        "Outputs",
        "Value",
        "Transform",
        "AWS::Serverless-2016-10-31",
        "AWS::Serverless::Function",
        "Default",
        "AWS::Serverless::HttpApi",
        "AWS::DynamoDB::Table",
        "Events",
        "HttpApi",
        "Ref",
        "Fn::Sub",
        "Fn::Join",
        "Fn::GetAtt",
        "!Ref",
        "!Sub",
        "!Join",
        "!GetAtt",
        "!If",
        "!FindInMap",
        "!Select",
        "!Split",
        "!Condition",
        "!Not",
        "Fn::ToJsonString",
        "Conditions",
        "Mappings",
        "Condition",
        "AWS::Serverless::Api",
        "AWS::Lambda::Alias",
        "Api",
        "Schedule",
        "cron(0 0 ? * L *)",
        "rate(1 day)",
        "!",
        "!!str",
        "F",
        "G",
        "${F.Arn}",
        "${",
        "AWS::NoValue",
        "AWS::Region",
        "KeySchema",
        "Environment",
        "Variables",
        "CodeUri",
        "Timeout",
        "-1",
        "1.5",
        "true",
        "~",
        "&a",
        "*a",
        "<<",
        "Path",
        "/{a+}",
        "é🦀",
    ]);
    let marks = prop::sample::select(vec![
        ": ",
        ":\n  ",
        ":\n    ",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "\n- ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        " ",
        "'",
        "\"",
        "|\n",
        ">-\n ",
        "# ",
        "---\n",
        "...\n",
        "? ",
        "\t",
        "\\",
        "%TAG ! x\n",
        "\r\n",
        "\u{feff}",
        "\0",
    ]);
    prop_oneof![words.prop_map(str::to_owned), marks.prop_map(str::to_owned)]
}

fn survives(template: &str) -> Result<(), TestCaseError> {
    if let Err(error) = try_load(template, &[]) {
        // Rendering slices the text by the spans that were found.
        let rendered = super::render(&error);
        prop_assert!(!rendered.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(template in ".{0,200}") {
        survives(&template)?;
    }

    #[test]
    fn arbitrary_yaml_never_panics(pieces in prop::collection::vec(piece(), 0..60)) {
        survives(&pieces.concat())?;
    }

    #[test]
    fn a_damaged_template_never_panics(
        everything in any::<bool>(),
        at in any::<prop::sample::Index>(),
        removed in 0..40_usize,
        inserted in prop::collection::vec(piece(), 0..4),
    ) {
        let template = if everything {
            include_str!("everything.yaml")
        } else {
            include_str!("loan_approval.yaml")
        };
        let template: Vec<char> = template.chars().collect();
        let at = at.index(template.len());
        let rest = template.len().min(at + removed);
        let mut damaged: String = template[..at].iter().collect();
        damaged.push_str(&inserted.concat());
        damaged.extend(&template[rest..]);
        survives(&damaged)?;
    }
}
