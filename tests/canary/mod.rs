//! Looks for secrets in every file below a directory, as they are and in the disguises that programs give them: in
//! hexadecimal, in base 64 at any alignment, and in UTF-16.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// So many first bytes of a disguise choose what it is compared with; nothing shorter is looked for.
const KEY: usize = 6;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What must not be found.
pub struct Canaries {
    secrets: Vec<String>,
    /// Disguises by their first bytes, each with the number of its secret.
    by_key: HashMap<[u8; KEY], Vec<(Vec<u8>, usize)>>,
    /// Whether a disguise begins with these two bytes: rules nearly every place out at once.
    begins: Vec<bool>,
}

impl Canaries {
    /// Secrets of at least six bytes; shorter ones would be found by chance.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|s| s.len() >= KEY).collect();
        secrets.sort();
        secrets.dedup();
        let mut canaries = Self { secrets: Vec::new(), by_key: HashMap::new(), begins: vec![false; 1 << 16] };
        for (number, secret) in secrets.iter().enumerate() {
            for form in disguises(secret) {
                let Some(key) = form.first_chunk::<KEY>() else { continue };
                canaries.begins[usize::from(u16::from_be_bytes([key[0], key[1]]))] = true;
                canaries.by_key.entry(*key).or_default().push((form, number));
            }
        }
        canaries.secrets = secrets;
        canaries
    }

    /// How many secrets are looked for.
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// The secret that stands in these bytes, if one does.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        bytes.windows(KEY).enumerate().find_map(|(at, window)| {
            if !self.begins[usize::from(u16::from_be_bytes([window[0], window[1]]))] {
                return None;
            }
            let forms = self.by_key.get(window)?;
            let found = forms.iter().find(|(form, _)| bytes[at..].starts_with(form))?;
            Some(self.secrets[found.1].as_str())
        })
    }

    /// Asserts that none is in a file below `dir`, or in a file's name; says how many files there are.
    pub fn assert_absent(&self, dir: &Path) -> usize {
        let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.display().to_string();
                assert_eq!(self.find(name.as_bytes()), None, "in a name");
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files += 1;
                    assert_eq!(self.find(&std::fs::read(&path).unwrap()), None, "in {name}");
                }
            }
        }
        files
    }
}

fn disguises(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut forms = vec![text.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), wide];
    // Of a text that begins in the middle of three bytes, the first and last characters depend on its neighbours.
    forms.extend((0..3).map(|skip| base64(text.as_bytes().get(skip..).unwrap_or_default())));
    forms.retain(|form| form.len() >= KEY);
    forms
}

/// The whole groups of three bytes.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let groups = bytes.as_chunks::<3>().0.iter();
    groups
        .flat_map(|[a, b, c]| {
            let word = u32::from_be_bytes([0, *a, *b, *c]);
            [18, 12, 6, 0].map(|shift| BASE64[(word >> shift & 63) as usize])
        })
        .collect()
}

#[test]
fn every_disguise_is_seen_through() {
    let canaries = Canaries::new(["halden-outfitters".to_owned()]);
    let wide: Vec<u8> = "x halden-outfitters".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let seen: [&[u8]; 6] = [
        b"..halden-outfitters..",
        b"68616c64656e2d6f7574666974746572730a",
        b"aGFsZGVuLW91dGZpdHRlcnM=",
        // The same after one and after two bytes.
        b"LmhhbGRlbi1vdXRmaXR0ZXJz",
        b"Li5oYWxkZW4tb3V0Zml0dGVycw==",
        &wide,
    ];
    for bytes in seen {
        assert_eq!(canaries.find(bytes), Some("halden-outfitters"), "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(canaries.find(b"halden-outfitter and nothing else"), None);
}
