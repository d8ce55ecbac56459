//! Changing the directory: one commit rewrites the pages on the paths to what it changes, and no others.

use super::{
    Name, VaultError,
    directory::{Directory, Keys, PAGE_SCHEMA, page_name},
    envelope::Kind,
    page::{Entry, Item, Page, PageRef, split},
    store::StoreKey,
};
use std::{cmp::Ordering, sync::Arc};

/// A write to the store; `None` removes.
pub(super) type Write = (StoreKey, Option<Vec<u8>>);
/// A name's new record, or its removal.
pub(super) type Change = (Name, Option<Entry>);

/// The rewriting of one owner's directory in one commit.
pub(super) struct Rewrite<'a> {
    pub(super) directory: Directory<'a>,
    /// The generation and keys that seal what is new.
    pub(super) sealing: (u32, &'a Keys),
    /// The commit's epoch, the version of all it writes.
    pub(super) version: u64,
    /// The next page id never used before.
    pub(super) next_page: u64,
    pub(super) writes: Vec<Write>,
    /// Cipher invocations so far.
    pub(super) sealed: u64,
}

impl Rewrite<'_> {
    /// Seals one record and returns its entry for [`run`](Self::run).
    pub(super) fn seal(&mut self, name: &Name, schema: u16, plain: &[u8]) -> Result<Entry, VaultError> {
        let too_large = |_| VaultError::TooLarge { what: "a record", limit: "4 GiB" };
        let length = u32::try_from(plain.len()).map_err(too_large)?;
        let (generation, version) = (self.sealing.0, self.version);
        let tag = self.put(Kind::Record, name.as_str(), schema, plain)?;
        Ok(Entry { generation, version, tag, schema, length })
    }

    /// Applies changes, sorted by name and each name once; returns the new root page, if any record is left.
    pub(super) fn run(&mut self, root: Option<&PageRef>, changes: &[Change]) -> Result<Option<PageRef>, VaultError> {
        let mut level = match root {
            Some(root) => self.descend(root, changes)?,
            None => {
                let added = self.merge(&[], changes).unwrap_or_default();
                self.write(None, added)?
            }
        };
        while level.len() > 1 {
            level = self.write(None, level)?;
        }
        Ok(level.pop().map(|(_, root)| root))
    }

    fn descend(&mut self, at: &PageRef, changes: &[Change]) -> Result<Vec<(Name, PageRef)>, VaultError> {
        let asked = changes.first().map_or("", |(name, _)| name.as_str());
        match &*self.directory.page(at, asked)? {
            Page::Leaf(entries) => match self.merge(entries, changes) {
                Some(merged) => self.write(Some(at), merged),
                None => Ok(entries.iter().take(1).map(|(first, _)| (first.clone(), at.clone())).collect()),
            },
            Page::Inner(children) => {
                let mut next = Vec::with_capacity(children.len());
                let mut rest = changes;
                let ends = children.iter().skip(1).map(|(first, _)| Some(first)).chain([None]);
                for ((first, child), end) in children.iter().zip(ends) {
                    let count = end.map_or(rest.len(), |end| rest.partition_point(|(name, _)| name < end));
                    let (mine, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                    rest = later;
                    if mine.is_empty() {
                        next.push((first.clone(), child.clone()));
                    } else {
                        next.extend(self.descend(child, mine)?);
                    }
                }
                if next == *children {
                    return Ok(children.iter().take(1).map(|(first, _)| (first.clone(), at.clone())).collect());
                }
                if next.len() <= 1 {
                    // An inner page over a single child is one step for nothing.
                    self.forget(Kind::Page, at.generation, &page_name(at.id));
                    return Ok(next);
                }
                self.write(Some(at), next)
            }
        }
    }

    /// The entries after the changes; `None` if nothing changes. Removes from the store what is no longer used.
    fn merge(&mut self, entries: &[(Name, Entry)], changes: &[Change]) -> Option<Vec<(Name, Entry)>> {
        let mut merged = Vec::with_capacity(entries.len() + changes.len());
        let mut touched = false;
        let (mut old, mut new) = (entries.iter().peekable(), changes.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            let kept = if order == Ordering::Greater { None } else { old.next() };
            let change = if order == Ordering::Less { None } else { new.next() };
            match (kept, change) {
                (Some(kept), None) => merged.push(kept.clone()),
                (kept, Some((name, entry))) => {
                    touched |= kept.is_some() || entry.is_some();
                    // A record of the same generation lies at the same place and is simply written over.
                    if let Some((_, before)) = kept
                        && entry.as_ref().is_none_or(|e| e.generation != before.generation)
                    {
                        self.forget(Kind::Record, before.generation, name.as_str());
                    }
                    merged.extend(entry.clone().map(|e| (name.clone(), e)));
                }
                (None, None) => break,
            }
        }
        touched.then_some(merged)
    }

    /// Writes items as one or more pages; the first takes the place of `at`.
    fn write<T: Item>(
        &mut self,
        at: Option<&PageRef>,
        items: Vec<(Name, T)>,
    ) -> Result<Vec<(Name, PageRef)>, VaultError> {
        let (generation, version) = (self.sealing.0, self.version);
        if let Some(at) = at.filter(|at| items.is_empty() || at.generation != generation) {
            self.forget(Kind::Page, at.generation, &page_name(at.id));
        }
        let mut reuse = at.map(|at| at.id);
        let mut out = Vec::new();
        for part in split(items) {
            let Some(first) = part.first().map(|(name, _)| name.clone()) else { continue };
            let id = reuse.take().unwrap_or_else(|| {
                self.next_page += 1;
                self.next_page - 1
            });
            let count = part.iter().map(|(_, item)| item.records()).sum();
            let page = T::page(part);
            let tag = self.put(Kind::Page, &page_name(id), PAGE_SCHEMA, &page.encode())?;
            let written = PageRef { id, generation, version, tag, count };
            self.directory.cache.put(&self.directory.owner.id, &written, Arc::new(page));
            out.push((first, written));
        }
        Ok(out)
    }

    fn put(&mut self, kind: Kind, name: &str, schema: u16, plain: &[u8]) -> Result<[u8; 16], VaultError> {
        let (generation, keys) = self.sealing;
        let address = self.directory.address(kind, name, generation, self.version, schema);
        let (bytes, tag) = address.seal(&keys.data, plain)?;
        self.writes.push((keys.place(kind, name), Some(bytes)));
        self.sealed += 1;
        Ok(tag)
    }

    fn forget(&mut self, kind: Kind, generation: u32, name: &str) {
        if let Some(keys) = self.directory.owner.keys.get(&generation) {
            self.writes.push((keys.place(kind, name), None));
        }
    }
}
