//! The routes of the API.

use crate::answer::Refusal;
use crate::application_id::ApplicationId;

/// The action of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// `POST /apply`.
    Apply,
    /// `GET /status/{applicationId}`.
    Status(ApplicationId),
    /// `POST /approve/{applicationId}`.
    Approve(ApplicationId),
}

/// Finds the route of a method and a path.
///
/// # Errors
///
/// 404 for unknown paths and malformed ids, 405 if only the method is wrong.
pub fn route(method: &str, path: &str) -> Result<Route, Refusal> {
    let segments: Vec<&str> = path
        .strip_prefix('/')
        .unwrap_or(path)
        .splitn(3, '/')
        .collect();
    // A malformed id belongs to no application.
    let id = |text: &str| ApplicationId::parse(text).ok_or(Refusal::UnknownApplication);
    match (method, segments.as_slice()) {
        ("POST", ["apply"]) => Ok(Route::Apply),
        ("GET", ["status", text]) => id(text).map(Route::Status),
        ("POST", ["approve", text]) => id(text).map(Route::Approve),
        (_, ["apply"] | ["approve", _]) => Err(Refusal::WrongMethod { allowed: "POST" }),
        (_, ["status", _]) => Err(Refusal::WrongMethod { allowed: "GET" }),
        (_, _) => Err(Refusal::UnknownRoute),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_by_method_and_path() {
        let id = || ApplicationId::parse("LOAN-1700000000-AB12").unwrap();
        let post = Refusal::WrongMethod { allowed: "POST" };
        let get = Refusal::WrongMethod { allowed: "GET" };
        for (method, path, expected) in [
            ("POST", "/apply", Ok(Route::Apply)),
            (
                "GET",
                "/status/LOAN-1700000000-AB12",
                Ok(Route::Status(id())),
            ),
            (
                "POST",
                "/approve/LOAN-1700000000-AB12",
                Ok(Route::Approve(id())),
            ),
            ("GET", "/apply", Err(post)),
            ("DELETE", "/status/LOAN-1700000000-AB12", Err(get)),
            (
                "GET",
                "/approve/x",
                Err(Refusal::WrongMethod { allowed: "POST" }),
            ),
            (
                "GET",
                "/status/LOAN-17-ab12",
                Err(Refusal::UnknownApplication),
            ),
            ("GET", "/status/", Err(Refusal::UnknownApplication)),
            ("GET", "/status", Err(Refusal::UnknownRoute)),
            (
                "GET",
                "/status/LOAN-1700000000-AB12/logs",
                Err(Refusal::UnknownRoute),
            ),
            ("POST", "/", Err(Refusal::UnknownRoute)),
            ("POST", "", Err(Refusal::UnknownRoute)),
            ("POST", "/apply/", Err(Refusal::UnknownRoute)),
        ] {
            assert_eq!(route(method, path), expected, "{method} {path}");
        }
    }
}
