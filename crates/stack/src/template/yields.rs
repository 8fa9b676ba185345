//! What names and their attributes yield: parameters, resources, and what SAM makes of resources.

use serde_json::Value;

use super::names::{Target, given_stage, stage_name};
use super::parameter::ParameterValue;
use super::schema::Attributes;
use super::words::shorten;
use super::{Function, Made, Node, Place, Reported, Resolver, Role, Yields};

impl Resolver<'_> {
    /// What `!Ref` yields.
    pub(super) fn reference(
        &self,
        name: &str,
        node: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let Some((target, attribute)) = self.names.find(name) else {
            return Err(self.unresolved(name, name, node));
        };
        let target = match (target, attribute.map(Made::behind_dot)) {
            (target, None) => target,
            (Target::Resource(index), Some(Some(made))) => Target::Made(made, index),
            (_, Some(_)) => {
                return Err(self.wrong_form(node, Function::Ref, Function::GetAtt.form()));
            }
        };
        self.charge(name.len(), node.span)?;
        let (yields, index) = match target {
            Target::Pseudo => return self.pseudo_parameter(name, node),
            Target::Parameter => return self.parameter(name, node),
            Target::Resource(index) => (self.resources[index].kind.reference, index),
            Target::Made(made, index) => (made.reference(), index),
        };
        let text = self.yielded(yields, index, node, place)?;
        self.charge(text.len(), node.span)?;
        Ok(text.into())
    }

    fn pseudo_parameter(&self, name: &str, node: &Node) -> Result<Value, Reported> {
        self.pseudo.value(name).ok_or_else(|| {
            self.report.problem(
                self.span(node, name),
                format!("`{}` has no value to put into text", shorten(name)),
                "this name",
                "`AWS::NoValue` removes a property: `Property: !Ref AWS::NoValue`",
            )
        })
    }

    fn parameter(&self, name: &str, node: &Node) -> Result<Value, Reported> {
        match self.parameters.get(name) {
            Some(ParameterValue::Text(text)) => {
                self.charge(text.len(), node.span)?;
                Ok(text.as_str().into())
            }
            Some(ParameterValue::List(items)) => {
                self.charge(items.iter().map(String::len).sum(), node.span)?;
                Ok(items.as_slice().into())
            }
            Some(ParameterValue::Reported) | None => Err(Reported),
        }
    }

    /// What `!GetAtt` yields.
    pub(super) fn attribute(
        &self,
        name: &str,
        attribute: &str,
        node: &Node,
        place: Place<'_>,
    ) -> Result<Value, Reported> {
        let written = format!("{name}.{attribute}");
        let Some((target, None)) = self.names.find(name) else {
            return Err(self.unresolved(name, &written, node));
        };
        self.charge(written.len(), node.span)?;
        let index = target.resource().unwrap_or_default();
        let known: Attributes = match target {
            Target::Pseudo | Target::Parameter => &[],
            Target::Made(made, _) => made.attributes(),
            Target::Resource(_) => match (self.resources[index].kind.role, attribute) {
                (Role::ServerlessFunction, "Alias" | "Version")
                | (Role::HttpApi | Role::RestApi, "Stage") => {
                    return self.reference(&written, node, place);
                }
                _ => self.resources[index].kind.attributes,
            },
        };
        if let Some((_, yields)) = known.iter().find(|(name, _)| *name == attribute) {
            return Ok(self.yielded(*yields, index, node, place)?.into());
        }
        if let Target::Resource(_) = target
            && let Some(yields) = self.resources[index].kind.other_attributes
        {
            let value = format!("{}.{}", self.placeholder_name(index), shorten(attribute));
            return Ok(match yields {
                Yields::StandIn => self.stand_in(value, index, node, place).into(),
                _ => value.into(),
            });
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let help = match known {
            [] => "use `!Ref` for it".to_owned(),
            _ => format!("it has {}", names.join(", ")),
        };
        let (name, attribute) = (shorten(name), shorten(attribute));
        Err(self.report.problem(
            self.span(node, &written),
            format!("`{name}` has no attribute `{attribute}`"),
            "unknown attribute",
            help,
        ))
    }

    /// What a resource yields by its table.
    fn yielded(
        &self,
        yields: Yields,
        index: usize,
        node: &Node,
        place: Place<'_>,
    ) -> Result<String, Reported> {
        let resource = &self.resources[index];
        Ok(match yields {
            Yields::Name => self.name(index)?,
            Yields::Arn(arn) => arn(&self.pseudo, &self.name(index)?),
            Yields::StreamArn(arn) => {
                let arn = arn(&self.pseudo, &self.name(index)?);
                self.stand_in(format!("{arn}/stream/none"), index, node, place)
            }
            Yields::Text(text) => text.to_owned(),
            Yields::Endpoint => self.pseudo.endpoint(&self.name(index)?),
            // With the slash that AWS puts there.
            Yields::Url => format!("{}/", self.pseudo.url_endpoint(resource.logical_id)),
            Yields::Part => self.part_arn(index, node)?,
            Yields::Version => {
                self.warn_of_version(node, place);
                self.part_arn(index, node)?
            }
            Yields::VersionNumber => {
                self.warn_of_version(node, place);
                let alias = self.part(index).and_then(|part| part.alias.clone());
                alias.unwrap_or_else(|| "$LATEST".to_owned())
            }
            Yields::PublishedAlias => self.alias_arn(index, node)?,
            Yields::PublishedVersion => {
                let arn = self.alias_arn(index, node)?;
                self.warn_of_version(node, place);
                arn
            }
            Yields::RoleName => self.role_name(index),
            Yields::RoleArn => self.pseudo.role_arn(&self.role_name(index)),
            Yields::ApiStage => self.stage(index).to_owned(),
            Yields::Stage => match given_stage(resource, &self.parameters) {
                Some(stage) => stage.to_owned(),
                None => self.placeholder_name(index),
            },
            Yields::Placeholder => self.placeholder_name(index),
            Yields::StandIn => self.stand_in(self.placeholder_name(index), index, node, place),
        })
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

    fn alias_arn(&self, index: usize, node: &Node) -> Result<String, Reported> {
        let Some(alias) = self.alias(index) else {
            let id = self.resources[index].logical_id;
            return Err(self.report.problem(
                node.span,
                format!("`{id}` publishes no version and has no alias"),
                "needs `AutoPublishAlias`",
                "add `AutoPublishAlias: live` to the function",
            ));
        };
        let arn = self.pseudo.function_arn(&self.name(index)?);
        Ok(format!("{arn}:{alias}"))
    }

    fn role_name(&self, index: usize) -> String {
        let id = format!("{}Role", self.resources[index].logical_id);
        self.pseudo.physical_name(&id, 64)
    }

    /// The stage of an API.
    pub fn stage(&self, index: usize) -> &str {
        stage_name(&self.resources[index], &self.parameters)
    }

    fn warn_of_version(&self, node: &Node, place: Place<'_>) {
        let meaning = "versions are numbered when they are published: \
                       the alias that follows the newest one stands in";
        self.warn(node.span, place, meaning);
    }

    /// A value for something that does not exist here, and the warning that it does not.
    fn stand_in(&self, value: String, index: usize, node: &Node, place: Place<'_>) -> String {
        let resource = &self.resources[index];
        // Functions log wherever they say that they log to.
        if !resource.resource_type.starts_with("AWS::Logs::") {
            let (id, kind) = (resource.logical_id, shorten(resource.resource_type));
            let meaning = format!(
                "`{id}` ({kind}) does not exist here; the value is the placeholder `{value}`"
            );
            self.warn(node.span, place, meaning);
        }
        value
    }
}
