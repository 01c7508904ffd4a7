//! Bundles: the same for the same commit, complete, and refused when they could not run.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Path;

use fs_err as fs;
use release::bundle::Bundle;
use zip::ZipArchive;

use crate::fixture::Fixture;

/// Every file below `folder`, by its path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let below = self::files(&path);
            files.extend(
                below
                    .into_iter()
                    .map(|(file, it)| (format!("{name}/{file}"), it)),
            );
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files
}

#[test]
fn a_commit_makes_the_same_bundle_in_any_folder() {
    let (one, other) = (Fixture::new(), Fixture::new());
    let made = |fixture: &Fixture| files(fixture.package().folder());
    let bundle = made(&one);
    assert_eq!(bundle, made(&other));
    let names: Vec<_> = bundle.keys().collect();
    insta::assert_debug_snapshot!(names);
}

#[test]
fn the_manifest_tells_everything() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    let text = fs::read_to_string(bundle.folder().join("manifest.json")).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn the_checksums_are_those_of_the_files() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    for artifact in bundle.manifest().artifacts() {
        let content = bundle.read(artifact).unwrap();
        assert_eq!(content.len() as u64, artifact.bytes);
        let sums = fs::read_to_string(bundle.folder().join("SHA256SUMS")).unwrap();
        let line = format!("{}  {}\n", artifact.sha256, artifact.file);
        assert!(sums.contains(&line), "{line} is not in:\n{sums}");
    }
}

#[test]
fn the_sources_are_what_git_tracks() {
    let fixture = Fixture::new();
    fixture.write("untracked.txt", "not for others");
    let bundle = fixture.package();
    assert!(bundle.manifest().is_modified);
    let source = bundle.read(&bundle.manifest().source).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(source)).unwrap();
    let names: Vec<_> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    assert!(names.contains(&"sar/template.yaml".to_owned()));
    assert!(!names.contains(&"untracked.txt".to_owned()));
    let mut readme = String::new();
    archive
        .by_name("README.md")
        .unwrap()
        .read_to_string(&mut readme)
        .unwrap();
    assert_eq!(readme, "# Example\n");
}

#[test]
fn a_file_that_was_changed_afterwards_is_noticed() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    fs::write(bundle.folder().join("functions/one.zip"), "else").unwrap();
    let error = bundle
        .read(&bundle.manifest().functions[0].artifact)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("functions/one.zip was changed after the bundle was made; package again")
    );
}

#[test]
fn what_could_not_be_released_makes_no_bundle() {
    let message = |change: &dyn Fn(&Fixture)| {
        let fixture = Fixture::new();
        change(&fixture);
        let error = fixture.try_package("other").unwrap_err();
        assert!(!fixture.root().join("target/other").exists());
        let root = fixture.root().to_str().unwrap();
        format!("{:#}", anyhow::Error::from(error)).replace(root, "ROOT")
    };
    let messages = [
        message(&|it| it.write_program("one", 62, "for another processor")),
        message(&|it| {
            it.write("target/lambda/two/bootstrap", "#!/bin/sh\n");
        }),
        message(&|it| fs::remove_file(it.root().join("target/lambda/two/bootstrap")).unwrap()),
        message(&|it| it.edit("Cargo.toml", "0.1.0", "0.2.0")),
        message(&|it| it.edit("sar/template.yaml", "[two, one]", "[not a label]")),
        message(&|it| it.edit("sar/template.yaml", "Author: somebody\n    ", "")),
        message(&|it| fs::remove_file(it.root().join("LICENSE")).unwrap()),
        message(&|it| it.edit("sar/template.yaml", "../README.md", "../../README.md")),
        message(&|it| it.edit("sar/template.yaml", "../README.md", "/etc/hostname")),
        message(&|it| it.edit("sar/template.yaml", "../README.md", "../untracked.md")),
        message(&|it| fs::remove_dir_all(it.root().join(".git")).unwrap()),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn what_is_too_large_makes_no_bundle() {
    let fixture = Fixture::new();
    fixture.compile("one", &noise(5 * 1024 * 1024));
    let error = fixture.try_package("other").unwrap_err().to_string();
    assert!(error.starts_with("functions/one.zip has "), "{error}");
    assert!(error.ends_with(", over its budget of 5242880"), "{error}");

    let fixture = Fixture::new();
    fixture.write("large.txt", &noise(1024 * 1024).repeat(51));
    fixture.commit();
    let error = fixture.try_package("other").unwrap_err().to_string();
    assert!(error.starts_with("source.zip has "), "{error}");
    assert!(error.ends_with(", over its budget of 52428800"), "{error}");
    assert!(!fixture.root().join("target/other").exists());
}

/// Text that has more than `length` bytes in a zip, too.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let next = || {
        // Xorshift, <https://www.jstatsoft.org/article/view/v008i14>.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'!' + state.to_be_bytes()[0] % 94)
    };
    std::iter::repeat_with(next).take(length * 5 / 4).collect()
}

#[test]
fn a_link_is_no_readme() {
    let fixture = Fixture::new();
    fs::remove_file(fixture.root().join("README.md")).unwrap();
    #[cfg(unix)]
    fs_err::os::unix::fs::symlink("/etc/hostname", fixture.root().join("README.md")).unwrap();
    fixture.commit();
    let error = fixture.try_package("other").unwrap_err();
    insta::assert_snapshot!(error, @"sar/template.yaml, AWS::ServerlessRepo::Application: ReadmeUrl is `../README.md`, which is no file of this repository");
}

#[test]
fn what_git_was_told_not_to_look_at_counts_as_changed() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let fixture = Fixture::new();
        fixture.git(&["update-index", flag, "README.md"]);
        fixture.write("README.md", "# Something else\n");
        let changed = fixture.checkout().changed_files().unwrap();
        assert_eq!(changed, ["README.md"], "{flag}");
        assert!(fixture.package().manifest().is_modified, "{flag}");
    }
}

#[test]
fn a_bundle_takes_no_other_folders_place() {
    let fixture = Fixture::new();
    fixture.write("target/mine/notes.txt", "Not to be lost.\n");
    let error = fixture.try_package("mine").unwrap_err().to_string();
    let root = fixture.root().to_str().unwrap();
    insta::assert_snapshot!(error.replace(root, "ROOT"), @"ROOT/target/mine has something else than a bundle in it: give another folder, or empty it");
    assert_eq!(fixture.read("target/mine/notes.txt"), "Not to be lost.\n");

    fs::create_dir(fixture.root().join("target/empty")).unwrap();
    fixture.try_package("empty").unwrap();
    fixture.try_package("empty").unwrap();
}

#[test]
fn a_manifest_that_claims_other_content_is_noticed() {
    let fixture = Fixture::new();
    let bundle = fixture.package();
    let published = bundle.manifest().content_sha256.clone();
    fixture.compile("one", "other");
    let other = fixture.try_package("other").unwrap();
    let file = other.folder().join("manifest.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace(&other.manifest().content_sha256, &published),
    )
    .unwrap();
    let error = Bundle::open(other.folder())
        .unwrap()
        .template()
        .unwrap_err();
    assert!(
        error.to_string().ends_with(
            "other: the manifest and the template name different content; package again"
        ),
        "{error}"
    );
}
