//! Pages of the authenticated directory: sorted logical names, front-coded, each with what its record must be.
//!
//! ```text
//! kind u8 (0 leaf, 1 inner) | count varint | item*
//! item:  shared varint | length varint | rest of the name | …
//! leaf:  … generation varint | version varint | tag[16] | schema varint | length varint
//! inner: … page id varint | generation varint | version varint | tag[16] | records below varint
//! ```

use super::{
    Name,
    envelope::TAG,
    wire::{Reader, put_size, put_varint},
};
use serde::{Deserialize, Serialize};

/// A page is split when its plaintext grows beyond this. Small pages keep a commit of one record small.
pub(super) const PAGE_LIMIT: usize = 8 * 1024;

/// What the record of one name must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) generation: u32,
    /// The epoch of the commit that wrote it.
    pub(super) version: u64,
    pub(super) tag: [u8; TAG],
    pub(super) schema: u16,
    /// Plaintext bytes.
    pub(super) length: u32,
}

/// What one page must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PageRef {
    pub(super) id: u64,
    pub(super) generation: u32,
    pub(super) version: u64,
    pub(super) tag: [u8; TAG],
    /// Records below it.
    pub(super) count: u64,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    /// Names and their records.
    Leaf(Vec<(Name, Entry)>),
    /// First name of each child page, and the child.
    Inner(Vec<(Name, PageRef)>),
}

/// What a page lists beside each name.
pub(super) trait Item: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(r: &mut Reader<'_>) -> Option<Self>;
    /// Records it stands for.
    fn records(&self) -> u64;
    fn page(items: Vec<(Name, Self)>) -> Page;
}

impl Item for Entry {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.generation.into());
        put_varint(out, self.version);
        out.extend_from_slice(&self.tag);
        put_varint(out, self.schema.into());
        put_varint(out, self.length.into());
    }

    fn take(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            generation: r.varint()?.try_into().ok()?,
            version: r.varint()?,
            tag: r.array()?,
            schema: r.varint()?.try_into().ok()?,
            length: r.varint()?.try_into().ok()?,
        })
    }

    fn records(&self) -> u64 {
        1
    }

    fn page(items: Vec<(Name, Self)>) -> Page {
        Page::Leaf(items)
    }
}

impl Item for PageRef {
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.id);
        put_varint(out, self.generation.into());
        put_varint(out, self.version);
        out.extend_from_slice(&self.tag);
        put_varint(out, self.count);
    }

    fn take(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            id: r.varint()?,
            generation: r.varint()?.try_into().ok()?,
            version: r.varint()?,
            tag: r.array()?,
            count: r.varint()?,
        })
    }

    fn records(&self) -> u64 {
        self.count
    }

    fn page(items: Vec<(Name, Self)>) -> Page {
        Page::Inner(items)
    }
}

impl Page {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Leaf(items) => encode(0, items),
            Self::Inner(items) => encode(1, items),
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let page = match r.u8()? {
            0 => Self::Leaf(decode(&mut r)?),
            1 => Self::Inner(decode(&mut r)?),
            _ => return None,
        };
        r.is_empty().then_some(page)
    }

    /// Records at and below this page.
    pub(super) fn records(&self) -> u64 {
        match self {
            Self::Leaf(items) => items.len() as u64,
            Self::Inner(items) => items.iter().map(|(_, child)| child.count).fold(0, u64::saturating_add),
        }
    }
}

fn put_item<T: Item>(out: &mut Vec<u8>, before: &str, name: &Name, item: &T) {
    let shared = before.bytes().zip(name.as_str().bytes()).take_while(|(a, b)| a == b).count();
    let rest = name.as_str().get(shared..).unwrap_or("");
    put_size(out, shared);
    put_size(out, rest.len());
    out.extend_from_slice(rest.as_bytes());
    item.put(out);
}

fn encode<T: Item>(kind: u8, items: &[(Name, T)]) -> Vec<u8> {
    let mut out = vec![kind];
    put_size(&mut out, items.len());
    let mut before = "";
    for (name, item) in items {
        put_item(&mut out, before, name, item);
        before = name.as_str();
    }
    out
}

fn decode<T: Item>(r: &mut Reader<'_>) -> Option<Vec<(Name, T)>> {
    let count = r.size()?;
    let mut items: Vec<(Name, T)> = Vec::with_capacity(count.min(1024));
    for _ in 0..count {
        let (shared, length) = (r.size()?, r.size()?);
        let rest = std::str::from_utf8(r.take(length)?).ok()?;
        let before = items.last().map_or("", |(name, _)| name.as_str());
        let name = Name::new([before.get(..shared)?, rest].concat()).ok()?;
        let in_order = before < name.as_str();
        items.push((in_order.then_some(name)?, T::take(r)?));
    }
    Some(items)
}

/// Cuts items into evenly filled pages, none beyond [`PAGE_LIMIT`].
pub(super) fn split<T: Item>(items: Vec<(Name, T)>) -> Vec<Vec<(Name, T)>> {
    let mut scratch = Vec::new();
    let mut sizes = Vec::with_capacity(items.len());
    let mut before = "";
    for (name, item) in &items {
        scratch.clear();
        put_item(&mut scratch, before, name, item);
        sizes.push(scratch.len());
        before = name.as_str();
    }
    let total: usize = sizes.iter().sum();
    let pages = if total <= PAGE_LIMIT { 1 } else { total.div_ceil(PAGE_LIMIT / 4 * 3) };
    let target = total.div_ceil(pages);
    let mut out = Vec::with_capacity(pages);
    let (mut page, mut filled) = (Vec::new(), 0);
    for (item, size) in items.into_iter().zip(sizes) {
        if filled >= target {
            out.push(std::mem::take(&mut page));
            filled = 0;
        }
        page.push(item);
        filled += size;
    }
    if !page.is_empty() {
        out.push(page);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaf(count: usize) -> Vec<(Name, Entry)> {
        (0..count)
            .map(|i| {
                let name = Name::new(format!("events/123456789012/us-east-1/{i:06}")).unwrap();
                (name, Entry { generation: 1, version: 1 << 40, tag: [7; TAG], schema: 300, length: i as u32 })
            })
            .collect()
    }

    #[test]
    fn pages_split_evenly_within_the_limit_and_lose_nothing() {
        for count in [0, 1, 250, 251, 1_000, 12_345] {
            let pages = split(leaf(count));
            let sizes: Vec<usize> = pages.iter().map(|p| Page::Leaf(p.clone()).encode().len()).collect();
            assert!(sizes.iter().all(|s| *s <= PAGE_LIMIT), "{sizes:?}");
            assert!(sizes.len() < 2 || sizes.iter().all(|s| *s > PAGE_LIMIT / 2), "{sizes:?}");
            assert_eq!(pages.concat(), leaf(count));
        }
    }

    #[test]
    fn both_kinds_round_trip_and_unsorted_names_are_refused() {
        let entries = leaf(30);
        let page = Page::Leaf(entries.clone());
        assert_eq!(Page::decode(&page.encode()).unwrap(), page);
        let child = PageRef { id: 900, generation: 2, version: 3, tag: [1; TAG], count: 77 };
        let inner = Page::Inner(entries.iter().map(|(n, _)| (n.clone(), child.clone())).collect());
        assert_eq!(Page::decode(&inner.encode()).unwrap(), inner);
        assert_eq!((page.records(), inner.records()), (30, 30 * 77));
        let swapped = Page::Leaf(entries.into_iter().rev().collect());
        assert!(Page::decode(&swapped.encode()).is_none());
    }

    proptest! {
        #[test]
        fn hostile_pages_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0usize..900) {
            let _ = Page::decode(&bytes);
            let good = Page::Leaf(leaf(20)).encode();
            prop_assert!(Page::decode(&good[..cut.min(good.len() - 1)]).is_none());
        }
    }
}
