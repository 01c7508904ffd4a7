//! The XML that S3 answers and takes.

use super::errors::S3Error;

/// The namespace of S3's documents.
pub(super) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document of one element with text children.
pub(super) fn document(open: &str, fields: &[(&str, &str)], close: &str) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push_str(open);
    for (name, value) in fields {
        push(&mut text, name, value);
    }
    text.push_str(close);
    text
}

/// The start of a document whose root is `name`.
pub(super) fn start(name: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"{NAMESPACE}\">")
}

/// Appends `<name>value</name>`.
pub(super) fn push(text: &mut String, name: &str, value: &str) {
    text.push('<');
    text.push_str(name);
    text.push('>');
    for character in value.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\r' => text.push_str("&#13;"),
            other => text.push(other),
        }
    }
    text.push_str("</");
    text.push_str(name);
    text.push('>');
}

/// The document in `body`, whose root must be `root`.
pub(super) fn parse<'t>(body: &'t [u8], root: &str) -> Result<roxmltree::Document<'t>, S3Error> {
    let text = std::str::from_utf8(body).map_err(|_| S3Error::MalformedXml)?;
    let document = roxmltree::Document::parse(text).map_err(|_| S3Error::MalformedXml)?;
    if document.root_element().tag_name().name() != root {
        return Err(S3Error::MalformedXml);
    }
    Ok(document)
}

/// The text of the first descendant called `name`.
pub(super) fn text<'a>(node: roxmltree::Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.descendants()
        .find(|node| node.tag_name().name() == name)
        .and_then(|node| node.text())
        .map(str::trim)
}
