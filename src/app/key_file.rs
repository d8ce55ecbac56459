//! A long-lived access key on its way into the vault: from a file, or from the terminal. Never an argument.

use super::{report::Report, secret};
use crate::aws::KeyPair;
use secrecy::{ExposeSecret as _, SecretString};
use std::path::Path;
use zeroize::Zeroizing;

/// Largest file that is read.
const LIMIT: u64 = 64 << 10;

/// The key in a file: its id and its secret, each on a line, or the `.csv` that the AWS console gives.
pub fn read(file: &Path) -> Result<KeyPair, Report> {
    let path = file.display();
    secret::refuse_readable_by_others(file)?;
    let size = std::fs::metadata(file).map_err(|e| Report::input(format!("cannot read {path}: {e}")))?.len();
    if size > LIMIT {
        return Err(Report::input(format!("{path} is too large for an access key: {}", EXPECTED)));
    }
    let text = std::fs::read_to_string(file).map_err(|e| Report::input(format!("cannot read {path}: {e}")))?;
    parse(&Zeroizing::new(text)).map_err(|why| Report::input(format!("{path}: {why}")))
}

const EXPECTED: &str = "it should hold the key's id and its secret, each on a line, or be the .csv of the AWS console";

/// Asks for it.
pub fn ask() -> Result<KeyPair, Report> {
    let asked = |prompt| secret::ask_or(prompt, "no access key", "use --access-key-file");
    let id = asked("Access key id (not shown, AKIA…): ")?;
    let secret = asked("Secret access key (not shown): ")?;
    let text = Zeroizing::new([id.expose_secret(), secret.expose_secret()].join("\n"));
    parse(&text).map_err(Report::input)
}

fn parse(text: &str) -> Result<KeyPair, String> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let (id, secret) = if first.to_ascii_lowercase().starts_with("access key id,") {
        second.split_once(',').ok_or_else(|| EXPECTED.to_owned())?
    } else {
        (first, second)
    };
    let id = id.trim().parse().map_err(|e: crate::domain::IdError| e.to_string())?;
    let secret = secret.trim();
    // IAM gives 40 characters of base 64; what is not that was not copied whole.
    let whole = secret.len() >= 16 && secret.len() <= 128 && secret.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    if !whole {
        return Err(format!("the secret half of the key is missing or not whole: {EXPECTED}"));
    }
    Ok(KeyPair::new(id, SecretString::from(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[rstest]
    #[case(format!("AKIAIOSFODNN7EXAMPLE\n{SECRET}\n"))]
    #[case(format!("\u{feff}Access key ID,Secret access key\r\nAKIAIOSFODNN7EXAMPLE,{SECRET}\r\n"))]
    fn both_forms_are_read(#[case] text: String) {
        let key = parse(&text).unwrap();
        assert_eq!((key.id().short().as_str(), key.secret().expose_secret()), ("AKIA…MPLE", SECRET));
    }

    #[rstest]
    #[case("")]
    #[case("AKIAIOSFODNN7EXAMPLE")]
    #[case("ASIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")]
    #[case("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nAKIAIOSFODNN7EXAMPLE")]
    fn what_is_no_key_is_refused_and_never_echoed(#[case] text: &str) {
        let error = parse(text).err().unwrap();
        assert!(!error.contains("wJalr") && !error.contains("IOSFODNN7"), "{error}");
    }
}
