//! The published schema against the documents that the rest of the repository has.

use std::path::{Path, PathBuf};

use catalog::SCHEMA;
use catalog::file::read_text;
use serde_json::{Value, json};

/// Every document that the repository registers somewhere.
fn documents() -> Vec<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in [
        "functions/registration/tests/fixtures",
        "functions/sample/registrations",
        "tests/clients",
    ] {
        for entry in fs_err::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs_err::read_to_string(&path).unwrap();
            let documents = match serde_json::from_str(&text).unwrap() {
                Value::Array(documents) => documents,
                document => vec![document],
            };
            let registrations = documents
                .into_iter()
                .filter(|it| it.get("lambdaArn").is_some());
            found.extend(registrations.map(|it| (path.clone(), it)));
        }
    }
    assert!(found.len() > 5, "only {} documents were found", found.len());
    found
}

#[test]
fn every_registration_here_keeps_to_it() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for (path, document) in documents() {
        let catalog = json!({ "registrations": [document] });
        let problems: Vec<_> = schema
            .iter_errors(&catalog)
            .map(|it| it.to_string())
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", path.display());
        if let Err(problems) = read_text(&path, &catalog.to_string()) {
            panic!("{problems}");
        }
    }
}
