//! `Fn::ForEach`, and names made by functions.

use std::fmt::Write;

use expect_test::expect;

use super::{check_problems, load, problems};

/// A template with the language extensions.
fn extended(rest: &str) -> String {
    format!(
        "
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Globals: {{Function: {{CodeUri: f, Handler: h, Runtime: nodejs22.x}}}}
{rest}"
    )
}

#[test]
fn resources_outputs_conditions_and_properties_are_repeated() {
    let stack = load(&extended(
        "
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'alpha, b-2'}
Mappings:
  Sizes: {alpha: {Memory: 256}, b: {Memory: 512}}
Conditions:
  Fn::ForEach::Wanted:
    - Name
    - [alpha, b]
    - Is${Name}: !Not [!Equals [!Ref Name, b]]
Resources:
  Fn::ForEach::Steps:
    - Name
    - !Ref Names
    - Step&{Name}:
        Type: AWS::Serverless::Function
        Properties:
          FunctionName: !Sub 'step-${Name}-${AWS::Region}'
          MemorySize: !FindInMap [Sizes, !Ref Name, Memory, DefaultValue: 1024]
          Environment:
            Variables:
              NAME: !Ref Name
              PLAIN: it is ${Name}
              Fn::ForEach::Peers:
                - Peer
                - [Red, Blue]
                - PEER_${Peer}: !Sub '${Name} and ${Peer}'
  Once:
    Type: AWS::Serverless::Function
    Condition: Isalpha
  Never:
    Type: AWS::Serverless::Function
    Condition: Isb
Outputs:
  Fn::ForEach::Arns:
    - Name
    - [alpha, b2]
    - Arn${Name}: {Value: !GetAtt [!Sub 'Step${Name}', Arn]}
",
    ));
    let ids: Vec<&str> = stack.functions.iter().map(|it| &*it.logical_id).collect();
    assert_eq!(ids, ["Stepalpha", "Stepb2", "Once"]);
    let second = &stack.functions[1];
    assert_eq!(second.name, "step-b-2-us-east-1");
    assert_eq!(second.memory_size_megabytes, 1024);
    assert_eq!(stack.functions[0].memory_size_megabytes, 256);
    let expected = [
        ("NAME", "b-2"),
        ("PEER_Blue", "b-2 and Blue"),
        ("PEER_Red", "b-2 and Red"),
        ("PLAIN", "it is b-2"),
    ];
    let environment = second.environment.iter();
    assert!(
        environment
            .map(|(name, value)| (&**name, &**value))
            .eq(expected)
    );
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:step-alpha-us-east-1";
    assert_eq!(stack.outputs[0].name, "Arnalpha");
    assert_eq!(stack.outputs[0].value, arn);
    assert_eq!(stack.outputs.len(), 2);
}

#[test]
fn loops_within_loops_see_both_values() {
    let stack = load(&extended(
        "
Mappings: {Kinds: {A: {Of: [x, y]}, B: {Of: [z]}}}
Resources:
  Fn::ForEach::Outer:
    - Team
    - [A, B]
    - Fn::ForEach::Inner${Team}:
        - Kind
        - !FindInMap [Kinds, !Ref Team, Of]
        - ${Team}${Kind}:
            Type: AWS::DynamoDB::Table
            Properties:
              TableName: !Join ['-', [!Ref Team, !Ref Kind, table]]
              BillingMode: PAY_PER_REQUEST
              AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
              KeySchema: [{AttributeName: id, KeyType: HASH}]
",
    ));
    let tables = stack.tables.iter();
    let tables: Vec<_> = tables.map(|it| (&*it.logical_id, &*it.name)).collect();
    let expected = [
        ("Ax", "A-x-table"),
        ("Ay", "A-y-table"),
        ("Bz", "B-z-table"),
    ];
    assert_eq!(tables, expected);
}

#[test]
fn values_of_loops_are_counted_and_written_as_json() {
    let stack = load(&extended(
        "
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b,c'}}
Conditions: {Three: !Equals [Fn::Length: !Ref Names, 3]}
Resources:
  F:
    Type: AWS::Serverless::Function
    Condition: Three
    Properties:
      Environment:
        Variables:
          COUNT: {Fn::Length: !Split [',', 'a,b']}
          JSON: {Fn::ToJsonString: {a: [1, !Ref Names], b: !Ref AWS::Region}}
",
    ));
    let environment = &stack.functions[0].environment;
    assert_eq!(environment["COUNT"], "2");
    assert_eq!(
        environment["JSON"],
        r#"{"a":[1,["a","b","c"]],"b":"us-east-1"}"#
    );
}

#[test]
fn wrong_loops_are_shown_in_their_place() {
    check_problems(
        &extended(
            "
Resources:
  Fn::ForEach::Short: [Name, [a]]
  Fn::ForEach::Nothing: [Name, !Ref Missing, {'X${Name}': {Type: AWS::SNS::Topic}}]
  Fn::ForEach::Same: [Name, [a, b], {Topic: {Type: AWS::SNS::Topic}}]
  Fn::ForEach::Wrong: [Name, [a, b], {'F${Name}': {Type: AWS::Serverless::Function, Properties: {Timeout: no}}}]
",
        ),
        expect![[r#"
            6:23 the argument of `Fn::ForEach` has the wrong form [a list] (write it like `Fn::ForEach::Name: [Identifier, [a, b], {"Key${Identifier}": value}]`)
            7:32 `Missing` is not in this template [refers to nothing] (a reference names a parameter, a resource or a pseudo parameter; in `!Sub`, `${!Name}` is the literal text `${Name}`)
            8:38 `Topic` is made twice [the second time] (a key within a loop must hold its identifier, and values must differ)
            9:107 `Timeout` of `Fa` must be a whole number from 1 to 900 [found `false`] (the unit is seconds)
        "#]],
    );
    let plain = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn::ForEach::Steps: [Name, [a], {'S${Name}': {Type: AWS::SNS::Topic}}]
";
    check_problems(
        plain,
        expect![[r#"
        4:3 `Fn::ForEach` needs another transform [a language extension] (add `AWS::LanguageExtensions` to `Transform`, before SAM's)
    "#]],
    );
}

#[test]
fn loops_end() {
    let items = "x, ".repeat(1000);
    let mut nested = "'K${A}${B}${C}': {Type: AWS::SNS::Topic}".to_owned();
    for name in ["C", "B", "A"] {
        nested = format!("'Fn::ForEach::L{name}': [{name}, [{items}], {{{nested}}}]");
    }
    let found = problems(&extended(&format!("Resources: {{{nested}}}")));
    assert!(found.contains("loops make more than"), "{found}");

    let mut long = extended("Resources:\n  Fn::ForEach::L:\n    - A\n    - [");
    for index in 0..100 {
        write!(long, "{index}{}, ", "x".repeat(4000)).unwrap();
    }
    let text = "${A}".repeat(10_000);
    write!(
        long,
        "]\n    - 'K&{{A}}': {{Type: AWS::SNS::Topic, Properties: {{A: '{text}'}}}}"
    )
    .unwrap();
    let found = problems(&long);
    assert!(found.contains("loops make more than"), "{found}");
}
