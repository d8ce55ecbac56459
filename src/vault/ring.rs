//! The key ring: the key of every owner, wrapped under the root key. An owner is the vault itself, a client, or one
//! connection of a client; shredding one is dropping its keys from the ring.

use super::{
    VaultError,
    header::OwnerId,
    key::{Purpose, SecretKey, VaultId, WRAPPED, length_prefixed, open_small, seal_small},
    wire::Reader,
};
use crate::domain::{ClientId, ConnectionId};

/// A label is padded to this before sealing, so that its length does not show.
const LABEL_PLAIN: usize = 48;
const LABEL: usize = 12 + LABEL_PLAIN + 16;
/// First byte of a connection's label; no short name begins with it.
const CONNECTION: u8 = 0;

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Label {
    /// The vault's own.
    Vault,
    /// A client's.
    Client(ClientId),
    /// That of a connection of the client with this owner id.
    Connection(OwnerId, ConnectionId),
}

impl Label {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Vault => Vec::new(),
            Self::Client(id) => id.as_str().as_bytes().to_vec(),
            Self::Connection(client, id) => [&[CONNECTION][..], client, id.as_str().as_bytes()].concat(),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            None => Some(Self::Vault),
            Some((&CONNECTION, rest)) => {
                let (client, id) = rest.split_first_chunk()?;
                Some(Self::Connection(*client, std::str::from_utf8(id).ok()?.parse().ok()?))
            }
            Some(_) => Some(Self::Client(std::str::from_utf8(bytes).ok()?.parse().ok()?)),
        }
    }
}

/// One generation of one owner's key.
#[derive(Clone)]
pub(super) struct RingKey {
    pub(super) owner: OwnerId,
    pub(super) generation: u32,
    wrapped: [u8; WRAPPED],
    label: [u8; LABEL],
}

impl RingKey {
    /// Wraps `key` under the root key and seals the owner's label under `key` itself, so that the name goes where the
    /// key goes.
    pub(super) fn make(
        vault: &VaultId,
        root: &SecretKey,
        owner: OwnerId,
        generation: u32,
        key: &SecretKey,
        label: &Label,
    ) -> Result<Self, VaultError> {
        let aad = Self::aad(vault, &owner, generation);
        let wrapped = root.derive(vault, Purpose::Wrap).wrap(key, &aad)?;
        let text = label.encode();
        let too_large = || VaultError::TooLarge { what: "the name of a connection", limit: "30 bytes" };
        let mut plain = Vec::with_capacity(LABEL_PLAIN);
        plain.push(text.len() as u8);
        plain.extend_from_slice(&text);
        (plain.len() <= LABEL_PLAIN).then_some(()).ok_or_else(too_large)?;
        plain.resize(LABEL_PLAIN, 0);
        let sealed = seal_small(&key.derive(vault, Purpose::Label).cipher(), &aad, &plain)?;
        let label = sealed.try_into().map_err(|_| too_large())?;
        Ok(Self { owner, generation, wrapped, label })
    }

    /// The key and whose it is; `None` if either is not what was written.
    pub(super) fn open(&self, vault: &VaultId, root: &SecretKey) -> Option<(SecretKey, Label)> {
        let aad = Self::aad(vault, &self.owner, self.generation);
        let key = root.derive(vault, Purpose::Wrap).unwrap_key(&self.wrapped, &aad)?;
        let plain = open_small(&key.derive(vault, Purpose::Label).cipher(), &aad, &self.label)?;
        let (length, rest) = plain.split_first()?;
        let label = Label::decode(rest.get(..usize::from(*length))?)?;
        Some((key, label))
    }

    /// The same key under another root key; `None` if it does not open.
    pub(super) fn rewrapped(&self, vault: &VaultId, from: &SecretKey, to: &SecretKey) -> Option<Self> {
        let aad = Self::aad(vault, &self.owner, self.generation);
        let key = from.derive(vault, Purpose::Wrap).unwrap_key(&self.wrapped, &aad)?;
        let wrapped = to.derive(vault, Purpose::Wrap).wrap(&key, &aad).ok()?;
        Some(Self { wrapped, ..self.clone() })
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.owner);
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(&self.wrapped);
        out.extend_from_slice(&self.label);
    }

    pub(super) fn take(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { owner: r.array()?, generation: r.u32()?, wrapped: r.array()?, label: r.array()? })
    }

    fn aad(vault: &VaultId, owner: &OwnerId, generation: u32) -> Vec<u8> {
        length_prefixed(&[b"bailiwick/1/ring", vault, owner, &generation.to_le_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_label_comes_back_and_moves_to_another_root() {
        let (vault, root, next) = ([3; 16], SecretKey::random().unwrap(), SecretKey::random().unwrap());
        let key = SecretKey::random().unwrap();
        let labels = [
            Label::Vault,
            Label::Client("a".repeat(40).parse().unwrap()),
            Label::Connection([9; 16], "123456789012".parse().unwrap()),
        ];
        for label in labels {
            let made = RingKey::make(&vault, &root, [1; 16], 2, &key, &label).unwrap();
            assert_eq!(made.open(&vault, &root).unwrap().1, label);
            let moved = made.rewrapped(&vault, &root, &next).unwrap();
            assert_eq!(moved.open(&vault, &next).unwrap().1, label);
            assert!(moved.open(&vault, &root).is_none() && made.rewrapped(&vault, &next, &root).is_none());
            let other = RingKey { generation: 3, ..made };
            assert!(other.open(&vault, &root).is_none());
        }
        let long = Label::Connection([9; 16], "x".repeat(31).parse().unwrap());
        assert!(RingKey::make(&vault, &root, [1; 16], 2, &key, &long).is_err());
    }
}
