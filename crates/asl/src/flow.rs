//! Input and output processing of states.

use serde_json::{Map, Value};

use crate::choice::Rule;
use crate::error::{RESULT_PATH_MATCH_FAILURE, StateError};
use crate::language::Language;
use crate::path::Path;
use crate::scope::{Scope, Variables};
use crate::template::Template;

/// The fields, as errors name them.
pub(crate) const OUTPUT: &str = "Output";
pub(crate) const ASSIGN: &str = "Assign";

/// The data flow of a state. Fields that its type or language does not support count as absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// The language that the fields are written in.
    pub language: Language,
    /// `InputPath`
    pub input_path: Selected,
    /// `Parameters` or `Arguments`
    pub arguments: Option<Template>,
    /// `ResultSelector`
    pub result_selector: Option<Template>,
    /// `ResultPath`
    pub result_path: ResultPath,
    /// `OutputPath`
    pub output_path: Selected,
    /// `Output`
    pub output: Option<Template>,
    /// `Assign`
    pub assign: Vec<(String, Template)>,
}

/// The value that `InputPath` and `OutputPath` select.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Selected {
    /// Everything.
    #[default]
    All,
    /// An empty object: the path is `null`.
    Nothing,
    /// The value of the path.
    Path(Path),
}

/// Where a result is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ResultPath {
    /// It replaces the input.
    #[default]
    Whole,
    /// It is discarded: the input stays.
    Discard,
    /// At this place of the input.
    At(Path),
}

/// The effect of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// The input of the next state.
    pub output: Value,
    /// Variables that are set.
    pub assigned: Variables,
}

impl Selected {
    fn apply(&self, scope: &Scope<'_>, field: &str) -> Result<Value, StateError> {
        match self {
            Self::All => Ok(scope.input.clone()),
            Self::Nothing => Ok(Value::Object(Map::new())),
            Self::Path(path) => path.find(scope).ok_or_else(|| {
                let input = crate::shortened(scope.input);
                StateError::runtime(format!(
                    "Invalid path '{path}': the field '{field}' finds nothing in the input '{input}'"
                ))
            }),
        }
    }
}

impl ResultPath {
    /// Stores a result at its place.
    ///
    /// # Errors
    ///
    /// `States.ResultPathMatchFailure` when the input does not have that place.
    pub fn apply(&self, input: &Value, result: Value) -> Result<Value, StateError> {
        match self {
            Self::Whole => Ok(result),
            Self::Discard => Ok(input.clone()),
            Self::At(path) => path.put(input.clone(), result).map_err(|reason| {
                let cause = format!("Unable to apply the ResultPath to the input: {reason}");
                StateError::new(RESULT_PATH_MATCH_FAILURE, cause)
            }),
        }
    }
}

impl Flow {
    /// The input after `InputPath`. The scope has the state's input.
    ///
    /// # Errors
    ///
    /// `States.Runtime` when the path has no value.
    pub fn effective_input(&self, scope: &Scope<'_>) -> Result<Value, StateError> {
        self.input_path.apply(scope, "InputPath")
    }

    /// The input of the state's work: `Parameters` or `Arguments`, or the input after `InputPath`.
    ///
    /// # Errors
    ///
    /// The errors of the expressions.
    pub fn arguments(&self, scope: &Scope<'_>) -> Result<Value, StateError> {
        let effective = self.effective_input(scope)?;
        let field = match self.language {
            Language::JsonPath => "Parameters",
            Language::Jsonata => "Arguments",
        };
        match &self.arguments {
            None => Ok(effective),
            Some(template) => template.evaluate(&scope.with_input(&effective), field),
        }
    }

    /// The effect of the state, whose work returned `result`. The scope has the state's input, and for JSONata the
    /// result in `$states.result` as well.
    ///
    /// # Errors
    ///
    /// The errors of the expressions, and `States.ResultPathMatchFailure`.
    pub fn leave(&self, scope: &Scope<'_>, result: &Value) -> Result<Left, StateError> {
        if self.language == Language::Jsonata {
            let output = self.output.as_ref().map(|it| (it, OUTPUT));
            return leave_jsonata(output, (&self.assign, ASSIGN), scope, result);
        }
        let selected = match &self.result_selector {
            None => result.clone(),
            Some(template) => template.evaluate(&scope.with_input(result), "ResultSelector")?,
        };
        let assigned = assigned((&self.assign, ASSIGN), &scope.with_input(&selected))?;
        let combined = self.result_path.apply(scope.input, selected)?;
        let output = self
            .output_path
            .apply(&scope.with_input(&combined), "OutputPath")?;
        Ok(Left { output, assigned })
    }

    /// The effect of a state without a result: Wait and Succeed. The scope has the state's input.
    ///
    /// # Errors
    ///
    /// The errors of the expressions.
    pub fn pass_on(&self, scope: &Scope<'_>) -> Result<Left, StateError> {
        let output = self.output.as_ref().map(|it| (it, OUTPUT));
        self.pass_on_with(output, (&self.assign, ASSIGN), scope)
    }

    /// The effect of a Choice state, given the rule that matched, if any.
    ///
    /// # Errors
    ///
    /// The errors of the expressions.
    pub fn choose(
        &self,
        chosen: Option<(usize, &Rule)>,
        scope: &Scope<'_>,
    ) -> Result<Left, StateError> {
        let Some((index, rule)) = chosen else {
            return self.pass_on(scope);
        };
        let (assign_at, output_at) = (
            format!("Choices[{index}]/{ASSIGN}"),
            format!("Choices[{index}]/{OUTPUT}"),
        );
        let output = match &rule.output {
            Some(output) => Some((output, output_at.as_str())),
            None => self.output.as_ref().map(|it| (it, OUTPUT)),
        };
        self.pass_on_with(output, (&rule.assign, &assign_at), scope)
    }

    fn pass_on_with(
        &self,
        output: Option<(&Template, &str)>,
        assign: (&[(String, Template)], &str),
        scope: &Scope<'_>,
    ) -> Result<Left, StateError> {
        if self.language == Language::Jsonata {
            return leave_jsonata(output, assign, scope, scope.input);
        }
        let effective = self.effective_input(scope)?;
        let scope = scope.with_input(&effective);
        Ok(Left {
            output: self.output_path.apply(&scope, "OutputPath")?,
            assigned: assigned(assign, &scope)?,
        })
    }
}

/// The arguments are templates with the names of their fields.
pub(crate) fn leave_jsonata(
    output: Option<(&Template, &str)>,
    assign: (&[(String, Template)], &str),
    scope: &Scope<'_>,
    otherwise: &Value,
) -> Result<Left, StateError> {
    let assigned = assigned(assign, scope)?;
    let output = match output {
        None => otherwise.clone(),
        Some((template, field)) => template.evaluate(scope, field)?,
    };
    Ok(Left { output, assigned })
}

/// All of them are evaluated before any is set: they see the old values of the variables.
pub(crate) fn assigned(
    (assign, at): (&[(String, Template)], &str),
    scope: &Scope<'_>,
) -> Result<Variables, StateError> {
    let mut variables = Variables::new();
    for (name, template) in assign {
        let field = format!("{at}/{name}");
        variables.insert(name.clone(), template.evaluate(scope, &field)?);
    }
    Ok(variables)
}
