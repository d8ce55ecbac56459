//! Paging tokens: opaque, and good only for the request they were given for.

use super::form::nibble;
use sha2::{Digest, Sha256};

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenError {
    /// This server never issued it.
    Garbage,
    /// It belongs to another caller or to other parameters.
    Changed,
}

/// Issues and reads tokens of one server.
#[derive(Debug)]
pub(super) struct Tokens {
    secret: [u8; 32],
}

const POSITION: usize = 8;
const HASH: usize = 16;

impl Tokens {
    /// Tokens of the world with this seed.
    pub fn new(seed: u64) -> Self {
        Self { secret: Sha256::digest([b"paging token".as_slice(), &seed.to_be_bytes()].concat()).into() }
    }

    /// A token for `position` in the answer to the request that `binding` describes.
    pub fn issue(&self, position: u64, binding: &[u8]) -> String {
        let mut token = Vec::with_capacity(POSITION + 2 * HASH);
        token.extend_from_slice(&position.to_be_bytes());
        token.extend_from_slice(&short_hash(binding));
        token.extend_from_slice(&self.seal(&token));
        hex(&token)
    }

    /// The position, if the token was issued here for the same request.
    pub fn read(&self, token: &str, binding: &[u8]) -> Result<u64, TokenError> {
        let bytes = unhex(token).ok_or(TokenError::Garbage)?;
        let (head, seal) = bytes.split_at_checked(POSITION + HASH).ok_or(TokenError::Garbage)?;
        if seal != self.seal(head) {
            return Err(TokenError::Garbage);
        }
        let (position, bound) = head.split_first_chunk::<POSITION>().ok_or(TokenError::Garbage)?;
        if bound == short_hash(binding) { Ok(u64::from_be_bytes(*position)) } else { Err(TokenError::Changed) }
    }

    fn seal(&self, head: &[u8]) -> [u8; HASH] {
        short_hash(&[self.secret.as_slice(), head].concat())
    }
}

fn short_hash(bytes: &[u8]) -> [u8; HASH] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_good_for_its_own_request_only() {
        let tokens = Tokens::new(1);
        let token = tokens.issue(77, b"request");
        assert_eq!(tokens.read(&token, b"request"), Ok(77));
        assert_eq!(tokens.read(&token, b"another"), Err(TokenError::Changed));
        assert_eq!(Tokens::new(2).read(&token, b"request"), Err(TokenError::Garbage));
    }

    proptest! {
        #[test]
        fn one_changed_character_is_garbage(position in any::<u64>(), at in 0usize..80) {
            let tokens = Tokens::new(1);
            let mut bytes = tokens.issue(position, b"x").into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(tokens.read(&changed, b"x"), Err(TokenError::Garbage));
        }

        #[test]
        fn any_text_is_refused_quietly(text in any::<String>()) {
            prop_assert_eq!(Tokens::new(1).read(&text, b"x"), Err(TokenError::Garbage));
        }
    }
}
