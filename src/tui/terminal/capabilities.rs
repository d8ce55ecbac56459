//! What the terminal can do, from the environment alone: nothing is asked of it.

use super::clipboard::Wrap;
use std::time::Duration;

/// What was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether colours are wanted (`NO_COLOR` unset or empty, `TERM` not `dumb`).
    pub colours: bool,
    /// Whether only ASCII may be drawn (`TERM=linux`, or a locale that is not UTF-8).
    pub ascii: bool,
    /// Whether the terminal is at the other end of an SSH connection.
    pub ssh: bool,
    /// The multiplexer between us and the terminal.
    pub wrap: Wrap,
}

impl Capabilities {
    /// From environment variables, read through `get`.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| get(name).is_some_and(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(&get).find(|v| !v.is_empty());
        let utf8 = locale.is_some_and(|l| {
            let l = l.to_ascii_lowercase();
            l.contains("utf-8") || l.contains("utf8")
        });
        let wrap = if set("TMUX") {
            Wrap::Tmux
        } else if set("STY") || term.starts_with("screen") {
            Wrap::Screen
        } else {
            Wrap::None
        };
        Self {
            colours: !set("NO_COLOR") && term != "dumb",
            ascii: !utf8 || term == "linux" || term == "dumb",
            ssh: set("SSH_TTY") || set("SSH_CONNECTION"),
            wrap,
        }
    }

    /// The least time between two frames: 60 a second, 30 over SSH.
    pub fn frame_interval(&self) -> Duration {
        Duration::from_millis(if self.ssh { 33 } else { 16 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[("LANG", "en_US.UTF-8"), ("TERM", "xterm-256color")], true, false, false, Wrap::None)]
    #[case(&[("LANG", "C"), ("TERM", "xterm")], true, true, false, Wrap::None)]
    #[case(&[("LC_ALL", "C.utf8"), ("NO_COLOR", "1"), ("TERM", "xterm"), ("SSH_TTY", "/dev/pts/1")], false, false, true, Wrap::None)]
    #[case(&[("LANG", "de_DE.UTF-8"), ("TERM", "linux")], true, true, false, Wrap::None)]
    #[case(&[("LANG", "C.UTF-8"), ("TERM", "screen-256color"), ("TMUX", "/tmp/tmux")], true, false, false, Wrap::Tmux)]
    #[case(&[("LANG", "C.UTF-8"), ("TERM", "screen")], true, false, false, Wrap::Screen)]
    #[case(&[("LC_ALL", ""), ("LANG", "C.UTF-8"), ("NO_COLOR", "")], true, false, false, Wrap::None)]
    fn the_environment_decides(
        #[case] env: &[(&str, &str)],
        #[case] colours: bool,
        #[case] ascii: bool,
        #[case] ssh: bool,
        #[case] wrap: Wrap,
    ) {
        let get = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        assert_eq!(Capabilities::from_env(get), Capabilities { colours, ascii, ssh, wrap });
    }
}
