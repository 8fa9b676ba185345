//! Limits on the size of templates.
//!
//! CloudFormation's own numbers where it has any. Source: CloudFormation user guide, "Understand
//! CloudFormation quotas", read 2026-11-23.

/// Largest template, in bytes: what CloudFormation takes from S3.
pub const TEMPLATE_BYTES_MAX: usize = 1024 * 1024;

/// How deep templates nest within templates. Ours: real ones have one or two levels.
pub const NESTED_DEPTH_MAX: usize = 8;

/// Most templates within a template, all levels together. Ours: each may be as large as the outermost one.
pub const NESTED_TEMPLATES_MAX: usize = 50;

/// Most files that a template includes. Ours: usual is one OpenAPI document each for a few APIs.
pub const INCLUDES_MAX: usize = 50;

/// Largest manifest of CDK's, in bytes. Ours: those of hundreds of resources are a few megabytes.
pub const MANIFEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How deep CDK's assemblies nest. Ours: stages within stages are rare, and a folder may contain itself.
pub const ASSEMBLIES_DEPTH_MAX: usize = 4;

/// Largest file of references, in bytes. Ours: as large as a template.
pub const REFERENCES_BYTES_MAX: usize = 1024 * 1024;

/// Largest `samconfig.toml`, in bytes. Ours: real ones are a few kilobytes.
pub const SAMCONFIG_BYTES_MAX: usize = 256 * 1024;

/// Most resources in one template (CloudFormation quota).
pub const RESOURCES_MAX: usize = 500;

/// Most parameters in one template (CloudFormation quota).
pub const PARAMETERS_MAX: usize = 200;

/// Largest value of a parameter, in bytes (CloudFormation quota).
pub const PARAMETER_VALUE_BYTES_MAX: usize = 4096;

/// Most outputs in one template (CloudFormation quota).
pub const OUTPUTS_MAX: usize = 200;

/// Deepest nesting. Ours: policy documents, the deepest things in templates, stay below 20, and the
/// recursion over a template must fit a small thread's stack.
pub const DEPTH_MAX: usize = 64;

/// Most scalars, lists and mappings, counted after aliases and `Globals` are expanded. Ours: a
/// template of the largest size has some 70,000, and a few aliases can otherwise make billions.
pub const NODES_MAX: usize = 200_000;

/// Longest chain of conditions that depend on each other. Ours: real ones need two or three, and each takes a part of
/// the stack.
pub const CONDITION_DEPTH_MAX: usize = 100;

/// Most bytes of text that resolving references may produce. Ours: `${Name}` is a few bytes and may stand for four
/// kilobytes, and a table name may repeat another one; the growth needs a bound.
pub const RESOLVED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most problems reported in one run. Ours: readers do not get further.
pub const PROBLEMS_MAX: usize = 50;

/// Most warnings in one run. Ours: they are kept in memory and shown in the console.
pub const WARNINGS_MAX: usize = 500;
