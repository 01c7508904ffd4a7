//! S3 over HTTP: objects, buckets, uploads in parts, signatures, and what survives a restart.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod support;

use bytes::Bytes;
use http::{Method, Request};
use local_cloud::{Auth, Data};
use support::aws::{Aws, exchange, sar_policy};
use support::signing::signed;

#[tokio::test]
async fn objects_come_back_as_they_were_put() {
    let aws = Aws::start(|_| {}).await;
    aws.put("/bucket", "").await;
    let headers = [
        ("content-type", "text/plain"),
        ("x-amz-meta-colour", "blue"),
        (
            "x-amz-checksum-sha256",
            "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
        ),
        ("content-md5", "XUFAKrxLKna5cZ2REBfFkg=="),
        ("if-none-match", "*"),
    ];
    let path = "/bucket/a%20folder/%C3%BC%2B%25.txt";
    let put = aws.object(Method::PUT, path, &headers, "hello").await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(put.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");

    let got = aws
        .object(Method::GET, path, &[("x-amz-checksum-mode", "ENABLED")], "")
        .await;
    assert_eq!(got.text(), "hello");
    assert_eq!(got.header("content-type"), "text/plain");
    assert_eq!(got.header("x-amz-meta-colour"), "blue");
    assert_eq!(
        got.header("x-amz-checksum-sha256"),
        "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    );
    let head = aws.object(Method::HEAD, path, &[], "").await;
    assert_eq!((head.status, head.header("content-length")), (200, "5"));
    let part = aws
        .object(Method::GET, path, &[("range", "bytes=1-2")], "")
        .await;
    assert_eq!(
        (part.status, part.text(), part.header("content-range")),
        (206, "el", "bytes 1-2/5")
    );
    let listed = aws
        .object(Method::GET, "/bucket?list-type=2&delimiter=%2F", &[], "")
        .await;
    assert!(
        listed
            .text()
            .contains("<Prefix>a folder/</Prefix></CommonPrefixes>"),
        "{}",
        listed.text()
    );
    aws.cloud.shutdown().await;
}

#[tokio::test]
async fn refusals_have_s3s_codes() {
    let aws = Aws::start(|_| {}).await;
    aws.put("/bucket", "").await;
    aws.put("/bucket/key", "hello").await;
    let mut outcomes = Vec::new();
    for (method, path, headers, body) in [
        ("PUT", "/bucket", vec![], ""),
        ("PUT", "/B", vec![], ""),
        ("PUT", "/awsserverlessrepo-artifacts-local", vec![], ""),
        ("PUT", "/awsserverlessrepo-artifacts-local/key", vec![], ""),
        ("DELETE", "/bucket", vec![], ""),
        ("GET", "/bucket/none", vec![], ""),
        ("GET", "/none/key", vec![], ""),
        ("HEAD", "/bucket/none", vec![], ""),
        ("GET", "/bucket?policy", vec![], ""),
        ("PUT", "/bucket?policy", vec![], "{"),
        ("PUT", "/bucket?acl", vec![], ""),
        ("PUT", "/bucket/key", vec![("if-none-match", "*")], ""),
        ("PUT", "/bucket/key", vec![("if-match", "\"other\"")], ""),
        ("PUT", "/bucket/key", vec![("content-md5", "AAAA")], "x"),
        (
            "PUT",
            "/bucket/key",
            vec![("x-amz-checksum-crc32", "AAAAAA==")],
            "x",
        ),
        (
            "PUT",
            "/bucket/key",
            vec![(
                "x-amz-content-sha256",
                "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            )],
            "x",
        ),
        (
            "PUT",
            "/bucket/key",
            vec![("x-amz-acl", "public-read")],
            "x",
        ),
        (
            "PUT",
            "/bucket/key",
            vec![("x-amz-copy-source", "/bucket/key")],
            "",
        ),
        ("GET", "/bucket/key", vec![("range", "bytes=9-")], ""),
        (
            "GET",
            "/bucket/key",
            vec![("if-none-match", "\"5d41402abc4b2a76b9719d911017c592\"")],
            "",
        ),
        (
            "GET",
            "/bucket/key",
            vec![("x-amz-expected-bucket-owner", "111122223333")],
            "",
        ),
        ("PATCH", "/bucket/key", vec![], ""),
    ] {
        let method: Method = method.parse().unwrap();
        let answer = aws.object(method.clone(), path, &headers, body).await;
        outcomes.push(format!("{method} {path} {headers:?}: {}", answer.outcome()));
    }
    insta::assert_snapshot!(outcomes.join("\n"));
    let kept = aws.object(Method::GET, "/bucket/key", &[], "").await;
    assert_eq!(kept.text(), "hello", "what is refused changes nothing");
    aws.cloud.shutdown().await;
}

fn element<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
    rest.split('<').next().unwrap()
}

#[tokio::test]
async fn parts_become_one_object() {
    let aws = Aws::start(|_| {}).await;
    aws.put("/bucket", "").await;
    let begin = async || {
        let answer = aws
            .object(Method::POST, "/bucket/key?uploads", &[], "")
            .await;
        format!(
            "/bucket/key?uploadId={}",
            element(answer.text(), "UploadId")
        )
    };
    let upload = begin().await;
    let mut listed = String::new();
    for (number, body) in [(1, vec![b'a'; 5 * 1024 * 1024]), (2, b"end".to_vec())] {
        let path = format!("{upload}&partNumber={number}");
        let answer = aws.object(Method::PUT, &path, &[], body).await;
        let etag = answer.header("etag").replace('"', "&quot;");
        let part = format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
        listed.push_str(&part);
    }
    let document =
        |parts: &str| format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let wrong = "<Part><PartNumber>1</PartNumber><ETag>other</ETag></Part>";
    let answer = aws
        .object(Method::POST, &upload, &[], document(wrong))
        .await;
    assert_eq!(answer.outcome(), "400 InvalidPart");
    let answer = aws
        .object(Method::POST, &upload, &[], document(&listed))
        .await;
    assert!(
        element(answer.text(), "ETag").ends_with("-2&quot;"),
        "{}",
        answer.text()
    );
    let whole = aws.object(Method::GET, "/bucket/key", &[], "").await;
    assert_eq!(whole.body.len(), 5 * 1024 * 1024 + 3);
    assert!(whole.body.ends_with(b"aend"));
    let again = aws
        .object(Method::POST, &upload, &[], document(&listed))
        .await;
    assert_eq!(again.outcome(), "404 NoSuchUpload");

    let aborted = begin().await;
    let answer = aws.object(Method::DELETE, &aborted, &[], "").await;
    assert_eq!(answer.status, 204);
    let path = format!("{aborted}&partNumber=1");
    let answer = aws.object(Method::PUT, &path, &[], "late").await;
    assert_eq!(answer.outcome(), "404 NoSuchUpload");
    aws.cloud.shutdown().await;
}

#[tokio::test]
async fn with_signatures_a_policy_alone_lets_others_in() {
    let aws = Aws::start(|config| config.auth = Auth::Iam).await;
    let port = aws.s3_port();
    let keys = aws.cloud.credentials().clone();
    let request = |method: Method, path: &str, headers: &[(&str, &str)], body: &str| {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Bytes::from(body.to_owned())).unwrap()
    };
    let mut outcomes = Vec::new();
    let policy = sar_policy(&serde_json::Value::Null).to_string();
    let chunks = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let streaming = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("content-encoding", "aws-chunked"),
    ];
    let unhashed = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
    for (name, request) in [
        ("bucket", request(Method::PUT, "/artifacts", &[], "")),
        (
            "policy",
            request(Method::PUT, "/artifacts?policy", &[], &policy),
        ),
        (
            "object",
            request(Method::PUT, "/artifacts/a%20b//c..", &[], "hello"),
        ),
        (
            "unhashed",
            request(Method::PUT, "/artifacts/u", &unhashed, "hello"),
        ),
        (
            "chunks",
            request(Method::PUT, "/artifacts/chunks", &streaming, chunks),
        ),
        ("read", request(Method::GET, "/artifacts/chunks", &[], "")),
        (
            "list",
            request(Method::GET, "/artifacts?list-type=2&prefix=a%20b", &[], ""),
        ),
    ] {
        let answer = exchange(port, signed(request, port, "s3", &keys)).await;
        outcomes.push(format!("signed {name}: {}", answer.outcome()));
        if name == "read" {
            assert_eq!(answer.text(), "hello");
        }
    }
    let mut altered = signed(
        request(Method::PUT, "/artifacts/x", &[], "hello"),
        port,
        "s3",
        &keys,
    );
    *altered.body_mut() = Bytes::from_static(b"other");
    let elsewhere = request(Method::GET, "/artifacts/u", &[], "");
    for (name, request) in [
        ("altered", altered),
        (
            "signed for lambda",
            signed(elsewhere, port, "lambda", &keys),
        ),
        ("unsigned", request(Method::GET, "/artifacts/u", &[], "")),
        (
            "unsigned list of buckets",
            request(Method::GET, "/", &[], ""),
        ),
        ("unsigned bucket", request(Method::PUT, "/other", &[], "")),
    ] {
        outcomes.push(format!(
            "{name}: {}",
            exchange(port, request).await.outcome()
        ));
    }
    insta::assert_snapshot!(outcomes.join("\n"));
    aws.cloud.shutdown().await;
}

#[tokio::test]
async fn objects_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = || Data::Dir(folder.path().to_path_buf());
    let first = Aws::start(|config| config.data = data()).await;
    first.put("/bucket", "").await;
    first.put("/bucket/key", "hello").await;
    first.put("/bucket/key", "again").await;
    first.cloud.shutdown().await;
    let second = Aws::start(|config| config.data = data()).await;
    let got = second.object(Method::GET, "/bucket/key", &[], "").await;
    assert_eq!(got.text(), "again");
    let blobs = fs_err::read_dir(folder.path().join("s3/objects")).unwrap();
    assert_eq!(blobs.count(), 1, "what nothing refers to is gone");
    second.cloud.shutdown().await;
}
