//! `vault.hdr`: the slots, and the ring of wrapped keys. Two copies of the same bytes, so that damage to one loses
//! nothing; the newest valid one wins.
//!
//! ```text
//! magic[8] | format u16 | epoch u64 | vault id[16]
//! slots:  count u8  | (kind u8 | made at i64 | length u16 | parameters | wrapped root key[60])*
//! ring:   count u32 | (owner[16] | generation u32 | wrapped key[60] | sealed label[76])*
//! extras: count u16 | (kind u16 | length u16 | bytes)*      1: unfinished work, 2: deleted owners (id[16] | when i64)*
//! SHA-256 of the above[32] | HMAC-SHA-256 of all above under a key from the root key[32]
//! ```
//! The plain hash tells damage from a wrong secret before anything is unlocked; the MAC is what is trusted. Extras of an
//! unknown kind are kept. All numbers are little-endian.

use super::{
    VaultError, disk,
    key::{Purpose, SecretKey, VaultId},
    ring::RingKey,
    slot::{PARAMS_LIMIT, Slot, SlotId, Unlock},
    wire::Reader,
};
use crate::domain::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// The two copies, in the order they are written.
pub(super) const COPIES: [&str; 2] = ["vault.hdr", "vault.hdr.b"];
const MAGIC: &[u8; 8] = b"BAILIWCK";
const FORMAT: u16 = 1;
/// No header of this format is larger: 16 MiB hold far more than its 65,535 keys.
const SIZE_LIMIT: u64 = 16 << 20;
pub(super) const MAX_SLOTS: usize = 32;
const MAX_KEYS: usize = 65_535;
/// The opaque id of the owner of keys and records: a client, or the vault itself.
pub(super) type OwnerId = [u8; 16];
/// The vault's own records belong to this owner.
pub(super) const VAULT_OWNER: OwnerId = [0; 16];

const TWO_EDITIONS: &str = "one copy of the header is older than the other, or forged";

/// Kind of the extra that holds [`Work`].
const WORK: u16 = 1;
/// Kind of the extras that list deleted owners.
const DELETED: u16 = 2;
/// Deleted owners in one extra: its length is a u16.
const DELETED_IN_ONE: usize = 2_000;

/// What was begun and is finished at the next opportunity, however the process that began it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Work {
    /// The headers of the backups in the backup directory are to be brought in line with this one.
    pub(super) backups: bool,
    /// The root key before this one, wrapped by it: backups may still be under the former.
    pub(super) previous_root: Option<Vec<u8>>,
    /// Owners whose records are being sealed anew, and the generation they go to.
    pub(super) rotating: Vec<(OwnerId, u32)>,
}

/// The header's content.
#[derive(Clone)]
pub(super) struct Header {
    /// Rises by one with every write.
    pub(super) epoch: u64,
    pub(super) vault: VaultId,
    pub(super) slots: Vec<Slot>,
    pub(super) ring: Vec<RingKey>,
    pub(super) work: Work,
    /// Owners that were deleted, and when: restoring an old backup does not bring them back.
    pub(super) deleted: BTreeMap<OwnerId, Timestamp>,
    /// Sections of later releases, kept as they are.
    extras: Vec<(u16, Vec<u8>)>,
}

/// A header that a secret opened.
pub(super) struct Unlocked {
    pub(super) header: Header,
    pub(super) root: SecretKey,
    /// The slot that opened it.
    pub(super) slot: SlotId,
    /// What was wrong with a copy that was not used.
    pub(super) notes: Vec<String>,
}

/// A header that one of several root keys authenticates.
pub(super) struct Authentic<'k> {
    pub(super) header: Header,
    pub(super) root: &'k Arc<SecretKey>,
    /// What was wrong with a copy that was not used.
    pub(super) notes: Vec<String>,
}

/// A copy as read: its content, the bytes under the MAC, and the MAC.
struct Stored {
    header: Header,
    body: Vec<u8>,
    mac: [u8; 32],
}

impl Header {
    pub(super) fn new(vault: VaultId, slot: Slot) -> Self {
        let (work, deleted) = (Work::default(), BTreeMap::new());
        Self { epoch: 1, vault, slots: vec![slot], ring: Vec::new(), work, deleted, extras: Vec::new() }
    }

    /// Writes both copies, one after the other, each through a temporary file.
    pub(super) fn save(&self, dir: &Path, root: &SecretKey) -> Result<(), VaultError> {
        let bytes = self.encode(root)?;
        COPIES.iter().try_for_each(|name| disk::replace(dir, name, &bytes))
    }

    /// Reads both copies, the newest first, with what is wrong with one that cannot be used.
    fn copies(dir: &Path) -> Result<(Vec<Stored>, Vec<String>), VaultError> {
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
        if copies.is_empty() {
            return Err(VaultError::HeaderDamaged { why: notes.join(", ") });
        }
        Ok((copies, notes))
    }

    /// The id of the vault in `dir`, as its header claims; to be believed once a secret opened it.
    pub(super) fn vault_of(dir: &Path) -> Result<Option<VaultId>, VaultError> {
        Ok(Self::copies(dir)?.0.first().map(|newest| newest.header.vault))
    }

    /// Reads both copies and takes the newest that authenticates under one of these root keys; `None` if none does.
    pub(super) fn load_under<'k>(
        dir: &Path,
        roots: &[&'k Arc<SecretKey>],
    ) -> Result<Option<Authentic<'k>>, VaultError> {
        let (copies, mut notes) = Self::copies(dir)?;
        for copy in &copies {
            let fits = |root: &&&Arc<SecretKey>| {
                root.derive(&copy.header.vault, Purpose::HeaderMac).mac_is(&copy.body, &copy.mac)
            };
            if let Some(root) = roots.iter().find(fits) {
                notes.extend((copies.len() > 1).then(|| TWO_EDITIONS.to_owned()));
                return Ok(Some(Authentic { header: copy.header.clone(), root, notes }));
            }
        }
        Ok(None)
    }

    /// Reads both copies and unlocks the newest that holds.
    pub(super) fn load(dir: &Path, unlock: Unlock<'_>) -> Result<Unlocked, VaultError> {
        let (copies, mut notes) = Self::copies(dir)?;
        let mut refusal = if copies.first().is_some_and(|c| c.header.slots.iter().any(|s| s.fits(unlock))) {
            unlock.refused()
        } else {
            unlock.no_slot()
        };
        for copy in &copies {
            for slot in copy.header.slots.iter().filter(|s| s.fits(unlock)) {
                let Some(root) = slot.open(&copy.header.vault, unlock)? else { continue };
                let mac_key = root.derive(&copy.header.vault, Purpose::HeaderMac);
                if mac_key.mac_is(&copy.body, &copy.mac) {
                    if copies.len() > 1 {
                        notes.push(TWO_EDITIONS.to_owned());
                    }
                    return Ok(Unlocked { header: copy.header.clone(), root, slot: slot.id(), notes });
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
        self.ring.iter().for_each(|key| key.put(&mut out));
        let known = self.known_extras()?;
        out.extend_from_slice(&((known.len() + self.extras.len()) as u16).to_le_bytes());
        for (kind, bytes) in known.iter().chain(&self.extras) {
            let length =
                u16::try_from(bytes.len()).map_err(|_| too_large("a section of the header", "65,535 bytes"))?;
            out.extend_from_slice(&kind.to_le_bytes());
            out.extend_from_slice(&length.to_le_bytes());
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
            ring.push(RingKey::take(&mut r)?);
        }
        let (mut work, mut deleted, mut extras) = (Work::default(), BTreeMap::new(), Vec::new());
        for _ in 0..r.u16()? {
            let (kind, length) = (r.u16()?, usize::from(r.u16()?));
            let bytes = r.take(length)?;
            match kind {
                WORK => work = postcard::from_bytes(bytes).ok()?,
                DELETED => deleted.extend(deleted_owners(bytes)?),
                _ => extras.push((kind, bytes.to_vec())),
            }
        }
        r.is_empty().then_some(Self { epoch, vault, slots, ring, work, deleted, extras })
    }

    /// What this release writes as extras; nothing where there is nothing to say.
    fn known_extras(&self) -> Result<Vec<(u16, Vec<u8>)>, VaultError> {
        let mut known = Vec::new();
        if self.work != Work::default() {
            let codec = |e: postcard::Error| VaultError::Codec {
                name: "unfinished work".into(),
                done: "encoded",
                why: e.to_string(),
            };
            known.push((WORK, postcard::to_stdvec(&self.work).map_err(codec)?));
        }
        let deleted: Vec<_> = self.deleted.iter().collect();
        for part in deleted.chunks(DELETED_IN_ONE) {
            let bytes = part.iter().flat_map(|(id, at)| id.iter().copied().chain(at.second().to_le_bytes())).collect();
            known.push((DELETED, bytes));
        }
        Ok(known)
    }
}

fn deleted_owners(bytes: &[u8]) -> Option<Vec<(OwnerId, Timestamp)>> {
    let mut r = Reader::new(bytes);
    let mut owners = Vec::new();
    while !r.is_empty() {
        owners.push((r.array()?, Timestamp::from_second(r.i64()?)));
    }
    Some(owners)
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
    use crate::vault::{KdfCost, ring::Label};
    use proptest::prelude::*;
    use secrecy::SecretSlice;

    fn sample() -> (Header, SecretKey, SecretSlice<u8>) {
        let (vault, root, file) = ([3; 16], SecretKey::random().unwrap(), SecretSlice::from(vec![5u8; 32]));
        let unlock = Unlock::CredentialFile(&file);
        let slot = Slot::make(&vault, unlock, KdfCost::default(), &root, Timestamp::from_second(1)).unwrap();
        let mut header = Header::new(vault, slot);
        let key = SecretKey::random().unwrap();
        let label = Label::Client("acme-retail".parse().unwrap());
        header.ring.push(RingKey::make(&vault, &root, [1; 16], 7, &key, &label).unwrap());
        header.work = Work { backups: true, previous_root: Some(vec![1; 60]), rotating: vec![([1; 16], 8)] };
        header.deleted = (0..2_500u16)
            .map(|n| ([n.to_le_bytes(); 8].concat().try_into().unwrap(), Timestamp::from_second(7)))
            .collect();
        header.extras.push((900, b"later".to_vec()));
        (header, root, file)
    }

    #[test]
    fn a_header_round_trips_with_sections_of_later_releases() {
        let (header, root, _) = sample();
        let bytes = header.encode(&root).unwrap();
        let copy = Stored::parse(&bytes).unwrap();
        assert_eq!(copy.header.encode(&root).unwrap(), bytes);
        assert_eq!((&copy.header.work, &copy.header.deleted), (&header.work, &header.deleted));
        assert_eq!(copy.header.extras[0].0, 900);
        assert!(!bytes.windows(4).any(|w| w == b"acme"));
    }

    #[test]
    fn one_lost_copy_loses_nothing_and_is_told() {
        let (header, root, file) = sample();
        let dir = tempfile::tempdir().unwrap();
        for lost in COPIES {
            header.save(dir.path(), &root).unwrap();
            std::fs::remove_file(dir.path().join(lost)).unwrap();
            let read = Header::load(dir.path(), Unlock::CredentialFile(&file)).unwrap();
            assert_eq!((read.header.epoch, read.notes), (1, vec![format!("{lost} is missing")]));
        }
    }

    #[test]
    fn the_newer_copy_wins_unless_it_is_forged() {
        let (mut header, root, file) = sample();
        let dir = tempfile::tempdir().unwrap();
        header.save(dir.path(), &root).unwrap();
        header.epoch = 2;
        disk::replace(dir.path(), COPIES[1], &header.encode(&root).unwrap()).unwrap();
        assert_eq!(Header::load(dir.path(), Unlock::CredentialFile(&file)).unwrap().header.epoch, 2);
        header.epoch = 3;
        disk::replace(dir.path(), COPIES[1], &header.encode(&SecretKey::random().unwrap()).unwrap()).unwrap();
        let read = Header::load(dir.path(), Unlock::CredentialFile(&file)).unwrap();
        assert_eq!((read.header.epoch, read.notes.len()), (1, 1));
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
