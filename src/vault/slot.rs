//! Slots: each lets one kind of secret unwrap the root key. The slot's parameters are associated data of the wrap, so
//! they cannot be weakened without the secret.

use super::{
    KdfCost, VaultError,
    key::{SecretKey, VaultId, WRAPPED, length_prefixed, random},
    wire::Reader,
};
use crate::domain::Timestamp;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

/// What opens a vault.
#[derive(Clone, Copy)]
pub enum Unlock<'a> {
    /// A person's passphrase, through Argon2id.
    Passphrase(&'a SecretString),
    /// The contents of a credential file of at least 32 random bytes, for runs without a person.
    CredentialFile(&'a SecretSlice<u8>),
}

/// Slot kinds as stored. Numbers 3 (passphrase with key file) and 4 (recovery code) are set aside; a slot of a kind
/// unknown to this release is kept as it is.
const PASSPHRASE: u8 = 1;
const CREDENTIAL_FILE: u8 = 2;

/// Most parameter bytes a slot may have.
pub(super) const PARAMS_LIMIT: usize = 512;

/// One slot as it stands in the header.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) kind: u8,
    /// When it was made, seconds since the epoch.
    pub(super) made_at: i64,
    /// Kind 1: memory in KiB, passes, lanes (u32 each), salt (32). Kind 2: salt (32).
    pub(super) params: Vec<u8>,
    /// The root key under the slot's own key.
    pub(super) wrapped: [u8; WRAPPED],
}

impl Unlock<'_> {
    fn kind(&self) -> u8 {
        match self {
            Self::Passphrase(_) => PASSPHRASE,
            Self::CredentialFile(_) => CREDENTIAL_FILE,
        }
    }

    /// The error for a secret that opened none of the slots of its kind.
    pub(super) fn refused(&self) -> VaultError {
        match self {
            Self::Passphrase(_) => VaultError::WrongPassphrase,
            Self::CredentialFile(_) => VaultError::WrongCredentialFile,
        }
    }

    /// The error for a vault without any slot of this kind.
    pub(super) fn no_slot(&self) -> VaultError {
        VaultError::NoSuchSlot {
            what: match self {
                Self::Passphrase(_) => "a passphrase",
                Self::CredentialFile(_) => "a credential file",
            },
        }
    }

    /// The slot's key from this secret and the slot's parameters.
    fn kek(&self, vault: &VaultId, params: &Params) -> Result<SecretKey, VaultError> {
        match (self, params) {
            (Self::Passphrase(secret), Params::Passphrase { cost, salt }) => {
                let stretched = cost.derive(secret.expose_secret().as_bytes(), salt)?;
                Ok(SecretKey::extract(vault, stretched.as_slice(), b"bailiwick/1/slot/passphrase"))
            }
            (Self::CredentialFile(secret), Params::CredentialFile { salt }) => {
                Ok(SecretKey::extract(salt, secret.expose_secret(), b"bailiwick/1/slot/credential-file"))
            }
            _ => Err(self.no_slot()),
        }
    }
}

/// A slot's parameters, parsed and within bounds.
enum Params {
    Passphrase { cost: KdfCost, salt: [u8; 32] },
    CredentialFile { salt: [u8; 32] },
}

impl Params {
    fn parse(kind: u8, bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let parsed = match kind {
            PASSPHRASE => {
                let cost = KdfCost::new(r.u32()?, r.u32()?, r.u32()?).ok()?;
                Self::Passphrase { cost, salt: r.array()? }
            }
            CREDENTIAL_FILE => Self::CredentialFile { salt: r.array()? },
            _ => return None,
        };
        r.is_empty().then_some(parsed)
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Passphrase { cost, salt } => {
                let numbers = [cost.memory_kib(), cost.passes(), cost.lanes()].map(u32::to_le_bytes);
                [numbers.as_flattened(), salt].concat()
            }
            Self::CredentialFile { salt } => salt.to_vec(),
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
        let salt = random()?;
        let params = match unlock {
            Unlock::Passphrase(secret) if secret.expose_secret().is_empty() => {
                return Err(VaultError::WeakSecret { what: "the passphrase", need: "it must not be empty" });
            }
            Unlock::CredentialFile(secret) if secret.expose_secret().len() < 32 => {
                return Err(VaultError::WeakSecret {
                    what: "the credential file",
                    need: "it needs at least 32 random bytes, e.g. head -c 32 /dev/urandom",
                });
            }
            Unlock::Passphrase(_) => Params::Passphrase { cost, salt },
            Unlock::CredentialFile(_) => Params::CredentialFile { salt },
        };
        let mut slot =
            Self { kind: unlock.kind(), made_at: now.second(), params: params.encode(), wrapped: [0; WRAPPED] };
        slot.wrapped = unlock.kek(vault, &params)?.wrap(root, &slot.aad(vault))?;
        Ok(slot)
    }

    /// Whether this secret is of the slot's kind.
    pub(super) fn fits(&self, unlock: Unlock<'_>) -> bool {
        self.kind == unlock.kind()
    }

    /// Whether the parameters can be used at all; unknown kinds are left alone.
    pub(super) fn is_sound(&self) -> bool {
        !matches!(self.kind, PASSPHRASE | CREDENTIAL_FILE) || Params::parse(self.kind, &self.params).is_some()
    }

    /// The root key, if the secret is the right one.
    pub(super) fn open(&self, vault: &VaultId, unlock: Unlock<'_>) -> Result<Option<SecretKey>, VaultError> {
        let Some(params) = Params::parse(self.kind, &self.params) else { return Ok(None) };
        Ok(unlock.kek(vault, &params)?.unwrap_key(&self.wrapped, &self.aad(vault)))
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
    fn weak_secrets_are_refused() {
        let (root, now) = (SecretKey::random().unwrap(), Timestamp::from_second(5));
        let short = SecretSlice::from(vec![1u8; 31]);
        for unlock in [Unlock::Passphrase(&SecretString::from("")), Unlock::CredentialFile(&short)] {
            let made = Slot::make(&VAULT, unlock, cheap(), &root, now);
            assert!(matches!(made, Err(VaultError::WeakSecret { .. })));
        }
    }
}
