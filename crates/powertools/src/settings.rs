//! Settings from the environment: the `POWERTOOLS_*` variables, and the facts that Lambda itself sets.
//!
//! Names and meaning follow Powertools for AWS Lambda (documentation, "Environment variables", read 2026-11-23)
//! and the Lambda Developer Guide ("Defined runtime environment variables").

use tracing::level_filters::LevelFilter;

/// The service name if none is set, as in Powertools for AWS Lambda.
const SERVICE_UNDEFINED: &str = "service_undefined";

/// The configuration of the three tools.
///
/// | variable | field |
/// | --- | --- |
/// | `POWERTOOLS_SERVICE_NAME` | [`service`](Self::service) |
/// | `AWS_LAMBDA_LOG_LEVEL`, else `POWERTOOLS_LOG_LEVEL`, else `LOG_LEVEL` | [`log_level`](Self::log_level) |
/// | `POWERTOOLS_LOGGER_LOG_EVENT` | [`log_event`](Self::log_event) |
/// | `POWERTOOLS_METRICS_NAMESPACE` | [`metrics_namespace`](Self::metrics_namespace) |
/// | `POWERTOOLS_METRICS_DISABLED` | [`metrics_enabled`](Self::metrics_enabled) |
/// | `POWERTOOLS_TRACE_DISABLED` | [`trace_enabled`](Self::trace_enabled) |
/// | `AWS_XRAY_DAEMON_ADDRESS` | [`daemon_address`](Self::daemon_address) |
/// | `AWS_LAMBDA_FUNCTION_NAME`, `_VERSION`, `_MEMORY_SIZE` | [`function_name`](Self::function_name) and its neighbours |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Name of the service in logs, traces and metrics; `service_undefined` where none is set.
    pub service: String,
    /// Lines below this level are not written. Default: info.
    pub log_level: LevelFilter,
    /// Whether [`Logger::log_event`](crate::Logger::log_event) writes the incoming event. Default: no, events hold personal data.
    pub log_event: bool,
    /// CloudWatch namespace; without one, metrics cannot be written.
    pub metrics_namespace: Option<String>,
    /// Whether metrics are written.
    pub metrics_enabled: bool,
    /// Whether traces are sent, provided that there is a daemon and that the invocation is sampled.
    pub trace_enabled: bool,
    /// Address of the X-Ray daemon: `host:port`, or `tcp:host:port udp:host:port`.
    pub daemon_address: Option<String>,
    /// Name of the function.
    pub function_name: Option<String>,
    /// Version of the function: a number or `$LATEST`.
    pub function_version: Option<String>,
    /// Memory of the function in MiB.
    pub function_memory_size: Option<u32>,
    /// Problems with the environment; the logger reports them when it is installed.
    pub(crate) complaints: Vec<String>,
}

impl Settings {
    /// Reads the process's environment.
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads the variables through a function, for tests and for embedding.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let mut complaints = Vec::new();

        let mut log_level = LevelFilter::INFO;
        // Lambda itself drops lines below AWS_LAMBDA_LOG_LEVEL, so writing more than that would be useless.
        for name in ["AWS_LAMBDA_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "LOG_LEVEL"] {
            let Some(value) = get(name) else { continue };
            match parse_level(&value) {
                Some(level) => {
                    log_level = level;
                    break;
                }
                None => complaints.push(format!(
                    "{name} is {value:?}, which is not a log level; use TRACE, DEBUG, INFO, WARN, ERROR, FATAL or OFF"
                )),
            }
        }
        let function_memory_size = get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|value| {
            let parsed = value.trim().parse().ok();
            if parsed.is_none() {
                complaints.push(format!(
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE is {value:?}, which is not a number of MiB"
                ));
            }
            parsed
        });

        let mut flag = |name: &str| {
            let Some(value) = get(name) else { return false };
            parse_flag(&value).unwrap_or_else(|| {
                complaints.push(format!("{name} is {value:?}; use true or false"));
                false
            })
        };
        Self {
            log_event: flag("POWERTOOLS_LOGGER_LOG_EVENT"),
            metrics_enabled: !flag("POWERTOOLS_METRICS_DISABLED"),
            trace_enabled: !flag("POWERTOOLS_TRACE_DISABLED"),
            service: get("POWERTOOLS_SERVICE_NAME").unwrap_or_else(|| SERVICE_UNDEFINED.to_owned()),
            log_level,
            metrics_namespace: get("POWERTOOLS_METRICS_NAMESPACE"),
            daemon_address: get("AWS_XRAY_DAEMON_ADDRESS"),
            function_name: get("AWS_LAMBDA_FUNCTION_NAME"),
            function_version: get("AWS_LAMBDA_FUNCTION_VERSION"),
            function_memory_size,
            complaints,
        }
    }
}

/// Accepts Lambda's names and those of Powertools for Python, in any case.
fn parse_level(value: &str) -> Option<LevelFilter> {
    match value.trim().to_ascii_uppercase().as_str() {
        "TRACE" => Some(LevelFilter::TRACE),
        "DEBUG" => Some(LevelFilter::DEBUG),
        "INFO" => Some(LevelFilter::INFO),
        "WARN" | "WARNING" => Some(LevelFilter::WARN),
        "ERROR" | "FATAL" | "CRITICAL" => Some(LevelFilter::ERROR),
        "OFF" | "SILENT" => Some(LevelFilter::OFF),
        _ => None,
    }
}

fn parse_flag(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::from_lookup(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn empty_environment_gives_the_documented_defaults() {
        let settings = settings(&[]);
        assert_eq!(settings.service, "service_undefined");
        assert_eq!(settings.log_level, LevelFilter::INFO);
        assert!(!settings.log_event);
        assert!(settings.metrics_enabled && settings.trace_enabled);
        assert_eq!(settings.metrics_namespace, None);
        assert!(settings.complaints.is_empty());
    }

    #[test]
    fn lambdas_own_level_wins_over_ours() {
        let settings = settings(&[
            ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
            ("POWERTOOLS_LOG_LEVEL", "debug"),
        ]);
        assert_eq!(settings.log_level, LevelFilter::WARN);
    }

    #[test]
    fn nonsense_is_complained_about_and_passed_over() {
        let settings = settings(&[
            ("AWS_LAMBDA_LOG_LEVEL", "loud"),
            ("POWERTOOLS_LOG_LEVEL", "critical"),
            ("POWERTOOLS_LOGGER_LOG_EVENT", "perhaps"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "lots"),
        ]);
        assert_eq!(settings.log_level, LevelFilter::ERROR);
        assert_eq!(settings.complaints.len(), 3, "{:?}", settings.complaints);
    }
}
