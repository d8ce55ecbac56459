//! Keys: 32 secret bytes that wipe themselves, what is derived from them, and how one wraps another.
//!
//! `SecretKey` deliberately has no `Debug`, `Clone` or `Serialize`.

use super::{
    VaultError,
    envelope::{NONCE, TAG},
};
use aes_gcm::{Aes256Gcm, KeyInit as _, aead::AeadInOut as _};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// The vault's own random id; it goes into every derivation and all associated data.
pub(super) type VaultId = [u8; 16];

/// A wrapped key: nonce, ciphertext, tag.
pub(super) const WRAPPED: usize = NONCE + 32 + TAG;

/// What a derived key is for. The label is part of the format.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Root key: the MAC over the header.
    HeaderMac,
    /// Root key: wrapping the keys of the ring.
    Wrap,
    /// A ring key: sealing records and directory pages.
    Data,
    /// A ring key: hiding names in the store.
    Names,
    /// A ring key: sealing its owner's short name in the header.
    Label,
    /// The vault's own ring key: sealing the manifest.
    Manifest,
    /// The vault's own ring key: the MAC over the records of a backup.
    Backup,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::HeaderMac => b"header-mac",
            Self::Wrap => b"wrap",
            Self::Data => b"data",
            Self::Names => b"names",
            Self::Label => b"label",
            Self::Manifest => b"manifest",
            Self::Backup => b"backup",
        }
    }
}

/// Fills from the operating system's generator.
pub(super) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut out = [0u8; N];
    getrandom::fill(&mut out).map_err(|e| VaultError::System { what: "random bytes", why: e.to_string() }).map(|()| out)
}

/// A 256-bit key.
#[derive(ZeroizeOnDrop)]
pub(super) struct SecretKey([u8; 32]);

impl SecretKey {
    pub(super) fn random() -> Result<Self, VaultError> {
        let mut bytes = random()?;
        let key = Self(bytes);
        bytes.zeroize();
        Ok(key)
    }

    /// HKDF-SHA-256 (RFC 5869): extract with `salt`, expand with `info`.
    pub(super) fn extract(salt: &[u8], secret: &[u8], info: &[u8]) -> Self {
        let mut key = Self([0; 32]);
        // 32 bytes are far below HKDF's limit of 255 blocks, the only way `expand` can fail.
        let _ = Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut key.0);
        key
    }

    /// The sub-key for one purpose.
    pub(super) fn derive(&self, vault: &VaultId, purpose: Purpose) -> Self {
        Self::extract(vault, &self.0, &[b"bailiwick/1/", purpose.label()].concat())
    }

    /// AES-256-GCM under this key.
    pub(super) fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.0.into())
    }

    /// HMAC-SHA-256.
    pub(super) fn mac(&self, message: &[u8]) -> [u8; 32] {
        self.hmac(message).finalize().into_bytes().into()
    }

    /// Checks [`mac`](Self::mac) in constant time.
    pub(super) fn mac_is(&self, message: &[u8], tag: &[u8; 32]) -> bool {
        self.hmac(message).verify_slice(tag).is_ok()
    }

    fn hmac(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&padded_block(&self.0).into());
        mac.update(message);
        mac
    }

    /// Seals `inner` under this key; `aad` says what it is.
    pub(super) fn wrap(&self, inner: &Self, aad: &[u8]) -> Result<[u8; WRAPPED], VaultError> {
        let sealed = seal_small(&self.cipher(), aad, &inner.0)?;
        sealed.try_into().map_err(|_| VaultError::System { what: "wrapping a key", why: "wrong length".into() })
    }

    /// Opens what [`wrap`](Self::wrap) sealed; `None` if key, bytes or associated data differ.
    pub(super) fn unwrap_key(&self, wrapped: &[u8; WRAPPED], aad: &[u8]) -> Option<Self> {
        let plain = open_small(&self.cipher(), aad, wrapped)?;
        let mut key = Self([0; 32]);
        (plain.len() == 32).then(|| key.0.copy_from_slice(&plain))?;
        Some(key)
    }
}

/// An HMAC key of 32 bytes, padded to SHA-256's block as RFC 2104 does it: same result, no fallible constructor.
fn padded_block(key: &[u8; 32]) -> [u8; 64] {
    let mut block = [0u8; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    block
}

/// `nonce | ciphertext | tag` of something short.
pub(super) fn seal_small(cipher: &Aes256Gcm, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE>()?;
    let mut body = Zeroizing::new(plain.to_vec());
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), aad, body.as_mut_slice().into())
        .map_err(|e| VaultError::System { what: "sealing a key", why: e.to_string() })?;
    Ok([&nonce[..], &body, &tag].concat())
}

/// Opens what [`seal_small`] sealed.
pub(super) fn open_small(cipher: &Aes256Gcm, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
    let (body, tag) = rest.split_last_chunk::<TAG>()?;
    let mut body = Zeroizing::new(body.to_vec());
    cipher.decrypt_inout_detached(&(*nonce).into(), aad, body.as_mut_slice().into(), &(*tag).into()).ok()?;
    Some(body)
}

/// Joins fields so that no two different lists give the same bytes: each is preceded by its length (u32, little-endian).
pub(super) fn length_prefixed(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.iter().map(|f| f.len() + 4).sum());
    for field in fields {
        out.extend_from_slice(&(field.len() as u32).to_le_bytes());
        out.extend_from_slice(field);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn hkdf_agrees_with_rfc_5869_case_1() {
        let key = SecretKey::extract(&unhex("000102030405060708090a0b0c"), &[0x0b; 22], &unhex("f0f1f2f3f4f5f6f7f8f9"));
        assert_eq!(key.0[..], unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")[..]);
    }

    #[test]
    fn hmac_agrees_with_rfc_4231_case_2() {
        // The key "Jefe" padded with zeros to 32 bytes is the same HMAC key (RFC 2104).
        let mut key = [0u8; 32];
        key[..4].copy_from_slice(b"Jefe");
        let tag = SecretKey(key).mac(b"what do ya want for nothing?");
        assert_eq!(tag[..], unhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")[..]);
    }

    #[test]
    fn aes_256_gcm_agrees_with_nist_test_case_16() {
        // McGrew and Viega's GCM test case 16, used in NIST SP 800-38D validation: 256-bit key, 20 bytes of AAD.
        let key =
            SecretKey(unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308").try_into().unwrap());
        let nonce = unhex("cafebabefacedbaddecaf888");
        let aad = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = unhex(concat!(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ));
        let cipher = unhex(concat!(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        ));
        let sealed = [nonce, cipher, unhex("76fc6ece0f4e1768cddf8853bb2d551b")].concat();
        assert_eq!(open_small(&key.cipher(), &aad, &sealed).unwrap()[..], plain[..]);
        assert!(open_small(&key.cipher(), &aad[1..], &sealed).is_none());
    }

    #[test]
    fn a_wrapped_key_opens_only_with_its_own_associated_data() {
        let (outer, inner) = (SecretKey::random().unwrap(), SecretKey::random().unwrap());
        let wrapped = outer.wrap(&inner, b"slot 1").unwrap();
        assert!(outer.unwrap_key(&wrapped, b"slot 1").unwrap().0 == inner.0);
        assert!(outer.unwrap_key(&wrapped, b"slot 2").is_none());
        assert!(inner.unwrap_key(&wrapped, b"slot 1").is_none());
    }

    #[test]
    fn purposes_and_vaults_give_different_keys() {
        let key = SecretKey([7; 32]);
        let all = [
            Purpose::HeaderMac,
            Purpose::Wrap,
            Purpose::Data,
            Purpose::Names,
            Purpose::Label,
            Purpose::Manifest,
            Purpose::Backup,
        ];
        let mut seen: Vec<[u8; 32]> = all.iter().map(|p| key.derive(&[1; 16], *p).0).collect();
        seen.push(key.derive(&[2; 16], Purpose::Data).0);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 8);
        assert_ne!(length_prefixed(&[b"ab", b"c"]), length_prefixed(&[b"a", b"bc"]));
    }
}
