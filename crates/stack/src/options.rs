//! What a template does not say, and is told by whoever loads it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::References;

/// What the template does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// `AWS::Region`; `us-east-1` by default.
    pub region: String,
    /// Whether somebody chose it: else that of a CDK app which names its own counts, because it stands in the template.
    pub is_region_chosen: bool,
    /// `AWS::AccountId`, twelve digits; `000000000000` by default.
    pub account_id: String,
    /// Instead of the name in `samconfig.toml`, or the directory's.
    pub stack_name: Option<String>,
    /// Values of parameters, over those in `samconfig.toml` and the template's defaults.
    pub parameters: BTreeMap<String, String>,
    /// What `{{resolve:…}}` and parameters of type `AWS::SSM::Parameter::Value` stand for.
    pub references: References,
    /// Layers that are not in the template, by their ARNs with or without a version: a folder or an archive each.
    pub layers: BTreeMap<String, PathBuf>,
    /// What AWS's other services are.
    pub services: OtherServices,
}

/// What AWS's services are that are not here: it decides what is made of the template's queues, topics and buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherServices {
    /// None: nothing is created.
    #[default]
    Nowhere,
    /// An emulator, in which the template's own are created.
    Emulator,
    /// An account, in which nothing is created.
    Account,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            is_region_chosen: false,
            account_id: "000000000000".to_owned(),
            stack_name: None,
            parameters: BTreeMap::new(),
            references: References::default(),
            layers: BTreeMap::new(),
            services: OtherServices::Nowhere,
        }
    }
}
