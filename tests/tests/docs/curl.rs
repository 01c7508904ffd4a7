//! curl command lines as requests, so that the examples are tested where there is no curl.

use bytes::Bytes;
use http::Request;

/// The request that `command` would send.
///
/// Panics at an option it does not know: an example that is not understood is not tested.
pub(crate) fn request(command: &str) -> Request<Bytes> {
    // A backslash at the end of a line continues it, which shlex leaves to its caller.
    let words = shlex::split(&command.replace("\\\n", " ")).unwrap();
    let mut words = words.into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"), "{command}");
    let (mut url, mut method, mut body) = (None, None, None);
    let mut request = Request::builder();
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap();
        match word.as_str() {
            "-s" | "-S" | "-f" => {}
            "-X" => method = Some(value()),
            "-d" => body = Some(value()),
            "-H" => {
                let header = value();
                let (name, value) = header.split_once(':').unwrap();
                request = request.header(name, value.trim());
            }
            option if option.starts_with('-') => panic!("unknown option {option} in: {command}"),
            _ => url = Some(word),
        }
    }
    let default = if body.is_some() { "POST" } else { "GET" };
    request
        .method(method.as_deref().unwrap_or(default))
        .uri(url.unwrap())
        .body(body.unwrap_or_default().into())
        .unwrap()
}

#[test]
fn a_command_becomes_its_request() {
    let sent =
        request("curl -s -X PUT http://localhost/a \\\n  -H 'Accept: x' \\\n  -d '{\n \"a\": 1 }'");
    assert_eq!(
        (sent.method().as_str(), sent.uri().to_string().as_str()),
        ("PUT", "http://localhost/a")
    );
    assert_eq!(sent.headers()["accept"], "x");
    assert_eq!(sent.body(), "{\n \"a\": 1 }");
    assert_eq!(request("curl http://localhost/ -d x").method(), "POST");
}
