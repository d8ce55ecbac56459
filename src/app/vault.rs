//! The commands that look after the vault, and those that remove.

use super::{
    Setting,
    confirm::confirm,
    desk::{open_desk, open_desk_keeping_secret},
    report::Report,
    secret::{self, Secret},
};
use crate::{
    cli::{
        Output, progress,
        vault::{self as show, ClientRemoveArgs, RotateWhat, SlotAction, SlotKindArg, VaultAction},
    },
    desk::Desk,
    domain::ClientId,
    vault::{KdfCost, Unlock, new_recovery_code, probe_store},
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::{path::Path, process::ExitCode};

/// `vault …`.
pub fn run(setting: &Setting, action: VaultAction, out: &mut Output) -> Result<ExitCode, Report> {
    match action {
        VaultAction::Probe { dir } => {
            probe_store(&dir)?;
        }
        VaultAction::Status { json } => {
            let view = open_desk(setting)?.vault_view()?;
            if json { out.json(&view) } else { show::status(out, &view) }
        }
        VaultAction::Verify { json } => {
            let report = open_desk(setting)?.verify()?;
            if json {
                out.json(&show::verified_json(&report))
            } else {
                show::verified(out, &report)
            }
            return Ok(if report.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        VaultAction::Repair { yes, json } => return repair(setting, yes, json, out),
        VaultAction::Compact { json } => {
            let sizes = open_desk(setting)?.compact()?;
            if json {
                out.json(&json!({ "before": sizes.before, "after": sizes.after }));
            } else {
                show::compacted(out, sizes);
            }
        }
        VaultAction::Slot { action } => return slot(setting, action, out),
        VaultAction::Rotate { what, json } => return rotate(setting, &what, json, out),
    }
    Ok(ExitCode::SUCCESS)
}

fn repair(setting: &Setting, yes: bool, json: bool, out: &mut Output) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    let found = desk.verify()?.damaged.len();
    if found > 0 && !yes {
        let question = format!("{found} damaged records or directory pages are dropped from the vault for good.");
        confirm(&question, "repair", None, "--yes")?;
    }
    let repaired = desk.repair()?;
    if json {
        out.json(&show::repaired_json(&repaired.dropped, &repaired.follows));
    } else {
        show::repaired(out, &repaired.dropped, &repaired.follows);
    }
    Ok(ExitCode::SUCCESS)
}

fn slot(setting: &Setting, action: SlotAction, out: &mut Output) -> Result<ExitCode, Report> {
    match action {
        SlotAction::List { json } => {
            let slots = open_desk(setting)?.slots();
            if json { out.json(&show::slots_json(&slots)) } else { show::slots(out, &slots) }
        }
        SlotAction::Remove { id, json } => {
            let removed = open_desk(setting)?.remove_slot(&id)?;
            if json {
                out.json(&json!({ "removed": id, "kind": removed.kind }));
            } else {
                out.line(&format!("removed slot {id} ({})", removed.kind));
            }
        }
        SlotAction::Add { kind, file, new_passphrase_file, json } => {
            let desk = open_desk(setting)?;
            let new = new_secret(kind, file.as_deref(), new_passphrase_file.as_deref())?;
            let cost = if new.is_passphrase() { KdfCost::calibrated()? } else { KdfCost::default() };
            let id = desk.add_slot(new.unlock(), cost, word(kind))?;
            let code = match &new {
                Secret::RecoveryCode(code) => Some(code.expose_secret()),
                _ => None,
            };
            if json {
                out.json(&json!({ "id": id.to_string(), "kind": word(kind), "recovery_code": code }));
            } else {
                out.line(&format!("added slot {id} ({}); it was tried and opens the vault", word(kind)));
                if let Some(code) = code {
                    out.line("this code is shown once; write it down and keep it away from this machine:");
                    out.line(&format!("  {code}"));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn word(kind: SlotKindArg) -> &'static str {
    match kind {
        SlotKindArg::Passphrase => "passphrase",
        SlotKindArg::PassphraseKeyFile => "passphrase and key file",
        SlotKindArg::CredentialFile => "credential file",
        SlotKindArg::RecoveryCode => "recovery code",
    }
}

fn new_secret(kind: SlotKindArg, file: Option<&Path>, passphrase: Option<&Path>) -> Result<Secret, Report> {
    let needs = |what: &str| Report::input(format!("a {what} slot needs --file FILE; it is made if it does not exist"));
    Ok(match kind {
        SlotKindArg::Passphrase => Secret::Passphrase(secret::new_passphrase(passphrase)?),
        SlotKindArg::PassphraseKeyFile => {
            let file = file.ok_or_else(|| needs(word(kind)))?;
            let bytes = secret::random_file_or_new("key", file)?;
            Secret::PassphraseAndKeyFile(secret::new_passphrase(passphrase)?, bytes)
        }
        SlotKindArg::CredentialFile => {
            let file = file.ok_or_else(|| needs(word(kind)))?;
            Secret::Credential(secret::random_file_or_new("credential", file)?)
        }
        SlotKindArg::RecoveryCode => Secret::RecoveryCode(new_recovery_code()?),
    })
}

fn rotate(setting: &Setting, what: &RotateWhat, json: bool, out: &mut Output) -> Result<ExitCode, Report> {
    let (desk, secret) = open_desk_keeping_secret(setting)?;
    let mut bar = |done: u64, of: u64| progress(&format!("sealing anew: {done} of {of} records"));
    let said = match what {
        RotateWhat::Passphrase { new_passphrase_file } => {
            let new = secret::new_passphrase(new_passphrase_file.as_deref())?;
            let new = match secret {
                Secret::Passphrase(_) => Secret::Passphrase(new),
                Secret::PassphraseAndKeyFile(_, file) => Secret::PassphraseAndKeyFile(new, file),
                _ => {
                    return Err(Report::input(
                        "open the vault with the passphrase that is to be changed (--passphrase-file, or type it)",
                    ));
                }
            };
            let id = desk.rotate_passphrase(new.unlock(), KdfCost::calibrated()?)?;
            (json!({ "slot": id.to_string() }), "the new passphrase opens the vault, the old one no longer does".into())
        }
        RotateWhat::Root { yes } => {
            root(&desk, &secret, *yes)?;
            (json!({ "root": true }), "the vault has a new root key".into())
        }
        RotateWhat::Client { client } => {
            let records = desk.rotate_client(client, &mut bar)?;
            progress("");
            (
                json!({ "client": client, "records": records }),
                format!("{client} has new keys; {records} records were sealed anew"),
            )
        }
        RotateWhat::All { yes } => {
            let records = desk.rotate_all(&mut bar)?;
            progress("");
            root(&desk, &secret, *yes)?;
            (
                json!({ "root": true, "records": records }),
                format!("everything has new keys; {records} records were sealed anew"),
            )
        }
    };
    if json {
        out.json(&said.0)
    } else {
        out.line(&said.1)
    }
    Ok(ExitCode::SUCCESS)
}

/// A new root key; the slots whose secret is not here go, if that is what is wanted.
fn root(desk: &Desk, secret: &Secret, yes: bool) -> Result<(), Report> {
    let others = desk.slots().iter().filter(|slot| !slot.opened).count();
    if others > 0 && !yes {
        let question = format!(
            "{} cannot follow to the new root key without its secret, which is not here. What goes can be added again.",
            show::counted(others as u64, "other slot")
        );
        confirm(&question, "rotate root", None, "--yes")?;
    }
    let cost = if secret.is_passphrase() { KdfCost::calibrated()? } else { KdfCost::default() };
    let keep: [(Unlock<'_>, KdfCost); 1] = [(secret.unlock(), cost)];
    Ok(desk.rotate_root(&keep)?)
}

/// `client remove`.
pub fn client_remove(setting: &Setting, args: &ClientRemoveArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let desk = open_desk(setting)?;
    known(&desk, &args.client)?;
    let question = format!(
        "Everything that was ever read of {} becomes unreadable, here and in the backups. This cannot be undone.",
        args.client
    );
    confirm(&question, args.client.as_str(), args.yes.as_deref(), &format!("--yes {}", args.client))?;
    let report = desk.remove_client(&args.client)?;
    if args.json {
        out.json(&report)
    } else {
        show::removed(out, &report)
    }
    Ok(ExitCode::SUCCESS)
}

fn known(desk: &Desk, client: &ClientId) -> Result<(), Report> {
    Ok(desk.client(client).map(|_| ())?)
}
