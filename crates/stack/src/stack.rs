//! The result of loading a template.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::{FunctionResource, HttpApiResource, TableResource, Warning};

/// A template with everything in it resolved, in the template's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// From the options, else `samconfig.toml`, else the directory's name.
    pub name: String,
    /// For example `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account_id: String,
    /// The template file.
    pub template_path: PathBuf,
    /// The template's own `Description`.
    pub description: Option<String>,
    /// `AWS::Serverless::Function` resources.
    pub functions: Vec<FunctionResource>,
    /// `AWS::Serverless::HttpApi` resources, with the implicit `ServerlessHttpApi` last.
    pub http_apis: Vec<HttpApiResource>,
    /// `AWS::DynamoDB::Table` resources.
    pub tables: Vec<TableResource>,
    /// `Outputs`, with AWS URLs in them; [`Stack::with_local_urls`] turns those into local ones.
    pub outputs: Vec<Output>,
    /// Whatever the template asks for that does nothing here, in the template's order.
    pub warnings: Vec<Warning>,
}

/// One entry of `Outputs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its key in the template, for example `LoanApiUrl`.
    pub name: String,
    /// What the template says that it is.
    pub description: Option<String>,
    /// The resolved value.
    pub value: String,
}

impl Stack {
    /// The stack with the AWS URLs of its HTTP APIs replaced by local ones, in the environment of
    /// functions and in outputs.
    ///
    /// `urls` maps an HTTP API's logical id to the URL that serves it, such as
    /// `http://127.0.0.1:3000`. An API that is not in the map keeps its AWS URL. What follows the
    /// host, a stage for example, stays as it is.
    pub fn with_local_urls(mut self, urls: &BTreeMap<String, String>) -> Self {
        let endpoints: Vec<(String, String)> = self
            .http_apis
            .iter()
            .filter_map(|api| {
                let url = urls.get(&api.logical_id)?.trim_end_matches('/');
                Some((api.endpoint.clone(), url.to_owned()))
            })
            .collect();
        let localize = |text: &mut String| {
            for (endpoint, url) in &endpoints {
                localize(text, endpoint, url);
            }
        };
        for function in &mut self.functions {
            function.environment.values_mut().for_each(localize);
        }
        for output in &mut self.outputs {
            localize(&mut output.value);
        }
        self
    }

    /// The function with this logical id.
    pub fn function(&self, logical_id: &str) -> Option<&FunctionResource> {
        self.functions
            .iter()
            .find(|function| function.logical_id == logical_id)
    }
}

/// Replaces the whole endpoint first, then the bare host, which templates also pass around.
fn localize(text: &mut String, endpoint: &str, url: &str) {
    let host = without_scheme(endpoint);
    if !text.contains(host) {
        return;
    }
    *text = text
        .replace(endpoint, url)
        .replace(host, without_scheme(url));
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}
