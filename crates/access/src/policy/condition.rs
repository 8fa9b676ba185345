//! Conditions of statements: a few operators on a few keys.

use std::net::IpAddr;

use serde_json::Value;

use super::document::{PolicyError, texts};
use super::pattern::matches;
use super::question::Question;

/// One condition: it holds if one of its values fits, or, if negated, if none does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    key: Key,
    test: Test,
    is_turned_round: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// `aws:SourceIp`.
    SourceIp,
    /// `aws:username`.
    Username,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Equals(Vec<String>),
    Like(Vec<String>),
    Address(Vec<Network>),
}

/// Addresses with a common prefix, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

const OPERATORS: &str =
    "StringEquals, StringNotEquals, StringLike, StringNotLike, IpAddress and NotIpAddress";
const KEYS: &str = "aws:SourceIp and aws:username";

/// Reads `Condition` of a statement.
pub(super) fn read(value: &Value) -> Result<Vec<Condition>, PolicyError> {
    let operators = value.as_object();
    let operators =
        operators.ok_or_else(|| PolicyError::new("`Condition` must be an object of operators"))?;
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let keys = keys.as_object().ok_or_else(|| {
            PolicyError::new(format!("`{operator}` must be an object of keys and values"))
        })?;
        for (name, values) in keys {
            let key = key(name)?;
            let values = texts(name, values)?;
            conditions.push(condition(operator, name, key, values)?);
        }
    }
    Ok(conditions)
}

fn key(name: &str) -> Result<Key, PolicyError> {
    if name.eq_ignore_ascii_case("aws:SourceIp") {
        Ok(Key::SourceIp)
    } else if name.eq_ignore_ascii_case("aws:username") {
        Ok(Key::Username)
    } else {
        let message = format!("the condition key `{name}` is not supported: {KEYS} are");
        Err(PolicyError::new(message))
    }
}

fn condition(
    operator: &str,
    name: &str,
    key: Key,
    values: Vec<String>,
) -> Result<Condition, PolicyError> {
    let addresses = |values: Vec<String>| {
        if key != Key::SourceIp {
            let message = format!("`{operator}` is about `aws:SourceIp`, not `{name}`");
            return Err(PolicyError::new(message));
        }
        let networks: Result<_, _> = values.iter().map(|text| Network::parse(text)).collect();
        networks.map(Test::Address)
    };
    let (test, is_turned_round) = match operator {
        "StringEquals" => (Test::Equals(values), false),
        "StringNotEquals" => (Test::Equals(values), true),
        "StringLike" => (Test::Like(values), false),
        "StringNotLike" => (Test::Like(values), true),
        "IpAddress" => (addresses(values)?, false),
        "NotIpAddress" => (addresses(values)?, true),
        _ => {
            let message =
                format!("the condition operator `{operator}` is not supported: {OPERATORS} are");
            return Err(PolicyError::new(message));
        }
    };
    Ok(Condition {
        key,
        test,
        is_turned_round,
    })
}

impl Condition {
    /// Whether it holds. If the request has no value for the key, no value of the condition fits.
    pub fn holds(&self, question: &Question<'_>) -> bool {
        let address = question.source_ip.map(|address| address.to_canonical());
        let value = match self.key {
            Key::SourceIp => address.map(|address| address.to_string()),
            Key::Username => question.username.map(str::to_owned),
        };
        let fits = match &self.test {
            Test::Equals(values) => {
                let mut values = values.iter();
                value.is_some_and(|value| values.any(|one| *one == value))
            }
            Test::Like(values) => {
                let mut values = values.iter();
                value.is_some_and(|value| values.any(|one| matches(one, &value)))
            }
            Test::Address(networks) => {
                let mut networks = networks.iter();
                address.is_some_and(|address| networks.any(|one| one.holds(address)))
            }
        };
        fits != self.is_turned_round
    }
}

impl Network {
    fn parse(text: &str) -> Result<Self, PolicyError> {
        let wrong = || PolicyError::new(format!("`{text}` is neither an address nor a CIDR range"));
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix.map(str::parse::<u8>) {
            None => bits,
            Some(Ok(prefix)) if prefix <= bits => prefix,
            Some(_) => return Err(wrong()),
        };
        Ok(Self {
            address,
            prefix_bits,
        })
    }

    fn holds(&self, address: IpAddr) -> bool {
        let (own, other, bits) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        let free = bits - u32::from(self.prefix_bits);
        // A shift by all bits of a number returns `None`.
        let begin = |number: u128| number.checked_shr(free).unwrap_or(0);
        begin(own) == begin(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        let network = Network::parse(network).expect("it is one");
        network.holds(address.parse().expect("it is one"))
    }

    #[test]
    fn networks_hold_addresses_that_begin_alike() {
        assert!(holds("10.0.0.0/8", "10.200.3.4"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.1.2.3", "10.1.2.3"));
        assert!(!holds("10.1.2.3", "10.1.2.4"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        for wrong in ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/x", "::/129", "a/8"] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }
}
