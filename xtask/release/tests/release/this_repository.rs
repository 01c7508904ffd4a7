//! This repository itself can be packaged and published, and asks nothing special of who deploys it.

use std::path::Path;

use fs_err as fs;
use release::apply::apply;
use release::architecture::Architecture;
use release::aws::{Target, connect};
use release::bundle::{BinarySource, Bundle, PackageOptions, Purpose, package};
use release::checkout::Checkout;
use release::desired::Desired;
use release::live;
use release::plan::ReleasePlan;
use release::ports::Repository as _;
use release::progress::Silent;

use crate::local::Local;

fn checkout() -> Checkout {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Checkout::new(folder.ancestors().nth(2).unwrap())
}

fn bundle(folder: &Path) -> Bundle {
    package(&PackageOptions {
        purpose: Purpose::Release,
        checkout: checkout(),
        output: folder.join("bundle"),
        architecture: Architecture::Arm64,
        binaries: BinarySource::Fake,
    })
    .unwrap()
}

#[test]
fn it_names_its_publisher_in_one_place() {
    let checkout = checkout();
    let block = checkout.template().unwrap().block().unwrap();
    // A fork changes the template's block, and is done.
    let named: Vec<_> = checkout
        .tracked_files()
        .unwrap()
        .into_iter()
        .filter(|file| {
            let bytes = fs::read(checkout.root().join(&file.path)).unwrap();
            String::from_utf8_lossy(&bytes).contains(&block.source_code_url)
        })
        .map(|file| file.path)
        .collect();
    assert_eq!(named, ["sar/template.yaml"]);
}

#[test]
fn its_bundle_is_of_the_functions_and_their_crates() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path());
    let manifest = bundle.manifest();
    let functions: Vec<_> = manifest
        .functions
        .iter()
        .map(|function| function.artifact.file.as_str())
        .collect();
    assert_eq!(
        functions,
        ["functions/mcp.zip", "functions/registration.zip"]
    );
    let sbom = bundle.read_text(&manifest.sbom).unwrap();
    assert!(sbom.contains("\"pkg:cargo/rmcp@"));
    assert!(!sbom.contains("\"pkg:cargo/insta@"));
}

#[tokio::test]
async fn it_is_accepted_and_needs_no_capability() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path());
    let local = Local::start().await;
    let endpoints = folder.path().join("endpoints.json");
    fs::write(&endpoints, local.endpoints()).unwrap();
    let aws = connect(&Target::Local { endpoints }).await.unwrap();
    let bucket = aws.publisher.default_bucket();
    let sharing = checkout().sharing().unwrap();
    let desired = Desired::new(&bundle, aws.publisher.clone(), bucket, sharing).unwrap();
    let live = live::read(&aws.repository, &aws.store, &desired)
        .await
        .unwrap();
    let plan = ReleasePlan::between(&desired, &live).unwrap();
    apply(
        &plan,
        &desired,
        &bundle,
        &aws.repository,
        &aws.store,
        &Silent,
    )
    .await
    .unwrap();
    let published = aws
        .repository
        .version(&desired.application, &desired.manifest.version)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(published.required_capabilities, Vec::<String>::new());
    local.shutdown().await;
}
