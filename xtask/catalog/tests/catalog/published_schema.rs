//! The published schema against the documents that the rest of the repository has.

use std::path::{Path, PathBuf};

use catalog::SCHEMA;
use catalog::file::read_text;
use serde_json::{Value, json};

use crate::memory::{MemoryRegistry, catalog, plan};

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

/// The blocks of the page about catalogues in one language.
fn documented(language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CATALOG.md");
    let page = fs_err::read_to_string(page).unwrap();
    let blocks = page.split("\n```").skip(1).step_by(2);
    let of = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    of.map(|text| format!("{text}\n")).collect()
}

#[test]
fn every_documented_catalogue_is_one() {
    for (language, expected) in [("yaml", 5), ("json", 1)] {
        let [text] = &documented(language)[..] else {
            panic!("one example in {language}");
        };
        let catalog = read_text(Path::new("catalog"), text).unwrap();
        assert_eq!(catalog.entries.len(), expected);
    }
}

#[tokio::test]
async fn what_is_documented_is_what_is_said() {
    let yaml = &documented("yaml")[0];
    let [problem, planned] = &documented("text")[..] else {
        panic!("a problem and a plan");
    };
    let misspelt = yaml.replace("    title: Hello\n", "    titel: Hello\n");
    let problems = read_text(Path::new("catalog.yaml"), &misspelt)
        .unwrap_err()
        .problems;
    assert_eq!(format!("{}\n", problems[0]), *problem);

    let registry = MemoryRegistry::new();
    for entry in &catalog(yaml).entries {
        let mut document: Value =
            serde_json::from_str(&entry.document.written().to_json()).unwrap();
        match document["name"].as_str() {
            Some("hello-again") => continue,
            Some("hello") => {
                document["title"] = json!("Hi");
                let name = &mut document["inputSchema"]["properties"]["name"];
                *name = json!({ "type": "string" });
            }
            _ => {}
        }
        registry.put(&document);
    }
    registry.put(&json!({ "type": "prompt", "name": "old" }));
    assert_eq!(
        format!("{}\n", plan(&registry, yaml, false).await),
        *planned
    );
}
