//! `Conditions`, `Mappings`, and the values that they choose.

use expect_test::{Expect, expect};

use super::{check_problems, load, try_load};

/// Resolves one value as an output, under these conditions.
fn resolve(conditions: &str, value: &str, stage: &str) -> String {
    let template = format!(
        "
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Stage: {{Type: String}}
  Size: {{Type: Number, Default: 2}}
  Names: {{Type: CommaDelimitedList, Default: 'Ann,Bob'}}
Mappings:
  Sizes:
    prod: {{memory: 1024, zones: [a, b]}}
    dev: {{memory: 256, zones: [a]}}
Conditions: {conditions}
Resources: {{}}
Outputs:
  O:
    Value: {value}
"
    );
    let stack = try_load(&template, &[("Stage", stage)])
        .unwrap_or_else(|error| panic!("{}", super::render(&error)));
    stack.outputs[0].value.clone()
}

#[test]
fn conditions_hold_or_do_not() {
    let holds = |condition: &str| {
        let conditions = format!("{{IsProd: !Equals [!Ref Stage, prod], C: {condition}}}");
        resolve(&conditions, "!If [C, 'yes', 'no']", "prod")
    };
    for (condition, expected) in [
        ("!Equals [a, a]", "yes"),
        ("!Equals [a, A]", "no"),
        ("!Equals [!Ref Size, 2]", "yes"),
        ("!Equals [!Ref Size, '2']", "yes"),
        ("!Equals [true, 'true']", "yes"),
        ("!Equals [!Ref AWS::Region, us-east-1]", "yes"),
        ("!Equals ['', '']", "yes"),
        ("!Equals [!Sub '${Stage}-x', prod-x]", "yes"),
        ("!Equals [!Join ['', !Ref Names], AnnBob]", "yes"),
        ("!Equals [!Select [1, !Ref Names], Bob]", "yes"),
        ("!Equals [!Ref Names, [Ann, Bob]]", "yes"),
        (
            "!Equals [!FindInMap [Sizes, !Ref Stage, memory], 1024]",
            "yes",
        ),
        ("!Not [!Condition IsProd]", "no"),
        ("!Not [{Condition: IsProd}]", "no"),
        ("!And [!Condition IsProd, !Equals [a, b]]", "no"),
        (
            "{'Fn::Or': [{Condition: IsProd}, {'Fn::Equals': [a, b]}]}",
            "yes",
        ),
        ("!Condition IsProd", "yes"),
    ] {
        assert_eq!(holds(condition), expected, "{condition}");
    }
}

fn check(value: &str, expected: Expect) {
    let conditions = "{IsProd: !Equals [!Ref Stage, prod]}";
    expected.assert_eq(&resolve(conditions, value, "dev"));
}

#[test]
fn values_are_chosen_and_found() {
    check("!If [IsProd, a, b]", expect!["b"]);
    check("{'Fn::If': [IsProd, a, !If [IsProd, b, c]]}", expect!["c"]);
    check("!Sub ['${A}', {A: !If [IsProd, a, b]}]", expect!["b"]);
    check("!FindInMap [Sizes, !Ref Stage, memory]", expect!["256"]);
    check(
        "!Join [',', !FindInMap [Sizes, prod, zones]]",
        expect!["a,b"],
    );
    check(
        "!FindInMap [Sizes, !Ref Stage, nope, {DefaultValue: 7}]",
        expect!["7"],
    );
    check(
        "!Join ['-', [a, !If [IsProd, b, !Ref AWS::NoValue], c]]",
        expect!["a-c"],
    );
}

#[test]
fn lists_and_texts_are_taken_apart() {
    check("!Select [1, [a, 1.10, c]]", expect!["1.10"]);
    check("!Select ['0', !Split ['/', 'x/y']]", expect!["x"]);
    check("!Select [0, !Ref Names]", expect!["Ann"]);
    check("!Join ['|', !Split [', ', 'x, y']]", expect!["x|y"]);
    check("!Select [0, !GetAZs '']", expect!["us-east-1a"]);
    check("!Select [1, !GetAZs eu-west-1]", expect!["eu-west-1b"]);
    check(
        "!Select [2, {'Fn::GetAZs': !Ref AWS::Region}]",
        expect!["us-east-1c"],
    );
    check("!Base64 'é'", expect!["w6k="]);
    check("{'Fn::Base64': !Sub '${Stage}'}", expect!["ZGV2"]);
    check("{'Fn::Length': !Ref Names}", expect!["2"]);
    check("!Length [a, b, c]", expect!["3"]);
    check(
        "!ToJsonString {a: !Ref Stage, b: [1, true]}",
        expect![[r#"{"a":"dev","b":[1,true]}"#]],
    );
}

#[test]
fn resources_and_outputs_are_left_out() {
    let template = "
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: dev}}
Conditions: {IsProd: !Equals [!Ref Stage, prod], IsDev: !Not [!Condition IsProd]}
Globals:
  Function: {CodeUri: f, Handler: h, Runtime: !If [IsProd, python3.13, provided.al2023]}
Resources:
  Table:
    Type: AWS::Serverless::Function
    Condition: IsProd
  F:
    Type: AWS::Serverless::Function
    DependsOn: Table
    Properties:
      Timeout: !If [IsProd, 10, 20]
      Environment:
        Variables:
          TABLE: !If [IsProd, !Ref Table, none]
          GONE: !If [IsProd, x, !Ref AWS::NoValue]
      Events:
        Open: !If [IsProd, !Ref AWS::NoValue, {Type: HttpApi}]
        Closed: !If [IsDev, !Ref AWS::NoValue, {Type: HttpApi}]
Outputs:
  Kept: {Condition: IsDev, Value: x}
  Gone: {Condition: IsProd, Value: !Ref Table}
";
    let stack = load(template);
    let ids: Vec<_> = stack.functions.iter().map(|it| &it.logical_id).collect();
    assert_eq!(ids, ["F"]);
    let function = &stack.functions[0];
    assert_eq!(function.timeout.as_secs(), 20);
    assert_eq!(function.runtime, "provided.al2023");
    assert_eq!(function.environment["TABLE"], "none");
    assert_eq!(function.environment.len(), 1);
    assert_eq!(stack.http_apis[0].routes[0].event, "Open");
    assert_eq!(stack.outputs.len(), 1);
    assert!(stack.warnings.is_empty(), "{:?}", stack.warnings);
    let stack = try_load(template, &[("Stage", "prod")]).expect("it loads");
    assert_eq!(stack.functions.len(), 2);
    assert_eq!(stack.functions[1].environment["TABLE"], "demo-Table");
}

#[test]
fn what_is_wrong_is_said_where_it_is_wrong() {
    check_problems(
        "
Mappings:
  M: {a: {b: 1, c: {d: 1}}}
  N: text
Conditions:
  Circle: !Not [!Condition Circel]
  Round: !Not [!Condition About]
  About: !Not [!Condition Round]
  Of: !Equals [!Ref T, x]
  Odd: yes
  Short: !And [!Condition Odd]
  Two: !Equals [a]
Resources:
  T: {Type: AWS::SQS::Queue, Condition: IsProd}
Outputs:
  A: {Value: !If [Nope, a, b]}
  B: {Value: !If [a, b]}
  C: {Value: !FindInMap [m, a, b]}
  D: {Value: !FindInMap [M, a, x]}
  E: {Value: !FindInMap [M, a, c]}
  F: {Value: !FindInMap [N, a, c]}
  G: {Value: !FindInMap [M, a]}
  H: {Value: !Equals [a, b]}
  I: {Value: !Select [3, [a, b]]}
  J: {Value: !Length [a]}
  K: {Value: !Split ['', a]}
",
        expect![[r#"
            3:20 `c` of a mapping has the wrong form [a mapping] (a mapping has two levels of keys, and texts or lists below them)
            4:6 `N` of a mapping has the wrong form [a single value] (a mapping has two levels of keys, and texts or lists below them)
            6:17 `Circel` is not among `Conditions` [no such condition] (did you mean `Circle`?)
            7:3 condition `Round` depends on itself [goes in a circle] (decide it by parameters)
            9:16 condition `Of` refers to resource `T` [a resource] (conditions are decided before there is any resource: use parameters)
            10:8 condition `Odd` cannot be decided [a single value] (a condition is made of `!Equals`, `!And`, `!Or`, `!Not` and `!Condition`)
            11:10 the argument of `Fn::And` has the wrong form [a list] (write it like `a list of two to ten conditions`)
            12:8 the argument of `Fn::Equals` has the wrong form [a list] (write it like `!Equals [!Ref Stage, prod]`)
            14:41 `IsProd` is not among `Conditions` [no such condition] (add it there)
            16:19 `Nope` is not among `Conditions` [no such condition] (add it there)
            17:14 the argument of `Fn::If` has the wrong form [a list] (write it like `!If [ConditionName, value, otherwise]`)
            18:26 `m` is not among `Mappings` [not in the mapping] (there are: M, N)
            19:32 the mapping has no key `x` [not in the mapping] (there are: b, c)
            22:14 the argument of `Fn::FindInMap` has the wrong form [a list] (write it like `!FindInMap [MapName, FirstKey, SecondKey]`)
            23:14 `Fn::Equals` has no place here [makes no value] (write it under `Conditions`, and choose values with `!If`)
            24:23 `!Select` asks for item 3 of 2 [not in the list] (items are counted from 0)
            25:14 `Fn::Length` needs another transform [a language extension] (add `AWS::LanguageExtensions` to `Transform`, before SAM's)
            26:14 the argument of `Fn::Split` has the wrong form [a list] (write it like `!Split [",", "a,b"]`)
        "#]],
    );
    let gone = "
Conditions: {Never: !Equals [a, b]}
Resources:
  Queue: {Type: AWS::SQS::Queue, Condition: Never}
Outputs:
  O: {Value: !Ref Queue}
";
    check_problems(
        gone,
        expect![[r#"
        6:14 `Queue` is not created [its condition `Never` does not hold] (refer to it under the same condition: `!If [Condition, !Ref It, !Ref AWS::NoValue]`)
    "#]],
    );
}

#[test]
fn imports_are_named() {
    super::check_warnings(
        "
Resources: {}
Outputs:
  O: {Value: !ImportValue shared-vpc}
",
        expect![[r#"
            line 4: `Value` of `O`: other stacks are not here to import from; the value is the placeholder `shared-vpc`
        "#]],
    );
}

#[test]
fn long_chains_end() {
    let mut template = "Resources: {}\nConditions:\n  C0: !Equals [a, a]\n".to_owned();
    for number in 1..2000 {
        let line = format!(
            "  C{}: !Not [!Condition C{}]\n",
            2000 - number,
            1999 - number
        );
        template.push_str(&line);
    }
    let message = super::problems(&template);
    assert!(message.contains("more than 100 deep"), "{message}");
}
