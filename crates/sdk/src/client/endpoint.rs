//! Where the Lambda API is.

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::error::Error;

/// Scheme, authority and path prefix of the Lambda API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end.
    base_path: String,
}

impl Endpoint {
    /// `AWS_ENDPOINT_URL_LAMBDA` comes first, then what the AWS configuration says for all services, then AWS itself.
    pub(crate) fn resolve(region: &str, configured: Option<&str>) -> Result<Self, Error> {
        let own = std::env::var("AWS_ENDPOINT_URL_LAMBDA").ok();
        match own.as_deref().filter(|url| !url.is_empty()).or(configured) {
            Some(url) => Self::parse(url),
            None => {
                let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
                Self::parse(&format!("https://lambda.{region}.amazonaws.com{suffix}"))
            }
        }
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

    /// What to connect to.
    pub(crate) fn origin(&self) -> Uri {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query("/")
            .build()
            .expect("scheme and authority were parsed from a URL")
    }

    /// What stands in the request line.
    pub(crate) fn request_target(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.base_path)
    }

    /// What is signed.
    pub(crate) fn url(&self, path_and_query: &str) -> String {
        format!(
            "{}://{}{}{path_and_query}",
            self.scheme, self.authority, self.base_path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
