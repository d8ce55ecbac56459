//! The thread behind the screen: opens the vault, answers the screen's wishes one after another, and lets go of it all.

use super::{
    Setting,
    chore::{Chore, Task},
    demo::Demo,
    desk::{checks, desk, plan},
    engine::{self, Engine},
    errand::{Errands, Means},
    newcomers::Newcomers,
    report::Report,
    round::Round,
    run::Run,
    secret,
    unlock::{self, Refused},
};
use crate::{
    aws::BaseCredentials,
    config::Settings,
    desk::{Action, Answer, Desk, Query, Via},
    domain::{SyncOrder, TemplateUrl},
    sync::{Schedule, Wanted},
    tui::{self, Effect, Msg, NoticeLevel},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};
use tokio::sync::mpsc::UnboundedSender;

/// When the console first looks whether a backup is due, and how often after that.
const FIRST_TEND: Duration = Duration::from_secs(60);
const TEND_EVERY: Duration = Duration::from_secs(3_600);

/// What is there only while the vault is open, in the order in which it is to be dropped.
struct Opened {
    run: Run,
    chore: Chore,
    errands: Errands,
    desk: Arc<Desk>,
    engine: Engine,
    template_url: Option<TemplateUrl>,
    newcomers: Option<Arc<Newcomers>>,
    round: Round,
    /// What opening found, to be told once.
    notices: Vec<String>,
}

/// Serves the demo, whose vault is open from the start.
pub fn serve_demo(demo: &Demo, wishes: &Receiver<Effect>, to_screen: &UnboundedSender<Msg>) {
    // Its clock may stand still, and what it shows is to stay as it is.
    let mut opened = Opened::new(demo.desk.clone(), demo.engine.clone(), Schedule::default(), Vec::new());
    opened.newcomers = demo.newcomers.clone();
    opened.run.begin(&opened.engine, Wanted::Everything, to_screen);
    let never = |_| Err(Report::failed("the demo's vault cannot be opened again: q leaves the demo").into());
    serve(Some(opened), never, wishes, to_screen);
}

/// Serves the user's own vault, which is to be opened first.
pub fn serve_stored(
    setting: &Setting,
    settings: &Settings,
    wishes: &Receiver<Effect>,
    to_screen: &UnboundedSender<Msg>,
) {
    serve(None, |secret| open(setting, settings, secret), wishes, to_screen);
}

/// Answers wishes until the screen is gone.
fn serve(
    mut opened: Option<Opened>,
    open: impl Fn(tui::Secret) -> Result<Opened, Refused>,
    wishes: &Receiver<Effect>,
    to_screen: &UnboundedSender<Msg>,
) {
    // Nobody listens any more only when the console has ended.
    let tell = |msg| drop(to_screen.send(msg));
    let notice = |level, text: &str| tell(Msg::Notice { level, text: text.to_owned() });
    let mut tend_at = Instant::now() + FIRST_TEND;
    loop {
        let wake_at = opened.as_ref().and_then(|opened| opened.round.wakes_at()).map_or(tend_at, |at| at.min(tend_at));
        let wish = match wishes.recv_timeout(wake_at.saturating_duration_since(Instant::now())) {
            Ok(wish) => wish,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let tend = Instant::now() >= tend_at;
                if tend {
                    tend_at = Instant::now() + TEND_EVERY;
                }
                if let Some(opened) = &mut opened {
                    if tend {
                        opened.chore.begin(Task::Tend, &opened.desk, to_screen);
                    }
                    if let Err(error) = opened.round.go(&mut opened.run, &opened.desk, &opened.engine, to_screen) {
                        notice(NoticeLevel::Error, &format!("the sync did not begin by itself: {error}"));
                    }
                }
                continue;
            }
        };
        match (wish, &mut opened) {
            (Effect::Ask { request, query }, Some(opened)) => {
                tell(Msg::Answer { request, result: answer(&opened.desk, &query) });
            }
            (Effect::SyncNow, Some(opened)) => {
                match opened.desk.permit_sync(None, opened.engine.options.event_retention_days) {
                    Ok(()) => {
                        opened.run.begin(&opened.engine, Wanted::Everything, to_screen);
                        opened.round.read(&opened.engine);
                    }
                    Err(error) => notice(NoticeLevel::Error, &error.to_string()),
                }
            }
            (Effect::Sync(order), Some(opened)) => {
                if let Err(text) = opened.obey(order, to_screen) {
                    notice(NoticeLevel::Hint, &text);
                }
            }
            (Effect::NoteCopy { what, told, text }, Some(opened)) => {
                match opened.desk.permit(Action::ClipboardCopy, None, &what) {
                    Ok(()) => tell(Msg::Copy { told, text }),
                    Err(error) => notice(NoticeLevel::Error, &error.to_string()),
                }
            }
            (Effect::BackupNow, Some(opened)) => opened.chore.begin(Task::BackUp, &opened.desk, to_screen),
            (Effect::VerifyVault, Some(opened)) => opened.chore.begin(Task::Verify, &opened.desk, to_screen),
            (Effect::Errand { request, errand }, Some(opened)) => {
                let means = opened.means();
                opened.errands.begin(request, errand, means, to_screen);
            }
            (Effect::StopErrand, Some(opened)) => {
                if opened.errands.end() {
                    // It may have kept something in its last moment.
                    tell(Msg::VaultChanged);
                }
            }
            (Effect::Lock { why }, _) => {
                if let Some(opened) = &opened {
                    // This one happens whether it can be noted or not.
                    let _ = opened.desk.permit(Action::ConsoleLock, None, &why);
                }
                tell(Msg::Locked { note: opened.take().and_then(close) });
            }
            (Effect::Unlock(secret), None) => match catch_unwind(AssertUnwindSafe(|| open(secret))) {
                Ok(Ok(mut new)) => {
                    let notices = std::mem::take(&mut new.notices);
                    opened = Some(new);
                    tell(Msg::Unlocked);
                    notices.iter().for_each(|text| notice(NoticeLevel::Error, text));
                }
                Ok(Err(Refused { text, wait_seconds })) => tell(Msg::UnlockRefused { text, wait_seconds }),
                Err(_) => {
                    let text = "opening the vault failed inside bailiwick; please report this".to_owned();
                    tell(Msg::UnlockRefused { text, wait_seconds: None });
                }
            },
            (Effect::Unlock(_), Some(_)) => tell(Msg::Unlocked),
            // Asked before a lock and come to after it: nobody waits for it any more.
            (
                Effect::Ask { .. }
                | Effect::SyncNow
                | Effect::Sync(_)
                | Effect::BackupNow
                | Effect::VerifyVault
                | Effect::Errand { .. }
                | Effect::StopErrand
                | Effect::NoteCopy { .. },
                None,
            ) => {}
            // The screen does these itself.
            (Effect::Copy(_) | Effect::Suspend | Effect::Repaint | Effect::Quit, _) => {}
        }
    }
    opened.and_then(close);
}

fn answer(desk: &Desk, query: &Query) -> Result<Answer, String> {
    // One question that fails badly must not leave the others without an answer.
    match catch_unwind(AssertUnwindSafe(|| desk.ask(query))) {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err("this view failed inside bailiwick; please report this".to_owned()),
    }
}

/// Opens the user's vault and builds what works on it.
fn open(setting: &Setting, settings: &Settings, secret: tui::Secret) -> Result<Opened, Refused> {
    let secret = match secret {
        tui::Secret::Configured => secret::from_file(setting)?,
        tui::Secret::Passphrase(text) => secret::with_key_file(setting, text)?,
        tui::Secret::RecoveryCode(code) => secret::Secret::RecoveryCode(code),
    };
    let (plan, checks) = (plan(setting)?, checks(setting)?);
    let (vault, notices) = unlock::open_with(setting, &secret)?;
    let vault = Arc::new(vault);
    let engine = Engine {
        vault: vault.clone(),
        checks: checks.clone(),
        clock: setting.clock.clone(),
        credentials: BaseCredentials::Chain,
        options: engine::options(settings, &setting.environment.user, None),
    };
    let desk = desk(setting, vault, checks, plan, Via::Console).with_sync(engine.options.clone());
    let desk = Arc::new(desk);
    desk.permit(Action::ConsoleUnlock, None, "the console was opened").map_err(Report::from)?;
    let mut opened = Opened::new(desk, engine, engine::schedule(settings), notices);
    // Each of them was checked when the settings were read.
    opened.template_url = settings.template_url.parse().ok();
    Ok(opened)
}

impl Opened {
    fn new(desk: Arc<Desk>, engine: Engine, schedule: Schedule, notices: Vec<String>) -> Self {
        let round = Round::new(schedule, &engine);
        Self {
            run: Run::default(),
            chore: Chore::default(),
            errands: Errands::default(),
            desk,
            engine,
            template_url: None,
            newcomers: None,
            round,
            notices,
        }
    }

    fn means(&self) -> Means {
        Means {
            desk: self.desk.clone(),
            engine: self.engine.clone(),
            template_url: self.template_url.clone(),
            newcomers: self.newcomers.clone(),
        }
    }

    /// Does what is wanted of the sync that goes on; what is to be tried again begins one if none does.
    fn obey(&mut self, order: SyncOrder, to_screen: &UnboundedSender<Msg>) -> Result<(), String> {
        if let SyncOrder::Retry(key) = &order {
            let days = self.engine.options.event_retention_days;
            self.desk.permit_sync(Some(&key.client), days).map_err(|error| error.to_string())?;
        }
        if self.run.obey(order.clone()) {
            return Ok(());
        }
        match order {
            SyncOrder::Retry(key) => self.run.begin(&self.engine, Wanted::Job(key), to_screen),
            _ => return Err("no sync is running any more: R begins one".into()),
        }
        Ok(())
    }
}

/// Lets go of everything, so that the vault's keys are wiped; says so if that stopped something.
fn close(opened: Opened) -> Option<String> {
    let Opened { mut run, chore, mut errands, desk, engine, .. } = opened;
    let (untested, undrilled) = (errands.end(), errands.end_drill());
    let stopped = run.end();
    drop(chore);
    if let Err(error) = desk.keep_glances() {
        // Then the next first screen takes a little longer.
        tracing::warn!(%error, "the first screen was not kept");
    }
    drop((run, desk));
    let vault = engine.vault;
    if Arc::into_inner(vault).is_none() {
        tracing::error!("the vault was locked while something still uses it: its keys are not wiped yet");
    }
    let said = [
        (stopped, "the sync that ran was stopped; what it had stored is kept"),
        (untested, "the connection that was being tested stays as it was"),
        (undrilled, "the question to Cost Explorer was stopped; if it was on its way it counts as paid for"),
    ];
    let said: Vec<&str> = said.into_iter().filter_map(|(so, text)| so.then_some(text)).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::WorldArgs, domain::SyncEvent};
    use std::sync::mpsc;
    use tokio::sync::mpsc::unbounded_channel;

    #[test]
    fn a_lock_stops_the_sync_and_lets_go_of_the_vault() {
        let setting = Setting::at("2026-11-22T02:14:55Z");
        let demo = Demo::build(&setting, &WorldArgs { seed: 1, accounts: 24, events: 1_000 }, |_| {}).unwrap();
        let vault = Arc::downgrade(&demo.engine.vault);
        let mut opened = Opened::new(demo.desk, demo.engine, Schedule::default(), Vec::new());
        let (to_screen, mut told) = unbounded_channel();
        opened.run.begin(&opened.engine, Wanted::Everything, &to_screen);
        while !matches!(told.blocking_recv(), Some(Msg::Sync(_))) {}
        let (wishes, to_worker) = mpsc::channel();
        let ask = |n| Effect::Ask { request: tui::RequestId(n), query: Query::Overview };
        let errand = |n| Effect::Errand {
            request: tui::RequestId(n),
            errand: tui::connect::Errand::Connect {
                client: "coppermill-studio".parse().unwrap(),
                way: tui::connect::WayIn::Role(
                    "arn:aws:iam::121212121212:role/bailiwick/bailiwick-payer".parse().unwrap(),
                ),
                alias: None,
            },
        };
        let lock = || Effect::Lock { why: "locked by hand".into() };
        for wish in [
            ask(1),
            errand(2),
            lock(),
            ask(3),
            errand(4),
            Effect::SyncNow,
            lock(),
            Effect::Unlock(tui::Secret::Configured),
        ] {
            wishes.send(wish).unwrap();
        }
        drop(wishes);
        let gone = std::cell::Cell::new(false);
        let open = |_| {
            gone.set(vault.upgrade().is_none());
            Err(Report::failed("not again").into())
        };
        serve(Some(opened), open, &to_worker, &to_screen);
        drop(to_screen);
        assert!(gone.get(), "something still holds the vault and its keys");
        let mut left: Vec<Msg> = std::iter::from_fn(|| told.blocking_recv()).collect();
        let after = left.split_off(left.iter().position(|m| matches!(m, Msg::Locked { .. })).unwrap());
        assert!(left.iter().any(|m| matches!(m, Msg::Answer { request, .. } if request.0 == 1)));
        let [Msg::Locked { note: Some(note) }, Msg::Locked { note: None }, Msg::UnlockRefused { text, .. }] =
            &after[..]
        else {
            panic!("{after:?}")
        };
        assert!(note.contains("the sync that ran was stopped") && text == "not again");
    }

    #[test]
    fn a_sync_is_held_and_resumed_and_what_is_no_run_any_more_takes_only_a_retry() {
        let setting = Setting::at("2026-11-22T02:14:55Z");
        let demo = Demo::build(&setting, &WorldArgs { seed: 1, accounts: 24, events: 1_000 }, |_| {}).unwrap();
        let mut opened = Opened::new(demo.desk, demo.engine, Schedule::default(), Vec::new());
        let (to_screen, mut told) = unbounded_channel();
        assert!(opened.obey(SyncOrder::Pause, &to_screen).is_err(), "there is nothing to be held");
        opened.run.begin(&opened.engine, Wanted::Everything, &to_screen);
        let mut until = |wanted: &dyn Fn(&SyncEvent) -> bool| loop {
            match told.blocking_recv() {
                Some(Msg::Sync(event)) if wanted(&event) => return event,
                Some(_) => {}
                None => panic!("it ended"),
            }
        };
        let SyncEvent::Planned { jobs, .. } = until(&|event| matches!(event, SyncEvent::Planned { .. })) else {
            panic!()
        };
        opened.obey(SyncOrder::Pause, &to_screen).unwrap();
        until(&|event| *event == SyncEvent::Paused);
        opened.obey(SyncOrder::Resume, &to_screen).unwrap();
        until(&|event| *event == SyncEvent::Resumed);
        assert!(opened.run.end());
        // None goes on: what is tried again begins one of its own, noted in the audit log.
        let key = jobs.iter().find(|job| job.source == crate::domain::Source::Events).unwrap().key();
        opened.obey(SyncOrder::Retry(key.clone()), &to_screen).unwrap();
        let again = until(&|event| matches!(event, SyncEvent::Planned { again: true, .. }));
        let SyncEvent::Planned { jobs, .. } = again else { panic!() };
        assert!(jobs.iter().any(|job| job.key() == key) && jobs.len() <= 2, "{jobs:?}");
        opened.run.end();
    }
}
