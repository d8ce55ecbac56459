//! The list of checks: what each looks for, why, and what to do.

use super::engine::Checks;
use crate::domain::{Depth, Severity};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckSource {
    /// CloudTrail events.
    Events,
    /// Cost Explorer.
    Costs,
    /// How our own reading goes.
    Connection,
}

/// One check, as `bailiwick checks` lists and explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckInfo {
    /// Its id, e.g. `CT-ROOT-004`; of a user's rule its `name`, or else its `id`.
    pub id: String,
    /// One line.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Why it matters, in plain words.
    pub why: String,
    /// What to do, in plain words.
    pub remediation: String,
    /// What harmless causes look the same.
    pub false_positives: Vec<String>,
    /// MITRE ATT&CK techniques, e.g. `T1078.004`.
    pub attack: Vec<String>,
    /// Controls of the CIS AWS Foundations Benchmark 3.0 it bears on, e.g. `4.3`.
    pub cis: Vec<String>,
    /// Who wrote it; shown with a match of a rule that is not built in.
    pub author: String,
    /// What it looks at.
    pub source: CheckSource,
    /// What it needs read.
    pub depth: Depth,
    /// Whether it came with the program.
    pub builtin: bool,
}

/// All built-in checks, by id.
pub fn all() -> &'static [CheckInfo] {
    static ALL: LazyLock<Vec<CheckInfo>> =
        LazyLock::new(|| Checks::builtin().map(|checks| checks.infos().to_vec()).unwrap_or_default());
    &ALL
}

/// The built-in check with this id.
pub fn find(id: &str) -> Option<&'static CheckInfo> {
    all().iter().find(|info| info.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_check_is_complete() {
        assert!(all().len() >= 165, "{}", all().len());
        for info in all() {
            let texts = [&info.why, &info.remediation, &info.title, &info.author];
            assert!(texts.iter().all(|text| !text.is_empty()) && !info.false_positives.is_empty(), "{info:?}");
            assert!(info.builtin && find(&info.id) == Some(info));
        }
        assert!(find("CT-NOPE-001").is_none());
    }

    #[test]
    fn each_monitoring_control_of_cis_has_a_check() {
        for control in 1..=15 {
            let control = format!("4.{control}");
            assert!(all().iter().any(|info| info.cis.contains(&control)), "{control}");
        }
    }
}
