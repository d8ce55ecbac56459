//! Recovery codes: 160 random bits, written for people. Shown once, kept on paper, typed on a bad day.

use super::{VaultError, key::random};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::{Zeroize as _, Zeroizing};

/// Random bytes in a code: 160 bits, so no stretching is needed.
const BYTES: usize = 20;
/// Crockford's base 32: no I, L, O or U, so that a code survives handwriting.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Makes a code: eight groups of four characters joined by hyphens.
pub fn generate() -> Result<SecretString, VaultError> {
    let mut bytes = random::<BYTES>()?;
    let mut text = String::with_capacity(39);
    for (group, chunk) in digits(&bytes).chunks(4).enumerate() {
        if group > 0 {
            text.push('-');
        }
        text.extend(chunk.iter().filter_map(|d| ALPHABET.get(usize::from(*d))).map(|c| char::from(*c)));
    }
    bytes.zeroize();
    Ok(SecretString::from(text))
}

/// The bytes of a code as a person typed it: case, hyphens and spaces do not matter, and O, I and L are taken for the
/// digits they look like. `None` if it cannot be a code.
pub(super) fn parse(code: &SecretString) -> Option<Zeroizing<[u8; BYTES]>> {
    let mut bytes = Zeroizing::new([0u8; BYTES]);
    let (mut word, mut bits, mut filled) = (0u32, 0u32, 0usize);
    for c in code.expose_secret().chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let digit = ALPHABET.iter().position(|a| char::from(*a) == c)?;
        word = word << 5 | u32::try_from(digit).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *bytes.get_mut(filled)? = (word >> bits) as u8;
            filled += 1;
            word &= (1 << bits) - 1;
        }
    }
    (filled == BYTES && bits == 0).then_some(bytes)
}

/// Five bits at a time.
fn digits(bytes: &[u8; BYTES]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(BYTES * 8 / 5));
    let (mut word, mut bits) = (0u32, 0u32);
    for byte in bytes {
        word = word << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push((word >> bits) as u8 & 31);
        }
        word &= (1 << bits) - 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_has_eight_groups_and_parses_however_it_is_typed() {
        let code = generate().unwrap();
        let text = code.expose_secret().to_owned();
        assert_eq!((text.len(), text.split('-').count()), (39, 8));
        let bytes = parse(&code).unwrap();
        assert!(*bytes != [0; BYTES]);
        for typed in [text.to_lowercase(), text.replace('-', ""), text.replace('0', "o").replace('1', "l")] {
            assert_eq!(parse(&SecretString::from(typed)).unwrap(), bytes);
        }
        assert_ne!(*parse(&generate().unwrap()).unwrap(), *bytes);
    }

    proptest! {
        #[test]
        fn nothing_else_is_a_code(text in "\\PC{0,60}") {
            let letters = text.chars().filter(|c| !c.is_whitespace() && *c != '-').count();
            prop_assert!(parse(&SecretString::from(text)).is_none() || letters == 32);
        }
    }
}
