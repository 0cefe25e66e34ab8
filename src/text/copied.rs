//! How long a value is in the text format of COPY, which pg_dump and restore use: a row must fit into 1 GiB there.

/// The number of bytes that COPY writes for a byte of text: it escapes control characters with letters of their own, and backslashes.
pub fn of_text(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| 1 + usize::from(matches!(byte, b'\x08'..=b'\r' | b'\\'))).sum()
}

/// The same inside a JSON string, whose escapes COPY escapes again.
pub fn of_json(bytes: &[u8]) -> usize {
    bytes.iter().map(|byte| json(*byte)).sum()
}

fn json(byte: u8) -> usize {
    match byte {
        // \\ becomes \\\\, \" becomes \\", \n becomes \\n, U+0001 becomes \\u0001.
        b'\\' => 4,
        b'"' | b'\x08' | b'\t' | b'\n' | b'\x0c' | b'\r' => 3,
        0..=0x1f => 7,
        _ => 1,
    }
}

/// At most what COPY writes for an array of texts, whose elements are quoted and escaped first.
pub fn of_array(bytes: &[u8]) -> usize {
    // Each element has a length word of 4 bytes at least, in place of which come quotes and a comma.
    bytes
        .iter()
        .map(|byte| match byte {
            b'\\' => 4,
            b'"' => 3,
            b'\x08'..=b'\r' => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(of_text("aé\\\n\t".as_bytes()), 1 + 2 + 2 + 2 + 2);
        assert_eq!(of_json(b"a\\\"\n\x01\x7f"), 1 + 4 + 3 + 3 + 7 + 1);
        assert_eq!(of_array(b"\\\"a\n"), 4 + 3 + 1 + 2);
    }
}
