//! Adding entries.

use super::{
    AuditEntry,
    chain::{
        Body, CHUNKS, ChainKey, Chunk, ClientKey, Entry, Head, Link, Mac, SCHEMA, START, Said, chain_key_name,
        chunk_name, chunk_number, client_key_name,
    },
};
use crate::{
    domain::ClientId,
    vault::{
        Batch, Scope, Vault, VaultError,
        header::OwnerId,
        key::random,
        manifest::{AUDIT_HEAD, Root},
        open::new_owner,
        ring::Label,
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard},
};
use zeroize::Zeroizing;

/// Characters of a detail kept at most, and of a name.
const DETAIL_LIMIT: usize = 2_000;
const NAME_LIMIT: usize = 200;

/// An entry ready to be committed.
struct Prepared {
    number: u64,
    batch: Batch,
    /// The manifest's section.
    head: Vec<u8>,
}

impl Vault {
    /// Notes something; durable when it returns. Says the entry's number. An entry that concerns a client needs the
    /// client to be in this vault.
    pub fn audit_append(&self, entry: &AuditEntry) -> Result<u64, VaultError> {
        let one = self.begin()?;
        self.audit_holding(&one, entry)
    }

    /// The same while the disk is nearly full; for what is about to free space.
    pub fn audit_append_anyway(&self, entry: &AuditEntry) -> Result<u64, VaultError> {
        let one = self.begin_anyway()?;
        self.audit_holding(&one, entry)
    }

    /// Notes several things with one commit, in their order; durable when it returns, all or none. For a run over many
    /// clients, which would otherwise wait for the disk once for each.
    pub fn audit_append_all(&self, entries: &[AuditEntry]) -> Result<(), VaultError> {
        if entries.is_empty() {
            return Ok(());
        }
        let one = self.begin()?;
        let mut batch = Batch::new();
        let mut keys: BTreeMap<&ClientId, ClientKey> = BTreeMap::new();
        for client in entries.iter().filter_map(|entry| entry.client.as_ref()) {
            if !keys.contains_key(client) {
                keys.insert(client, self.client_audit_key(client, &mut batch)?);
            }
        }
        let entries = entries.iter().map(|entry| (entry, entry.client.as_ref().and_then(|client| keys.get(client))));
        let Prepared { batch, head, .. } = self.prepare(entries, batch)?;
        self.commit_holding(&one, batch, |manifest| manifest.set_extra(AUDIT_HEAD, head))
    }

    fn audit_holding(&self, one: &MutexGuard<'_, ()>, entry: &AuditEntry) -> Result<u64, VaultError> {
        let mut batch = Batch::new();
        let key = match &entry.client {
            None => None,
            Some(client) => Some(self.client_audit_key(client, &mut batch)?),
        };
        let Prepared { number, batch, head } = self.prepare([(entry, key.as_ref())], batch)?;
        self.commit_holding(one, batch, |manifest| manifest.set_extra(AUDIT_HEAD, head))?;
        Ok(number)
    }

    /// Adds a client with a key of its own and notes it, both or neither: an entry about a client needs the client's
    /// key. Durable when it returns. `entry` must concern that client, and `records` must be its own first ones.
    pub fn add_client_noted(&self, id: &ClientId, entry: &AuditEntry, records: Batch) -> Result<u64, VaultError> {
        let _one = self.begin()?;
        let scope = Scope::Client(id.clone());
        if self.state().owners.contains_key(&scope) {
            return Err(VaultError::ClientExists(id.clone()));
        }
        let (mut header, mut manifest, root) = self.copies();
        let (ring_key, owner) = new_owner(&self.id, &root, random::<16>()?, scope.clone(), &Label::Client(id.clone()))?;
        header.ring.push(ring_key);
        manifest.owners.insert(owner.id, Root::default());
        let mut batch = records;
        let key = self.new_client_audit_key(&scope, owner.id, &mut batch)?;
        let Prepared { number, batch, head } = self.prepare([(entry, Some(&key))], batch)?;
        let own = self.state().owner(&Scope::Vault)?.clone();
        let mut writes = Vec::new();
        for (of, edits) in &batch.edits {
            let whose = if *of == scope { &owner } else { &*own };
            let root = manifest.owners.entry(whose.id).or_default();
            writes.extend(self.rewrite(whose, root, manifest.epoch + 1, edits)?);
        }
        manifest.set_extra(AUDIT_HEAD, head);
        // The key first: a commit must never speak of a client whose key is not on disk. Cut short here, the client is
        // an empty one without an entry, and is added again.
        self.save_header(&mut header, &mut manifest, &root)?;
        self.publish(manifest, writes, |state| {
            state.header = header;
            state.owners.insert(scope, Arc::new(owner));
        })?;
        Ok(number)
    }

    /// The next entries, and everything that has to be written for them.
    fn prepare<'a>(
        &self,
        entries: impl IntoIterator<Item = (&'a AuditEntry, Option<&'a ClientKey>)>,
        mut batch: Batch,
    ) -> Result<Prepared, VaultError> {
        let (chain, new_key) = match self.chain_key()? {
            Some(key) => (key, false),
            None => (self.new_chain_key(&mut batch)?, true),
        };
        let Last { mut count, mut mac, mut since, mut open_chunk } = self.last(&chain, new_key)?;
        let mut chunk_of_last = count;
        for (entry, key) in entries {
            let number = count + 1;
            let detail = shortened(&entry.detail, DETAIL_LIMIT);
            let body = match (&entry.client, key) {
                (Some(client), Some(key)) => key.seal(number, &Said { client: client.clone(), detail })?,
                _ => Body::Plain(detail),
            };
            let entry = Entry {
                number,
                at: entry.at,
                actor: shortened(&entry.actor, NAME_LIMIT),
                via: entry.via.word().to_owned(),
                action: shortened(&entry.action, NAME_LIMIT),
                body,
            };
            let before = mac;
            mac = chain.mac(&before, &entry)?;
            let (first, mut chunk) = open_chunk
                .take()
                .filter(|(_, chunk)| chunk.has_room())
                .unwrap_or_else(|| (number, Chunk { before, links: Vec::new() }));
            chunk.links.push(Link { entry, mac });
            batch.put_record(&Scope::Vault, &chunk_name(first)?, SCHEMA, &chunk)?;
            since = since.or(Some(number));
            (count, chunk_of_last, open_chunk) = (number, first, Some((first, chunk)));
        }
        let since = since.unwrap_or(count);
        let head = chain.seal_head(&Head { count, mac, chunk: chunk_of_last, since })?;
        Ok(Prepared { number: count, batch, head })
    }

    /// Where the chain goes on. A log that lost its end or its key is not continued as if nothing had happened: a new
    /// chain begins after what is there, and [`Vault::audit_verify`] says so ever after. A chunk that is damaged or not
    /// what the head says stays as it is, and the next one begins.
    fn last(&self, chain: &ChainKey, new_key: bool) -> Result<Last, VaultError> {
        let sealed = self.state().manifest.extra(AUDIT_HEAD).map(<[u8]>::to_vec);
        let head = sealed.as_deref().and_then(|sealed| chain.open_head(sealed));
        let Some(head) = head else {
            let found = match self.list(&Scope::Vault, CHUNKS)?.last() {
                None => 0,
                Some(name) => {
                    let chunk = self.get_record::<Chunk>(&Scope::Vault, name, SCHEMA).ok().flatten();
                    let last = chunk.and_then(|chunk| chunk.end().map(|(number, _)| number));
                    last.max(chunk_number(name)).unwrap_or(1)
                }
            };
            let fresh = found == 0 && sealed.is_none() && new_key;
            let claimed = sealed.as_deref().and_then(Head::claimed).unwrap_or(0);
            // At least 1, so that the chain that begins now can never pass for the first one.
            let count = if fresh { 0 } else { found.max(claimed).max(1) };
            return Ok(Last { count, mac: START, since: fresh.then_some(1), open_chunk: None });
        };
        let open_chunk = match self.get_record::<Chunk>(&Scope::Vault, &chunk_name(head.chunk)?, SCHEMA) {
            Ok(Some(chunk)) if chunk.has_room() && chunk.end() == Some((head.count, &head.mac)) => {
                Some((head.chunk, chunk))
            }
            // The store itself failed: nothing can be said of the chunk.
            Err(error @ (VaultError::Store { .. } | VaultError::Io { .. })) => return Err(error),
            _ => None,
        };
        Ok(Last { count: head.count, mac: head.mac, since: Some(head.since), open_chunk })
    }

    /// The key of the chain, if the log was begun.
    pub(super) fn chain_key(&self) -> Result<Option<ChainKey>, VaultError> {
        let stored = self.get(&Scope::Vault, &chain_key_name()?)?;
        Ok(stored.map(|stored| ChainKey::new(&self.id, &stored.bytes)))
    }

    fn new_chain_key(&self, batch: &mut Batch) -> Result<ChainKey, VaultError> {
        let stored = Zeroizing::new(random::<32>()?);
        batch.put(&Scope::Vault, &chain_key_name()?, SCHEMA, stored.to_vec());
        Ok(ChainKey::new(&self.id, &stored[..]))
    }

    fn client_audit_key(&self, client: &ClientId, batch: &mut Batch) -> Result<ClientKey, VaultError> {
        let scope = Scope::Client(client.clone());
        let owner = self.state().owner(&scope)?.id;
        match self.get(&scope, &client_key_name()?)? {
            Some(stored) => Ok(ClientKey::new(&self.id, owner, &stored.bytes)),
            None => self.new_client_audit_key(&scope, owner, batch),
        }
    }

    fn new_client_audit_key(&self, scope: &Scope, owner: OwnerId, batch: &mut Batch) -> Result<ClientKey, VaultError> {
        let stored = Zeroizing::new(random::<32>()?);
        batch.put(scope, &client_key_name()?, SCHEMA, stored.to_vec());
        Ok(ClientKey::new(&self.id, owner, &stored[..]))
    }
}

/// What the next entry follows.
struct Last {
    count: u64,
    mac: Mac,
    /// The first entry of the chain it belongs to; `None` if the next entry begins one.
    since: Option<u64>,
    /// The last chunk and its number, if it takes one more.
    open_chunk: Option<(u64, Chunk)>,
}

fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
