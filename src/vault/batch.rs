//! A set of changes that is committed whole or not at all.

use super::{Name, Scope, VaultError};
use serde::Serialize;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A new record's schema and bytes, or `None` to remove.
pub(super) type Edit = Option<(u16, Zeroizing<Vec<u8>>)>;

/// Changes to commit together. Of several changes to one name the last counts.
#[derive(Default)]
pub struct Batch {
    pub(super) edits: BTreeMap<Scope, BTreeMap<Name, Edit>>,
}

impl Batch {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores `bytes` under a name. `schema` is the caller's number for the layout of the bytes.
    pub fn put(&mut self, scope: &Scope, name: &Name, schema: u16, bytes: Vec<u8>) {
        self.edit(scope, name, Some((schema, Zeroizing::new(bytes))));
    }

    /// Stores a value in postcard form.
    pub fn put_record<T: Serialize + ?Sized>(
        &mut self,
        scope: &Scope,
        name: &Name,
        schema: u16,
        value: &T,
    ) -> Result<(), VaultError> {
        let bytes = postcard::to_stdvec(value).map_err(|e| VaultError::Codec {
            name: name.to_string(),
            done: "encoded",
            why: e.to_string(),
        })?;
        self.put(scope, name, schema, bytes);
        Ok(())
    }

    /// Removes a record; nothing happens if there is none.
    pub fn remove(&mut self, scope: &Scope, name: &Name) {
        self.edit(scope, name, None);
    }

    /// Takes in the changes of another; they come after its own.
    pub fn append(&mut self, other: Self) {
        for (scope, edits) in other.edits {
            self.edits.entry(scope).or_default().extend(edits);
        }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    fn edit(&mut self, scope: &Scope, name: &Name, edit: Edit) {
        match self.edits.get_mut(scope) {
            Some(edits) => {
                edits.insert(name.clone(), edit);
            }
            None => {
                self.edits.insert(scope.clone(), BTreeMap::from([(name.clone(), edit)]));
            }
        }
    }
}
