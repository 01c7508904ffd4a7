//! As much of Markdown as finding examples and links takes.

/// A fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The word after the fence.
    pub(crate) language: String,
    /// The line of the fence, from 1.
    pub(crate) line: usize,
    /// What is between the fences.
    pub(crate) text: String,
}

impl Block {
    /// Whether it is a curl command.
    pub(crate) fn is_curl(&self) -> bool {
        self.language == "sh" && self.text.starts_with("curl ")
    }
}

/// The fenced blocks of a document, in order.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block {
                    language: language.trim().to_owned(),
                    line: index + 1,
                    text: String::new(),
                });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block is not closed");
    blocks
}

/// The targets of the document's links that are files of the repository, without their `#fragment`.
pub(crate) fn relative_links(document: &str) -> Vec<String> {
    document
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default().to_owned())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

#[test]
fn blocks_and_links_are_found() {
    let document = "See [a](docs/A.md#part), [b](https://b.test) and [c](#c).\n\n```sh\ncurl -s x\n```\n\n```\nplain\n```\n";
    let block = |language: &str, line, text: &str| Block {
        language: language.into(),
        line,
        text: text.into(),
    };
    assert_eq!(
        blocks(document),
        [block("sh", 3, "curl -s x\n"), block("", 7, "plain\n")]
    );
    assert_eq!(relative_links(document), ["docs/A.md"]);
}
