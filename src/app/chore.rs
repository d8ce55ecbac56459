//! What the console does for the vault on a thread of its own: a backup, or reading everything.

use crate::{
    desk::{Desk, DeskError},
    tui::{Msg, NoticeLevel},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
};
use tokio::sync::mpsc::UnboundedSender;

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Make a backup now.
    BackUp,
    /// Make a backup if one is due, and remove old ones.
    Tend,
    /// Read every record.
    Verify,
}

impl Task {
    /// Does it; says what came of it, if that is worth a notice.
    fn run(self, desk: &Desk) -> Result<Option<(NoticeLevel, String)>, DeskError> {
        let plan = desk.backups().ok_or_else(|| DeskError::Refused("the demo's vault has no backups".into()));
        Ok(match self {
            Self::BackUp => {
                let made = desk.back_up(&plan?.backups)?;
                Some((NoticeLevel::Info, format!("backup {} made and verified", made.name)))
            }
            Self::Tend => {
                let Ok(plan) = plan else { return Ok(None) };
                let done = desk.tend_backups(plan)?;
                let well = done.unreachable.is_empty() && done.not_removed.is_none();
                let level = if well { NoticeLevel::Info } else { NoticeLevel::Error };
                let made = done.made.map(|made| format!("today's backup {} made and verified", made.name));
                let said: Vec<String> = made.into_iter().chain(done.not_removed).chain(done.unreachable).collect();
                (!said.is_empty()).then(|| (level, said.join("; ")))
            }
            Self::Verify => {
                let found = desk.verify()?;
                Some(match found.damaged.first() {
                    None => (NoticeLevel::Info, format!("{} records read: all are what was stored", found.records)),
                    Some(first) => {
                        let count = found.damaged.len();
                        (NoticeLevel::Error, format!("{count} damaged; `bailiwick vault verify` lists them. {first}"))
                    }
                })
            }
        })
    }
}

/// The one chore that may be under way. Dropping it waits for its end.
#[derive(Default)]
pub struct Chore(Option<JoinHandle<()>>);

impl Chore {
    /// Begins a task, unless one is under way.
    pub fn begin(&mut self, task: Task, desk: &Arc<Desk>, to_screen: &UnboundedSender<Msg>) {
        let notice = |level, text: &str| {
            let _ = to_screen.send(Msg::Notice { level, text: text.to_owned() });
        };
        if self.0.as_ref().is_some_and(|thread| !thread.is_finished()) {
            if task != Task::Tend {
                notice(NoticeLevel::Hint, "a backup or a verification is running: it says so when it is done");
            }
            return;
        }
        let (desk, screen) = (desk.clone(), to_screen.clone());
        let work = move || {
            let told = match catch_unwind(AssertUnwindSafe(|| task.run(&desk))) {
                Ok(Ok(told)) => told,
                Ok(Err(error)) => Some((NoticeLevel::Error, error.to_string())),
                Err(_) => Some((NoticeLevel::Error, "this failed inside bailiwick; please report this".to_owned())),
            };
            if let Some((level, text)) = told {
                let _ = screen.send(Msg::Notice { level, text });
                let _ = screen.send(Msg::VaultChanged);
            }
        };
        match std::thread::Builder::new().name("chore".into()).spawn(work) {
            Ok(thread) => self.0 = Some(thread),
            Err(_) => notice(NoticeLevel::Error, "that could not start: the system gives no more threads"),
        }
    }
}

impl Drop for Chore {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}
