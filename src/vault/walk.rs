//! Walking the whole of an owner's directory: what verifying, backups, deletion and sealing anew are made of.

use super::{
    Damage, Name, VaultError,
    directory::{Directory, page_name},
    envelope::{Kind, OVERHEAD},
    page::{Entry, Page, PageRef},
    store::StoreKey,
};
use std::collections::HashSet;

/// What a walk comes by, in the order of names; a page before what is below it.
pub(super) enum Step<'a> {
    /// A page that is what it should be.
    Page(&'a PageRef),
    /// A record as the directory knows it; whether it is there is not tried.
    Record(&'a Name, &'a Entry),
    /// A page that cannot be used: so many records below it are out of reach.
    Lost(Damage, u64),
}

impl Directory<'_> {
    /// Shows every page and record at and below `at`. Ends early only if `see` or the store itself fails.
    pub(super) fn walk(
        &self,
        at: &PageRef,
        first: &str,
        see: &mut dyn FnMut(Step<'_>) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let page = match self.page(at, first) {
            Err(VaultError::Damaged(damage)) => return see(Step::Lost(damage, at.count)),
            page => page?,
        };
        see(Step::Page(at))?;
        match &*page {
            Page::Leaf(entries) => entries.iter().try_for_each(|(name, entry)| see(Step::Record(name, entry))),
            Page::Inner(children) => {
                children.iter().try_for_each(|(first, child)| self.walk(child, first.as_str(), see))
            }
        }
    }

    /// The places in the store of everything at and below `at` that can be reached.
    pub(super) fn places(&self, at: Option<&PageRef>) -> Result<HashSet<StoreKey>, VaultError> {
        let mut places = HashSet::new();
        let Some(at) = at else { return Ok(places) };
        self.walk(at, "", &mut |step| {
            let (kind, name, generation) = match step {
                Step::Page(page) => (Kind::Page, page_name(page.id), page.generation),
                Step::Record(name, entry) => (Kind::Record, name.as_str().to_owned(), entry.generation),
                Step::Lost(..) => return Ok(()),
            };
            places.extend(self.owner.keys.get(&generation).map(|keys| keys.place(kind, &name)));
            Ok(())
        })?;
        Ok(places)
    }

    /// Reads everything at and below `at` and notes what is not what was stored.
    pub(super) fn verify(&self, at: Option<&PageRef>, report: &mut Verified) -> Result<(), VaultError> {
        let Some(at) = at else { return Ok(()) };
        self.walk(at, "", &mut |step| {
            match step {
                Step::Page(_) => {}
                Step::Lost(damage, count) => {
                    report.records += count;
                    report.damaged.push(damage);
                }
                Step::Record(name, entry) => {
                    report.records += 1;
                    report.bytes += u64::from(entry.length) + OVERHEAD as u64;
                    match self.read(name, entry) {
                        Ok(_) => {}
                        Err(VaultError::Damaged(damage)) => report.damaged.push(damage),
                        Err(other) => return Err(other),
                    }
                }
            }
            Ok(())
        })
    }
}

/// What reading everything found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records that should be there.
    pub records: u64,
    /// Bytes they take, sealed.
    pub bytes: u64,
    /// What is missing, old or altered; empty if all is well.
    pub damaged: Vec<Damage>,
}
