//! APIs by OpenAPI documents.

use std::fs;

use expect_test::expect;

use crate::{Integration, LoadOptions, LoadStackError, Passthrough, Route, Stack};

use super::{check_warnings, render};

const GLOBALS: &str = "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
Resources:
  Desk: {Type: AWS::Serverless::Function, Properties: {AutoPublishAlias: live}}
  Look:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: look
      Events: {Ping: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /ping, Method: GET}}}
";

/// A REST API with this document.
fn rest(definition: &str) -> String {
    let definition: String = definition
        .lines()
        .map(|line| format!("        {line}\n"))
        .collect();
    format!(
        "{GLOBALS}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      DefinitionBody:
{definition}"
    )
}

const DOCUMENT: &str = "openapi: 3.0.1
paths:
  /jobs:
    parameters: []
    post:
      x-amazon-apigateway-integration:
        type: aws
        httpMethod: POST
        uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Desk.Arn}:live/invocations
        passthroughBehavior: never
        timeoutInMillis: 5000
        requestParameters: {integration.request.header.X-Amz-Invocation-Type: \"'Event'\"}
        requestTemplates: {application/json: '{\"job\": $input.json(\"$\")}'}
        responses:
          default: {statusCode: 202, responseTemplates: {application/json: '{}'}}
          '.*bad.*': {statusCode: '400', responseParameters: {method.response.header.X-Bad: \"'yes'\"}}
    options:
      x-amazon-apigateway-integration:
        type: mock
        responses:
          default: {statusCode: 200, responseParameters: {method.response.header.Access-Control-Allow-Origin: \"'*'\"}}
  /jobs/{id}:
    get:
      x-amazon-apigateway-integration: {$ref: '#/components/x-amazon-apigateway-integrations/look'}
  /ping:
    get: {}
components:
  x-amazon-apigateway-integrations:
    look:
      type: AWS_PROXY
      httpMethod: POST
      uri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:look/invocations
";

fn shown(route: &Route) -> String {
    let qualifier = route.qualifier.as_deref().unwrap_or("-");
    format!("{} {} {qualifier}", route.key, route.function)
}

fn shown_routes(routes: &[Route]) -> Vec<String> {
    routes.iter().map(shown).collect()
}

const ROUTES: [&str; 3] = [
    "GET /ping Look -",
    "POST /jobs Desk live",
    "GET /jobs/{id} Look -",
];

#[test]
fn a_document_gives_routes_with_and_without_templates() {
    let stack = super::load(&rest(DOCUMENT));
    let api = &stack.rest_apis[0];
    assert_eq!(shown_routes(&api.routes), ROUTES);
    assert_eq!(api.cors.as_ref().unwrap().allow_origin, "*");
    assert_eq!(api.routes[2].integration, Integration::Proxy);
    let route = &api.routes[1];
    assert_eq!(route.timeout.as_secs(), 5);
    let Integration::Aws(aws) = &route.integration else {
        panic!("with templates");
    };
    assert!(aws.asynchronous);
    assert_eq!(aws.passthrough, Passthrough::Never);
    let template = r#"{"job": $input.json("$")}"#;
    assert_eq!(aws.request_templates["application/json"], template);
    assert_eq!(aws.responses[0].status, 202);
    assert_eq!(aws.responses[0].selection, None);
    assert_eq!(aws.responses[0].templates["application/json"], "{}");
    assert_eq!(aws.responses[1].status, 400);
    assert_eq!(aws.responses[1].selection.as_deref(), Some(".*bad.*"));
    let header = &aws.responses[1].parameters["method.response.header.X-Bad"];
    assert_eq!(header, "'yes'");
    assert_eq!(stack.warnings, []);
}

#[test]
fn what_a_document_asks_for_and_does_not_get_is_named() {
    check_warnings(
        &rest(
            "paths:
  bad: {get: {x-amazon-apigateway-integration: {type: mock}}}
  /http: {get: {x-amazon-apigateway-integration: {type: http_proxy, uri: 'https://example.com'}}}
  /none: {get: {responses: {}}}
  /far: {get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: 'arn:aws:lambda:x:1:function:far'}}}
  /sqs: {post: {x-amazon-apigateway-integration: {type: aws, uri: 'arn:aws:apigateway:us-east-1:sqs:path/1/q'}}}
  /auth:
    get:
      security: [{authorizer: []}]
      x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt Desk.Arn}",
        ),
        expect![[r#"
            line 18: `DefinitionBody.paths.bad` of `Api`: it is not a path of an API, and not served
            line 19: `DefinitionBody.paths./http.get.x-amazon-apigateway-integration.type` of `Api`: only functions are behind APIs here: the route is not served
            line 20: `DefinitionBody.paths./none.get` of `Api`: it has no `x-amazon-apigateway-integration`: the route is not served
            line 21: `DefinitionBody.paths./far.get.x-amazon-apigateway-integration.uri` of `Api`: only functions are behind APIs here: the route is not served
            line 22: `DefinitionBody.paths./sqs.post.x-amazon-apigateway-integration.uri` of `Api`: only functions are behind APIs here: the route is not served
            line 25: `DefinitionBody.paths./auth.get.security` of `Api`: API Gateway does nothing by this scheme: the route is open
        "#]],
    );
    check_warnings(
        &rest("Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}"),
        expect![[r#"
            line 16: `DefinitionBody` of `Api`: the document has no `paths` here, or is stored elsewhere and is not fetched: it gives no routes
        "#]],
    );
}

fn load_files(files: &[(&str, &str)]) -> Result<Stack, LoadStackError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    crate::load(folder.path(), &LoadOptions::default())
}

#[test]
fn documents_may_be_files() {
    let include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.yaml}}";
    let beside = format!("openapi: 3.0.1\ninfo: {{}}\n{include}");
    let uri = rest("x").replace("DefinitionBody:\n        x", "DefinitionUri: api.yaml");
    for template in [rest(include), rest(&beside), uri] {
        let files = [("template.yaml", &*template), ("api.yaml", DOCUMENT)];
        let stack = load_files(&files).unwrap_or_else(|error| panic!("{}", render(&error)));
        assert_eq!(
            shown_routes(&stack.rest_apis[0].routes),
            ROUTES,
            "{template}"
        );
    }
}

#[test]
fn files_that_cannot_be_read_are_problems() {
    let include = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.yaml}}";
    let error = load_files(&[("template.yaml", &rest(include))]).unwrap_err();
    assert!(
        render(&error).contains("there is no file"),
        "{}",
        render(&error)
    );
    let files = [("template.yaml", &*rest(include)), ("api.yaml", "paths: [")];
    let error = render(&load_files(&files).unwrap_err());
    assert!(error.contains("api.yaml:1"), "{error}");
    let wrong = DOCUMENT.replace("${Desk.Arn}", "${Dusk.Arn}");
    let files = [("template.yaml", &*rest(include)), ("api.yaml", &*wrong)];
    let error = render(&load_files(&files).unwrap_err());
    assert!(error.contains("`Dusk` is not in this template"), "{error}");
}

#[test]
fn http_apis_and_resources_of_their_own_have_documents_too() {
    let document = "{openapi: 3.0.1, paths: {/a: {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: \
                    {type: aws_proxy, payloadFormatVersion: '2.0', uri: !GetAtt Desk.Arn}}}, /$default: \
                    {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: {type: aws_proxy, uri: !Ref Desk.Alias}}}}}";
    let stack = super::load(&format!(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Desk: {{Type: AWS::Serverless::Function, Properties: {{AutoPublishAlias: live, CodeUri: f, Handler: h, Runtime: nodejs22.x}}}}
  One: {{Type: AWS::Serverless::HttpApi, Properties: {{DefinitionBody: {document}}}}}
  Two: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Body: {document}}}}}
  Three: {{Type: AWS::ApiGateway::RestApi, Properties: {{Body: {document}}}}}
  Deployed: {{Type: AWS::ApiGateway::Stage, Properties: {{RestApiId: !Ref Three, StageName: prod}}}}
"
    ));
    let expected = ["ANY /a Desk -", "$default Desk live"];
    assert_eq!(shown_routes(&stack.http_apis[0].routes), expected);
    assert_eq!(shown_routes(&stack.http_apis[1].routes), expected);
    let rest = ["ANY /a Desk -", "ANY /$default Desk live"];
    assert_eq!(shown_routes(&stack.rest_apis[0].routes), rest);
}
