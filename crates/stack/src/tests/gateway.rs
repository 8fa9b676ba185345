//! API Gateway's own resources, as CDK writes them.

use expect_test::expect;

use crate::{Integration, Passthrough};

use super::{check_problems, load};

const FUNCTION: &str = "
  Fn:
    Type: AWS::Lambda::Function
    Properties: {Code: f, Handler: bootstrap, Runtime: provided.al2023}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Fn, FunctionVersion: !GetAtt V.Version, Name: live}
  V: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Fn}}
";

#[test]
fn http_apis_are_put_together() {
    let stack = load(&format!(
        "Resources:{FUNCTION}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: Orders
      ProtocolType: HTTP
      CorsConfiguration: {{AllowOrigins: ['*'], AllowMethods: [GET]}}
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {{ApiId: !Ref Api, StageName: $default, AutoDeploy: true}}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationUri: !Ref Live
      PayloadFormatVersion: '2.0'
      TimeoutInMillis: 1000
  Elsewhere:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {{ApiId: !Ref Api, IntegrationType: HTTP_PROXY, IntegrationUri: 'https://a.example'}}
  Get:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Api
      RouteKey: GET /orders/{{id}}
      AuthorizationType: NONE
      Target: !Join ['', [integrations/, !Ref Integration]]
  Rest:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: $default, AuthorizationType: JWT, Target: !Sub 'integrations/${{Integration}}'}}
  Away:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: ANY /away, Target: !Sub 'integrations/${{Elsewhere}}'}}
  Chat: {{Type: AWS::ApiGatewayV2::Api, Properties: {{ProtocolType: WEBSOCKET}}}}
Outputs:
  Url: {{Value: !GetAtt Api.ApiEndpoint}}
"
    ));
    let api = &stack.http_apis[0];
    assert_eq!(api.stage_name, "$default");
    assert!(api.cors.is_some());
    let routes: Vec<String> = api
        .routes
        .iter()
        .map(|it| {
            format!(
                "{} {} {:?} {:?}",
                it.key, it.function, it.qualifier, it.timeout
            )
        })
        .collect();
    expect![[r#"
        GET /orders/{id} Fn Some("live") 1s
        $default Fn Some("live") 1s"#]]
    .assert_eq(&routes.join("\n"));
    let warnings: Vec<String> = stack.warnings.iter().map(|it| it.to_string()).collect();
    expect![[r#"
        line 29: `IntegrationType` of `Elsewhere`: only functions are behind APIs here: the route is not served
        line 39: `AuthorizationType` of `Rest`: its authorizer is not in this template: every request is answered with 500
        line 43: `Chat` (AWS::ApiGatewayV2::Api): no WebSocket API is served"#]].assert_eq(&warnings.join("\n"));
    let urls = [("Api".to_owned(), "http://127.0.0.1:1".to_owned())].into();
    assert_eq!(
        stack.with_local_urls(&urls).outputs[0].value,
        "http://127.0.0.1:1"
    );
}

#[test]
fn rest_apis_are_put_together() {
    let uri = "!Sub 'arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations'";
    let stack = load(&format!(
        "Resources:{FUNCTION}
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: Orders, BinaryMediaTypes: ['*/*']}}}}
  Account: {{Type: AWS::ApiGateway::Account, Properties: {{}}}}
  Deployment: {{Type: AWS::ApiGateway::Deployment, Properties: {{RestApiId: !Ref Api}}, DependsOn: [Root, Item]}}
  StageProd:
    Type: AWS::ApiGateway::Stage
    Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod}}
  Orders:
    Type: AWS::ApiGateway::Resource
    Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}}
  Order:
    Type: AWS::ApiGateway::Resource
    Properties: {{RestApiId: !Ref Api, ParentId: !Ref Orders, PathPart: '{{id}}'}}
  Root:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: ANY
      AuthorizationType: NONE
      Integration: {{Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: {uri}}}
  Item:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Order
      HttpMethod: GET
      AuthorizationType: AWS_IAM
      Integration: {{Type: AWS_PROXY, IntegrationHttpMethod: POST, Uri: {uri}}}
  ItemOptions:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Order
      HttpMethod: OPTIONS
      AuthorizationType: NONE
      Integration:
        Type: MOCK
        IntegrationResponses:
          - StatusCode: '204'
            ResponseParameters:
              method.response.header.Access-Control-Allow-Origin: \"'*'\"
              method.response.header.Access-Control-Allow-Methods: \"'GET,PUT'\"
Outputs:
  Url: {{Value: !Sub 'https://${{Api}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/${{StageProd}}/'}}
"
    ));
    let api = &stack.rest_apis[0];
    assert_eq!(api.stage_name, "prod");
    assert_eq!(api.binary_media_types, ["*/*"]);
    let keys: Vec<String> = api.routes.iter().map(|it| it.key.to_string()).collect();
    assert_eq!(keys, ["ANY /", "GET /orders/{id}"]);
    let cors = api.cors.clone().unwrap();
    assert_eq!(
        (cors.allow_origin.as_str(), cors.allow_methods.as_deref()),
        ("*", Some("GET,PUT"))
    );
    let warnings: Vec<String> = stack.warnings.iter().map(|it| it.to_string()).collect();
    expect![
        "line 36: `AuthorizationType` of `Item`: signatures are checked where policies are enforced: without that the route is open"
    ]
    .assert_eq(&warnings.join("\n"));
    let urls = [("Api".to_owned(), "http://127.0.0.1:1".to_owned())].into();
    assert_eq!(
        stack.with_local_urls(&urls).outputs[0].value,
        "http://127.0.0.1:1/prod/"
    );
}

#[test]
fn what_does_not_fit_is_shown() {
    check_problems(
        &format!(
            "Resources:{FUNCTION}
  Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{ProtocolType: HTTP}}}}
  A: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref Api, RouteKey: GET}}}}
  B: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref Api, RouteKey: GET /b, Target: x}}}}
  C: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: !Ref Api, RouteKey: GET /c, Target: !Ref I}}}}
  I: {{Type: AWS::ApiGatewayV2::Integration, Properties: {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !Ref Api}}}}
  Rest: {{Type: AWS::ApiGateway::RestApi}}
  Circle: {{Type: AWS::ApiGateway::Resource, Properties: {{RestApiId: !Ref Rest, ParentId: !Ref Circle, PathPart: a}}}}
  M:
    Type: AWS::ApiGateway::Method
    Properties: {{RestApiId: !Ref Rest, ResourceId: !Ref Circle, HttpMethod: GET, Integration: {{Type: AWS_PROXY, Uri: x}}}}
  N:
    Type: AWS::ApiGateway::Method
    Properties: {{RestApiId: !Ref Rest, ResourceId: !GetAtt Rest.RootResourceId, HttpMethod: FETCH}}
"
        ),
        expect![[r#"
            11:79 `RouteKey` of `A` is no route [this key] (for example `GET /items/{id}`, or `$default`)
            12:95 `Target` of `B` must name an integration of this template [no such integration] (join `integrations/` and `!Ref` to the integration)
            14:119 `IntegrationUri` of `I` must mean a function of this template [not such a function] (write `!Ref` and the function's logical id)
            16:90 `Circle` needs itself [refers to its own resource] (AWS cannot create it; write its name out, and give it that name)
            19:52 `ResourceId` of `M` must mean a resource of this template's API [no such resource] (-)
            22:93 `HttpMethod` of `N` is no method [this name] (-)
        "#]],
    );
}

#[test]
fn methods_with_templates_are_kept() {
    let stack = load(
        "
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Code: f, Handler: h, Runtime: python3.13}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      HttpMethod: POST
      ResourceId: !GetAtt Api.RootResourceId
      RestApiId: !Ref Api
      AuthorizationType: NONE
      Integration:
        Type: AWS
        IntegrationHttpMethod: POST
        Uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations
        PassthroughBehavior: NEVER
        RequestParameters: {integration.request.header.X-Amz-Invocation-Type: \"'Event'\"}
        RequestTemplates: {application/json: $input.body}
        IntegrationResponses:
          - {StatusCode: 202}
          - {StatusCode: '500', SelectionPattern: .+, ResponseTemplates: {application/json: '{}'}}
  Deployed: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, StageName: prod}}
",
    );
    let Integration::Aws(aws) = &stack.rest_apis[0].routes[0].integration else {
        panic!("with templates");
    };
    assert!(aws.asynchronous);
    assert_eq!(aws.passthrough, Passthrough::Never);
    assert_eq!(aws.request_templates["application/json"], "$input.body");
    let statuses: Vec<_> = aws.responses.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [202, 500]);
    assert_eq!(aws.responses[1].selection.as_deref(), Some(".+"));
}
