//! The examples in the README and in `docs/` work, and their links lead somewhere.
//!
//! Every `sh` block is either one curl command or lines of `cargo xtask`. The curl commands of a document are sent, in
//! its order, to one local cloud that stands in for `http://127.0.0.1:9100`, and have to succeed. The README's `bash`
//! blocks use AWS's clients, which these tests don't have: `cargo xtask rehearse` runs them.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

#[path = "docs/curl.rs"]
mod curl;
#[path = "docs/markdown.rs"]
mod markdown;

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use support::TestCloud;

use crate::markdown::{Block, blocks, relative_links};

/// The origin that the documents name.
const ORIGIN: &str = "http://127.0.0.1:9100";

/// What the rehearsal knows the blocks by that it runs.
const REHEARSED: [&str; 2] = ["aws serverlessrepo", "sam deploy"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// The README and every page of `docs/`.
fn documents() -> Vec<PathBuf> {
    let mut documents = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
    documents
}

fn all_blocks() -> Vec<(PathBuf, Block)> {
    let of = |path: PathBuf| {
        let found = blocks(&fs::read_to_string(&path).unwrap());
        found.into_iter().map(move |block| (path.clone(), block))
    };
    documents().into_iter().flat_map(of).collect()
}

#[tokio::test]
async fn every_curl_command_succeeds() {
    let mut sent = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let commands: Vec<_> = blocks(&text).into_iter().filter(Block::is_curl).collect();
        if commands.is_empty() {
            continue;
        }
        let cloud = TestCloud::start().await.unwrap();
        for block in commands {
            let command = block.text.replace(ORIGIN, &cloud.origin());
            let reply = cloud.http().send(curl::request(&command)).await.unwrap();
            let body = String::from_utf8_lossy(&reply.body);
            let place = format!("{}:{}", document.display(), block.line);
            assert!(
                reply.status.is_success(),
                "{place}: {} {body}",
                reply.status
            );
            assert!(!body.contains("\"error\""), "{place}: {body}");
            sent += 1;
        }
        cloud.shutdown().await;
    }
    assert!(sent > 0, "no curl command was found");
}

#[test]
fn every_xtask_command_is_one() {
    let xtask = support::cloud::binaries()
        .join("xtask")
        .with_extension(std::env::consts::EXE_EXTENSION);
    let mut seen = 0;
    for (document, block) in all_blocks() {
        if block.language != "sh" || block.is_curl() {
            continue;
        }
        for line in block.text.lines() {
            let words = shlex::split(line).unwrap();
            let place = format!("{}:{}: {line}", document.display(), block.line);
            assert_eq!(words[..2], ["cargo", "xtask"], "{place}");
            if words[2] == "bench" {
                // Its arguments are another program's, built only for measuring.
                continue;
            }
            // A command, or a command of a command.
            let command = words[2..].iter().take_while(|word| !word.starts_with('-'));
            let output = Command::new(&xtask)
                .args(command)
                .arg("--help")
                .output()
                .unwrap();
            assert!(output.status.success(), "{place}");
            let help = String::from_utf8(output.stdout).unwrap();
            for flag in words[3..]
                .iter()
                .filter(|word| word.starts_with("--") && word.len() > 2)
            {
                assert!(
                    help.contains(flag.as_str()),
                    "{place}: {flag} is not in the command's help"
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 0, "no xtask command was found");
}

#[test]
fn examples_for_aws_clients_are_where_they_are_rehearsed() {
    let readme = root().join("README.md");
    let mut found = Vec::new();
    for (document, block) in all_blocks() {
        if block.language != "bash" {
            continue;
        }
        let place = format!("{}:{}", document.display(), block.line);
        assert_eq!(document, readme, "{place}: nothing runs it there");
        let known = REHEARSED
            .iter()
            .find(|words| block.text.contains(**words))
            .unwrap_or_else(|| panic!("{place}: nothing runs it"));
        found.push(*known);
    }
    assert_eq!(found, REHEARSED, "each of them once");
}

/// The programs and registrations that `tests/tests/examples.rs` runs are those that the documents show.
#[test]
fn the_examples_for_authors_are_those_that_are_run() {
    let blocks_of = |file: &str| blocks(&fs::read_to_string(root().join(file)).unwrap());
    let page = blocks_of("docs/TOOLS.md");
    let is_program = |block: &&Block| ["rust", "js", "python"].contains(&block.language.as_str());
    let in_readme = blocks_of("README.md");
    let in_readme: Vec<_> = in_readme
        .iter()
        .filter(|block| block.text.contains("def handler"))
        .collect();
    assert_eq!(in_readme.len(), 1, "the README shows one");
    let programs = page.iter().filter(is_program).chain(in_readme);
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join("docs/examples")).unwrap() {
        let path = entry.unwrap().path();
        // The bootstrap is linked: it is a tool for authors, and no example.
        if path.is_file() && !path.ends_with("bootstrap.mjs") {
            let text = fs::read_to_string(&path).unwrap();
            let is_shown = page.iter().any(|block| block.text == text);
            assert!(is_shown, "docs/TOOLS.md does not show {}", path.display());
            files.push(text);
        }
    }
    for program in programs {
        let is_run = files.contains(&program.text);
        assert!(is_run, "nothing runs this: {}", program.text);
    }
}

#[test]
fn every_json_example_is_json() {
    for (document, block) in all_blocks()
        .into_iter()
        .filter(|(_, block)| block.language == "json")
    {
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&block.text) {
            panic!("{}:{}: {error}", document.display(), block.line);
        }
    }
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let mut followed = 0;
    for document in documents() {
        for link in relative_links(&fs::read_to_string(&document).unwrap()) {
            let target = document.parent().unwrap().join(&link);
            assert!(
                target.exists(),
                "{}: {link} does not exist",
                document.display()
            );
            followed += 1;
        }
    }
    assert!(followed > 0, "no link was found");
}
