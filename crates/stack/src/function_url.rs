//! A function's URL.

use crate::Cors;

/// A `FunctionUrlConfig`, or an `AWS::Lambda::Url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionUrlResource {
    /// The key under `Resources`; `<function>Url` for a `FunctionUrlConfig`.
    pub logical_id: String,
    /// The first label of its host name on AWS.
    pub url_id: String,
    /// `https://<url id>.lambda-url.<region>.on.aws`, the URL that it would have on AWS.
    pub endpoint: String,
    /// The logical id of the function that answers.
    pub function: String,
    /// The alias that it means; `None` is `$LATEST`.
    pub qualifier: Option<String>,
    /// `InvokeMode: RESPONSE_STREAM`: the answer is sent while the function writes it.
    pub streams: bool,
    /// `Cors`.
    pub cors: Option<Cors>,
}
