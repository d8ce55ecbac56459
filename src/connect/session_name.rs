//! The session's name, which the client reads in its own CloudTrail.

/// `bailiwick-<vault>-<run>-<operator>`: 8 hexadecimal digits each of the vault's id and the run's number, and who ran
/// it, in STS's alphabet `[\w+=,.@-]`, cut to its 64 characters.
pub fn session_name(vault: &[u8; 16], run: u32, operator: &str) -> String {
    let vault: String = vault.iter().take(4).map(|b| format!("{b:02x}")).collect();
    let operator: String =
        operator.chars().map(|c| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' }).collect();
    let mut name = format!("bailiwick-{vault}-{run:08x}-{operator}");
    name.truncate(64);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_sts_accepts_whatever_the_operator_is_called() {
        assert_eq!(session_name(&[0xab; 16], 7, "ana"), "bailiwick-abababab-00000007-ana");
        let odd = session_name(&[0; 16], u32::MAX, &"zoë / root\u{202e}".repeat(9));
        assert!(odd.len() == 64 && odd.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)), "{odd}");
    }
}
