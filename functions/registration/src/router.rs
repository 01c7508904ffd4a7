//! Which handler a request is for.
//!
//! A Function URL fills in no path parameters, so the raw path is what there is to go by.

use http::Method;
use percent_encoding::percent_decode_str;
use registry::RegistrationId;

use crate::failure::Failure;

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
    /// `PATCH /register/{id}`
    Patch(RegistrationId),
    /// `DELETE /register/{id}`
    Delete(RegistrationId),
    /// `GET /register/{id}/changes`
    Changes(RegistrationId),
    /// `POST /register:validate`
    Validate,
    /// `POST /register:batch`
    Batch,
    /// `GET /openapi.json`
    Description,
}

/// Routes by method and raw path. A slash at the end does not matter, and an id may be percent-encoded.
pub fn route(method: &Method, path: &str) -> Result<Route, Failure> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let only = |wanted: Method, allow, route| {
        if *method == wanted {
            Ok(route)
        } else {
            Err(Failure::MethodNotAllowed { allow })
        }
    };
    match path {
        "/register" => {
            return match *method {
                Method::GET => Ok(Route::List),
                Method::POST => Ok(Route::Create),
                _ => Err(Failure::MethodNotAllowed { allow: "GET, POST" }),
            };
        }
        "/register:validate" => return only(Method::POST, "POST", Route::Validate),
        "/register:batch" => return only(Method::POST, "POST", Route::Batch),
        "/openapi.json" => return only(Method::GET, "GET", Route::Description),
        _ => {}
    }
    let Some(encoded) = path.strip_prefix("/register/") else {
        return Err(Failure::NoSuchPath);
    };
    if let Some(encoded) = encoded.strip_suffix("/changes") {
        return only(Method::GET, "GET", Route::Changes(id(encoded)?));
    }
    let to_route = match *method {
        Method::GET => Route::Read,
        Method::PUT => Route::Replace,
        Method::PATCH => Route::Patch,
        Method::DELETE => Route::Delete,
        _ => {
            return Err(Failure::MethodNotAllowed {
                allow: "GET, PUT, PATCH, DELETE",
            });
        }
    };
    id(encoded).map(to_route)
}

fn id(encoded: &str) -> Result<RegistrationId, Failure> {
    let id = percent_decode_str(encoded).decode_utf8_lossy();
    id.parse().map_err(Failure::InvalidId)
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
                Method::PATCH,
                "/register/tool-a.b",
                Route::Patch(id.clone()),
            ),
            (
                Method::DELETE,
                "/register/tool-a.b",
                Route::Delete(id.clone()),
            ),
            (
                Method::GET,
                "/register/tool-a.b/changes",
                Route::Changes(id.clone()),
            ),
            (Method::GET, "/openapi.json", Route::Description),
            (Method::POST, "/register:validate", Route::Validate),
            (Method::POST, "/register:batch/", Route::Batch),
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
            "/register:validates",
        ] {
            assert_eq!(code(Method::GET, path), "not_found", "{path}");
        }
        for path in [
            "/register/tool",
            "/register/tool-a/b",
            "/register/tool/changes",
            "/register/tool-%2e%2e",
            "/register/tool-%F0%9F%94%A5",
            "/register/tool-%ff",
        ] {
            assert_eq!(code(Method::GET, path), "invalid_id", "{path}");
        }
        assert_eq!(code(Method::HEAD, "/register"), "method_not_allowed");
        assert_eq!(code(Method::POST, "/register/tool-a"), "method_not_allowed");
        for (method, path) in [
            (Method::DELETE, "/register"),
            (Method::GET, "/register:batch"),
            (Method::PUT, "/register:validate"),
            (Method::DELETE, "/register/tool-a/changes"),
        ] {
            assert_eq!(code(method, path), "method_not_allowed", "{path}");
        }
    }
}
