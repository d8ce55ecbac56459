//! What a person typed, kept so that no copy of it is left.

use secrecy::SecretString;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Most bytes a secret may have. The buffer is made that large at once: one that grows leaves copies behind.
const ROOM: usize = 1_024;

/// A secret on its way to the vault. It has no readable `Debug`, and it is wiped when dropped.
#[derive(Debug)]
pub enum Secret {
    /// Whatever file is configured.
    Configured,
    /// A passphrase.
    Passphrase(SecretString),
    /// A recovery code, as it was typed.
    RecoveryCode(SecretString),
}

/// A secret that is being typed.
pub struct Typed(Zeroizing<String>);

impl Default for Typed {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(ROOM)))
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(…)")
    }
}

impl Typed {
    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many characters, for the dots.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Adds a character; `false` if there is no room for it.
    pub fn push(&mut self, c: char) -> bool {
        let fits = self.0.len() + c.len_utf8() <= ROOM;
        if fits {
            self.0.push(c);
        }
        fits
    }

    /// Takes the last character away.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Forgets all of it.
    pub fn wipe(&mut self) {
        self.0.zeroize();
    }

    /// Hands it over; nothing of it stays here.
    pub fn take(&mut self) -> SecretString {
        // Copied once into a box of its exact size: a string that shrinks into one may leave itself behind.
        let secret = SecretString::from(Box::<str>::from(self.0.as_str()));
        self.wipe();
        secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn it_never_grows_and_is_handed_over_whole() {
        let mut typed = Typed::default();
        let (place, room) = (typed.0.as_ptr(), typed.0.capacity());
        let pushed = "ü".repeat(2_000).chars().filter(|c| typed.push(*c)).count();
        assert_eq!((pushed, typed.len()), (ROOM / 2, ROOM / 2));
        assert_eq!((typed.0.as_ptr(), typed.0.capacity()), (place, room), "it moved and left a copy");
        typed.pop();
        assert_eq!(typed.take().expose_secret(), "ü".repeat(ROOM / 2 - 1));
        assert!(typed.is_empty());
        assert_eq!((typed.0.as_ptr(), typed.0.capacity()), (place, room));
    }

    #[test]
    fn it_cannot_be_read_from_debug() {
        let mut typed = Typed::default();
        assert!("hunter2".chars().all(|c| typed.push(c)));
        assert!(!format!("{typed:?}").contains("hunter2"));
        assert!(!format!("{:?}", Secret::Passphrase(typed.take())).contains("hunter2"));
    }
}
