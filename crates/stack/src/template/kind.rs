//! Which types of resources do something here.

/// What a resource is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// SAM's function, which brings events, an alias and a URL along.
    Function,
    /// CloudFormation's function, to which versions, aliases and URLs are resources of their own.
    LambdaFunction,
    HttpApi,
    RestApi,
    Table,
    /// SAM's table with one key and nothing else.
    SimpleTable,
    Layer,
    LambdaLayer,
    Url,
    Version,
    Alias,
    /// CloudFormation's HTTP API, to which routes, integrations and stages are resources of their own.
    GatewayHttp,
    /// CloudFormation's REST API, to which resources, methods and stages are.
    GatewayRest,
    /// What belongs to one of these.
    GatewayPart,
    /// Does nothing here, and nobody notices: permissions.
    Quiet,
    /// Does nothing here.
    Other,
}

const TYPES: [(&str, Kind); 22] = [
    ("AWS::Serverless::Function", Kind::Function),
    ("AWS::Serverless::HttpApi", Kind::HttpApi),
    ("AWS::DynamoDB::Table", Kind::Table),
    ("AWS::DynamoDB::GlobalTable", Kind::Table),
    ("AWS::Serverless::Api", Kind::RestApi),
    ("AWS::Serverless::SimpleTable", Kind::SimpleTable),
    ("AWS::Serverless::LayerVersion", Kind::Layer),
    ("AWS::Lambda::Function", Kind::LambdaFunction),
    ("AWS::Lambda::LayerVersion", Kind::LambdaLayer),
    ("AWS::Lambda::Version", Kind::Version),
    ("AWS::Lambda::Alias", Kind::Alias),
    ("AWS::Lambda::Url", Kind::Url),
    ("AWS::ApiGatewayV2::Api", Kind::GatewayHttp),
    ("AWS::ApiGatewayV2::Route", Kind::GatewayPart),
    ("AWS::ApiGatewayV2::Integration", Kind::GatewayPart),
    ("AWS::ApiGatewayV2::Stage", Kind::GatewayPart),
    ("AWS::ApiGatewayV2::Deployment", Kind::GatewayPart),
    ("AWS::ApiGateway::RestApi", Kind::GatewayRest),
    ("AWS::ApiGateway::Resource", Kind::GatewayPart),
    ("AWS::ApiGateway::Method", Kind::GatewayPart),
    ("AWS::ApiGateway::Stage", Kind::GatewayPart),
    ("AWS::ApiGateway::Deployment", Kind::GatewayPart),
];

/// What is about who may do what, which is not checked here, and what CDK says about itself.
const QUIET: [&str; 6] = [
    "AWS::IAM::",
    "AWS::Lambda::Permission",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Serverless::Connector",
    "AWS::ApiGateway::Account",
    "AWS::CDK::Metadata",
];

impl Kind {
    pub fn from_type(resource_type: &str) -> Self {
        let known = TYPES.iter().find(|(name, _)| *name == resource_type);
        match known {
            Some((_, kind)) => *kind,
            None if QUIET.iter().any(|it| resource_type.starts_with(it)) => Self::Quiet,
            None => Self::Other,
        }
    }

    /// The types that have a kind, for suggestions.
    pub fn types() -> impl Iterator<Item = &'static str> {
        TYPES.iter().map(|(name, _)| *name)
    }

    /// The type, where it has one only.
    pub fn type_name(self) -> &'static str {
        let mut types = TYPES.iter();
        let found = types.find(|(_, kind)| *kind == self);
        found.map_or("", |(name, _)| name)
    }

    pub fn is_function(self) -> bool {
        matches!(self, Self::Function | Self::LambdaFunction)
    }
}
