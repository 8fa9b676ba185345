//! Where the Lambda API is.

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::run_error::Error;

/// Scheme, authority and path prefix of the Lambda API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end.
    base_path: String,
}

impl Endpoint {
    /// `AWS_ENDPOINT_URL_LAMBDA` comes first, then the AWS configuration's endpoint for all services, then AWS itself.
    ///
    /// A configured endpoint is used as it is; otherwise `variant` selects one of AWS's own.
    pub(crate) fn resolve(
        region: &str,
        configured: Option<&str>,
        variant: Variant,
    ) -> Result<Self, Error> {
        let own = std::env::var("AWS_ENDPOINT_URL_LAMBDA").ok();
        match own.as_deref().filter(|url| !url.is_empty()).or(configured) {
            Some(url) => Self::parse(url),
            None => Self::of_region(region, variant),
        }
    }

    /// AWS's own endpoint for a region.
    fn of_region(region: &str, variant: Variant) -> Result<Self, Error> {
        let is_label = |text: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !text.is_empty() && text.bytes().all(fits)
        };
        if !is_label(region) {
            return Err(Error::Configuration {
                reason: format!("{region:?} is not a region; set AWS_REGION"),
            });
        }
        let partition = Partition::of(region);
        let service = if variant.use_fips {
            "lambda-fips"
        } else {
            "lambda"
        };
        let suffix = if variant.use_dual_stack {
            partition.dual_stack_dns_suffix
        } else {
            partition.dns_suffix
        };
        Self::parse(&format!("https://{service}.{region}.{suffix}"))
    }

    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let explain = |reason: &str| Error::Configuration {
            reason: format!(
                "endpoint {url:?} {reason}; set AWS_ENDPOINT_URL_LAMBDA to an http or https URL"
            ),
        };
        let uri: Uri = url.parse().map_err(|_| explain("is not a URL"))?;
        let parts = uri.into_parts();
        let scheme = parts.scheme.ok_or_else(|| explain("has no scheme"))?;
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(explain("is neither http nor https"));
        }
        let authority = parts.authority.ok_or_else(|| explain("has no host"))?;
        let path = parts.path_and_query.map_or(String::new(), |path| {
            path.path().trim_end_matches('/').to_owned()
        });
        Ok(Self {
            scheme,
            authority,
            base_path: path,
        })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    pub(crate) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The address to connect to.
    pub(crate) fn origin(&self) -> Uri {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query("/")
            .build()
            .expect("scheme and authority were parsed from a URL")
    }

    /// The target in the request line.
    pub(crate) fn request_target(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.base_path)
    }

    /// The URL that is signed.
    pub(crate) fn url(&self, path_and_query: &str) -> String {
        format!(
            "{}://{}{}{path_and_query}",
            self.scheme, self.authority, self.base_path
        )
    }
}

/// Which of AWS's endpoints of a region. Source: `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`, or
/// `use_fips_endpoint` and `use_dualstack_endpoint` of a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    /// With cryptography validated by FIPS 140.
    pub(crate) use_fips: bool,
    /// Reached over IPv6 as well as IPv4.
    pub(crate) use_dual_stack: bool,
}

/// A group of regions with domains of its own.
struct Partition {
    region_prefix: &'static str,
    dns_suffix: &'static str,
    dual_stack_dns_suffix: &'static str,
}

/// AWS's partitions; the last one takes every other region.
/// Source: partitions of `aws-sdk-lambda` 1.156.0, version 1.1. All of them support both variants.
const PARTITIONS: [Partition; 8] = [
    Partition {
        region_prefix: "cn-",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
    },
    Partition {
        region_prefix: "us-gov-",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
    },
    Partition {
        region_prefix: "eusc-",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
    },
    Partition {
        region_prefix: "us-iso-",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
    },
    Partition {
        region_prefix: "us-isob-",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
    },
    Partition {
        region_prefix: "eu-isoe-",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
    },
    Partition {
        region_prefix: "us-isof-",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
    },
    Partition {
        region_prefix: "",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
    },
];

impl Partition {
    fn of(region: &str) -> &'static Self {
        let [named @ .., aws] = &PARTITIONS;
        let found = named.iter().find(|it| region.starts_with(it.region_prefix));
        found.unwrap_or(aws)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: answers of `aws_sdk_lambda::config::endpoint::DefaultResolver`, version 1.156.0.
    #[test]
    fn endpoints_are_those_of_aws() {
        let cases = [
            ("us-east-1", "amazonaws.com", "api.aws"),
            ("ap-southeast-7", "amazonaws.com", "api.aws"),
            ("xx-new-1", "amazonaws.com", "api.aws"),
            ("us-gov-west-1", "amazonaws.com", "api.aws"),
            (
                "cn-northwest-1",
                "amazonaws.com.cn",
                "api.amazonwebservices.com.cn",
            ),
            ("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
            ("us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"),
            ("eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        ];
        for (region, plain, dual_stack) in cases {
            for (use_fips, service) in [(false, "lambda"), (true, "lambda-fips")] {
                for (use_dual_stack, suffix) in [(false, plain), (true, dual_stack)] {
                    let variant = Variant {
                        use_fips,
                        use_dual_stack,
                    };
                    let endpoint = Endpoint::of_region(region, variant).unwrap();
                    assert_eq!(
                        endpoint.url(""),
                        format!("https://{service}.{region}.{suffix}")
                    );
                }
            }
        }
    }

    #[test]
    fn named_endpoint_is_taken_whatever_the_variant() {
        let variant = Variant {
            use_fips: true,
            use_dual_stack: true,
        };
        let endpoint = Endpoint::resolve("us-east-1", Some("http://127.0.0.1:3001"), variant);
        assert_eq!(endpoint.unwrap().url("/x"), "http://127.0.0.1:3001/x");
    }

    #[test]
    fn region_that_would_name_another_host_is_refused() {
        for region in ["", "us-east-1.example.com", "us-east-1/x#", "us east 1"] {
            let error = Endpoint::of_region(region, Variant::default()).unwrap_err();
            assert!(error.to_string().contains("set AWS_REGION"), "{error}");
        }
    }

    #[test]
    fn url_is_put_together_from_its_parts() {
        let endpoint = Endpoint::parse("http://127.0.0.1:3001/base/").unwrap();
        assert!(!endpoint.is_https());
        assert_eq!(endpoint.authority(), "127.0.0.1:3001");
        assert_eq!(endpoint.request_target("/x?y=1"), "/base/x?y=1");
        assert_eq!(endpoint.url("/x"), "http://127.0.0.1:3001/base/x");
    }

    #[test]
    fn nonsense_is_explained() {
        for url in ["", "localhost:3001", "ftp://x", "/path"] {
            let message = Endpoint::parse(url).unwrap_err().to_string();
            assert!(message.contains("set AWS_ENDPOINT_URL_LAMBDA"), "{message}");
        }
    }
}
