//! Slots: each lets one kind of secret unwrap the root key. The slot's parameters are associated data of the wrap, so
//! they cannot be weakened without the secret.

use super::{
    KdfCost, VaultError,
    key::{SecretKey, VaultId, WRAPPED, length_prefixed, random},
    recovery,
    wire::Reader,
};
use crate::domain::Timestamp;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// What opens a vault.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// A person's passphrase, through Argon2id.
    Passphrase(&'a SecretString),
    /// The contents of a credential file of at least 32 random bytes, for runs without a person.
    CredentialFile(&'a SecretSlice<u8>),
    /// A passphrase, and the contents of a key file of at least 32 random bytes: neither opens anything alone.
    PassphraseAndKeyFile(&'a SecretString, &'a SecretSlice<u8>),
    /// A recovery code as it was shown, in any case and with or without its hyphens.
    RecoveryCode(&'a SecretString),
}

/// Slot kinds as stored; a slot of a kind unknown to this release is kept as it is.
const PASSPHRASE: u8 = 1;
const CREDENTIAL_FILE: u8 = 2;
const PASSPHRASE_AND_KEY_FILE: u8 = 3;
const RECOVERY_CODE: u8 = 4;

/// The name of a slot: eight hexadecimal digits, made from its salt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotId(String);

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One slot, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its name.
    pub id: SlotId,
    /// What opens it, in words, e.g. `passphrase and key file`.
    pub kind: &'static str,
    /// When it was made.
    pub made_at: Timestamp,
    /// What a try costs; `None` where the secret is random and needs no stretching.
    pub cost: Option<KdfCost>,
    /// Whether this vault was opened through it.
    pub opened: bool,
}

/// Most parameter bytes a slot may have.
pub(super) const PARAMS_LIMIT: usize = 512;

/// One slot as it stands in the header.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) kind: u8,
    /// When it was made, seconds since the epoch.
    pub(super) made_at: i64,
    /// Kinds 1 and 3: memory in KiB, passes, lanes (u32 each), salt (32). Kinds 2 and 4: salt (32).
    pub(super) params: Vec<u8>,
    /// The root key under the slot's own key.
    pub(super) wrapped: [u8; WRAPPED],
}

impl Unlock<'_> {
    fn kind(&self) -> u8 {
        match self {
            Self::Passphrase(_) => PASSPHRASE,
            Self::CredentialFile(_) => CREDENTIAL_FILE,
            Self::PassphraseAndKeyFile(..) => PASSPHRASE_AND_KEY_FILE,
            Self::RecoveryCode(_) => RECOVERY_CODE,
        }
    }

    /// Whether the secret is something a person types, and so may be guessed: such tries are counted.
    pub(super) fn is_typed(&self) -> bool {
        !matches!(self, Self::CredentialFile(_))
    }

    /// The error for a secret that opened none of the slots of its kind.
    pub(super) fn refused(&self) -> VaultError {
        match self {
            Self::Passphrase(_) => VaultError::WrongPassphrase,
            Self::CredentialFile(_) => VaultError::WrongCredentialFile,
            Self::PassphraseAndKeyFile(..) => VaultError::WrongPassphraseOrKeyFile,
            Self::RecoveryCode(_) => VaultError::WrongRecoveryCode,
        }
    }

    /// The error for a vault without any slot of this kind.
    pub(super) fn no_slot(&self) -> VaultError {
        VaultError::NoSuchSlot { what: kind_word(self.kind()) }
    }

    /// Why this secret may not become a slot, if so.
    fn weakness(&self) -> Option<VaultError> {
        let weak = |what, need| Some(VaultError::WeakSecret { what, need });
        let long = "it needs at least 32 random bytes, e.g. head -c 32 /dev/urandom";
        match self {
            Self::Passphrase(secret) | Self::PassphraseAndKeyFile(secret, _) if secret.expose_secret().is_empty() => {
                weak("the passphrase", "it must not be empty")
            }
            Self::CredentialFile(secret) if secret.expose_secret().len() < 32 => weak("the credential file", long),
            Self::PassphraseAndKeyFile(_, file) if file.expose_secret().len() < 32 => weak("the key file", long),
            Self::RecoveryCode(code) if recovery::parse(code).is_none() => {
                weak("the recovery code", "it has 32 letters and digits, as this program makes it")
            }
            _ => None,
        }
    }

    /// The slot's key from this secret and the slot's parameters; `None` for a recovery code that cannot be one.
    fn kek(&self, vault: &VaultId, params: &Params) -> Result<Option<SecretKey>, VaultError> {
        let stretched =
            |secret: &SecretString, cost: &KdfCost, salt| cost.derive(secret.expose_secret().as_bytes(), salt);
        Ok(Some(match (self, params) {
            (Self::Passphrase(secret), Params::Stretched { cost, salt }) => {
                let ikm = stretched(secret, cost, salt)?;
                SecretKey::extract(vault, ikm.as_slice(), b"bailiwick/1/slot/passphrase")
            }
            (Self::PassphraseAndKeyFile(secret, file), Params::Stretched { cost, salt }) => {
                let mut ikm = Zeroizing::new(stretched(secret, cost, salt)?.to_vec());
                ikm.reserve_exact(file.expose_secret().len());
                ikm.extend_from_slice(file.expose_secret());
                SecretKey::extract(vault, &ikm, b"bailiwick/1/slot/passphrase-key-file")
            }
            (Self::CredentialFile(secret), Params::Random { salt }) => {
                SecretKey::extract(salt, secret.expose_secret(), b"bailiwick/1/slot/credential-file")
            }
            (Self::RecoveryCode(code), Params::Random { salt }) => {
                let Some(bytes) = recovery::parse(code) else { return Ok(None) };
                SecretKey::extract(salt, bytes.as_slice(), b"bailiwick/1/slot/recovery-code")
            }
            _ => return Err(self.no_slot()),
        }))
    }
}

/// What opens slots of a kind, in words.
fn kind_word(kind: u8) -> &'static str {
    match kind {
        PASSPHRASE => "passphrase",
        CREDENTIAL_FILE => "credential file",
        PASSPHRASE_AND_KEY_FILE => "passphrase and key file",
        RECOVERY_CODE => "recovery code",
        _ => "something a later release knows",
    }
}

/// A slot's parameters, parsed and within bounds.
enum Params {
    Stretched { cost: KdfCost, salt: [u8; 32] },
    Random { salt: [u8; 32] },
}

impl Params {
    fn parse(kind: u8, bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let parsed = match kind {
            PASSPHRASE | PASSPHRASE_AND_KEY_FILE => {
                let cost = KdfCost::new(r.u32()?, r.u32()?, r.u32()?).ok()?;
                Self::Stretched { cost, salt: r.array()? }
            }
            CREDENTIAL_FILE | RECOVERY_CODE => Self::Random { salt: r.array()? },
            _ => return None,
        };
        r.is_empty().then_some(parsed)
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Stretched { cost, salt } => {
                let numbers = [cost.memory_kib(), cost.passes(), cost.lanes()].map(u32::to_le_bytes);
                [numbers.as_flattened(), salt].concat()
            }
            Self::Random { salt } => salt.to_vec(),
        }
    }
}

impl Slot {
    /// Wraps the root key for a new secret. `cost` matters to passphrases only.
    pub(super) fn make(
        vault: &VaultId,
        unlock: Unlock<'_>,
        cost: KdfCost,
        root: &SecretKey,
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        if let Some(weak) = unlock.weakness() {
            return Err(weak);
        }
        let salt = random()?;
        let params = match unlock {
            Unlock::Passphrase(_) | Unlock::PassphraseAndKeyFile(..) => Params::Stretched { cost, salt },
            Unlock::CredentialFile(_) | Unlock::RecoveryCode(_) => Params::Random { salt },
        };
        let mut slot =
            Self { kind: unlock.kind(), made_at: now.second(), params: params.encode(), wrapped: [0; WRAPPED] };
        let kek = unlock.kek(vault, &params)?.ok_or_else(|| unlock.refused())?;
        slot.wrapped = kek.wrap(root, &slot.aad(vault))?;
        Ok(slot)
    }

    /// Its name.
    pub(super) fn id(&self) -> SlotId {
        let digest = Sha256::digest(length_prefixed(&[&[self.kind], &self.made_at.to_le_bytes(), &self.params]));
        SlotId(digest.iter().take(4).map(|b| format!("{b:02x}")).collect())
    }

    /// What can be told of it. `opened` says through which slot the vault was opened.
    pub(super) fn info(&self, opened: &SlotId) -> SlotInfo {
        let cost = match Params::parse(self.kind, &self.params) {
            Some(Params::Stretched { cost, .. }) => Some(cost),
            _ => None,
        };
        let (id, made_at) = (self.id(), Timestamp::from_second(self.made_at));
        SlotInfo { opened: id == *opened, id, kind: kind_word(self.kind), made_at, cost }
    }

    /// Whether this secret is of the slot's kind.
    pub(super) fn fits(&self, unlock: Unlock<'_>) -> bool {
        self.kind == unlock.kind()
    }

    /// Whether the parameters can be used at all; unknown kinds are left alone.
    pub(super) fn is_sound(&self) -> bool {
        !(PASSPHRASE..=RECOVERY_CODE).contains(&self.kind) || Params::parse(self.kind, &self.params).is_some()
    }

    /// The root key, if the secret is the right one.
    pub(super) fn open(&self, vault: &VaultId, unlock: Unlock<'_>) -> Result<Option<SecretKey>, VaultError> {
        let Some(params) = Params::parse(self.kind, &self.params) else { return Ok(None) };
        let kek = unlock.kek(vault, &params)?;
        Ok(kek.and_then(|kek| kek.unwrap_key(&self.wrapped, &self.aad(vault))))
    }

    fn aad(&self, vault: &VaultId) -> Vec<u8> {
        length_prefixed(&[b"bailiwick/1/slot", vault, &[self.kind], &self.made_at.to_le_bytes(), &self.params])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAULT: VaultId = [9; 16];

    fn cheap() -> KdfCost {
        KdfCost::new(8 * 1024, 1, 1).unwrap()
    }

    #[test]
    fn a_slot_opens_for_its_secret_only_and_only_unaltered() {
        let (root, now) = (SecretKey::random().unwrap(), Timestamp::from_second(5));
        let (right, wrong) = (SecretString::from("right"), SecretString::from("wrong"));
        let slot = Slot::make(&VAULT, Unlock::Passphrase(&right), cheap(), &root, now).unwrap();
        assert!(slot.open(&VAULT, Unlock::Passphrase(&right)).unwrap().is_some());
        assert!(slot.open(&VAULT, Unlock::Passphrase(&wrong)).unwrap().is_none());
        assert!(slot.open(&[8; 16], Unlock::Passphrase(&right)).unwrap().is_none());
        let later = Slot { made_at: 6, ..slot.clone() };
        assert!(later.open(&VAULT, Unlock::Passphrase(&right)).unwrap().is_none());
    }

    #[test]
    fn parameters_out_of_bounds_never_reach_argon2() {
        let mut params = [u32::MAX, 3, 1].map(u32::to_le_bytes).as_flattened().to_vec();
        params.extend([0; 32]);
        let slot = Slot { kind: PASSPHRASE, made_at: 0, params, wrapped: [0; WRAPPED] };
        assert!(!slot.is_sound());
        assert!(slot.open(&VAULT, Unlock::Passphrase(&SecretString::from("x"))).unwrap().is_none());
    }

    #[test]
    fn a_passphrase_with_a_key_file_needs_both_and_a_code_forgives_how_it_is_typed() {
        let (root, now) = (SecretKey::random().unwrap(), Timestamp::from_second(5));
        let (word, other) = (SecretString::from("word"), SecretString::from("other"));
        let (file, wrong) = (SecretSlice::from(vec![1u8; 32]), SecretSlice::from(vec![2u8; 32]));
        let both = Unlock::PassphraseAndKeyFile(&word, &file);
        let slot = Slot::make(&VAULT, both, cheap(), &root, now).unwrap();
        assert!(slot.open(&VAULT, both).unwrap().is_some());
        for bad in [Unlock::PassphraseAndKeyFile(&other, &file), Unlock::PassphraseAndKeyFile(&word, &wrong)] {
            assert!(slot.open(&VAULT, bad).unwrap().is_none());
        }
        assert!(!slot.fits(Unlock::Passphrase(&word)));

        let code = recovery::generate().unwrap();
        let slot = Slot::make(&VAULT, Unlock::RecoveryCode(&code), cheap(), &root, now).unwrap();
        let typed = SecretString::from(code.expose_secret().to_lowercase().replace('-', " "));
        assert!(slot.open(&VAULT, Unlock::RecoveryCode(&typed)).unwrap().is_some());
        let wrong = recovery::generate().unwrap();
        for bad in [&wrong, &SecretString::from("no code")] {
            assert!(slot.open(&VAULT, Unlock::RecoveryCode(bad)).unwrap().is_none());
        }
    }

    #[test]
    fn weak_secrets_are_refused() {
        let (root, now) = (SecretKey::random().unwrap(), Timestamp::from_second(5));
        let short = SecretSlice::from(vec![1u8; 31]);
        let (none, some) = (SecretString::from(""), SecretString::from("some"));
        for unlock in [
            Unlock::Passphrase(&none),
            Unlock::CredentialFile(&short),
            Unlock::PassphraseAndKeyFile(&some, &short),
            Unlock::RecoveryCode(&some),
        ] {
            let made = Slot::make(&VAULT, unlock, cheap(), &root, now);
            assert!(matches!(made, Err(VaultError::WeakSecret { .. })));
        }
    }
}
