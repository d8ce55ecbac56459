//! Reading through the directory: every page and record is checked against the version and tag its parent remembers,
//! so what is missing, old or moved is reported by name and never taken for absent.

use super::{
    Damage, DamageKind, Name, Scope, VaultError,
    envelope::{Address, Kind},
    header::OwnerId,
    key::{SecretKey, VaultId},
    page::{Entry, Page, PageRef},
    store::{Blocks, StoreKey},
};
use aes_gcm::Aes256Gcm;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// Schema number of directory pages.
pub(super) const PAGE_SCHEMA: u16 = 1;
/// Decoded pages kept; a full cache is emptied. At 8 KiB a page this is a few megabytes.
const CACHED_PAGES: usize = 64;

/// The keys of one generation of one owner.
pub(super) struct Keys {
    pub(super) data: Aes256Gcm,
    pub(super) names: SecretKey,
    /// For the vault's own owner: seals the manifest.
    pub(super) manifest: Aes256Gcm,
}

impl Keys {
    /// Where something lies in the store: its name's HMAC, truncated.
    pub(super) fn place(&self, kind: Kind, name: &str) -> StoreKey {
        let mac = self.names.mac(&[&[kind as u8], name.as_bytes()].concat());
        mac.first_chunk().copied().unwrap_or_default()
    }
}

/// A client, or the vault itself, with its keys.
pub(super) struct Owner {
    pub(super) id: OwnerId,
    pub(super) scope: Scope,
    pub(super) keys: BTreeMap<u32, Arc<Keys>>,
}

impl Owner {
    /// The generation that seals what is new.
    pub(super) fn current(&self) -> Option<(u32, &Keys)> {
        self.keys.last_key_value().map(|(generation, keys)| (*generation, &**keys))
    }
}

/// A record as it was stored; its bytes are wiped when dropped.
pub struct Opened {
    /// The schema number it was put with.
    pub schema: u16,
    /// The plaintext.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Pages decoded before, used only while their tag is still the one asked for.
#[derive(Default)]
pub(super) struct PageCache(Mutex<CachedPages>);

/// By owner and page id: what the page was checked against, and the page.
type CachedPages = HashMap<(OwnerId, u64), (PageRef, Arc<Page>)>;

impl PageCache {
    fn get(&self, owner: &OwnerId, at: &PageRef) -> Option<Arc<Page>> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get(&(*owner, at.id)).filter(|(known, _)| known == at).map(|(_, page)| page.clone())
    }

    /// Forgets the pages of an owner that is gone.
    pub(super) fn forget(&self, owner: &OwnerId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| of != owner);
    }

    pub(super) fn put(&self, owner: &OwnerId, at: &PageRef, page: Arc<Page>) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= CACHED_PAGES {
            pages.clear();
        }
        pages.insert((*owner, at.id), (at.clone(), page));
    }
}

/// One owner's part of the directory.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    pub(super) store: &'a dyn Blocks,
    pub(super) cache: &'a PageCache,
    pub(super) vault: &'a VaultId,
    pub(super) owner: &'a Owner,
}

impl<'a> Directory<'a> {
    pub(super) fn damaged(&self, name: &str, kind: DamageKind) -> VaultError {
        Damage { whose: self.owner.scope.clone(), name: name.to_owned(), kind }.into()
    }

    /// The page, checked. `asked` is the name in an error.
    pub(super) fn page(&self, at: &PageRef, asked: &str) -> Result<Arc<Page>, VaultError> {
        if let Some(page) = self.cache.get(&self.owner.id, at) {
            return Ok(page);
        }
        let name = page_name(at.id);
        let address = self.address(Kind::Page, &name, at.generation, at.version, PAGE_SCHEMA);
        let plain = self.fetch(&address, &at.tag)?.map_err(|kind| self.damaged(asked, kind.of_page()))?;
        let page = Page::decode(&plain)
            .filter(|page| page.records() == at.count)
            .map(Arc::new)
            .ok_or_else(|| self.damaged(asked, DamageKind::PageAltered))?;
        self.cache.put(&self.owner.id, at, page.clone());
        Ok(page)
    }

    /// What the directory says of a name.
    pub(super) fn find(&self, root: Option<&PageRef>, name: &Name) -> Result<Option<Entry>, VaultError> {
        let Some(root) = root else { return Ok(None) };
        let mut at = root.clone();
        loop {
            let page = self.page(&at, name.as_str())?;
            match &*page {
                Page::Leaf(entries) => {
                    let found = entries.binary_search_by(|(n, _)| n.cmp(name)).ok();
                    return Ok(found.and_then(|i| entries.get(i)).map(|(_, entry)| entry.clone()));
                }
                Page::Inner(children) => {
                    let after = children.partition_point(|(first, _)| first <= name);
                    match after.checked_sub(1).and_then(|i| children.get(i)) {
                        Some((_, child)) => at = child.clone(),
                        None => return Ok(None),
                    }
                }
            }
        }
    }

    /// Opens the record the directory speaks of.
    pub(super) fn read(&self, name: &Name, entry: &Entry) -> Result<Opened, VaultError> {
        let address = self.address(Kind::Record, name.as_str(), entry.generation, entry.version, entry.schema);
        let bytes = self.fetch(&address, &entry.tag)?.map_err(|kind| self.damaged(name.as_str(), kind))?;
        if bytes.len() as u64 != u64::from(entry.length) {
            return Err(self.damaged(name.as_str(), DamageKind::Altered));
        }
        Ok(Opened { schema: entry.schema, bytes })
    }

    /// Appends the names that start with `prefix`, in order; reads only the pages that can hold some.
    pub(super) fn list(&self, at: &PageRef, prefix: &str, out: &mut Vec<Name>) -> Result<(), VaultError> {
        match &*self.page(at, prefix)? {
            Page::Leaf(entries) => {
                let start = entries.partition_point(|(n, _)| n.as_str() < prefix);
                let wanted = entries.iter().skip(start).take_while(|(n, _)| n.as_str().starts_with(prefix));
                out.extend(wanted.map(|(name, _)| name.clone()));
            }
            Page::Inner(children) => {
                // The child before the first one that starts at or after the prefix may still hold some.
                let start = children.partition_point(|(first, _)| first.as_str() < prefix).saturating_sub(1);
                for (first, child) in children.iter().skip(start) {
                    if first.as_str() > prefix && !first.as_str().starts_with(prefix) {
                        break;
                    }
                    self.list(child, prefix, out)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn address<'n>(
        &self,
        kind: Kind,
        name: &'n str,
        generation: u32,
        version: u64,
        schema: u16,
    ) -> Address<'n>
    where
        'a: 'n,
    {
        Address { vault: self.vault, owner: &self.owner.id, kind, name, generation, version, schema }
    }

    /// Outer error: the store failed. Inner error: what is wrong with the stored bytes.
    fn fetch(
        &self,
        address: &Address<'_>,
        tag: &[u8; super::envelope::TAG],
    ) -> Result<Result<Zeroizing<Vec<u8>>, DamageKind>, VaultError> {
        let Some(keys) = self.owner.keys.get(&address.generation) else { return Ok(Err(DamageKind::Altered)) };
        let Some(bytes) = self.store.block(&keys.place(address.kind, address.name))? else {
            return Ok(Err(DamageKind::Missing));
        };
        Ok(address.open(&keys.data, tag, bytes))
    }
}

/// The logical name of a page; it cannot meet a record's, for its kind is different.
pub(super) fn page_name(id: u64) -> String {
    format!("page/{id}")
}
