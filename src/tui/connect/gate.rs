//! A gate as it is tried: each probe as it comes, then what it comes to.

use crate::{
    desk::view::{ConnectReport, ProbeView},
    tui::RequestId,
};
use std::sync::Arc;

/// One try.
#[derive(Debug, Clone, Default)]
pub struct GateRun {
    /// What was told so far.
    pub probes: Vec<ProbeView>,
    /// How it ended.
    pub report: Option<Arc<ConnectReport>>,
    /// Why it could not be tried at all.
    pub failed: Option<String>,
    /// The errand that is still under way.
    pub request: Option<RequestId>,
    /// The first line shown.
    pub top: usize,
}

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It still goes on.
    Testing,
    /// It may be used.
    Passed,
    /// It is used in spite of its gate.
    Overridden,
    /// Kept, and not used: it opens without its ExternalId.
    Quarantined,
    /// Kept as it was; it cannot be used now.
    Unusable,
    /// Nothing was kept.
    NotKept,
    /// It was not tried.
    NotTried,
}

impl GateRun {
    /// A try that was just begun.
    pub fn begun(request: RequestId) -> Self {
        Self { request: Some(request), ..Self::default() }
    }

    /// Takes in one probe.
    pub fn probe(&mut self, probe: ProbeView) {
        match self.probes.iter_mut().find(|known| known.probe == probe.probe) {
            Some(known) => *known = probe,
            None => self.probes.push(probe),
        }
    }

    /// Takes in the end. A way that does not even tell where it leads is told by the report alone.
    pub fn ended(&mut self, result: Result<Arc<ConnectReport>, String>) {
        // What it came to stands at the top.
        (self.request, self.top) = (None, 0);
        match result {
            Ok(report) => {
                if self.probes.is_empty() {
                    self.probes.clone_from(&report.connection.results);
                }
                self.report = Some(report);
            }
            Err(why) => self.failed = Some(why),
        }
    }

    /// What it came to.
    pub fn verdict(&self) -> Verdict {
        let Some(report) = &self.report else {
            return if self.request.is_some() { Verdict::Testing } else { Verdict::NotTried };
        };
        match (report.connection.gate, report.kept) {
            ("passed", true) => Verdict::Passed,
            ("overridden", true) => Verdict::Overridden,
            ("quarantined", true) => Verdict::Quarantined,
            (_, true) => Verdict::Unusable,
            (_, false) => Verdict::NotKept,
        }
    }

    /// Moves the first line shown, at most past the lines that do not fit.
    pub fn scroll(&mut self, by: isize, hidden: usize) {
        self.top = self.top.min(hidden).saturating_add_signed(by).min(hidden);
    }
}
