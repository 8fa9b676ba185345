//! What names and their attributes yield: parameters, resources, and what SAM makes of resources.

use serde_json::Value;

use super::declared::{Kind, Target};
use super::parameter::ParameterValue;
use super::parse::shorten;
use super::{Node, Place, Pseudo, Reported, Resolver, Resource, physical_name};

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
                let resource = &self.resources[index];
                if resource.kind == Kind::Other {
                    let stand_in = self.placeholder_name(resource);
                    return Ok(self.stand_in(stand_in, resource, node, place));
                }
                let name = self.name(index)?;
                self.charge(name.len(), node.span)?;
                Ok(name.into())
            }
            Target::Alias(index) => self.alias_arn(index, node).map(Value::String),
            Target::Version(index) => {
                let arn = self.alias_arn(index, node)?;
                self.report.warn(
                    node.span,
                    place.logical_id,
                    place.resource_type,
                    Some(place.property.to_owned()),
                    "versions are numbered when they are published: \
                     the ARN of the alias that follows the newest one stands in",
                );
                Ok(arn.into())
            }
            Target::Role(index) => Ok(self.role_name(index).into()),
            Target::Stage(index) => {
                let stage = self.resources[index].property("StageName");
                let stage = stage.and_then(Node::text).unwrap_or("$default");
                Ok(stage.into())
            }
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
            Target::Resource(index) => {
                let resource = &self.resources[index];
                match (resource.kind, attribute) {
                    (Kind::Function, "Arn") => {
                        return Ok(self.pseudo.function_arn(&self.name(index)?).into());
                    }
                    (Kind::Function, "Alias" | "Version") | (Kind::HttpApi, "Stage") => {
                        let name = format!("{name}.{attribute}");
                        return self.reference(&name, node, place);
                    }
                    (Kind::HttpApi, "ApiEndpoint") => {
                        return Ok(self.endpoint(&self.name(index)?).into());
                    }
                    (Kind::HttpApi, "ApiId") => return Ok(self.name(index)?.into()),
                    (Kind::Table, "Arn") => {
                        return Ok(self.pseudo.table_arn(&self.name(index)?).into());
                    }
                    (Kind::Table, "StreamArn") => {
                        let arn = self.pseudo.table_arn(&self.name(index)?);
                        let arn = format!("{arn}/stream/none");
                        return Ok(self.stand_in(arn, resource, node, place));
                    }
                    (Kind::Other, _) => {
                        let name = self.placeholder_name(resource);
                        let stand_in = format!("{name}.{}", shorten(attribute));
                        return Ok(self.stand_in(stand_in, resource, node, place));
                    }
                    (Kind::Function, _) => &["Arn"],
                    (Kind::HttpApi, _) => &["ApiEndpoint", "ApiId"],
                    (Kind::Table, _) => &["Arn", "StreamArn"],
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
    ) -> Value {
        if !place.opaque {
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
        Value::String(value)
    }
}
