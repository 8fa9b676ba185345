//! Settings that a template does not contain, given by the caller that loads it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::References;

/// Settings that the template does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOptions {
    /// `AWS::Region`; `us-east-1` by default.
    pub region: String,
    /// Whether the user chose it: else the region that a CDK app names counts, because its template contains it.
    pub is_region_chosen: bool,
    /// `AWS::AccountId`, twelve digits; `000000000000` by default.
    pub account_id: String,
    /// Replaces the name in `samconfig.toml`, or the directory's.
    pub stack_name: Option<String>,
    /// Values of parameters, over those in `samconfig.toml` and the template's defaults.
    pub parameters: BTreeMap<String, String>,
    /// The values of `{{resolve:…}}` and of parameters of type `AWS::SSM::Parameter::Value`.
    pub references: References,
    /// Layers that are not in the template, by their ARNs with or without a version: a folder or an archive each.
    pub layers: BTreeMap<String, PathBuf>,
    /// Where AWS's other services run.
    pub services: OtherServices,
}

/// Where the AWS services run that are not part of this server: it decides what happens to the template's queues,
/// topics and buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherServices {
    /// They do not exist: nothing is created.
    #[default]
    Nowhere,
    /// An emulator, in which the template's own resources are created.
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
