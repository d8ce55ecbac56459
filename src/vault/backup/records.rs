//! The `records` of a backup: writing them in one stream, and reading them by place.

use crate::domain::Timestamp;
use crate::vault::{
    VaultError, disk,
    key::{SecretKey, VaultId},
    store::{Blocks, StoreKey},
    wire::Reader,
};
use rustix::fs::{Advice, fadvise};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, BufWriter, Read, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

pub(super) const NAME: &str = "records";
const MAGIC: &[u8; 8] = b"BWBACKUP";
const FORMAT: u16 = 1;
const HEAD: u64 = 8 + 2 + 16 + 8;
/// Before each sealed value: its length and its key in the store.
const PLACE: u64 = 4 + 16;
/// The counts at the end, before hash and MAC.
const COUNTS: u64 = 4 * 8 + 4;
const FOOTER: u64 = COUNTS + 32 + 32;
const BUFFER: usize = 256 << 10;
/// Bytes hashed in one go.
const PART: u64 = 16 << 10;

/// What the beginning says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) vault: VaultId,
    pub(super) made_at: Timestamp,
}

/// What the end says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) places: u64,
    /// Sealed bytes.
    pub(super) bytes: u64,
    /// Records, as the directory counted them.
    pub(super) records: u64,
    /// The manifest's.
    pub(super) epoch: u64,
    /// Of the vault's own key, from which the MAC's key comes.
    pub(super) generation: u32,
    hash: [u8; 32],
    mac: [u8; 32],
}

impl Head {
    fn parse(r: &mut Reader<'_>) -> Result<Option<Self>, VaultError> {
        if r.array::<8>().as_ref() != Some(MAGIC) {
            return Ok(None);
        }
        match r.u16() {
            Some(FORMAT) => {}
            Some(found) if found > FORMAT => {
                return Err(VaultError::NewerFormat { what: "the backup", found, known: FORMAT });
            }
            _ => return Ok(None),
        }
        let parsed = r.array().zip(r.i64());
        Ok(parsed.map(|(vault, made_at)| Self { vault, made_at: Timestamp::from_second(made_at) }))
    }
}

impl Footer {
    fn parse(r: &mut Reader<'_>) -> Option<Self> {
        let (places, bytes, records, epoch) = (r.u64()?, r.u64()?, r.u64()?, r.u64()?);
        Some(Self { places, bytes, records, epoch, generation: r.u32()?, hash: r.array()?, mac: r.array()? })
    }

    /// The size of a file with this footer.
    fn expects(&self) -> Option<u64> {
        self.places.checked_mul(PLACE)?.checked_add(self.bytes)?.checked_add(HEAD + FOOTER)
    }

    /// Whether the MAC is of this key.
    pub(super) fn is_by(&self, key: &SecretKey) -> bool {
        key.mac_is(&self.hash, &self.mac)
    }
}

/// Writes the file from its beginning to its end.
pub(super) struct Writer {
    to: BufWriter<File>,
    path: PathBuf,
    hash: Sha256,
    places: u64,
    bytes: u64,
}

impl Writer {
    pub(super) fn create(dir: &Path, head: Head) -> Result<Self, VaultError> {
        let path = dir.join(NAME);
        let file = disk::options().write(true).create_new(true).open(&path).map_err(VaultError::io("create", &path))?;
        let to = BufWriter::with_capacity(BUFFER, file);
        let mut writer = Self { to, path, hash: Sha256::new(), places: 0, bytes: 0 };
        for part in [&MAGIC[..], &FORMAT.to_le_bytes(), &head.vault, &head.made_at.second().to_le_bytes()] {
            writer.put(part)?;
        }
        Ok(writer)
    }

    pub(super) fn place(&mut self, key: &StoreKey, sealed: &[u8]) -> Result<(), VaultError> {
        let too_large = |_| VaultError::TooLarge { what: "a record", limit: "4 GiB" };
        let length = u32::try_from(sealed.len()).map_err(too_large)?;
        self.put(&length.to_le_bytes())?;
        self.put(key)?;
        self.put(sealed)?;
        self.places += 1;
        self.bytes += u64::from(length);
        Ok(())
    }

    /// Writes the footer and waits for the disk.
    pub(super) fn finish(
        mut self,
        records: u64,
        epoch: u64,
        generation: u32,
        key: &SecretKey,
    ) -> Result<(), VaultError> {
        for count in [self.places, self.bytes, records, epoch] {
            self.put(&count.to_le_bytes())?;
        }
        self.put(&generation.to_le_bytes())?;
        let hash: [u8; 32] = self.hash.finalize().into();
        let end = [hash, key.mac(&hash)];
        let written = self.to.write_all(end.as_flattened()).and_then(|()| {
            let file = self.to.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            file.sync_all()?;
            // So that reading it back reads the disk and not memory; only advice.
            let _ = fadvise(&file, 0, None, Advice::DontNeed);
            Ok(())
        });
        written.map_err(VaultError::io("write", &self.path))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), VaultError> {
        self.hash.update(bytes);
        self.to.write_all(bytes).map_err(VaultError::io("write", &self.path))
    }
}

/// What a look at both ends tells, without a secret and without reading the whole.
pub(super) struct Glance {
    pub(super) head: Option<Head>,
    pub(super) footer: Option<Footer>,
    /// Whether the file has the size its footer speaks of.
    pub(super) whole: bool,
}

/// Looks at both ends; `None` if there is no such file.
pub(super) fn glance(dir: &Path) -> Result<Option<Glance>, VaultError> {
    let Some((file, path, size)) = open(dir)? else { return Ok(None) };
    let (head, footer) = ends(&file, size).map_err(VaultError::io("read", &path))?;
    let head = Head::parse(&mut Reader::new(&head))?;
    let footer = Footer::parse(&mut Reader::new(&footer));
    let whole = head.is_some() && footer.and_then(|f| f.expects()) == Some(size);
    Ok(Some(Glance { head, footer: footer.filter(|_| whole), whole }))
}

fn open(dir: &Path) -> Result<Option<(File, PathBuf, u64)>, VaultError> {
    let path = dir.join(NAME);
    let file = match disk::options().read(true).open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::io("open", &path)(e)),
    };
    let size = file.metadata().map_err(VaultError::io("look at", &path))?.len();
    Ok(Some((file, path, size)))
}

/// The bytes of head and footer; of a file too short for both, what there is.
fn ends(file: &File, size: u64) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let read = |from: u64, length: u64| {
        let mut bytes = vec![0; length.min(size) as usize];
        file.read_exact_at(&mut bytes, from).map(|()| bytes)
    };
    if size < HEAD + FOOTER {
        Ok((read(0, HEAD)?, Vec::new()))
    } else {
        Ok((read(0, HEAD)?, read(size - FOOTER, FOOTER)?))
    }
}

/// The records of a backup, by place.
pub(super) struct Records {
    file: File,
    path: PathBuf,
    places: HashMap<StoreKey, (u64, u32)>,
    pub(super) head: Option<Head>,
    /// `None` if the file is not what was written; then `places` holds what could still be told apart.
    pub(super) footer: Option<Footer>,
}

impl Records {
    /// Reads the whole file once: where everything is, and whether its hash is right. `None` if there is no file.
    pub(super) fn open(dir: &Path) -> Result<Option<Self>, VaultError> {
        let Some((file, path, size)) = open(dir)? else { return Ok(None) };
        let scanned = scan(&file, size).map_err(VaultError::io("read", &path))?;
        let head = Head::parse(&mut Reader::new(&scanned.head))?;
        let footer = Footer::parse(&mut Reader::new(&scanned.footer)).filter(|footer| {
            head.is_some()
                && scanned.sound
                && footer.hash == scanned.hash
                && footer.expects() == Some(size)
                && footer.places == scanned.count
        });
        Ok(Some(Self { file, path, places: scanned.places, head, footer }))
    }
}

impl Blocks for Records {
    fn block(&self, key: &StoreKey) -> Result<Option<Vec<u8>>, VaultError> {
        let Some((offset, length)) = self.places.get(key) else { return Ok(None) };
        let mut bytes = vec![0; *length as usize];
        self.file.read_exact_at(&mut bytes, *offset).map_err(VaultError::io("read", &self.path))?;
        Ok(Some(bytes))
    }
}

/// What one pass over the file found.
struct Scan {
    head: Vec<u8>,
    footer: Vec<u8>,
    places: HashMap<StoreKey, (u64, u32)>,
    count: u64,
    hash: [u8; 32],
    /// Whether the places end where the footer begins.
    sound: bool,
}

fn scan(file: &File, size: u64) -> std::io::Result<Scan> {
    let (head, footer) = ends(file, size)?;
    let mut scan = Scan { head, footer, places: HashMap::new(), count: 0, hash: [0; 32], sound: false };
    let Some(end) = size.checked_sub(FOOTER).filter(|end| *end >= HEAD) else { return Ok(scan) };
    let mut hash = Sha256::new();
    hash.update(&scan.head);
    let mut from = BufReader::with_capacity(BUFFER, file);
    from.seek_relative(HEAD as i64)?;
    let mut at = HEAD;
    let mut before = [0; PLACE as usize];
    while end - at >= PLACE {
        from.read_exact(&mut before)?;
        let mut r = Reader::new(&before);
        let (Some(length), Some(key)) = (r.u32(), r.array()) else { return Ok(scan) };
        at += PLACE;
        if end - at < u64::from(length) {
            return Ok(scan);
        }
        hash.update(before);
        digest(&mut from, u64::from(length), &mut hash)?;
        scan.places.insert(key, (at, length));
        scan.count += 1;
        at += u64::from(length);
    }
    scan.sound = at == end;
    hash.update(scan.footer.get(..COUNTS as usize).unwrap_or_default());
    scan.hash = hash.finalize().into();
    Ok(scan)
}

fn digest(from: &mut impl Read, length: u64, hash: &mut Sha256) -> std::io::Result<()> {
    let mut left = length;
    let mut buffer = [0; PART as usize];
    while left > 0 {
        let (part, _) = buffer.split_at_mut(left.min(PART) as usize);
        from.read_exact(part)?;
        hash.update(&*part);
        left -= part.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dir: &Path, key: &SecretKey) -> Vec<u8> {
        let head = Head { vault: [3; 16], made_at: Timestamp::from_second(77) };
        let mut writer = Writer::create(dir, head).unwrap();
        writer.place(&[1; 16], b"manifest").unwrap();
        writer.place(&[2; 16], b"").unwrap();
        writer.place(&[4; 16], &[9; 40_000]).unwrap();
        writer.finish(2, 12, 5, key).unwrap();
        std::fs::read(dir.join(NAME)).unwrap()
    }

    #[test]
    fn what_was_written_is_found_by_its_place() {
        let (dir, key) = (tempfile::tempdir().unwrap(), SecretKey::random().unwrap());
        let bytes = written(dir.path(), &key);
        let records = Records::open(dir.path()).unwrap().unwrap();
        let footer = records.footer.unwrap();
        assert_eq!((footer.places, footer.bytes, footer.records), (3, 40_008, 2));
        assert_eq!((footer.epoch, footer.generation, footer.expects()), (12, 5, Some(bytes.len() as u64)));
        assert!(footer.is_by(&key) && !footer.is_by(&SecretKey::random().unwrap()));
        assert_eq!(records.head.unwrap(), Head { vault: [3; 16], made_at: Timestamp::from_second(77) });
        assert_eq!(records.block(&[1; 16]).unwrap().unwrap(), b"manifest");
        assert_eq!(records.block(&[2; 16]).unwrap().unwrap(), b"");
        assert_eq!(records.block(&[4; 16]).unwrap().unwrap(), vec![9; 40_000]);
        assert!(records.block(&[5; 16]).unwrap().is_none());
        let glance = glance(dir.path()).unwrap().unwrap();
        assert!(glance.whole && glance.footer == Some(footer) && glance.head == records.head);
    }

    #[test]
    fn every_cut_and_every_flip_is_noticed() {
        let (dir, key) = (tempfile::tempdir().unwrap(), SecretKey::random().unwrap());
        let bytes = written(dir.path(), &key);
        let opened = || Records::open(dir.path()).map(|r| r.unwrap().footer.is_some_and(|f| f.is_by(&key)));
        let interesting = || (0..100).chain(40_000..bytes.len());
        for cut in interesting() {
            std::fs::write(dir.path().join(NAME), &bytes[..cut]).unwrap();
            assert!(!opened().unwrap(), "cut at {cut}");
            assert!(!glance(dir.path()).unwrap().unwrap().whole, "cut at {cut}");
        }
        for at in interesting() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            std::fs::write(dir.path().join(NAME), &bad).unwrap();
            // The number of a later format is named as such.
            assert!(!opened().unwrap_or(false), "byte {at}");
        }
        std::fs::write(dir.path().join(NAME), [&bytes[..], b"x"].concat()).unwrap();
        assert!(!opened().unwrap());
    }
}
