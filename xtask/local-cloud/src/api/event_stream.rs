//! Frames of `application/vnd.amazon.eventstream`, as `InvokeWithResponseStream` answers with them.
//! <https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html>

use bytes::{BufMut, Bytes, BytesMut};

/// Two lengths and the prelude's checksum before the headers, and the message's checksum at the end, in bytes.
const FRAMING: usize = 4 + 4 + 4 + 4;
/// A header value's type: a string with a 16-bit length.
const STRING: u8 = 7;

/// One event of `event_type` with `payload`.
pub(super) fn frame(event_type: &str, content_type: &str, payload: &[u8]) -> Bytes {
    let mut headers = BytesMut::new();
    for (name, value) in [
        (":message-type", "event"),
        (":event-type", event_type),
        (":content-type", content_type),
    ] {
        header(&mut headers, name, value);
    }
    let mut frame = BytesMut::with_capacity(FRAMING + headers.len() + payload.len());
    frame.put_u32(length(FRAMING + headers.len() + payload.len()));
    frame.put_u32(length(headers.len()));
    frame.put_u32(crc32fast::hash(&frame));
    frame.put_slice(&headers);
    frame.put_slice(payload);
    frame.put_u32(crc32fast::hash(&frame));
    frame.freeze()
}

fn header(headers: &mut BytesMut, name: &str, value: &str) {
    headers.put_u8(u8::try_from(name.len()).expect("header names are the three literals above"));
    headers.put_slice(name.as_bytes());
    headers.put_u8(STRING);
    headers.put_u16(
        u16::try_from(value.len()).expect("header values are literals of this module's caller"),
    );
    headers.put_slice(value.as_bytes());
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("chunks come from HTTP reads and answers of at most 6 MB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_documented_layout() {
        let frame = frame("PayloadChunk", "application/octet-stream", b"hi");
        let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, frame.len());
        assert_eq!(number(8), crc32fast::hash(&frame[..8]));
        assert_eq!(
            number(frame.len() - 4),
            crc32fast::hash(&frame[..frame.len() - 4])
        );
        let headers_end = 12 + number(4) as usize;
        assert_eq!(&frame[headers_end..frame.len() - 4], b"hi");
        insta::assert_snapshot!(frame[12..headers_end].escape_ascii(), @r"\r:message-type\x07\x00\x05event\x0b:event-type\x07\x00\x0cPayloadChunk\r:content-type\x07\x00\x18application/octet-stream");
    }
}
