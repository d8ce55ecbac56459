//! The stored form of the log, and the MACs that chain it.

use crate::{
    domain::{ClientId, Timestamp},
    vault::{
        Name, VaultError,
        header::OwnerId,
        key::{SecretKey, VaultId, length_prefixed, open_small, seal_small},
    },
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Chunks lie below this name.
pub(super) const CHUNKS: &str = "audit/";
/// Schema number of the records of this folder.
pub(super) const SCHEMA: u16 = 1;
/// Entries in a chunk at most, and their bytes at most: what an append writes again.
pub(super) const CHUNK_ENTRIES: usize = 128;
pub(super) const CHUNK_BYTES: usize = 24 << 10;

/// More entries than this nobody has written: the name of a chunk has twelve digits.
const CLAIM_LIMIT: u64 = 1_000_000_000_000;

pub(super) type Mac = [u8; 32];

/// What the first entry stands after.
pub(super) const START: Mac = [0; 32];

/// One entry without its MAC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its place in the chain, from 1.
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) actor: String,
    /// A word rather than an enum: a later release may know more.
    pub(super) via: String,
    pub(super) action: String,
    pub(super) body: Body,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Body {
    /// It concerns no client.
    Plain(String),
    /// A [`Said`] under the audit key of a client, which is named by its opaque id only.
    Sealed { owner: OwnerId, bytes: Vec<u8> },
}

/// What is sealed of an entry that concerns a client.
#[derive(Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) client: ClientId,
    pub(super) detail: String,
}

/// An entry and the MAC over it and all before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) entry: Entry,
    pub(super) mac: Mac,
}

/// Some entries in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// The MAC of the entry before the first, so that a chunk can be checked without the one before it.
    pub(super) before: Mac,
    pub(super) links: Vec<Link>,
}

impl Chunk {
    /// Whether there is room for one more entry.
    pub(super) fn has_room(&self) -> bool {
        let bytes: usize = self.links.iter().map(|link| link.entry.size()).sum();
        self.links.len() < CHUNK_ENTRIES && bytes < CHUNK_BYTES
    }

    /// The number and MAC it ends with.
    pub(super) fn end(&self) -> Option<(u64, &Mac)> {
        self.links.last().map(|link| (link.entry.number, &link.mac))
    }
}

impl Entry {
    /// Its bytes, about.
    fn size(&self) -> usize {
        let said = match &self.body {
            Body::Plain(text) => text.len(),
            Body::Sealed { bytes, .. } => bytes.len(),
        };
        64 + self.actor.len() + self.via.len() + self.action.len() + said
    }
}

/// The end of the chain, in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The number of the last entry.
    pub(super) count: u64,
    pub(super) mac: Mac,
    /// The number that the last chunk is named by.
    pub(super) chunk: u64,
    /// The first entry of the present chain: 1, unless the end or the key of an earlier one was lost.
    pub(super) since: u64,
}

impl Head {
    /// How many entries a head speaks of that is not proven; good only for not using a number twice.
    pub(super) fn claimed(sealed: &[u8]) -> Option<u64> {
        let (head, _) = postcard::take_from_bytes::<Self>(sealed).ok()?;
        Some(head.count).filter(|count| *count < CLAIM_LIMIT)
    }
}

/// A chunk's name.
pub(super) fn chunk_name(first: u64) -> Result<Name, VaultError> {
    Name::new(format!("{CHUNKS}{first:012}"))
}

/// The number in a chunk's name.
pub(super) fn chunk_number(name: &Name) -> Option<u64> {
    name.as_str().strip_prefix(CHUNKS)?.parse().ok()
}

pub(super) fn chain_key_name() -> Result<Name, VaultError> {
    Name::new("audit-chain-key")
}

pub(super) fn client_key_name() -> Result<Name, VaultError> {
    Name::new("audit-key")
}

/// The key of the chain.
pub(super) struct ChainKey(SecretKey);

impl ChainKey {
    pub(super) fn new(vault: &VaultId, stored: &[u8]) -> Self {
        Self(SecretKey::extract(vault, stored, b"bailiwick/1/audit-chain"))
    }

    /// The MAC of an entry that stands after `before`.
    pub(super) fn mac(&self, before: &Mac, entry: &Entry) -> Result<Mac, VaultError> {
        Ok(self.0.mac(&[&before[..], &length_prefixed(&[&encoded(entry)?])].concat()))
    }

    /// The head as the manifest keeps it: its bytes and their MAC.
    pub(super) fn seal_head(&self, head: &Head) -> Result<Vec<u8>, VaultError> {
        let bytes = encoded(head)?;
        let mac = self.0.mac(&head_message(&bytes));
        Ok([&bytes[..], &mac].concat())
    }

    /// `None` if it is not what [`seal_head`](Self::seal_head) made.
    pub(super) fn open_head(&self, sealed: &[u8]) -> Option<Head> {
        let (bytes, mac) = sealed.split_last_chunk::<32>()?;
        self.0.mac_is(&head_message(bytes), mac).then(|| postcard::from_bytes(bytes).ok()).flatten()
    }
}

/// No entry's MAC is over something that begins like this: those begin with a MAC and a length.
fn head_message(bytes: &[u8]) -> Vec<u8> {
    length_prefixed(&[b"bailiwick/1/audit-head", bytes])
}

/// The key that seals what entries say of one client.
pub(super) struct ClientKey {
    key: SecretKey,
    pub(super) owner: OwnerId,
}

impl ClientKey {
    pub(super) fn new(vault: &VaultId, owner: OwnerId, stored: &[u8]) -> Self {
        Self { key: SecretKey::extract(vault, stored, b"bailiwick/1/audit-client"), owner }
    }

    /// Seals for the entry with this number and no other.
    pub(super) fn seal(&self, number: u64, said: &Said) -> Result<Body, VaultError> {
        let plain = Zeroizing::new(encoded(said)?);
        let bytes = seal_small(&self.key.cipher(), &self.place(number), &plain)?;
        Ok(Body::Sealed { owner: self.owner, bytes })
    }

    pub(super) fn open(&self, number: u64, bytes: &[u8]) -> Option<Said> {
        let plain = open_small(&self.key.cipher(), &self.place(number), bytes)?;
        postcard::from_bytes(&plain).ok()
    }

    fn place(&self, number: u64) -> Vec<u8> {
        length_prefixed(&[b"bailiwick/1/audit-entry", &self.owner, &number.to_le_bytes()])
    }
}

fn encoded<T: Serialize>(value: &T) -> Result<Vec<u8>, VaultError> {
    let codec = |e: postcard::Error| VaultError::Codec { name: "audit".into(), done: "encoded", why: e.to_string() };
    postcard::to_stdvec(value).map_err(codec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> Entry {
        let body = Body::Plain("x".into());
        let at = Timestamp::from_second(9);
        Entry { number, at, actor: "ines".into(), via: "cli".into(), action: "sync.run".into(), body }
    }

    #[test]
    fn a_mac_binds_the_entry_what_is_before_it_and_the_key() {
        let key = ChainKey::new(&[1; 16], &[2; 32]);
        let mac = key.mac(&START, &entry(1)).unwrap();
        assert_eq!(mac, key.mac(&START, &entry(1)).unwrap());
        let later = Entry { at: Timestamp::from_second(10), ..entry(1) };
        let others = [
            key.mac(&[1; 32], &entry(1)),
            key.mac(&START, &entry(2)),
            key.mac(&START, &later),
            ChainKey::new(&[1; 16], &[3; 32]).mac(&START, &entry(1)),
            ChainKey::new(&[2; 16], &[2; 32]).mac(&START, &entry(1)),
        ];
        assert!(others.into_iter().all(|other| other.unwrap() != mac));
    }

    #[test]
    fn a_head_opens_whole_and_under_its_own_key_only() {
        let key = ChainKey::new(&[1; 16], &[2; 32]);
        let head = Head { count: 300, mac: [7; 32], chunk: 257, since: 1 };
        let sealed = key.seal_head(&head).unwrap();
        assert_eq!(key.open_head(&sealed), Some(head));
        assert_eq!(ChainKey::new(&[1; 16], &[3; 32]).open_head(&sealed), None);
        for cut in 0..sealed.len() {
            assert_eq!(key.open_head(&sealed[..cut]), None);
            let mut flipped = sealed.clone();
            flipped[cut] ^= 1;
            assert_eq!(key.open_head(&flipped), None);
        }
    }

    #[test]
    fn what_is_said_of_a_client_opens_at_its_own_entry_and_under_its_own_key_only() {
        let key = ClientKey::new(&[1; 16], [5; 16], &[2; 32]);
        let said = Said { client: "acme".parse().unwrap(), detail: "all of it".into() };
        let Body::Sealed { owner, bytes } = key.seal(4, &said).unwrap() else { panic!("not sealed") };
        assert_eq!(owner, [5; 16]);
        assert_eq!(key.open(4, &bytes).unwrap().detail, "all of it");
        assert!(key.open(5, &bytes).is_none());
        assert!(ClientKey::new(&[1; 16], [6; 16], &[2; 32]).open(4, &bytes).is_none());
        assert!(ClientKey::new(&[1; 16], [5; 16], &[3; 32]).open(4, &bytes).is_none());
    }
}
