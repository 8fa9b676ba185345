//! Templates as API Gateway's guide shows them.

use serde_json::json;

use super::{RenderError, Scope, render};

fn scope() -> Scope {
    Scope {
        body: r#"{"pets": [{"name": "Rex", "age": 3}, {"name": "O'Mimi", "age": 11}], "total": 2, "by": {"a b": "x"}}"#
            .to_owned(),
        params: json!({
            "path": {"id": "7"},
            "querystring": {"q": "a b"},
            "header": {"Content-Type": "application/json"},
        }),
        context: json!({"stage": "prod", "httpMethod": "POST", "identity": {"sourceIp": "192.0.2.1", "user": null}}),
        stage_variables: json!({"table": "pets"}),
    }
}

#[track_caller]
fn check(template: &str, expected: &str) {
    assert_eq!(
        render(template, &scope()).as_deref(),
        Ok(expected),
        "{template}"
    );
}

#[test]
fn variables_stand_for_values() {
    check(
        r#"{"stage": "$context.stage", "ip": "${context.identity.sourceIp}", "user": "$context.identity.user"}"#,
        r#"{"stage": "prod", "ip": "192.0.2.1", "user": ""}"#,
    );
    check("$stageVariables.table $input.params('id')", "pets 7");
    check(
        "$input.params('content-type') [$input.params('none')]",
        "application/json []",
    );
    check("$input.params().querystring.get('q')", "a b");
    check("$input.json('$.pets[0]')", r#"{"name":"Rex","age":3}"#);
    check("$input.json('$.pets[*].name')", r#"["Rex","O'Mimi"]"#);
    check(
        "$input.path('$.pets[1].age') $input.path(\"$.by['a b']\")",
        "11 x",
    );
    check("$input.path('$.pets').size()", "2");
    check(
        "$unknown $!unknown ${unknown}! costs $5, user@example.com #hash",
        "$unknown  ${unknown}! costs $5, user@example.com #hash",
    );
    check(r"\$context.stage", "$context.stage");
}

#[test]
fn util_has_its_functions() {
    check(
        "$util.escapeJavaScript($input.path('$.pets[1].name'))",
        "O\\'Mimi",
    );
    check(
        "$util.urlEncode('a b&c') $util.urlDecode('a+b%26c')",
        "a+b%26c a b&c",
    );
    check(
        "$util.base64Encode('hello') $util.base64Decode('aGVsbG8=')",
        "aGVsbG8= hello",
    );
    check(
        "#set($it = $util.parseJson('{\"a\": [1, 2]}'))$it.a[1]",
        "2",
    );
}

#[test]
fn directives_decide_and_repeat() {
    check(
        "#set($root = $input.path('$'))
{\"pets\": [
#foreach($pet in $root.pets)
  {\"name\": \"$util.escapeJavaScript($pet.name)\", \"nr\": $foreach.count}#if($foreach.hasNext),#end

#end
]}",
        "{\"pets\": [\n  {\"name\": \"Rex\", \"nr\": 1},\n  {\"name\": \"O\\'Mimi\", \"nr\": 2}\n]}",
    );
    check(
        "#if($input.path('$.total') > 1 && $context.stage == 'prod')many#elseif($x)x#else few#end",
        "many",
    );
    check(
        "#if(!$input.path('$.none') || false)none#{else}some#end.",
        "none.",
    );
    check(
        "#foreach($i in [1..3])$i#end ## a comment\nnext #* another *#line",
        "123 next line",
    );
    check(
        "#set($name = \"${context.stage}-x\")#set($m = {'k': $name})$m.k $m.get('k').length()",
        "prod-x 6",
    );
    check(
        "#set($l = [])#set($ok = $l.add(1))#set($ok = $l.add('b'))$l.size() $l",
        "2 [1,\"b\"]",
    );
    check("before#stop after", "before");
}

#[test]
fn all_parameters_as_the_guide_passes_them_on() {
    check(
        "#set($allParams = $input.params())
{
\"params\" : {
#foreach($type in $allParams.keySet())
#set($params = $allParams.get($type))
\"$type\" : {
#foreach($paramName in $params.keySet())
\"$paramName\" : \"$util.escapeJavaScript($params.get($paramName))\"
#if($foreach.hasNext),#end
#end
}
#if($foreach.hasNext),#end
#end
}
}",
        "{\n\"params\" : {\n\"path\" : {\n\"id\" : \"7\"\n}\n,\"querystring\" : {\n\"q\" : \"a b\"\n}\n,\"header\" : {\n\"Content-Type\" : \"application\\/json\"\n}\n}\n}",
    );
}

#[test]
fn wrong_templates_say_where() {
    for (template, line) in [
        ("a\n#if(", 2),
        ("#foreach($a in )", 1),
        ("\n\n#set($a 1)", 3),
        ("#if(true)", 1),
        ("#end", 1),
        ("#set($a = 'x)", 1),
    ] {
        let error = render(template, &scope()).unwrap_err();
        assert!(
            matches!(error, RenderError::Syntax { line: found, .. } if found == line),
            "{template}: {error}"
        );
    }
}

#[test]
fn what_is_too_much_ends() {
    let loops = "#foreach($a in [1..1000])".repeat(5) + "x" + &"#end".repeat(5);
    assert!(matches!(
        render(&loops, &scope()),
        Err(RenderError::TooMuch(_))
    ));
    let deep = format!("#set($a = {}1{})", "(".repeat(10_000), ")".repeat(10_000));
    assert!(matches!(
        render(&deep, &scope()),
        Err(RenderError::Syntax { .. })
    ));
    let nested = "#if(true)".repeat(10_000);
    assert!(matches!(
        render(&nested, &scope()),
        Err(RenderError::Syntax { .. })
    ));
    let doubling = format!(
        "#set($a = 'xxxxxxxx'){}$a",
        "#set($a = \"$a$a\")".repeat(40)
    );
    assert!(matches!(
        render(&doubling, &scope()),
        Err(RenderError::TooMuch(_))
    ));
}
