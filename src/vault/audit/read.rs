//! Reading the log.

use super::chain::{Body, CHUNKS, Chunk, ClientKey, Entry, Link, SCHEMA, Said, chunk_number, client_key_name};
use crate::{
    domain::{ClientId, Timestamp},
    vault::{Name, Scope, Vault, VaultError, header::OwnerId},
};
use std::{collections::HashMap, ops::ControlFlow, sync::Arc};

/// In which order entries are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOrder {
    /// The last one first.
    NewestFirst,
    /// The first one first.
    OldestFirst,
}

/// One entry as it can be read now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place in the chain, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Through what: `cli`, `console`, `automatic`, or a word of a later release.
    pub via: String,
    /// What, by its stable id.
    pub action: String,
    /// What it says.
    pub text: AuditText,
    /// Its place's proof: the HMAC over it and the entry before it.
    pub mac: [u8; 32],
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditText {
    /// It can be read.
    Said {
        /// The client it concerns.
        client: Option<ClientId>,
        /// A sentence.
        detail: String,
    },
    /// It went with the key of the client it concerned.
    Erased,
    /// It is there, and the key that opens it is damaged.
    Unreadable {
        /// Why.
        why: String,
    },
}

/// Entries that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditGap {
    /// The first that may be missing.
    pub from: u64,
    /// The last; `None` if nobody knows.
    pub to: Option<u64>,
    /// Why.
    pub why: String,
}

/// What opens entries about one client.
enum Opener {
    Key(ClientKey),
    Gone,
    Damaged(String),
}

impl Vault {
    /// Shows every entry to `see` until it has seen enough. Chunks that cannot be read are returned as gaps; only the
    /// failing of the directory or the store itself is an error.
    pub fn audit_entries(
        &self,
        order: AuditOrder,
        see: &mut dyn FnMut(AuditRecord) -> ControlFlow<()>,
    ) -> Result<Vec<AuditGap>, VaultError> {
        let mut names: Vec<(u64, Name)> = Vec::new();
        for name in self.list(&Scope::Vault, CHUNKS)? {
            names.extend(chunk_number(&name).map(|first| (first, name)));
        }
        // Where a chunk ends, if it cannot tell by itself.
        let ends = names.iter().skip(1).map(|(first, _)| Some(first.saturating_sub(1))).chain([None]);
        let mut chunks: Vec<((u64, Name), Option<u64>)> = names.iter().cloned().zip(ends).collect();
        if order == AuditOrder::NewestFirst {
            chunks.reverse();
        }
        let mut openers: HashMap<OwnerId, Arc<Opener>> = HashMap::new();
        let mut gaps = Vec::new();
        for ((from, name), to) in chunks {
            let mut links = match self.get_record::<Chunk>(&Scope::Vault, &name, SCHEMA) {
                Ok(chunk) => chunk.unwrap_or_default().links,
                Err(error @ (VaultError::Damaged(_) | VaultError::Codec { .. } | VaultError::Schema { .. })) => {
                    gaps.push(AuditGap { from, to, why: error.to_string() });
                    continue;
                }
                Err(error) => return Err(error),
            };
            if order == AuditOrder::NewestFirst {
                links.reverse();
            }
            for Link { entry, mac } in links {
                let text = self.text(&entry, &mut openers)?;
                let Entry { number, at, actor, via, action, .. } = entry;
                if see(AuditRecord { number, at, actor, via, action, text, mac }).is_break() {
                    return Ok(gaps);
                }
            }
        }
        Ok(gaps)
    }

    fn text(&self, entry: &Entry, openers: &mut HashMap<OwnerId, Arc<Opener>>) -> Result<AuditText, VaultError> {
        let (owner, bytes) = match &entry.body {
            Body::Plain(detail) => return Ok(AuditText::Said { client: None, detail: detail.clone() }),
            Body::Sealed { owner, bytes } => (owner, bytes),
        };
        let opener = match openers.get(owner) {
            Some(opener) => opener.clone(),
            None => {
                let opener = Arc::new(self.opener(owner)?);
                openers.insert(*owner, opener.clone());
                opener
            }
        };
        Ok(match &*opener {
            Opener::Key(key) => match key.open(entry.number, bytes) {
                Some(Said { client, detail }) => AuditText::Said { client: Some(client), detail },
                // The key that sealed it was lost to damage and repaired away; this is the next one.
                None => AuditText::Erased,
            },
            Opener::Gone => AuditText::Erased,
            Opener::Damaged(why) => AuditText::Unreadable { why: why.clone() },
        })
    }

    fn opener(&self, id: &OwnerId) -> Result<Opener, VaultError> {
        let scope = self.state().owners.values().find(|owner| owner.id == *id).map(|owner| owner.scope.clone());
        let Some(scope) = scope else { return Ok(Opener::Gone) };
        match self.get(&scope, &client_key_name()?) {
            Ok(Some(stored)) => Ok(Opener::Key(ClientKey::new(&self.id, *id, &stored.bytes))),
            // Removed this moment, or taken out by a repair.
            Ok(None) | Err(VaultError::UnknownClient(_)) => Ok(Opener::Gone),
            Err(error @ VaultError::Damaged(_)) => Ok(Opener::Damaged(error.to_string())),
            Err(error) => Err(error),
        }
    }
}
