//! A deployment's catalogue as a file.

use std::io::{self, Seek as _, Write};

use serde::Serialize as _;

use crate::document::Document;
use crate::emit;
use crate::live::{self, ReadLiveError};
use crate::ports::Registry;
use crate::retry::Patience;

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Yaml,
    /// A registration a line.
    Json,
}

struct State<'a> {
    out: io::BufWriter<&'a mut fs_err::File>,
    format: Format,
    count: usize,
}

/// Writes everything that is registered into an empty file, page by page, as of one moment and in the registry's order:
/// what is registered alone decides on the bytes. Answers how many registrations there are.
pub async fn export(
    registry: &impl Registry,
    patience: Patience,
    format: Format,
    file: &mut fs_err::File,
) -> Result<usize, ReadLiveError<io::Error>> {
    let mut state = State {
        out: io::BufWriter::new(file),
        format,
        count: 0,
    };
    live::read_one_moment(
        registry,
        patience,
        &mut state,
        State::begin,
        |state, live| state.add(&live.document),
    )
    .await?;
    state.end().map_err(ReadLiveError::Sink)
}

impl State<'_> {
    /// Begins, or begins again.
    fn begin(&mut self) -> io::Result<()> {
        self.out.flush()?;
        let file = self.out.get_mut();
        file.rewind()?;
        file.set_len(0)?;
        self.count = 0;
        match self.format {
            Format::Yaml => Ok(()),
            Format::Json => self.out.write_all(b"{\"registrations\":["),
        }
    }

    fn add(&mut self, document: &Document) -> io::Result<()> {
        let is_first = self.count == 0;
        self.count += 1;
        match self.format {
            Format::Yaml => {
                if is_first {
                    self.out.write_all(b"registrations:\n")?;
                }
                let entry = emit::list_entry(document.short(), 2);
                self.out.write_all(entry.as_bytes())
            }
            Format::Json => {
                self.out.write_all(if is_first { b"\n" } else { b",\n" })?;
                let mut serializer = serde_json::Serializer::new(&mut self.out);
                document
                    .short()
                    .serialize(&mut serializer)
                    .map_err(io::Error::from)
            }
        }
    }

    fn end(mut self) -> io::Result<usize> {
        match self.format {
            Format::Yaml if self.count == 0 => self.out.write_all(b"registrations: []\n")?,
            Format::Yaml => {}
            Format::Json => self.out.write_all(b"\n]}\n")?,
        }
        self.out.flush()?;
        Ok(self.count)
    }
}
