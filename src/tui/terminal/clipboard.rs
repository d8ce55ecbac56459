//! OSC 52: the clipboard of the terminal the operator sits at, also over SSH.

/// The most a terminal takes: xterm stops at 74,994 bytes of base64.
pub const LIMIT: usize = 74_994;

/// A multiplexer that has to be told to let the sequence through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrap {
    /// None.
    #[default]
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// Bytes of base64 for `plain` bytes.
pub fn encoded_len(plain: usize) -> usize {
    plain.div_ceil(3) * 4
}

/// The sequence that copies `text`; `None` if it is larger than [`LIMIT`].
pub fn osc52(text: &str, wrap: Wrap) -> Option<String> {
    if encoded_len(text.len()) > LIMIT {
        return None;
    }
    let sequence = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    Some(match wrap {
        Wrap::None => sequence,
        // Every ESC doubled inside a DCS that tmux passes on.
        Wrap::Tmux => format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")),
        // screen takes at most 768 bytes in one DCS.
        Wrap::Screen => {
            let mut out = String::new();
            let mut rest = sequence.as_str();
            while let Some((part, after)) = rest.split_at_checked(rest.len().min(760)).filter(|(p, _)| !p.is_empty()) {
                out += &format!("\x1bP{part}\x1b\\");
                rest = after;
            }
            out
        }
    })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(encoded_len(bytes.len()));
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, i| word << 8 | chunk.get(i).copied().map_or(0, u32::from));
        for i in 0..4 {
            let six = (word >> (18 - 6 * i)) & 63;
            let letter = ALPHABET.get(six as usize).copied().map_or('=', char::from);
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in cases {
            assert_eq!((base64(plain.as_bytes()).as_str(), encoded_len(plain.len())), (encoded, encoded.len()));
        }
    }

    #[test]
    fn multiplexers_let_it_through_and_too_much_is_refused() {
        assert_eq!(osc52("foo", Wrap::None).unwrap(), "\x1b]52;c;Zm9v\x07");
        assert_eq!(osc52("foo", Wrap::Tmux).unwrap(), "\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\");
        assert_eq!(osc52("foo", Wrap::Screen).unwrap(), "\x1bP\x1b]52;c;Zm9v\x07\x1b\\");
        let long = osc52(&"x".repeat(3_000), Wrap::Screen).unwrap();
        assert!(long.split("\x1b\\").all(|part| part.len() <= 768));
        assert!(osc52(&"x".repeat(56_243), Wrap::None).is_some() && osc52(&"x".repeat(56_247), Wrap::None).is_none());
    }
}
