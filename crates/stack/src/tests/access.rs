//! Authorizers, API keys and request checks, written for SAM, CloudFormation and OpenAPI.

use std::time::Duration;

use expect_test::expect;
use serde_json::json;

use crate::{
    Access, ApiKeySource, Authorizer, AuthorizerEvent, AuthorizerKind, RequestPart, Route, Stack,
};

use super::{check_problems, check_warnings, load};

/// What each route requires, one line per route.
fn accesses(routes: &[Route]) -> String {
    let line = |route: &Route| {
        let Access {
            authorizer,
            scopes,
            api_key_required,
            iam,
        } = &route.access;
        let by_iam = if *iam { "AWS_IAM" } else { "-" };
        let authorizer = authorizer.as_deref().unwrap_or(by_iam);
        let key = if *api_key_required { " key" } else { "" };
        format!("{} {authorizer} {}{key}\n", route.key, scopes.join(","))
    };
    routes.iter().map(line).collect()
}

fn lambda(authorizer: &Authorizer) -> (&str, Option<&str>, AuthorizerEvent) {
    match &authorizer.kind {
        AuthorizerKind::Lambda {
            function,
            qualifier,
            event,
            ..
        } => (function, qualifier.as_deref(), *event),
        other => panic!("{other:?}"),
    }
}

fn token(authorizer: &Authorizer) -> (Vec<&str>, bool, Option<Vec<String>>) {
    match &authorizer.kind {
        AuthorizerKind::Token {
            issuers,
            issued_nowhere,
            audience,
        } => {
            let issuers = issuers.iter().map(String::as_str).collect();
            (issuers, *issued_nowhere, audience.clone())
        }
        other => panic!("{other:?}"),
    }
}

fn header(name: &str) -> RequestPart {
    RequestPart::Header(name.to_owned())
}

fn warnings(stack: &Stack) -> String {
    let warnings: Vec<String> = stack.warnings.iter().map(ToString::to_string).collect();
    warnings.join("\n")
}

#[test]
fn sam_says_who_calls_a_rest_api() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Guard: {Type: AWS::Serverless::Function, Properties: {CodeUri: f, Handler: h, Runtime: nodejs22.x, AutoPublishAlias: live}}
  Pool: {Type: AWS::Cognito::UserPool}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      ApiKeySourceType: AUTHORIZER
      Cors: \"'*'\"
      Models: {Order: {type: object, properties: {to: {$ref: '#/definitions/Person'}}}, Person: {type: string}}
      Auth:
        ApiKeyRequired: true
        DefaultAuthorizer: ByToken
        UsagePlan: {CreateUsagePlan: PER_API, Quota: {Limit: 5, Period: DAY}}
        Authorizers:
          ByToken: {FunctionArn: !GetAtt Guard.Arn, Identity: {Header: X-Token, ValidationExpression: 'a+', ReauthorizeEvery: 60}}
          ByRequest:
            FunctionArn: !Ref Guard.Alias
            FunctionPayloadType: REQUEST
            Identity: {Headers: [A], QueryStrings: [b], StageVariables: [c], Context: [identity.sourceIp]}
          ByPool: {UserPoolArn: [!GetAtt Pool.Arn, 'arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_x'], AuthorizationScopes: [own]}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: h
      Runtime: nodejs22.x
      Events:
        A: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /a, Method: get}}
        B: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /b, Method: get, Auth: {Authorizer: NONE, ApiKeyRequired: false}}}
        C: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /c, Method: get, Auth: {Authorizer: ByPool}}}
        D: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /d, Method: get, Auth: {Authorizer: ByPool, AuthorizationScopes: [given]}}}
        E: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /e, Method: get, Auth: {Authorizer: AWS_IAM, ResourcePolicy: {}}}}
        G:
          Type: Api
          Properties:
            RestApiId: !Ref Api
            Path: /g
            Method: post
            RequestModel: {Model: Order, Required: true, ValidateBody: true, ValidateParameters: true}
            RequestParameters: [method.request.header.H, {method.request.querystring.q: {Required: true, Caching: true}}]
        H: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /h, Method: post, RequestModel: {Model: Order}}}
Outputs:
  Key: {Value: !Ref ApiApiKey}
",
    );
    let api = &stack.rest_apis[0];
    expect![[r#"
        GET /a ByToken  key
        GET /b - 
        GET /c ByPool own key
        GET /d ByPool given key
        GET /e AWS_IAM  key
        POST /g ByToken  key
        POST /h ByToken  key
    "#]]
    .assert_eq(&accesses(&api.routes));
    assert_eq!(api.api_key_source, ApiKeySource::Authorizer);
    assert_eq!(api.options_access, api.routes[0].access);
    let by_token = &api.authorizers["ByToken"];
    assert_eq!(lambda(by_token), ("Guard", None, AuthorizerEvent::Token));
    assert_eq!(by_token.identity, [header("X-Token")]);
    assert_eq!(by_token.ttl, Duration::from_secs(60));
    let by_request = &api.authorizers["ByRequest"];
    let expected = ("Guard", Some("live"), AuthorizerEvent::Request);
    assert_eq!(lambda(by_request), expected);
    assert_eq!(by_request.ttl, Duration::from_secs(300));
    assert_eq!(
        by_request.identity,
        [
            header("A"),
            RequestPart::Query("b".to_owned()),
            RequestPart::StageVariable("c".to_owned()),
            RequestPart::Context("identity.sourceIp".to_owned())
        ]
    );
    let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
    assert_eq!(token(&api.authorizers["ByPool"]), (vec![pool], true, None));
    let checks = &api.routes[5].checks;
    assert_eq!(checks.parameters, [RequestPart::Query("q".to_owned())]);
    assert_eq!(
        checks.bodies["application/json"],
        json!({
            "definitions": {
                "Order": {"type": "object", "properties": {"to": {"$ref": "#/definitions/Person"}}},
                "Person": {"type": "string"},
            },
            "allOf": [{"$ref": "#/definitions/Order"}],
        })
    );
    assert!(
        api.routes[6].checks.bodies.is_empty(),
        "no validator is asked for"
    );
    let key = &stack.api_keys[0];
    assert_eq!(
        (key.logical_id.as_str(), key.value.len()),
        ("ApiApiKey", 40)
    );
    assert_eq!(key.apis, ["Api"]);
    assert_eq!(stack.outputs[0].value, "demo-ApiApiKey");
    expect![[r#"
        line 5: `Pool` (AWS::Cognito::UserPool): nobody can sign in here; `--jwt-keys` says which tokens are taken
        line 16: `Auth.UsagePlan.Quota` of `Api`: requests are not counted
        line 23: `Auth.Authorizers.ByPool.UserPoolArn` of `Api`: its user pool does not exist here: every request is refused, unless `--jwt-keys` says which tokens are taken
        line 35: `Events.E.Properties.Auth.Authorizer` of `F`: signatures are checked where policies are enforced: without that the route is open
        line 35: `Events.E.Properties.Auth.ResourcePolicy` of `F`: permissions are not checked here
        line 43: `Events.G.Properties.RequestParameters.method.request.querystring.q.Caching` of `F`: answers are not cached"#]].assert_eq(&warnings(&stack));
}

#[test]
fn sam_says_who_calls_an_http_api() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Guard: {Type: AWS::Serverless::Function, Properties: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
  Pool: {Type: AWS::Cognito::UserPool}
  Client: {Type: AWS::Cognito::UserPoolClient}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Known
        Authorizers:
          Known: {AuthorizationScopes: [read], IdentitySource: $request.querystring.t, JwtConfiguration: {issuer: 'https://i.example', audience: [a, b]}}
          Here:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: !Sub 'https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}', audience: [!Ref Client]}
          Simple: {FunctionArn: !GetAtt Guard.Arn, AuthorizerPayloadFormatVersion: 2.0, EnableSimpleResponses: true, Identity: {Headers: [X], ReauthorizeEvery: 30}}
          Old: {FunctionArn: !GetAtt Guard.Arn, AuthorizerPayloadFormatVersion: '1.0'}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Handler: h
      Runtime: nodejs22.x
      Events:
        A: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /a, Method: get}}
        B: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /b, Method: get, Auth: {Authorizer: NONE}}}
        C: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /c, Method: get, Auth: {AuthorizationScopes: [write]}}}
        D: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /d, Method: get, Auth: {Authorizer: Simple}}}
",
    );
    let api = &stack.http_apis[0];
    expect![[r#"
        GET /a Known read
        GET /b - 
        GET /c Known write
        GET /d Simple 
    "#]]
    .assert_eq(&accesses(&api.routes));
    let known = &api.authorizers["Known"];
    let audience = Some(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(token(known), (vec!["https://i.example"], false, audience));
    assert_eq!(known.identity, [RequestPart::Query("t".to_owned())]);
    assert_eq!(token(&api.authorizers["Here"]), (vec![], true, None));
    let simple = &api.authorizers["Simple"];
    let event = AuthorizerEvent::Version2 { simple: true };
    assert_eq!(lambda(simple), ("Guard", None, event));
    assert_eq!(simple.ttl, Duration::from_secs(30));
    let old = &api.authorizers["Old"];
    assert_eq!(lambda(old).2, AuthorizerEvent::Version1);
    assert_eq!((old.identity.len(), old.ttl), (0, Duration::ZERO));
    expect![[r#"
        line 5: `Pool` (AWS::Cognito::UserPool): nobody can sign in here; `--jwt-keys` says which tokens are taken
        line 6: `Client` (AWS::Cognito::UserPoolClient): nobody can sign in here; `--jwt-keys` says which tokens are taken
        line 16: `Auth.Authorizers.Here.JwtConfiguration.issuer` of `Api`: its user pool does not exist here: every request is refused, unless `--jwt-keys` says which tokens are taken"#]].assert_eq(&warnings(&stack));
}

/// A client that does not exist here must not make the API accept tokens for any audience.
#[test]
fn clients_that_are_here_count_beside_those_that_are_not() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Client: {Type: AWS::Cognito::UserPoolClient}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        Authorizers:
          Both: {JwtConfiguration: {issuer: 'https://i.example', audience: [known, !Ref Client]}}
          None: {JwtConfiguration: {issuer: 'https://i.example', audience: [!Ref Client]}}
          Self: {JwtConfiguration: {issuer: 'https://i.example', audience: !Ref Client}}
          Any: {JwtConfiguration: {issuer: 'https://i.example'}}
          Away: {JwtConfiguration: {issuer: !Sub 'https://x/${Pool}', audience: [!Ref Client, known]}}
",
    );
    let audience = |name: &str| token(&stack.http_apis[0].authorizers[name]).2;
    let known = Some(vec!["known".to_owned()]);
    assert_eq!(audience("Both"), known);
    assert_eq!(audience("None"), Some(vec![]));
    assert_eq!(audience("Self"), Some(vec![]));
    assert_eq!(audience("Any"), None);
    assert_eq!(audience("Away"), known);
    let warned = warnings(&stack)
        .matches("its clients do not exist here")
        .count();
    assert_eq!(warned, 2, "{}", warnings(&stack));
}

#[test]
fn resources_of_api_gateway_say_who_is_let_in() {
    let stack = load(
        "
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {Code: f, Handler: h, Runtime: python3.13}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, StageName: prod}}
  ByToken:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      Name: t
      RestApiId: !Ref Api
      Type: TOKEN
      AuthorizerUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations
      IdentitySource: method.request.header.Token
      AuthorizerResultTtlInSeconds: 0
  ByPool:
    Type: AWS::ApiGateway::Authorizer
    Properties: {RestApiId: !Ref Api, Type: COGNITO_USER_POOLS, ProviderARNs: ['arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_x']}
  Elsewhere:
    Type: AWS::ApiGateway::Authorizer
    Properties: {RestApiId: !Ref Api, Type: REQUEST, AuthorizerUri: 'arn:aws:lambda:us-east-1:1:function:other', IdentitySource: 'method.request.header.A, context.b'}
  Validator: {Type: AWS::ApiGateway::RequestValidator, Properties: {RestApiId: !Ref Api, ValidateRequestBody: true, ValidateRequestParameters: true}}
  Order:
    Type: AWS::ApiGateway::Model
    Properties:
      RestApiId: !Ref Api
      Name: Order
      ContentType: application/json
      Schema:
        $schema: http://json-schema.org/draft-04/schema#
        definitions: {id: {type: integer}}
        properties:
          id: {$ref: '#/definitions/id'}
          to: {$ref: !Sub 'https://apigateway.amazonaws.com/restapis/${Api}/models/${Person}'}
  Person: {Type: AWS::ApiGateway::Model, Properties: {RestApiId: !Ref Api, Schema: '{\"type\": \"string\"}'}}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref ByToken
      ApiKeyRequired: true
      RequestValidatorId: !Ref Validator
      RequestParameters: {method.request.querystring.q: true, method.request.header.h: false}
      RequestModels: {application/json: !Ref Order, text/plain: Empty, text/csv: Lost}
      Integration: {Type: AWS_PROXY, Uri: !GetAtt F.Arn}
  Put:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: PUT
      AuthorizationType: COGNITO_USER_POOLS
      AuthorizerId: !Ref ByPool
      AuthorizationScopes: [a/b]
      Integration: {Type: AWS_PROXY, Uri: !GetAtt F.Arn}
  Key: {Type: AWS::ApiGateway::ApiKey, Properties: {Name: mine, Value: abcdefghijklmnopqrstuvwxyz}}
  Loose: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: false, StageKeys: [{RestApiId: !Ref Api, StageName: prod}]}}
  Plan: {Type: AWS::ApiGateway::UsagePlan, Properties: {ApiStages: [{ApiId: !Ref Api, Stage: !Ref Stage}], Throttle: {RateLimit: 1}}}
  PlanKey: {Type: AWS::ApiGateway::UsagePlanKey, Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}}
  Http: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: http, ProtocolType: HTTP}}
  Jwt:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties: {ApiId: !Ref Http, Name: j, AuthorizerType: JWT, IdentitySource: [$request.header.Authorization], JwtConfiguration: {Issuer: 'https://i.example', Audience: [a]}}
  Asked:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Http
      Name: a
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations
      AuthorizerPayloadFormatVersion: '2.0'
      EnableSimpleResponses: true
  To: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Http, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt F.Arn}}
  A: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Http, RouteKey: GET /a, Target: !Sub 'integrations/${To}', AuthorizationType: JWT, AuthorizerId: !Ref Jwt, AuthorizationScopes: [x]}}
  B: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Http, RouteKey: GET /b, Target: !Sub 'integrations/${To}', AuthorizationType: CUSTOM, AuthorizerId: !Ref Asked}}
",
    );
    let api = &stack.rest_apis[0];
    expect![[r#"
        GET / ByToken  key
        PUT / ByPool a/b
    "#]]
    .assert_eq(&accesses(&api.routes));
    let by_token = &api.authorizers["ByToken"];
    assert_eq!(lambda(by_token), ("F", None, AuthorizerEvent::Token));
    assert_eq!(
        (&*by_token.identity, by_token.ttl),
        (&[header("Token")][..], Duration::ZERO)
    );
    let pool = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x";
    assert_eq!(token(&api.authorizers["ByPool"]), (vec![pool], false, None));
    let elsewhere = &api.authorizers["Elsewhere"];
    assert!(matches!(elsewhere.kind, AuthorizerKind::Missing { .. }));
    assert_eq!(
        elsewhere.identity,
        [header("A"), RequestPart::Context("b".to_owned())]
    );
    let checks = &api.routes[0].checks;
    assert_eq!(checks.parameters, [RequestPart::Query("q".to_owned())]);
    assert_eq!(checks.bodies.len(), 1);
    assert_eq!(
        checks.bodies["application/json"],
        json!({
            "definitions": {
                "Order": {
                    "definitions": {"id": {"type": "integer"}},
                    "properties": {
                        "id": {"$ref": "#/definitions/Order/definitions/id"},
                        "to": {"$ref": "#/definitions/demo-Person"},
                    },
                },
                "demo-Person": {"type": "string"},
            },
            "allOf": [{"$ref": "#/definitions/Order"}],
        })
    );
    let keys: Vec<_> = stack
        .api_keys
        .iter()
        .map(|it| (it.logical_id.as_str(), it.enabled, it.apis.join(",")))
        .collect();
    assert_eq!(
        keys,
        [
            ("Key", true, "Api".to_owned()),
            ("Loose", false, String::new())
        ]
    );
    assert_eq!(stack.api_keys[0].value, "abcdefghijklmnopqrstuvwxyz");
    let http = &stack.http_apis[0];
    expect![[r#"
        GET /a Jwt x
        GET /b Asked 
    "#]]
    .assert_eq(&accesses(&http.routes));
    assert_eq!(token(&http.authorizers["Jwt"]).0, ["https://i.example"]);
    let event = AuthorizerEvent::Version2 { simple: true };
    assert_eq!(lambda(&http.authorizers["Asked"]).2, event);
    expect![[r#"
        line 20: `AuthorizerUri` of `Elsewhere`: its function is not in this template: every request to its routes is answered with 500
        line 46: `RequestModels` of `Get`: there is no such model in this template: bodies are not checked by it
        line 59: `StageKeys` of `Loose`: a usage plan says which APIs a key opens
        line 60: `Throttle` of `Plan`: requests are neither throttled nor measured"#]].assert_eq(&warnings(&stack));
}

#[test]
fn documents_say_who_is_let_in() {
    let stack = load(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Auth: {DefaultAuthorizer: Sam, Authorizers: {Sam: {FunctionArn: !GetAtt F.Arn}}}
      DefinitionBody:
        openapi: 3.0.1
        x-amazon-apigateway-api-key-source: AUTHORIZER
        x-amazon-apigateway-request-validators:
          all: {validateRequestBody: true, validateRequestParameters: true}
          none: {validateRequestBody: false, validateRequestParameters: false}
        x-amazon-apigateway-request-validator: all
        paths:
          /a:
            parameters: [{name: p, in: query, required: true}, {$ref: '#/components/parameters/h'}]
            post:
              security: [{doc: [], key: []}]
              requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
              x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt F.Arn}
            get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt F.Arn}}
            put:
              security: []
              x-amazon-apigateway-request-validator: none
              x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt F.Arn}
            patch:
              security: [{pool: [s]}]
              x-amazon-apigateway-request-validator: lost
              x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt F.Arn}
            delete:
              security: [{signed: []}]
              x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt F.Arn}
        components:
          parameters: {h: {name: H, in: header, required: true}}
          schemas:
            Order: {type: object, properties: {of: {$ref: '#/components/schemas/Order'}}}
          securitySchemes:
            doc:
              type: apiKey
              name: X-Doc
              in: header
              x-amazon-apigateway-authtype: custom
              x-amazon-apigateway-authorizer: {type: token, authorizerUri: !GetAtt F.Arn, identityValidationExpression: '.+'}
            pool:
              type: apiKey
              name: Authorization
              in: header
              x-amazon-apigateway-authtype: cognito_user_pools
              x-amazon-apigateway-authorizer: {type: cognito_user_pools, providerARNs: ['arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_x']}
            key: {type: apiKey, name: x-api-key, in: header}
            signed: {type: apiKey, name: Authorization, in: header, x-amazon-apigateway-authtype: awsSigv4}
  Http:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        openapi: 3.0.1
        paths:
          /a:
            get:
              security: [{jwt: [read]}]
              x-amazon-apigateway-integration: {type: AWS_PROXY, uri: !GetAtt F.Arn, payloadFormatVersion: '2.0'}
        components:
          securitySchemes:
            jwt:
              type: openIdConnect
              openIdConnectUrl: https://i.example/.well-known/openid-configuration
              x-amazon-apigateway-authorizer: {type: jwt, jwtConfiguration: {audience: [a]}, identitySource: $request.header.Authorization}
",
    );
    let api = &stack.rest_apis[0];
    expect![[r#"
        POST /a doc  key
        GET /a Sam 
        PUT /a - 
        PATCH /a pool s
        DELETE /a AWS_IAM 
    "#]]
    .assert_eq(&accesses(&api.routes));
    assert_eq!(api.api_key_source, ApiKeySource::Authorizer);
    assert_eq!(api.authorizers["doc"].identity, [header("X-Doc")]);
    let names: Vec<&String> = api.authorizers.keys().collect();
    assert_eq!(names, ["Sam", "doc", "pool"]);
    let checks = &api.routes[0].checks;
    assert_eq!(
        checks.parameters,
        [RequestPart::Query("p".to_owned()), header("H")]
    );
    assert_eq!(
        checks.bodies["application/json"],
        json!({
            "definitions": {"Order": {"type": "object", "properties": {"of": {"$ref": "#/definitions/Order"}}}},
            "allOf": [{"$ref": "#/definitions/Order"}],
        })
    );
    assert_eq!(api.routes[1].checks.parameters.len(), 2);
    assert!(api.routes[2].checks.parameters.is_empty());
    let http = &stack.http_apis[0];
    assert_eq!(accesses(&http.routes), "GET /a jwt read\n");
    assert_eq!(token(&http.authorizers["jwt"]).0, ["https://i.example"]);
    expect![[r#"
        line 31: `DefinitionBody.paths./a.patch.x-amazon-apigateway-request-validator` of `Api`: there is no such validator: requests are not checked
        line 34: `DefinitionBody.paths./a.delete.security` of `Api`: signatures are checked where policies are enforced: without that the route is open"#]].assert_eq(&warnings(&stack));
}

const SAM: &str = "
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: f, Handler: h, Runtime: nodejs22.x}}
Resources:
";

#[test]
fn what_nothing_stands_behind_is_named() {
    check_warnings(
        &format!(
            "{SAM}  F:
    Type: AWS::Serverless::Function
    Properties:
      Events: {{A: {{Type: Api, Properties: {{RestApiId: !Ref Api, Path: /a, Method: get}}}}}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Auth:
        DefaultAuthorizer: AWS_IAM
        ResourcePolicy: {{}}
        UsagePlan: {{CreateUsagePlan: NONE, Throttle: {{RateLimit: 1}}}}
        Authorizers: {{Lost: {{FunctionArn: 'arn:aws:lambda:x:1:function:lost'}}, Nothing: {{AuthType: CUSTOM}}}}
"
        ),
        expect![[r#"
            line 14: `Auth.DefaultAuthorizer` of `Api`: signatures are checked where policies are enforced: without that routes are open
            line 15: `Auth.ResourcePolicy` of `Api`: permissions are not checked here
            line 16: `Auth.UsagePlan.Throttle` of `Api`: requests are neither throttled nor measured
            line 17: `Auth.Authorizers.Lost.FunctionArn` of `Api`: its function is not in this template: every request to its routes is answered with 500
            line 17: `Auth.Authorizers.Nothing.AuthType` of `Api`: it names neither a function nor a user pool: every request to its routes is answered with 500
        "#]],
    );
}

#[test]
fn wrong_words_are_shown() {
    check_problems(
        &format!(
            "{SAM}  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        A: {{Type: Api, Properties: {{RestApiId: !Ref Api, Path: /a, Method: get, Auth: {{Authorizer: Lost}}}}}}
  Api:
    Type: AWS::Serverless::Api
    Properties: {{StageName: v1, Auth: {{DefaultAuthorizer: Gone, UsagePlan: {{CreateUsagePlan: MINE}}}}}}
  Key: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Value: short}}}}
  Rest: {{Type: AWS::ApiGateway::RestApi}}
  Stage: {{Type: AWS::ApiGateway::Stage, Properties: {{RestApiId: !Ref Rest, StageName: prod}}}}
  By: {{Type: AWS::ApiGateway::Authorizer, Properties: {{RestApiId: !Ref Rest, Type: REQUEST, AuthorizerUri: !GetAtt F.Arn, IdentitySource: Token}}}}
  Bad: {{Type: AWS::ApiGateway::Model, Properties: {{RestApiId: !Ref Rest, Schema: '{{'}}}}
"
        ),
        expect![[r#"
            9:100 `Events.A.Properties.Auth.Authorizer` of `F` must be `NONE`, `AWS_IAM` or one of the API's authorizers [no such authorizer] (give it an entry in `Auth.Authorizers` of the API)
            12:59 `Auth.DefaultAuthorizer` of `Api` must be `NONE`, `AWS_IAM` or one of the API's authorizers [no such authorizer] (give it an entry in `Auth.Authorizers` of the API)
            12:94 `Auth.UsagePlan.CreateUsagePlan` of `Api` must be one of PER_API, SHARED, NONE [found `MINE`] (-)
            13:60 `Value` of `Key` must be 20 to 128 letters, digits and marks [this value] (API Gateway refuses others; without `Value` one is made)
            16:139 `IdentitySource` of `By` must say where a request has its identity [not such a place] (for example `method.request.header.Authorization`, or `$request.header.Authorization` of an HTTP API)
            17:82 `Schema` of `Bad` is not a JSON schema [EOF while parsing an object at line 1 column 1] (a schema is a mapping, or a text of JSON)
        "#]],
    );
}
