//! Roles that are made while the server runs.

use super::cloud::Cloud;
use crate::domain::AccountId;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// Which ExternalId the roles of an account demand since they were made anew.
#[derive(Debug, Default)]
pub(super) struct Installed(RwLock<HashMap<AccountId, String>>);

impl Installed {
    /// The ExternalId that an account's roles demand now, in place of what the world says.
    pub fn external_id(&self, account: AccountId) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&account).cloned()
    }

    fn set(&self, account: AccountId, external_id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(account, external_id.to_owned());
    }
}

/// Makes roles anew, as a client does that applies a template.
#[derive(Debug, Clone)]
pub struct Installer(pub(super) Arc<Cloud>);

impl Installer {
    /// From now on an account's roles demand this ExternalId.
    pub fn install(&self, account: AccountId, external_id: &str) {
        self.0.installed.set(account, external_id);
    }
}
