//! What names and their attributes yield: parameters, resources, and what SAM makes of resources.

use serde_json::Value;

use super::declared::{IMPLICIT_STAGE, Target, stage_name};
use super::parameter::ParameterValue;
use super::parse::shorten;
use super::{Kind, Node, Place, Pseudo, Reported, Resolver, Resource, physical_name, url_id};

impl Resolver<'_> {
    pub(super) fn reference(
        &self,
        name: &str,
        node: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let Some((target, attribute)) = self.declared.find(name) else {
            return Err(self.unresolved(name, name, node));
        };
        let target = match (target, attribute) {
            (target, None) => target,
            (Target::Resource(index), Some("Alias")) => Target::Alias(index),
            (Target::Resource(index), Some("Version")) => Target::Version(index),
            (Target::Resource(index), Some("Stage")) => Target::Stage(index),
            (_, Some(_)) => {
                return Err(self.malformed(node, "Ref", "!GetAtt LogicalId.Attribute"));
            }
        };
        self.charge(name.len(), node.span)?;
        match target {
            Target::Pseudo => self.pseudo.value(name).ok_or_else(|| {
                self.report.problem(
                    self.span(node, name),
                    format!("`{}` has no value to put into text", shorten(name)),
                    "this name",
                    "`AWS::NoValue` removes a property: `Property: !Ref AWS::NoValue`",
                )
            }),
            Target::Parameter => match self.parameters.get(name) {
                Some(ParameterValue::Text(text)) => {
                    self.charge(text.len(), node.span)?;
                    Ok(text.as_str().into())
                }
                Some(ParameterValue::List(items)) => {
                    self.charge(items.iter().map(String::len).sum(), node.span)?;
                    Ok(items.as_slice().into())
                }
                Some(ParameterValue::Reported) | None => Err(Reported),
            },
            Target::Resource(index) => {
                let text = self.resource(index, node, place)?;
                self.charge(text.len(), node.span)?;
                Ok(text.into())
            }
            Target::Alias(index) => self.alias_arn(index, node).map(Value::String),
            Target::Version(index) => self.version_arn(index, node, place).map(Value::String),
            Target::Role(index) => Ok(self.role_name(index).into()),
            Target::Url(index) => {
                let arn = self.pseudo.function_arn(&self.name(index)?);
                Ok(arn.into())
            }
            Target::Stage(index) => Ok(self.stage(index).into()),
        }
    }

    pub(super) fn attribute(
        &self,
        name: &str,
        attribute: &str,
        node: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let Some((target, None)) = self.declared.find(name) else {
            return Err(self.unresolved(name, &format!("{name}.{attribute}"), node));
        };
        self.charge(name.len() + attribute.len(), node.span)?;
        let known: &[&str] = match target {
            Target::Pseudo | Target::Parameter => &[],
            Target::Alias(index) => {
                if attribute == "AliasArn" {
                    return self.alias_arn(index, node).map(Value::String);
                }
                &["AliasArn"]
            }
            Target::Role(index) => {
                if attribute == "Arn" {
                    return Ok(self.pseudo.role_arn(&self.role_name(index)).into());
                }
                &["Arn"]
            }
            Target::Version(_) | Target::Stage(_) => &[],
            Target::Url(index) => match attribute {
                "FunctionUrl" => return Ok(self.function_url(index).into()),
                "FunctionArn" => return self.reference(name, node, place),
                _ => &["FunctionUrl", "FunctionArn"],
            },
            Target::Resource(index) => {
                let resource = &self.resources[index];
                match (resource.kind, attribute) {
                    (Kind::Function | Kind::LambdaFunction, "Arn") => {
                        return Ok(self.pseudo.function_arn(&self.name(index)?).into());
                    }
                    (Kind::Function, "Alias" | "Version")
                    | (Kind::HttpApi | Kind::RestApi, "Stage") => {
                        let name = format!("{name}.{attribute}");
                        return self.reference(&name, node, place);
                    }
                    (Kind::HttpApi | Kind::GatewayHttp, "ApiEndpoint") => {
                        return Ok(self.endpoint(&self.name(index)?).into());
                    }
                    (Kind::HttpApi | Kind::GatewayHttp, "ApiId")
                    | (Kind::RestApi | Kind::GatewayRest, "RestApiId") => {
                        return Ok(self.name(index)?.into());
                    }
                    (Kind::RestApi | Kind::GatewayRest, "RootResourceId") => {
                        return Ok("root".into());
                    }
                    (Kind::Url, "FunctionUrl") => return Ok(self.function_url(index).into()),
                    (Kind::Url, "FunctionArn") | (Kind::Alias, "AliasArn") => {
                        return self.reference(name, node, place);
                    }
                    (Kind::Version, "FunctionArn") => return self.reference(name, node, place),
                    (Kind::Version, "Version") => {
                        let alias = self.part(index).and_then(|part| part.alias.clone());
                        self.warn_of_version(node, place);
                        return Ok(alias.unwrap_or_else(|| "$LATEST".to_owned()).into());
                    }
                    (Kind::Table | Kind::SimpleTable, "Arn") => {
                        return Ok(self.pseudo.table_arn(&self.name(index)?).into());
                    }
                    (Kind::Quiet, "Arn") => {
                        let name = self.placeholder_name(resource);
                        return Ok(self.pseudo.role_arn(&name).into());
                    }
                    (Kind::Table | Kind::SimpleTable, "StreamArn") => {
                        let arn = self.pseudo.table_arn(&self.name(index)?);
                        let arn = format!("{arn}/stream/none");
                        return Ok(self.stand_in(arn, resource, node, place).into());
                    }
                    (Kind::GatewayPart, _) => {
                        let name = self.placeholder_name(resource);
                        return Ok(format!("{name}.{}", shorten(attribute)).into());
                    }
                    (Kind::Quiet | Kind::Other, _) => {
                        let name = self.placeholder_name(resource);
                        let stand_in = format!("{name}.{}", shorten(attribute));
                        return Ok(self.stand_in(stand_in, resource, node, place).into());
                    }
                    (Kind::Function | Kind::LambdaFunction, _) => &["Arn"],
                    (Kind::HttpApi | Kind::GatewayHttp, _) => &["ApiEndpoint", "ApiId"],
                    (Kind::RestApi | Kind::GatewayRest, _) => &["RestApiId", "RootResourceId"],
                    (Kind::Table | Kind::SimpleTable, _) => &["Arn", "StreamArn"],
                    (Kind::Layer | Kind::LambdaLayer, _) => &[],
                    (Kind::Url, _) => &["FunctionUrl", "FunctionArn"],
                    (Kind::Version, _) => &["FunctionArn", "Version"],
                    (Kind::Alias, _) => &["AliasArn"],
                }
            }
        };
        let help = match known {
            [] => "use `!Ref` for it".to_owned(),
            known => format!("it has {}", known.join(", ")),
        };
        Err(self.report.problem(
            self.span(node, &format!("{name}.{attribute}")),
            format!(
                "`{}` has no attribute `{}`",
                shorten(name),
                shorten(attribute)
            ),
            "unknown attribute",
            help,
        ))
    }

    /// What `!Ref` yields for a resource.
    fn resource(&self, index: usize, node: &Node, place: Place<'_>) -> Result<String, Reported> {
        let resource = &self.resources[index];
        match resource.kind {
            Kind::Function
            | Kind::LambdaFunction
            | Kind::HttpApi
            | Kind::RestApi
            | Kind::Table
            | Kind::SimpleTable
            | Kind::GatewayHttp
            | Kind::GatewayRest => self.name(index),
            Kind::Layer | Kind::LambdaLayer => Ok(self.pseudo.layer_arn(&self.name(index)?)),
            Kind::Url => self.part_arn(index, node),
            Kind::Alias => self.part_arn(index, node),
            Kind::Version => {
                self.warn_of_version(node, place);
                self.part_arn(index, node)
            }
            // A stage is known by its name, everything else by an id that nobody sees.
            Kind::GatewayPart => match stage_name(resource, &self.parameters) {
                Some(stage) => Ok(stage.to_owned()),
                None => Ok(self.placeholder_name(resource)),
            },
            Kind::Quiet => Ok(self.placeholder_name(resource)),
            Kind::Other => {
                let stand_in = self.placeholder_name(resource);
                Ok(self.stand_in(stand_in, resource, node, place))
            }
        }
    }

    /// The function's ARN, qualified as the version, alias or URL has it.
    fn part_arn(&self, index: usize, node: &Node) -> Result<String, Reported> {
        let Some(part) = self.part(index) else {
            let id = self.resources[index].logical_id;
            return Err(self.report.problem(
                node.span,
                format!("`{id}` belongs to no function of this template"),
                "no function",
                "let it name one with `!Ref`",
            ));
        };
        let arn = self.pseudo.function_arn(&self.name(part.function)?);
        Ok(match &part.alias {
            Some(alias) => format!("{arn}:{alias}"),
            None => arn,
        })
    }

    fn version_arn(&self, index: usize, node: &Node, place: Place<'_>) -> Result<String, Reported> {
        let arn = self.alias_arn(index, node)?;
        self.warn_of_version(node, place);
        Ok(arn)
    }

    fn warn_of_version(&self, node: &Node, place: Place<'_>) {
        if place.opaque {
            return;
        }
        self.report.warn(
            node.span,
            place.logical_id,
            place.resource_type,
            Some(place.property.to_owned()),
            "versions are numbered when they are published: \
             the alias that follows the newest one stands in",
        );
    }

    /// The stage of an API.
    pub fn stage(&self, index: usize) -> &str {
        let resource = &self.resources[index];
        let stage = stage_name(resource, &self.parameters);
        stage.unwrap_or(if resource.kind == Kind::RestApi {
            IMPLICIT_STAGE
        } else {
            "$default"
        })
    }

    /// `https://<id>.lambda-url.<region>.on.aws/`, with the slash that AWS puts there.
    fn function_url(&self, index: usize) -> String {
        format!("{}/", self.url_endpoint(index))
    }

    /// The URL of a function or of an `AWS::Lambda::Url`, without the slash.
    pub fn url_endpoint(&self, index: usize) -> String {
        let id = url_id(&self.pseudo.stack_name, self.resources[index].logical_id);
        format!("https://{id}.lambda-url.{}.on.aws", self.pseudo.region)
    }

    /// `https://<id>.execute-api.<region>.<suffix>`
    pub fn endpoint(&self, api_id: &str) -> String {
        let Pseudo { region, .. } = &self.pseudo;
        let suffix = self.pseudo.url_suffix();
        format!("https://{api_id}.execute-api.{region}.{suffix}")
    }

    fn alias_arn(&self, index: usize, node: &Node) -> Result<String, Reported> {
        let Some(alias) = self.alias(index) else {
            return Err(self.report.problem(
                node.span,
                format!(
                    "`{}` publishes no version and has no alias",
                    self.resources[index].logical_id
                ),
                "needs `AutoPublishAlias`",
                "add `AutoPublishAlias: live` to the function",
            ));
        };
        let arn = self.pseudo.function_arn(&self.name(index)?);
        Ok(format!("{arn}:{alias}"))
    }

    fn role_name(&self, index: usize) -> String {
        let id = format!("{}Role", self.resources[index].logical_id);
        physical_name(&self.pseudo.stack_name, &id, 64)
    }

    /// A value for something that does not exist here, and the warning that it does not.
    fn stand_in(
        &self,
        value: String,
        resource: &Resource<'_>,
        node: &Node,
        place: Place<'_>,
    ) -> String {
        // Functions log wherever they say that they log to.
        if !place.opaque && !resource.resource_type.starts_with("AWS::Logs::") {
            self.report.warn(
                node.span,
                place.logical_id,
                place.resource_type,
                Some(place.property.to_owned()),
                format!(
                    "`{}` ({}) does not exist here; the value is the placeholder `{value}`",
                    resource.logical_id,
                    shorten(resource.resource_type)
                ),
            );
        }
        value
    }
}
