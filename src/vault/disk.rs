//! Small files that survive a crash, and a directory nobody else can read or swap.

use super::VaultError;
use rustix::fs::{CWD, OFlags, RenameFlags};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Options for files of the vault: private, never through a symbolic link.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits() as i32);
    options
}

/// Writes a file whole or not at all: temporary file, fsync, rename, fsync of the directory.
pub(super) fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), VaultError> {
    let (path, temporary) = (dir.join(name), dir.join(format!("{name}.tmp")));
    write(&temporary, bytes)?;
    std::fs::rename(&temporary, &path).map_err(VaultError::io("replace", &path))?;
    sync_dir(dir)
}

/// Writes over a file and waits until it is on disk. For files of which there are two, written in turn.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let mut file =
        options().write(true).create(true).truncate(true).open(path).map_err(VaultError::io("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(VaultError::io("write", path))
}

/// Reads a file of at most `limit` bytes; `None` if there is none. A longer one is cut, and so fails its own checks.
pub(super) fn read(dir: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>, VaultError> {
    let path = dir.join(name);
    let file = match options().read(true).open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(VaultError::io("open", &path)(e)),
    };
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(VaultError::io("read", &path))?;
    Ok(Some(bytes))
}

/// Makes a rename or a new file in `dir` durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), VaultError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(VaultError::io("sync", dir))
}

/// Lets two directories beside each other change names, in one step.
pub(super) fn exchange(one: &Path, other: &Path) -> Result<(), VaultError> {
    rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)
        .map_err(|e| VaultError::io("exchange", other)(e.into()))?;
    other.parent().map_or(Ok(()), sync_dir)
}

/// Gives a file or directory another name, durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    std::fs::rename(from, to).map_err(VaultError::io("rename", from))?;
    to.parent().map_or(Ok(()), sync_dir)
}

/// Removes a directory with all in it; nothing happens if there is none.
pub(super) fn remove_dir(dir: &Path) -> Result<(), VaultError> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(VaultError::io("remove", dir)(e)),
        _ => Ok(()),
    }
}

/// Removes a file; nothing happens if there is none.
pub(super) fn remove_file(path: &Path) -> Result<(), VaultError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(VaultError::io("remove", path)(e)),
        _ => Ok(()),
    }
}

/// Bytes of all files below a directory.
pub(super) fn size_of(dir: &Path) -> Result<u64, VaultError> {
    let mut total = 0;
    for entry in std::fs::read_dir(dir).map_err(VaultError::io("list", dir))? {
        let entry = entry.map_err(VaultError::io("list", dir))?;
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => total += size_of(&entry.path())?,
            Ok(meta) => total += meta.len(),
            // It went between being listed and being looked at.
            Err(_) => {}
        }
    }
    Ok(total)
}

/// Makes a directory that only its owner can enter, with its parents.
pub(super) fn make_private_dir(dir: &Path) -> Result<(), VaultError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(VaultError::io("create", dir))?;
    if let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
        sync_dir(parent)?;
    }
    Ok(())
}

/// Refuses a directory that is a symbolic link, belongs to somebody else, or is open to others.
pub(super) fn check_private_dir(dir: &Path) -> Result<(), VaultError> {
    let refuse = |why: String| VaultError::UnsafeDirectory { dir: dir.to_owned(), why };
    let meta = std::fs::symlink_metadata(dir).map_err(VaultError::io("look at", dir))?;
    if meta.is_symlink() {
        return Err(refuse("it is a symbolic link; name the directory itself".into()));
    }
    if !meta.is_dir() {
        return Err(refuse("it is not a directory".into()));
    }
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        let why = format!("it belongs to user {}, and this process runs as {me}; run as its owner", meta.uid());
        return Err(refuse(why));
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        let why = format!("others may enter it (mode {mode:o}); run: chmod 700 {}", dir.display());
        return Err(refuse(why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_directory_open_to_others_or_behind_a_link_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let (dir, link) = (base.path().join("v"), base.path().join("l"));
        make_private_dir(&dir).unwrap();
        assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        check_private_dir(&dir).unwrap();
        symlink(&dir, &link).unwrap();
        assert!(check_private_dir(&link).unwrap_err().to_string().contains("symbolic link"));
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o750)).unwrap();
        let message = check_private_dir(&dir).unwrap_err().to_string();
        assert!(message.contains("chmod 700") && message.contains("mode 750"), "{message}");
    }

    #[test]
    fn files_are_private_replaced_whole_and_never_followed() {
        let dir = tempfile::tempdir().unwrap();
        replace(dir.path(), "f", b"one").unwrap();
        replace(dir.path(), "f", b"two").unwrap();
        assert_eq!(read(dir.path(), "f", 100).unwrap().unwrap(), b"two");
        assert_eq!(read(dir.path(), "f", 2).unwrap().unwrap(), b"tw");
        assert_eq!(std::fs::metadata(dir.path().join("f")).unwrap().mode() & 0o777, 0o600);
        assert!(read(dir.path(), "g", 100).unwrap().is_none());
        symlink(dir.path().join("f"), dir.path().join("l")).unwrap();
        assert!(matches!(read(dir.path(), "l", 100), Err(VaultError::Io { .. })));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "no temporary file stays behind");
    }
}
