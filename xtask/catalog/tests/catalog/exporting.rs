//! Exports: the same bytes for the same registrations, and a file that applies to them.

use catalog::apply::{ApplyOptions, apply};
use catalog::export::{Format, export};
use catalog::progress::Silent;
use serde_json::json;

use crate::memory::{MemoryRegistry, PATIENCE, plan, resource, tool};

async fn exported(registry: &MemoryRegistry, format: Format) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let mut file = fs_err::File::create_new(&path).unwrap();
    export(registry, PATIENCE, format, &mut file).await.unwrap();
    fs_err::read_to_string(path).unwrap()
}

fn seeded() -> MemoryRegistry {
    let registry = MemoryRegistry::new();
    for number in 0..20 {
        registry.put(&tool(&format!("t{number:02}")));
    }
    let mut full = tool("yes");
    full["description"] = json!("Several\n  lines: of it\n");
    full["invocation"] = json!({ "timeoutSeconds": 30, "stream": true, "task": "forbidden" });
    full["enabled"] = json!(false);
    registry.put(&full);
    registry.put(&resource("r", "test://a"));
    registry
}

#[tokio::test]
async fn an_export_applies_to_what_it_is_of() {
    let registry = seeded();
    for format in [Format::Yaml, Format::Json] {
        let text = exported(&registry, format).await;
        let validated = registry.validated();
        assert!(plan(&registry, &text, true).await.is_empty());
        assert_eq!(registry.validated(), validated, "nothing is in doubt");

        let other = MemoryRegistry::new();
        let planned = plan(&other, &text, true).await;
        let options = ApplyOptions {
            patience: PATIENCE,
            ..ApplyOptions::default()
        };
        apply(&other, &planned, options, &Silent).await.unwrap();
        assert_eq!(exported(&other, format).await, text);
    }
    let text = exported(&registry, Format::Yaml).await;
    let end = text
        .find("  - type: tool\n    name: yes")
        .or(text.find("  - type: tool\n    name: \"yes\""))
        .unwrap();
    insta::assert_snapshot!(&text[end..]);
}

#[tokio::test]
async fn nothing_is_a_catalogue_too() {
    let registry = MemoryRegistry::new();
    for format in [Format::Yaml, Format::Json] {
        let text = exported(&registry, format).await;
        assert!(plan(&registry, &text, true).await.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn an_export_is_of_one_moment() {
    let registry = seeded();
    // Between the first two pages of the first reading somebody writes.
    registry.before_page(|registry, page| {
        if page == 2 {
            registry.remove("tool-t00");
        }
    });
    let text = exported(&registry, Format::Yaml).await;
    assert!(!text.contains("t00"), "{text}");
    assert!(plan(&registry, &text, true).await.is_empty());
}

#[tokio::test]
async fn a_catalog_that_does_not_come_to_rest_is_not_exported() {
    let registry = seeded();
    registry.before_page(|registry, page| registry.put(&tool(&format!("u{page}"))));
    let folder = tempfile::tempdir().unwrap();
    let mut file = fs_err::File::create_new(folder.path().join("catalog")).unwrap();
    let error = export(&registry, PATIENCE, Format::Yaml, &mut file)
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"the catalog was changed during each of 5 readings: export it when nobody writes");
}
