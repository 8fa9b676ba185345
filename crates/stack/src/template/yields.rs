//! What references to resources yield; the table of each type says which of these.

use super::evaluate::Evaluation;
use super::report::shorten;
use super::{Node, Pseudo, Reported, Resolver};

/// A reference to a resource, at a place.
pub(crate) struct Lookup<'r> {
    pub evaluation: &'r Evaluation<'r>,
    pub resolver: &'r Resolver<'r>,
    pub index: usize,
    pub node: &'r Node,
}

type Yielded = Result<String, Reported>;

pub(crate) fn name(it: &Lookup<'_>) -> Yielded {
    it.resolver.name(it.index)
}

/// The URL of an API.
pub(crate) fn endpoint(it: &Lookup<'_>) -> Yielded {
    Ok(it.resolver.pseudo.endpoint(&name(it)?))
}

/// The URL of a function, with the slash that AWS puts there.
pub(crate) fn url(it: &Lookup<'_>) -> Yielded {
    let id = it.resolver.shown_id(it.index);
    Ok(format!("{}/", it.resolver.pseudo.url_endpoint(id)))
}

/// The ARN of the function that a version, alias or URL is a part of, qualified.
pub(crate) fn part(it: &Lookup<'_>) -> Yielded {
    let Some(part) = it.resolver.part(it.index) else {
        return Err(no_function(it));
    };
    let arn = function_arn(it)?;
    Ok(match &part.alias {
        Some(alias) => format!("{arn}:{alias}"),
        None => arn,
    })
}

/// The same without the alias.
pub(crate) fn function_arn(it: &Lookup<'_>) -> Yielded {
    let part = it.resolver.part(it.index).ok_or(Reported)?;
    let name = it.resolver.name(part.function)?;
    Ok(it.resolver.pseudo.function_arn(&name))
}

/// The ARN of a version, which has no number yet.
pub(crate) fn version(it: &Lookup<'_>) -> Yielded {
    it.warn_of_version();
    part(it)
}

/// The number of a version, which the alias stands in for.
pub(crate) fn version_number(it: &Lookup<'_>) -> Yielded {
    it.warn_of_version();
    let alias = it.resolver.part(it.index).and_then(|it| it.alias.clone());
    Ok(alias.unwrap_or_else(|| "$LATEST".to_owned()))
}

/// The name of a stage, or a placeholder for what has none.
pub(crate) fn stage(it: &Lookup<'_>) -> Yielded {
    let resource = &it.resolver.resources[it.index];
    match resource.constant("StageName", &it.resolver.parameters) {
        Some(stage) => Ok(stage.to_owned()),
        None => placeholder(it),
    }
}

/// A name for something that nobody looks at.
pub(crate) fn placeholder(it: &Lookup<'_>) -> Yielded {
    Ok(it.resolver.placeholder_name(it.index))
}

/// A name for something that does not exist here, with a warning.
pub(crate) fn stand_in(it: &Lookup<'_>) -> Yielded {
    Ok(it.stand_in(placeholder(it)?))
}

fn no_function(it: &Lookup<'_>) -> Reported {
    let id = it.resolver.shown_id(it.index);
    let (message, label, help) = if it.resolver.resources[it.index].made.is_some() {
        let message = format!("`{id}` publishes no version and has no alias");
        let help = "add `AutoPublishAlias: live` to the function";
        (message, "needs `AutoPublishAlias`", help)
    } else {
        let message = format!("`{id}` belongs to no function of this template");
        (message, "no function", "let it name one with `!Ref`")
    };
    let report = it.resolver.report;
    report.problem(it.node.span, message, label, help)
}

impl Lookup<'_> {
    /// An ARN made of the resource's name.
    pub fn arn(&self, make: fn(&Pseudo, &str) -> String) -> Yielded {
        Ok(make(&self.resolver.pseudo, &name(self)?))
    }

    /// The value for something that does not exist here, and the warning that it does not.
    pub fn stand_in(&self, value: String) -> String {
        let resource = &self.resolver.resources[self.index];
        // Functions log wherever they say that they log to.
        if !resource.resource_type.starts_with("AWS::Logs::") {
            let (id, kind) = (&resource.logical_id, shorten(&resource.resource_type));
            self.warn(&format!(
                "`{id}` ({kind}) does not exist here; the value is the placeholder `{value}`"
            ));
        }
        value
    }

    fn warn_of_version(&self) {
        self.warn(
            "versions are numbered when they are published: \
             the alias that follows the newest one stands in",
        );
    }

    fn warn(&self, meaning: &str) {
        self.evaluation.warn(self.node.span, meaning);
    }
}
