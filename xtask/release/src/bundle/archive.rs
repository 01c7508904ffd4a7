//! Zip files that depend on nothing but their content: sorted, with fixed times and modes.

use std::io::{Cursor, Write as _};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path, with `/`.
    pub(super) path: String,
    /// Whether it may be executed: mode 0755 in place of 0644.
    pub(super) is_executable: bool,
    /// What is in it.
    pub(super) content: Vec<u8>,
}

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// As small as it gets.
    Most,
    /// As quickly as it gets.
    Least,
}

/// The bytes of a zip file with `entries`: the same for the same entries, in any order, on any day.
pub(super) fn zip(mut entries: Vec<Entry>, effort: Effort) -> Result<Vec<u8>, ZipError> {
    let level = match effort {
        Effort::Most => 9,
        Effort::Least => 1,
    };
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in &entries {
        let mode = if entry.is_executable { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level))
            // 1980-01-01, the earliest that the format can say.
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        archive.start_file(entry.path.as_str(), options)?;
        archive.write_all(&entry.content)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;

    fn entry(path: &str, is_executable: bool, content: &str) -> Entry {
        Entry {
            path: path.into(),
            is_executable,
            content: content.into(),
        }
    }

    #[test]
    fn the_bytes_depend_on_the_content_alone() {
        let one = zip(
            vec![entry("b", false, "B"), entry("a", true, "A")],
            Effort::Most,
        )
        .unwrap();
        let other = zip(
            vec![entry("a", true, "A"), entry("b", false, "B")],
            Effort::Most,
        )
        .unwrap();
        assert_eq!(one, other);
    }

    #[test]
    fn modes_times_and_content_are_kept() {
        let entries = vec![entry("bootstrap", true, "program"), entry("x/y", false, "")];
        let bytes = zip(entries, Effort::Least).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 2);
        let mut program = archive.by_index(0).unwrap();
        assert_eq!(program.name().unwrap(), "bootstrap");
        assert_eq!(program.unix_mode(), Some(0o100_755));
        assert_eq!(program.last_modified().map(|time| time.year()), Some(1980));
        let mut text = String::new();
        program.read_to_string(&mut text).unwrap();
        assert_eq!(text, "program");
        drop(program);
        assert_eq!(archive.by_index(1).unwrap().unix_mode(), Some(0o100_644));
    }
}
