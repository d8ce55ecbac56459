//! ExternalIds are made here and nowhere else: random, one per client, never typed by a person.

use crate::domain::{ExternalId, IdError};

/// Number of random bytes: 160 bits. AWS asks that the third party makes it and that it is unique per customer
/// (IAM user guide, "Access to AWS accounts owned by third parties").
const BYTES: usize = 20;

/// Makes a new ExternalId: `bw-` and 32 characters of base 32.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn new_external_id() -> Result<ExternalId, IdError> {
    let mut bytes = [0u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| IdError {
        what: "ExternalId",
        given: "of our own making".into(),
        expected: "the operating system must give random bytes (getrandom failed)",
    })?;
    format!("bw-{}", base32(&bytes)).parse()
}

/// Makes an ExternalId of another form than [`new_external_id`]'s, with which no role may open: the gate tries it.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn random_external_id() -> Result<ExternalId, IdError> {
    let made = new_external_id()?;
    made.reveal().trim_start_matches("bw-").to_uppercase().parse()
}

/// Base 32 in lower case without padding; 5 bytes become 8 characters.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    bytes
        .chunks(5)
        .flat_map(|chunk| {
            let word = chunk.iter().fold(0u64, |w, b| w << 8 | u64::from(*b)) << (8 * (5 - chunk.len()));
            (0..8).rev().map(move |i| ALPHABET.get((word >> (5 * i) & 31) as usize).copied().map_or('a', char::from))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_the_rfc_4648_alphabet() {
        // RFC 4648 section 10: BASE32("fooba") = "MZXW6YTB".
        assert_eq!(base32(b"fooba"), "mzxw6ytb");
    }

    #[test]
    fn two_are_never_the_same() {
        let (a, b) = (new_external_id().unwrap(), new_external_id().unwrap());
        assert_ne!(a.reveal(), b.reveal());
        assert_eq!(a.reveal().len(), 3 + 32);
        let other = random_external_id().unwrap();
        assert!(other.reveal().len() == 32 && !other.reveal().starts_with("bw-"));
    }
}
