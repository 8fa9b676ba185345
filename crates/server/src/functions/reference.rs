//! How a request names a function: by a name, a partial ARN, or a full one, with or without a
//! qualifier.

use lambda_api::ErrorCode;
use model::FunctionName;
use wire::ApiError;

/// A function as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub name: FunctionName,
    /// A version, an alias or `$LATEST`, as it stands in the name or beside it.
    pub qualifier: Option<String>,
    /// Account and region, where the request names them.
    pub region: Option<String>,
    pub account_id: Option<String>,
}

impl Reference {
    /// Reads `name`, `name:qualifier`, `account:function:name[:qualifier]` or a full ARN, with the
    /// qualifier that the request may give beside it.
    ///
    /// # Errors
    /// `ValidationException` for a text of another form, `InvalidParameterValueException` when the
    /// two qualifiers differ.
    pub fn parse(text: &str, beside: Option<&str>) -> Result<Self, ApiError> {
        let mut reference = Self::split(text).ok_or_else(|| invalid(text))?;
        match (&reference.qualifier, beside) {
            (Some(within), Some(beside)) if within != beside => {
                return Err(ApiError::invalid_parameter(
                    "The derived qualifier from the function name does not match the specified \
                     qualifier.",
                ));
            }
            (None, Some(beside)) => reference.qualifier = Some(beside.to_owned()),
            (_, _) => {}
        }
        Ok(reference)
    }

    fn split(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (region, account_id, rest) = match parts.as_slice() {
            ["arn", _, "lambda", region, account, "function", rest @ ..] => {
                (Some(*region), Some(*account), rest)
            }
            [account, "function", rest @ ..] => (None, Some(*account), rest),
            rest => (None, None, rest),
        };
        let (name, qualifier) = match rest {
            [name] => (name, None),
            [name, qualifier] if !qualifier.is_empty() => (name, Some((*qualifier).to_owned())),
            _ => return None,
        };
        Some(Self {
            name: FunctionName::parse(name).ok()?,
            qualifier,
            region: region.map(str::to_owned),
            account_id: account_id.map(str::to_owned),
        })
    }
}

fn invalid(text: &str) -> ApiError {
    const PATTERN: &str = "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";
    let shown: String = text.chars().take(256).collect();
    ApiError::new(
        ErrorCode::Validation,
        format!(
            "1 validation error detected: Value '{shown}' at 'functionName' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: {PATTERN}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, Option<String>)> {
        let reference = Reference::parse(text, None).ok()?;
        Some((reference.name.to_string(), reference.qualifier))
    }

    #[test]
    fn every_form_of_a_function_name_is_read() {
        let plain = Some(("Loan".to_owned(), None));
        let live = Some(("Loan".to_owned(), Some("live".to_owned())));
        assert_eq!(parsed("Loan"), plain);
        assert_eq!(parsed("Loan:live"), live);
        assert_eq!(parsed("000000000000:function:Loan"), plain);
        assert_eq!(parsed("000000000000:function:Loan:live"), live);
        assert_eq!(
            parsed("arn:aws:lambda:us-east-1:000000000000:function:Loan:live"),
            live
        );
        for text in ["", "a b", "Loan:", "arn:aws:s3:::x", "Loan:1:2"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn two_qualifiers_must_agree() {
        assert!(Reference::parse("Loan:live", Some("live")).is_ok());
        assert!(Reference::parse("Loan:live", Some("1")).is_err());
        let beside = Reference::parse("Loan", Some("1")).expect("a valid reference");
        assert_eq!(beside.qualifier.as_deref(), Some("1"));
    }
}
