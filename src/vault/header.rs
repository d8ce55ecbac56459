//! `vault.hdr`: the slots, and the ring of wrapped keys. Two copies of the same bytes, so that damage to one loses
//! nothing; the newest valid one wins.
//!
//! ```text
//! magic[8] | format u16 | epoch u64 | vault id[16]
//! slots:  count u8  | (kind u8 | made at i64 | length u16 | parameters | wrapped root key[60])*
//! ring:   count u32 | (owner[16] | generation u32 | wrapped key[60] | sealed short name[76])*
//! extras: count u16 | (kind u16 | length u16 | bytes)*
//! SHA-256 of the above[32] | HMAC-SHA-256 of all above under a key from the root key[32]
//! ```
//! The plain hash tells damage from a wrong secret before anything is unlocked; the MAC is what is trusted. Extras of an
//! unknown kind are kept. All numbers are little-endian.

use super::{
    VaultError, disk,
    key::{Purpose, SecretKey, VaultId, WRAPPED, length_prefixed, open_small, seal_small},
    slot::{PARAMS_LIMIT, Slot, Unlock},
    wire::Reader,
};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// The two copies, in the order they are written.
pub(super) const COPIES: [&str; 2] = ["vault.hdr", "vault.hdr.b"];
const MAGIC: &[u8; 8] = b"BAILIWCK";
const FORMAT: u16 = 1;
/// No header of this format is larger: 16 MiB hold far more than its 65,535 keys.
const SIZE_LIMIT: u64 = 16 << 20;
const MAX_SLOTS: usize = 32;
const MAX_KEYS: usize = 65_535;
/// A short name is padded to this before sealing, so that its length does not show.
const LABEL_PLAIN: usize = 48;
const LABEL: usize = 12 + LABEL_PLAIN + 16;

/// The opaque id of the owner of keys and records: a client, or the vault itself.
pub(super) type OwnerId = [u8; 16];
/// The vault's own records belong to this owner.
pub(super) const VAULT_OWNER: OwnerId = [0; 16];

/// One generation of one owner's key.
#[derive(Clone)]
pub(super) struct RingKey {
    pub(super) owner: OwnerId,
    pub(super) generation: u32,
    wrapped: [u8; WRAPPED],
    label: [u8; LABEL],
}

impl RingKey {
    /// Wraps `key` under the root key and seals the owner's short name under `key` itself, so that the name goes
    /// where the key goes.
    pub(super) fn make(
        vault: &VaultId,
        root: &SecretKey,
        owner: OwnerId,
        generation: u32,
        key: &SecretKey,
        label: &str,
    ) -> Result<Self, VaultError> {
        let aad = Self::aad(vault, &owner, generation);
        let wrapped = root.derive(vault, Purpose::Wrap).wrap(key, &aad)?;
        let mut plain = Vec::with_capacity(LABEL_PLAIN);
        plain.push(label.len() as u8);
        plain.extend_from_slice(label.as_bytes());
        let too_large = || VaultError::TooLarge { what: "a short name", limit: "47 bytes" };
        (plain.len() <= LABEL_PLAIN).then_some(()).ok_or_else(too_large)?;
        plain.resize(LABEL_PLAIN, 0);
        let sealed = seal_small(&key.derive(vault, Purpose::Label).cipher(), &aad, &plain)?;
        let label = sealed.try_into().map_err(|_| too_large())?;
        Ok(Self { owner, generation, wrapped, label })
    }

    /// The key and its owner's short name; `None` if either is not what was written.
    pub(super) fn open(&self, vault: &VaultId, root: &SecretKey) -> Option<(SecretKey, String)> {
        let aad = Self::aad(vault, &self.owner, self.generation);
        let key = root.derive(vault, Purpose::Wrap).unwrap_key(&self.wrapped, &aad)?;
        let plain = open_small(&key.derive(vault, Purpose::Label).cipher(), &aad, &self.label)?;
        let (length, rest) = plain.split_first()?;
        let label = String::from_utf8(rest.get(..usize::from(*length))?.to_vec()).ok()?;
        Some((key, label))
    }

    fn aad(vault: &VaultId, owner: &OwnerId, generation: u32) -> Vec<u8> {
        length_prefixed(&[b"bailiwick/1/ring", vault, owner, &generation.to_le_bytes()])
    }
}

/// The header's content.
#[derive(Clone)]
pub(super) struct Header {
    /// Rises by one with every write.
    pub(super) epoch: u64,
    pub(super) vault: VaultId,
    pub(super) slots: Vec<Slot>,
    pub(super) ring: Vec<RingKey>,
    /// Sections of later releases, kept as they are.
    extras: Vec<(u16, Vec<u8>)>,
}

/// A copy as read: its content, the bytes under the MAC, and the MAC.
struct Stored {
    header: Header,
    body: Vec<u8>,
    mac: [u8; 32],
}

impl Header {
    pub(super) fn new(vault: VaultId, slot: Slot) -> Self {
        Self { epoch: 1, vault, slots: vec![slot], ring: Vec::new(), extras: Vec::new() }
    }

    /// Writes both copies, one after the other, each through a temporary file.
    pub(super) fn save(&self, dir: &Path, root: &SecretKey) -> Result<(), VaultError> {
        let bytes = self.encode(root)?;
        COPIES.iter().try_for_each(|name| disk::replace(dir, name, &bytes))
    }

    /// Reads both copies and unlocks the newest that holds. Also returns what was wrong with a copy not used.
    pub(super) fn load(dir: &Path, unlock: Unlock<'_>) -> Result<(Self, SecretKey, Vec<String>), VaultError> {
        let mut notes = Vec::new();
        let mut copies: Vec<Stored> = Vec::new();
        for name in COPIES {
            match disk::read(dir, name, SIZE_LIMIT)? {
                None => notes.push(format!("{name} is missing")),
                Some(bytes) => match Stored::parse(&bytes) {
                    Ok(copy) => copies.push(copy),
                    Err(Unreadable::Newer(found)) => {
                        return Err(VaultError::NewerFormat { what: "the vault header", found, known: FORMAT });
                    }
                    Err(Unreadable::Damaged) => notes.push(format!("{name} is cut short or altered")),
                },
            }
        }
        copies.sort_by_key(|c| std::cmp::Reverse(c.header.epoch));
        copies.dedup_by(|a, b| a.body == b.body && a.mac == b.mac);
        let Some(newest) = copies.first() else {
            return Err(VaultError::HeaderDamaged { why: notes.join(", ") });
        };
        let mut refusal =
            if newest.header.slots.iter().any(|s| s.fits(unlock)) { unlock.refused() } else { unlock.no_slot() };
        for copy in &copies {
            for slot in copy.header.slots.iter().filter(|s| s.fits(unlock)) {
                let Some(root) = slot.open(&copy.header.vault, unlock)? else { continue };
                let mac_key = root.derive(&copy.header.vault, Purpose::HeaderMac);
                if mac_key.mac_is(&copy.body, &copy.mac) {
                    if copies.len() > 1 {
                        notes.push("one copy of the header is older than the other, or forged".to_owned());
                    }
                    return Ok((copy.header.clone(), root, notes));
                }
                refusal = VaultError::HeaderDamaged { why: "it does not authenticate".into() };
            }
        }
        Err(refusal)
    }

    fn encode(&self, root: &SecretKey) -> Result<Vec<u8>, VaultError> {
        let too_large = |what, limit| VaultError::TooLarge { what, limit };
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.vault);
        if self.slots.len() > MAX_SLOTS || self.ring.len() > MAX_KEYS {
            return Err(too_large("the header", "32 slots and 65,535 keys"));
        }
        out.push(self.slots.len() as u8);
        for slot in &self.slots {
            out.push(slot.kind);
            out.extend_from_slice(&slot.made_at.to_le_bytes());
            out.extend_from_slice(&(slot.params.len() as u16).to_le_bytes());
            out.extend_from_slice(&slot.params);
            out.extend_from_slice(&slot.wrapped);
        }
        out.extend_from_slice(&(self.ring.len() as u32).to_le_bytes());
        for key in &self.ring {
            out.extend_from_slice(&key.owner);
            out.extend_from_slice(&key.generation.to_le_bytes());
            out.extend_from_slice(&key.wrapped);
            out.extend_from_slice(&key.label);
        }
        out.extend_from_slice(&(self.extras.len() as u16).to_le_bytes());
        for (kind, bytes) in &self.extras {
            out.extend_from_slice(&kind.to_le_bytes());
            out.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        let hash = Sha256::digest(&out);
        out.extend_from_slice(&hash);
        let mac = root.derive(&self.vault, Purpose::HeaderMac).mac(&out);
        out.extend_from_slice(&mac);
        Ok(out)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let (_magic, _format) = (r.array::<8>()?, r.u16()?);
        let (epoch, vault) = (r.u64()?, r.array()?);
        let count = usize::from(r.u8()?);
        let mut slots = Vec::new();
        for _ in 0..(count <= MAX_SLOTS).then_some(count)? {
            let (kind, made_at, length) = (r.u8()?, r.i64()?, usize::from(r.u16()?));
            let params = r.take((length <= PARAMS_LIMIT).then_some(length)?)?.to_vec();
            let slot = Slot { kind, made_at, params, wrapped: r.array()? };
            slots.push(slot.is_sound().then_some(slot)?);
        }
        let count = usize::try_from(r.u32()?).ok()?;
        let mut ring = Vec::new();
        for _ in 0..(count <= MAX_KEYS).then_some(count)? {
            let (owner, generation) = (r.array()?, r.u32()?);
            ring.push(RingKey { owner, generation, wrapped: r.array()?, label: r.array()? });
        }
        let mut extras = Vec::new();
        for _ in 0..r.u16()? {
            let (kind, length) = (r.u16()?, usize::from(r.u16()?));
            extras.push((kind, r.take(length)?.to_vec()));
        }
        r.is_empty().then_some(Self { epoch, vault, slots, ring, extras })
    }
}

/// Why a copy cannot be used.
#[derive(Debug)]
enum Unreadable {
    Newer(u16),
    Damaged,
}

impl Stored {
    fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (body, mac) = bytes.split_last_chunk::<32>().ok_or(Unreadable::Damaged)?;
        let (content, hash) = body.split_last_chunk::<32>().ok_or(Unreadable::Damaged)?;
        if Sha256::digest(content).as_slice() != hash || !content.starts_with(MAGIC) {
            return Err(Unreadable::Damaged);
        }
        let format = content.get(8..10).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes);
        match format {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => return Err(Unreadable::Newer(newer)),
            _ => return Err(Unreadable::Damaged),
        }
        let header = Header::parse(content).ok_or(Unreadable::Damaged)?;
        Ok(Self { header, body: body.to_vec(), mac: *mac })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Timestamp, vault::KdfCost};
    use proptest::prelude::*;
    use secrecy::SecretSlice;

    fn sample() -> (Header, SecretKey, SecretSlice<u8>) {
        let (vault, root, file) = ([3; 16], SecretKey::random().unwrap(), SecretSlice::from(vec![5u8; 32]));
        let unlock = Unlock::CredentialFile(&file);
        let slot = Slot::make(&vault, unlock, KdfCost::default(), &root, Timestamp::from_second(1)).unwrap();
        let mut header = Header::new(vault, slot);
        let key = SecretKey::random().unwrap();
        header.ring.push(RingKey::make(&vault, &root, [1; 16], 7, &key, "acme-retail").unwrap());
        header.extras.push((900, b"later".to_vec()));
        (header, root, file)
    }

    #[test]
    fn a_header_round_trips_with_sections_of_later_releases() {
        let (header, root, _) = sample();
        let bytes = header.encode(&root).unwrap();
        let copy = Stored::parse(&bytes).unwrap();
        assert_eq!(copy.header.encode(&root).unwrap(), bytes);
        let (_, label) = copy.header.ring[0].open(&header.vault, &root).unwrap();
        assert_eq!((label.as_str(), copy.header.extras[0].0), ("acme-retail", 900));
        assert!(!bytes.windows(4).any(|w| w == b"acme"));
    }

    #[test]
    fn one_lost_copy_loses_nothing_and_is_told() {
        let (header, root, file) = sample();
        let dir = tempfile::tempdir().unwrap();
        for lost in COPIES {
            header.save(dir.path(), &root).unwrap();
            std::fs::remove_file(dir.path().join(lost)).unwrap();
            let (read, _, notes) = Header::load(dir.path(), Unlock::CredentialFile(&file)).unwrap();
            assert_eq!((read.epoch, notes), (1, vec![format!("{lost} is missing")]));
        }
    }

    #[test]
    fn the_newer_copy_wins_unless_it_is_forged() {
        let (mut header, root, file) = sample();
        let dir = tempfile::tempdir().unwrap();
        header.save(dir.path(), &root).unwrap();
        header.epoch = 2;
        disk::replace(dir.path(), COPIES[1], &header.encode(&root).unwrap()).unwrap();
        assert_eq!(Header::load(dir.path(), Unlock::CredentialFile(&file)).unwrap().0.epoch, 2);
        header.epoch = 3;
        disk::replace(dir.path(), COPIES[1], &header.encode(&SecretKey::random().unwrap()).unwrap()).unwrap();
        let (read, _, notes) = Header::load(dir.path(), Unlock::CredentialFile(&file)).unwrap();
        assert_eq!((read.epoch, notes.len()), (1, 1));
    }

    #[test]
    fn a_later_format_is_named_not_called_damage() {
        let (header, root, file) = sample();
        let mut bytes = header.encode(&root).unwrap();
        bytes.truncate(bytes.len() - 64);
        bytes[8] = 9;
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        bytes.extend_from_slice(&[0; 32]);
        let dir = tempfile::tempdir().unwrap();
        disk::replace(dir.path(), COPIES[0], &bytes).unwrap();
        let error = Header::load(dir.path(), Unlock::CredentialFile(&file)).err().unwrap();
        assert!(matches!(error, VaultError::NewerFormat { found: 9, .. }), "{error}");
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_parse_or_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), cut in 0usize..400) {
            prop_assert!(Stored::parse(&bytes).is_err());
            prop_assert!(Header::parse(&bytes).is_none_or(|h| h.slots.len() <= MAX_SLOTS));
            let (header, root, _) = sample();
            let good = header.encode(&root).unwrap();
            prop_assert!(Stored::parse(&good[..cut.min(good.len() - 1)]).is_err());
        }
    }
}
