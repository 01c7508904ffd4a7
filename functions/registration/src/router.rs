//! Which handler a request is for.
//!
//! A Function URL fills in no path parameters, so the raw path is what there is to go by.

use http::Method;
use percent_encoding::percent_decode_str;
use registry::RegistrationId;

use crate::answer::Failure;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `POST /register`
    Create,
    /// `GET /register`
    List,
    /// `GET /register/{id}`
    Read(RegistrationId),
    /// `PUT /register/{id}`
    Replace(RegistrationId),
    /// `DELETE /register/{id}`
    Delete(RegistrationId),
}

/// Routes by method and raw path. A slash at the end does not matter, and an id may be percent-encoded.
pub fn route(method: &Method, path: &str) -> Result<Route, Failure> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path == "/register" {
        return match *method {
            Method::GET => Ok(Route::List),
            Method::POST => Ok(Route::Create),
            _ => Err(Failure::MethodNotAllowed { allow: "GET, POST" }),
        };
    }
    let Some(encoded) = path.strip_prefix("/register/") else {
        return Err(Failure::NoSuchPath);
    };
    let to_route = match *method {
        Method::GET => Route::Read,
        Method::PUT => Route::Replace,
        Method::DELETE => Route::Delete,
        _ => {
            return Err(Failure::MethodNotAllowed {
                allow: "GET, PUT, DELETE",
            });
        }
    };
    let id = percent_decode_str(encoded).decode_utf8_lossy();
    id.parse().map(to_route).map_err(Failure::InvalidId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods_lead_to_handlers() {
        let id: RegistrationId = "tool-a.b".parse().unwrap();
        for (method, path, expected) in [
            (Method::POST, "/register", Route::Create),
            (Method::POST, "/register/", Route::Create),
            (Method::GET, "/register", Route::List),
            (Method::GET, "/register/tool-a.b", Route::Read(id.clone())),
            (
                Method::GET,
                "/register/tool%2Da%2eb/",
                Route::Read(id.clone()),
            ),
            (
                Method::PUT,
                "/register/tool-a.b",
                Route::Replace(id.clone()),
            ),
            (
                Method::DELETE,
                "/register/tool-a.b",
                Route::Delete(id.clone()),
            ),
        ] {
            assert_eq!(route(&method, path).unwrap(), expected, "{method} {path}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let code = |method: Method, path| route(&method, path).unwrap_err().code();
        for path in [
            "",
            "/",
            "/registers",
            "/mcp",
            "//register",
            "/register2/tool-a",
        ] {
            assert_eq!(code(Method::GET, path), "not_found", "{path}");
        }
        for path in [
            "/register/tool",
            "/register/tool-a/b",
            "/register/tool-%2e%2e",
            "/register/tool-%F0%9F%94%A5",
            "/register/tool-%ff",
        ] {
            assert_eq!(code(Method::GET, path), "invalid_id", "{path}");
        }
        assert_eq!(code(Method::HEAD, "/register"), "method_not_allowed");
        assert_eq!(code(Method::POST, "/register/tool-a"), "method_not_allowed");
        assert_eq!(code(Method::DELETE, "/register"), "method_not_allowed");
    }
}
