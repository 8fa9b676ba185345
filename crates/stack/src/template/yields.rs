//! The values of references to resources; the table of each type selects from these.

use super::report::shorten;
use super::{Parameters, Place, Pseudo, Report, Reported, Resource, Span};

/// The value of a reference to a resource.
pub(crate) type Yields = fn(&Lookup<'_>) -> Yielded;

type Yielded = Result<String, Reported>;

/// A reference to a resource, with the known facts about it.
pub(crate) struct Lookup<'r> {
    pub resource: &'r Resource,
    /// The name as AWS would have it; an API's id.
    pub name: Yielded,
    /// The logical id of the resource in the template; for one that SAM makes, that of its origin.
    pub shown_id: &'r str,
    /// The function that the resource is a part of, if it is a version, an alias or a URL.
    pub whole: Option<Whole<'r>>,
    pub parameters: &'r Parameters,
    pub pseudo: &'r Pseudo,
    pub report: &'r Report,
    /// The place that needs the value.
    pub place: Place<'r>,
    /// Where the reference is written.
    pub span: Span,
}

/// The function that a version, an alias or a URL is a part of.
pub(crate) struct Whole<'r> {
    pub name: Yielded,
    /// The version; `None` is `$LATEST`.
    pub alias: Option<&'r str>,
}

pub(crate) fn name(it: &Lookup<'_>) -> Yielded {
    it.name.clone()
}

/// The URL of an API.
pub(crate) fn endpoint(it: &Lookup<'_>) -> Yielded {
    Ok(it.pseudo.endpoint(&name(it)?))
}

/// The URL of a function, with a trailing slash as on AWS.
pub(crate) fn url(it: &Lookup<'_>) -> Yielded {
    Ok(format!("{}/", it.pseudo.url_endpoint(it.shown_id)))
}

/// The ARN of the function that a version, alias or URL is a part of, qualified.
pub(crate) fn part(it: &Lookup<'_>) -> Yielded {
    let Some(whole) = &it.whole else {
        return Err(no_function(it));
    };
    let arn = function_arn(it)?;
    Ok(match whole.alias {
        Some(alias) => format!("{arn}:{alias}"),
        None => arn,
    })
}

/// The same without the alias.
pub(crate) fn function_arn(it: &Lookup<'_>) -> Yielded {
    let whole = it.whole.as_ref().ok_or(Reported)?;
    Ok(it.pseudo.function_arn(&whole.name.clone()?))
}

/// The ARN of a version, which has no number yet.
pub(crate) fn version(it: &Lookup<'_>) -> Yielded {
    it.warn_of_version();
    part(it)
}

/// The number of a version; the alias is used instead.
pub(crate) fn version_number(it: &Lookup<'_>) -> Yielded {
    it.warn_of_version();
    let alias = it.whole.as_ref().and_then(|it| it.alias);
    Ok(alias.unwrap_or("$LATEST").to_owned())
}

/// The name of a stage, or a placeholder for a stage without one.
pub(crate) fn stage(it: &Lookup<'_>) -> Yielded {
    match it.resource.constant("StageName", it.parameters) {
        Some(stage) => Ok(stage.to_owned()),
        None => placeholder(it),
    }
}

/// A name that is never shown or used.
pub(crate) fn placeholder(it: &Lookup<'_>) -> Yielded {
    Ok(it.resource.placeholder_name(it.pseudo))
}

/// A name for something that does not exist here, with a warning.
pub(crate) fn stand_in(it: &Lookup<'_>) -> Yielded {
    Ok(it.stand_in(placeholder(it)?))
}

fn no_function(it: &Lookup<'_>) -> Reported {
    let id = it.shown_id;
    let (message, label, help) = if it.resource.made.is_some() {
        let message = format!("`{id}` publishes no version and has no alias");
        let help = "add `AutoPublishAlias: live` to the function";
        (message, "needs `AutoPublishAlias`", help)
    } else {
        let message = format!("`{id}` belongs to no function of this template");
        (message, "no function", "let it name one with `!Ref`")
    };
    it.report.problem(it.span, message, label, help)
}

impl Lookup<'_> {
    /// An ARN made of the resource's name.
    pub fn arn(&self, make: fn(&Pseudo, &str) -> String) -> Yielded {
        Ok(make(self.pseudo, &name(self)?))
    }

    /// The value for something that does not exist here, with a warning.
    pub fn stand_in(&self, value: String) -> String {
        let resource = self.resource;
        // Functions log to any group that they name, so log groups cause no warning.
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
        self.place.warn(self.span, meaning, self.report);
    }
}
