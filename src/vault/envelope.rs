//! The envelope of every sealed record, directory page and manifest:
//! `magic[4] | format u16 | generation u32 | version u64 | nonce[12] | ciphertext | tag[16]`, AES-256-GCM.
//!
//! The associated data names the vault, the owner, what it is, the logical name, generation, version, schema and
//! format, so a record that was moved to another place, client, vault, generation or version does not open.

use super::{
    DamageKind, VaultError,
    header::OwnerId,
    key::{VaultId, length_prefixed, random},
    wire::Reader,
};
use aes_gcm::{Aes256Gcm, aead::AeadInOut as _};
use zeroize::Zeroizing;

pub(super) const NONCE: usize = 12;
pub(super) const TAG: usize = 16;
const MAGIC: &[u8; 4] = b"BWRK";
const FORMAT: u16 = 1;
/// Everything before the ciphertext.
const PREFIX: usize = 4 + 2 + 4 + 8 + NONCE;

/// What an envelope adds to its plaintext.
pub(super) const OVERHEAD: usize = PREFIX + TAG;

/// What is in an envelope; part of the associated data and of the hidden name in the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A record of the caller.
    Record = 1,
    /// A page of the directory.
    Page = 2,
    /// The manifest.
    Manifest = 3,
}

/// The place and edition of one envelope.
pub(super) struct Address<'a> {
    pub(super) vault: &'a VaultId,
    pub(super) owner: &'a OwnerId,
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) generation: u32,
    pub(super) version: u64,
    pub(super) schema: u16,
}

impl Address<'_> {
    fn aad(&self) -> Vec<u8> {
        length_prefixed(&[
            self.vault,
            self.owner,
            &[self.kind as u8],
            self.name.as_bytes(),
            &self.generation.to_le_bytes(),
            &self.version.to_le_bytes(),
            &self.schema.to_le_bytes(),
            &FORMAT.to_le_bytes(),
        ])
    }

    /// Seals under a fresh random nonce. Returns the envelope and its tag, which the directory remembers.
    pub(super) fn seal(&self, cipher: &Aes256Gcm, plain: &[u8]) -> Result<(Vec<u8>, [u8; TAG]), VaultError> {
        let nonce = random::<NONCE>()?;
        let mut out = Vec::with_capacity(PREFIX + plain.len() + TAG);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let (_, body) = out.split_at_mut(PREFIX);
        let tag = cipher
            .encrypt_inout_detached(&nonce.into(), &self.aad(), body.into())
            .map_err(|_| VaultError::TooLarge { what: "a record", limit: "64 GiB" })?;
        out.extend_from_slice(&tag);
        Ok((out, tag.into()))
    }

    /// Opens an envelope that must be exactly this edition: same generation, version and tag. The bytes become the
    /// plaintext, so that nothing is copied.
    pub(super) fn open(
        &self,
        cipher: &Aes256Gcm,
        tag: &[u8; TAG],
        bytes: Vec<u8>,
    ) -> Result<Zeroizing<Vec<u8>>, DamageKind> {
        let parts = Parts::parse(&bytes).ok_or(DamageKind::Altered)?;
        if (parts.generation, parts.version) != (self.generation, self.version) {
            return Err(self.old_or_altered(cipher, &parts));
        }
        if parts.tag != *tag {
            return Err(DamageKind::Altered);
        }
        let (nonce, length) = (parts.nonce, parts.body.len());
        let mut plain = Zeroizing::new(bytes);
        let body = plain.get_mut(PREFIX..PREFIX + length).ok_or(DamageKind::Altered)?;
        cipher
            .decrypt_inout_detached(&nonce.into(), &self.aad(), body.into(), &(*tag).into())
            .map_err(|_| DamageKind::Altered)?;
        plain.truncate(PREFIX + length);
        plain.drain(..PREFIX);
        Ok(plain)
    }

    /// A different edition: an earlier one of the same record opens under its own stamp, anything else does not. (The
    /// schema of an earlier edition may differ; then it is called altered.)
    fn old_or_altered(&self, cipher: &Aes256Gcm, parts: &Parts<'_>) -> DamageKind {
        let earlier = Address { version: parts.version, ..*self };
        let same_key = parts.generation == self.generation && parts.version < self.version;
        if same_key && parts.decrypt(cipher, &earlier.aad()).is_some() { DamageKind::Old } else { DamageKind::Altered }
    }

    /// Opens an envelope whatever its tag; for the manifest, which nothing points to.
    pub(super) fn open_any(&self, cipher: &Aes256Gcm, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        Parts::parse(bytes)?.decrypt(cipher, &self.aad())
    }
}

/// One envelope under a key of its own, for measuring.
#[doc(hidden)]
pub struct Envelope {
    cipher: Aes256Gcm,
}

#[doc(hidden)]
impl Envelope {
    /// With a random key.
    pub fn new() -> Result<Self, VaultError> {
        Ok(Self { cipher: super::key::SecretKey::random()?.cipher() })
    }

    /// Seals.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(Self::address().seal(&self.cipher, plain)?.0)
    }

    /// Opens what was sealed; `None` if it was not.
    pub fn open(&self, sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let tag = *sealed.last_chunk()?;
        Self::address().open(&self.cipher, &tag, sealed).ok()
    }

    fn address() -> Address<'static> {
        Address {
            vault: &[0; 16],
            owner: &[0; 16],
            kind: Kind::Record,
            name: "measured",
            generation: 1,
            version: 1,
            schema: 1,
        }
    }
}

/// Generation and version an envelope claims; to be believed only once it opened.
pub(super) fn stamp(bytes: &[u8]) -> Option<(u32, u64)> {
    Parts::parse(bytes).map(|p| (p.generation, p.version))
}

struct Parts<'a> {
    generation: u32,
    version: u64,
    nonce: [u8; NONCE],
    body: &'a [u8],
    tag: [u8; TAG],
}

impl<'a> Parts<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        if r.array::<4>()? != *MAGIC || r.u16()? != FORMAT {
            return None;
        }
        let (generation, version, nonce) = (r.u32()?, r.u64()?, r.array()?);
        let body = r.take(r.remaining().checked_sub(TAG)?)?;
        Some(Self { generation, version, nonce, body, tag: r.array()? })
    }

    fn decrypt(&self, cipher: &Aes256Gcm, aad: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut plain = Zeroizing::new(self.body.to_vec());
        cipher
            .decrypt_inout_detached(&self.nonce.into(), aad, plain.as_mut_slice().into(), &self.tag.into())
            .ok()
            .map(|()| plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::key::SecretKey;

    fn address() -> Address<'static> {
        Address {
            vault: &[1; 16],
            owner: &[2; 16],
            kind: Kind::Record,
            name: "a/b",
            generation: 1,
            version: 9,
            schema: 3,
        }
    }

    #[test]
    fn a_record_opens_only_at_its_own_address() {
        let key = SecretKey::random().unwrap();
        let cipher = key.cipher();
        let (sealed, tag) = address().seal(&cipher, b"plain").unwrap();
        assert_eq!(sealed.len(), PREFIX + 5 + TAG);
        assert_eq!(address().open(&cipher, &tag, sealed.clone()).unwrap()[..], b"plain"[..]);
        let others = [
            Address { vault: &[9; 16], ..address() },
            Address { owner: &[9; 16], ..address() },
            Address { kind: Kind::Page, ..address() },
            Address { name: "a/c", ..address() },
            Address { generation: 2, ..address() },
            Address { version: 8, ..address() },
            Address { schema: 4, ..address() },
        ];
        for other in others {
            assert_eq!(other.open(&cipher, &tag, sealed.clone()), Err(DamageKind::Altered));
        }
        assert_eq!(address().open(&SecretKey::random().unwrap().cipher(), &tag, sealed), Err(DamageKind::Altered));
    }

    #[test]
    fn an_earlier_edition_is_called_old_and_every_flip_is_found() {
        let cipher = SecretKey::random().unwrap().cipher();
        let (earlier, _) = Address { version: 8, ..address() }.seal(&cipher, b"before").unwrap();
        let (sealed, tag) = address().seal(&cipher, b"plain").unwrap();
        assert_eq!(address().open(&cipher, &tag, earlier), Err(DamageKind::Old));
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 0x10;
            assert!(address().open(&cipher, &tag, bad).is_err(), "byte {i}");
            assert!(address().open(&cipher, &tag, sealed[..i].to_vec()).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn the_same_plaintext_never_gives_the_same_bytes() {
        let cipher = SecretKey::random().unwrap().cipher();
        assert_ne!(address().seal(&cipher, b"x").unwrap().0, address().seal(&cipher, b"x").unwrap().0);
    }
}
