//! How an alias divides its traffic between two versions.

use std::collections::BTreeMap;

use lambda_api::AliasRoutingConfiguration;
use model::Version;
use store::AliasRecord;

/// The version that gets a share of an alias's invocations, and the share: 0–1.
pub(crate) fn additional(alias: &AliasRecord) -> Option<(Version, f64)> {
    let (version, weight) = weights(alias)?.into_iter().next()?;
    Some((version.parse().ok()?, weight))
}

/// The weights of an alias's routing configuration, as the API shows them.
pub(crate) fn weights(alias: &AliasRecord) -> Option<BTreeMap<String, f64>> {
    let text = alias.routing.as_deref()?;
    let routing: AliasRoutingConfiguration = serde_json::from_str(text).ok()?;
    routing.additional_version_weights
}

/// The version for one invocation; `draw` is from 0 up to 1.
pub(crate) fn choose(alias: &AliasRecord, draw: f64) -> Version {
    match additional(alias) {
        Some((version, weight)) if draw < weight => version,
        Some(_) | None => alias.version.clone(),
    }
}

/// Whether the alias may lead to this version.
pub(crate) fn leads_to(alias: &AliasRecord, version: &Version) -> bool {
    alias.version == *version || additional(alias).is_some_and(|(other, _)| other == *version)
}

#[cfg(test)]
mod tests {
    use model::FunctionName;

    use super::*;

    fn alias(routing: Option<&str>) -> AliasRecord {
        AliasRecord {
            function: FunctionName::parse("Loan").unwrap(),
            name: "live".to_owned(),
            version: Version::Published(1),
            description: String::new(),
            routing: routing.map(str::to_owned),
            revision_id: String::new(),
        }
    }

    #[test]
    fn a_share_goes_to_the_other_version() {
        let divided = alias(Some(r#"{"AdditionalVersionWeights":{"2":0.25}}"#));
        assert_eq!(choose(&divided, 0.0), Version::Published(2));
        assert_eq!(choose(&divided, 0.24), Version::Published(2));
        assert_eq!(choose(&divided, 0.25), Version::Published(1));
        assert!(leads_to(&divided, &Version::Published(2)));
        assert!(!leads_to(&divided, &Version::Published(3)));
        assert_eq!(choose(&alias(None), 0.0), Version::Published(1));
        let none = alias(Some(r#"{"AdditionalVersionWeights":{"2":0.0}}"#));
        assert_eq!(choose(&none, 0.0), Version::Published(1));
    }
}
