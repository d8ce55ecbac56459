//! The one policy gate: whatever changes or reveals something passes it, and leaves one entry in the audit log before
//! it is done. What cannot be noted does not happen.

use super::{DeskError, data::Desk};
use crate::{
    domain::{ClientId, IdError, Timestamp},
    vault::{AuditEntry, Batch, Vault, VaultError, Via},
};
use std::str::FromStr;

/// Who acts, and through what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name of a user of this machine.
    pub user: String,
    /// Through what.
    pub via: Via,
}

impl Actor {
    /// Somebody, acting through something.
    pub fn new(user: impl Into<String>, via: Via) -> Self {
        Self { user: user.into(), via }
    }
}

impl Default for Actor {
    /// The program itself.
    fn default() -> Self {
        Self::new("bailiwick", Via::Automatic)
    }
}

/// What an action does to the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes what is stored, or the keys to it.
    Changes,
    /// It shows or hands out what is stored or secret.
    Reveals,
}

/// What happens to an action whose entry cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unnoted {
    /// It does not happen.
    Refused,
    /// The same; and its entry is written even while the disk is nearly full, because it frees space.
    RefusedButFreesSpace,
    /// It happens: it reveals nothing that is not sealed and changes no record, and to refuse it would do harm. A vault
    /// on a full disk can still be opened, backed up elsewhere and locked.
    Happens,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident, $id:literal, $title:literal, $effect:ident, $unnoted:ident;)+) => {
        /// Something that passes the gate.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $name,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its stable id, as the log keeps it.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id),+ }
            }

            /// What it is, in words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// What it does to the data.
            pub fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect),+ }
            }

            fn unnoted(self) -> Unnoted {
                match self { $(Self::$name => Unnoted::$unnoted),+ }
            }
        }
    };
}

actions! {
    /// `init`.
    VaultCreate, "vault.create", "creating the vault", Changes, Refused;
    /// `client add`; it shows the new ExternalId.
    ClientAdd, "client.add", "adding the client", Changes, Refused;
    /// `client edit`.
    ClientEdit, "client.edit", "changing the client", Changes, Refused;
    /// `client remove`.
    ClientRemove, "client.remove", "removing the client", Changes, RefusedButFreesSpace;
    /// `connect`.
    ConnectionAdd, "connection.add", "connecting the role", Changes, Refused;
    /// `connect --members`: the accounts of the client's organization are listed through its payer.
    AccountsList, "accounts.list", "listing the accounts", Changes, Refused;
    /// `connection test`.
    ConnectionTest, "connection.test", "testing the connection", Changes, Refused;
    /// `connection edit`.
    ConnectionEdit, "connection.edit", "changing the connection", Changes, Refused;
    /// `connection override`.
    GateOverride, "gate.override", "overriding the quarantine", Changes, Refused;
    /// `connection remove`.
    ConnectionRemove, "connection.remove", "removing the connection", Changes, RefusedButFreesSpace;
    /// `client show --reveal-external-id`, and `role render`, whose text holds it.
    ExternalIdReveal, "external-id.reveal", "showing the ExternalId", Reveals, Refused;
    /// `connect --external-id`: an existing role's ExternalId takes the place of the client's own.
    ExternalIdImport, "external-id.import", "taking over the ExternalId", Changes, Refused;
    /// `sync`, and `R` in the console.
    SyncRun, "sync.run", "the sync", Changes, Refused;
    /// `costs --usage-types`: the client pays for it.
    CostDrill, "cost.drill", "the drill into costs", Changes, Refused;
    /// Events older than their retention, taken away by a sync.
    RetentionPurge, "retention.purge", "removing what is older than its retention", Changes, RefusedButFreesSpace;
    /// `vault slot add`.
    SlotAdd, "slot.add", "adding the slot", Changes, Refused;
    /// `vault slot remove`.
    SlotRemove, "slot.remove", "removing the slot", Changes, Refused;
    /// `vault rotate passphrase`.
    RotatePassphrase, "rotate.passphrase", "changing the passphrase", Changes, RefusedButFreesSpace;
    /// `vault rotate root`.
    RotateRoot, "rotate.root", "changing the root key", Changes, RefusedButFreesSpace;
    /// `vault rotate client`.
    RotateClient, "rotate.client", "changing the client's keys", Changes, Refused;
    /// `vault rotate all`.
    RotateAll, "rotate.all", "changing all keys", Changes, Refused;
    /// `vault repair`; see [`Desk::repairing`].
    Repair, "vault.repair", "the repair", Changes, Refused;
    /// `vault compact`.
    Compact, "vault.compact", "the compaction", Changes, RefusedButFreesSpace;
    /// `backup create`, by hand or by itself. What it writes is as sealed as the vault.
    BackupCreate, "backup.create", "the backup", Changes, Happens;
    /// `backup restore`, noted in the vault that was restored.
    BackupRestore, "backup.restore", "the restore", Changes, Refused;
    /// `backup prune`.
    BackupPrune, "backup.prune", "removing old backups", Changes, RefusedButFreesSpace;
    /// `audit export`.
    AuditExport, "audit.export", "the export of the audit log", Reveals, Refused;
    /// `y` in the console.
    ClipboardCopy, "clipboard.copy", "copying to the clipboard", Reveals, Refused;
    /// The console was opened on the data.
    ConsoleUnlock, "console.unlock", "unlocking the console", Reveals, Happens;
    /// The console was locked, by hand or because nobody was there.
    ConsoleLock, "console.lock", "locking the console", Changes, Happens;
}

impl FromStr for Action {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let known = Self::ALL.iter().copied().find(|action| action.id() == text);
        known.ok_or_else(|| {
            IdError::new("action", text, "an action is written like client.add, sync.run or backup.create")
        })
    }
}

impl Desk {
    /// The same desk, used by somebody: what it is told to do is noted under this name.
    pub fn acting(mut self, actor: Actor) -> Self {
        self.actor = actor;
        self
    }

    /// The gate: notes that something is about to be done. If it returns an error, it must not be done.
    ///
    /// `detail` is a sentence. What is said of a client goes with the client's key, so whatever names one must be told
    /// with `client`; without it `detail` must name none.
    ///
    /// To verify the vault or the log and to look at stored data passes no gate: it changes nothing, and shows what who
    /// opened the vault may see.
    pub fn permit(&self, action: Action, client: Option<&ClientId>, detail: &str) -> Result<(), DeskError> {
        let entry = self.entry(action, client, detail);
        let noted = match action.unnoted() {
            Unnoted::RefusedButFreesSpace => self.vault.audit_append_anyway(&entry),
            Unnoted::Refused | Unnoted::Happens => self.vault.audit_append(&entry),
        };
        let Err(error) = noted else { return Ok(()) };
        match (action, action.unnoted(), &error) {
            (_, _, VaultError::UnknownClient(client)) => Err(DeskError::UnknownClient(client.clone())),
            // What would be said of the client goes with it in a moment; its damage must not keep its data here.
            (Action::ClientRemove, _, VaultError::Damaged(_)) if client.is_some() => {
                self.permit(action, None, "a client whose records are damaged")
            }
            (_, Unnoted::Happens, _) => {
                tracing::error!(action = action.id(), %error, "could not be noted in the audit log");
                Ok(())
            }
            _ => Err(unnoted(action, &error)),
        }
    }

    /// The gate for the same action on several clients, noted with one commit: all or none.
    pub(super) fn permit_all(&self, action: Action, details: &[(&ClientId, String)]) -> Result<(), DeskError> {
        let entries: Vec<AuditEntry> =
            details.iter().map(|(client, detail)| self.entry(action, Some(client), detail)).collect();
        self.vault.audit_append_all(&entries).map_err(|error| unnoted(action, &error))
    }

    /// The gate for a client that is not there yet: its key comes with its entry, for the entry is sealed under it.
    /// With it come the client's first records.
    pub(super) fn permit_new_client(&self, client: &ClientId, detail: &str, records: Batch) -> Result<(), DeskError> {
        let entry = self.entry(Action::ClientAdd, Some(client), detail);
        match self.vault.add_client_noted(client, &entry, records) {
            Ok(_) => Ok(()),
            Err(error @ VaultError::ClientExists(_)) => Err(error.into()),
            Err(error) => Err(unnoted(Action::ClientAdd, &error)),
        }
    }

    /// The gate for a repair. It may be the very log that is damaged: then the repair is done first, and its entry must
    /// follow.
    pub fn repairing<T>(&self, repair: impl FnOnce() -> Result<T, VaultError>) -> Result<T, DeskError> {
        let note = |detail| self.vault.audit_append(&self.entry(Action::Repair, None, detail));
        let before = match note("what is damaged is taken out of the directory") {
            Ok(_) => true,
            Err(VaultError::Damaged(_)) => false,
            Err(error) => return Err(unnoted(Action::Repair, &error)),
        };
        let done = repair()?;
        if !before {
            note("what was damaged was taken out of the directory, and with it parts of this log").map_err(
                |error| DeskError::Refused(format!("the vault was repaired, but that could not be noted: {error}")),
            )?;
        }
        Ok(done)
    }

    fn entry(&self, action: Action, client: Option<&ClientId>, detail: &str) -> AuditEntry {
        entry(&self.actor, self.now(), action, client, detail)
    }
}

/// The first entry of a vault that was just made.
pub fn note_creation(vault: &Vault, actor: &Actor, now: Timestamp) -> Result<(), DeskError> {
    let entry = entry(actor, now, Action::VaultCreate, None, "the vault was created");
    vault.audit_append(&entry).map(|_| ()).map_err(DeskError::from)
}

/// The entry of a restore, in the vault that was restored: the log of the one before went with that one.
pub fn note_restore(vault: &Vault, actor: &Actor, now: Timestamp, backup: &str) -> Result<(), DeskError> {
    let detail = format!("the vault was restored from the backup {backup}");
    let entry = entry(actor, now, Action::BackupRestore, None, &detail);
    vault.audit_append(&entry).map(|_| ()).map_err(|error| unnoted(Action::BackupRestore, &error))
}

fn entry(actor: &Actor, at: Timestamp, action: Action, client: Option<&ClientId>, detail: &str) -> AuditEntry {
    AuditEntry {
        at,
        actor: actor.user.clone(),
        via: actor.via,
        action: action.id().to_owned(),
        client: client.cloned(),
        detail: detail.to_owned(),
    }
}

fn unnoted(action: Action, error: &VaultError) -> DeskError {
    DeskError::Unnoted { what: action.title(), why: error.to_string() }
}

#[cfg(test)]
mod tests;
