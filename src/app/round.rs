//! The syncs that the console begins by itself, by the schedule of the settings.

use super::{engine::Engine, run::Run};
use crate::{
    desk::{Desk, DeskError},
    sync::{Schedule, Timetable, Wanted, last_read},
    tui::Msg,
};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// The operator looks first; what is due at once waits so long.
const FIRST: Duration = Duration::from_secs(60);
/// How often it is looked whether something is connected by now.
const NOTHING: Duration = Duration::from_secs(3_600);

/// When the next one begins.
pub struct Round {
    timetable: Timetable,
    wakes_at: Option<Instant>,
}

impl Round {
    /// Goes on from when the sources were last read.
    pub fn new(schedule: Schedule, engine: &Engine) -> Self {
        let by_hand = schedule.is_empty();
        // What cannot be read is due: the run says why.
        let last = last_read(&engine.vault).ok().flatten().unwrap_or_default();
        let mut round = Self { timetable: Timetable::new(schedule, last), wakes_at: None };
        if !by_hand {
            round.wind(engine, FIRST);
        }
        round
    }

    /// When the worker has to wake up for it; never if everything is read by hand.
    pub fn wakes_at(&self) -> Option<Instant> {
        self.wakes_at
    }

    /// Everything is read now.
    pub fn read(&mut self, engine: &Engine) {
        self.timetable.tried_all(engine.clock.now());
        if self.wakes_at.is_some() {
            self.wind(engine, Duration::ZERO);
        }
    }

    /// Begins what is due, unless a sync goes on or nothing would be asked.
    pub fn go(
        &mut self,
        run: &mut Run,
        desk: &Desk,
        engine: &Engine,
        to_screen: &UnboundedSender<Msg>,
    ) -> Result<(), DeskError> {
        if self.wakes_at.is_none_or(|at| Instant::now() < at) {
            return Ok(());
        }
        let now = engine.clock.now();
        let due = self.timetable.next(now).filter(|turn| turn.at <= now);
        let mut least = Duration::ZERO;
        let begun = due.map_or(Ok(()), |turn| {
            if last_read(&engine.vault)?.is_none() {
                least = NOTHING;
                return Ok(());
            }
            self.timetable.tried(&turn.sources, now);
            let wanted = Wanted::Sources(turn.sources);
            let mut options = engine.options.clone();
            options.wanted = wanted.clone();
            if run.is_running() || desk.sync_plan(&options)?.jobs.is_empty() {
                return Ok(());
            }
            desk.permit_sync(None, options.event_retention_days)?;
            run.begin(engine, wanted, to_screen);
            Ok(())
        });
        if begun.is_err() {
            least = NOTHING;
        }
        self.wind(engine, least.max(Duration::from_secs(1)));
        begun
    }

    /// Sets the next waking.
    fn wind(&mut self, engine: &Engine, least: Duration) {
        let now = engine.clock.now();
        self.wakes_at = self.timetable.next(now).map(|turn| {
            let wait = Duration::from_secs(turn.at.since(now).max(0).unsigned_abs());
            Instant::now() + wait.max(least)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::{Setting, demo::Demo},
        cli::WorldArgs,
        domain::{Source, SyncEvent, SyncOrder},
    };
    use std::collections::BTreeMap;
    use tokio::sync::mpsc::unbounded_channel;

    #[test]
    fn what_is_due_begins_by_itself_and_then_it_sleeps_until_the_next_turn() {
        let setting = Setting::at("2026-11-22T02:14:55Z");
        let mut demo = Demo::build(&setting, &WorldArgs { seed: 1, accounts: 24, events: 1_000 }, |_| {}).unwrap();
        // However slow this thread is: the run is not over before it looks.
        demo.engine.options.pace.lookup = Duration::from_secs(3_600);
        let (engine, desk) = (&demo.engine, &demo.desk);
        assert_eq!(Round::new(Schedule::default(), engine).wakes_at(), None, "by hand only: no deadline at all");

        let began = Instant::now();
        let mut round = Round::new(Schedule::of(900, 0, 0), engine);
        let (to_screen, mut told) = unbounded_channel();
        let mut run = Run::default();
        assert!(round.wakes_at().unwrap() >= began + FIRST, "the operator looks first");
        round.go(&mut run, desk, engine, &to_screen).unwrap();
        assert!(!run.is_running() && told.try_recv().is_err(), "not before its time");
        round.wakes_at = Some(began);
        round.go(&mut run, desk, engine, &to_screen).unwrap();
        let Some(Msg::Sync(SyncEvent::Planned { jobs, .. })) = told.blocking_recv() else { panic!("nothing began") };
        assert!(jobs.iter().any(|job| job.source == Source::Events));
        assert!(jobs.iter().all(|job| matches!(job.source, Source::Gate | Source::Events | Source::Footprint)));
        assert!(round.wakes_at().unwrap() >= began + Duration::from_secs(900));
        // While one goes on no other begins, and its turn is over. It is held, so that it does go on.
        assert!(run.obey(SyncOrder::Pause));
        round.timetable = Timetable::new(Schedule::of(900, 0, 0), BTreeMap::new());
        round.wakes_at = Some(began);
        round.go(&mut run, desk, engine, &to_screen).unwrap();
        assert!(round.wakes_at().unwrap() >= began + Duration::from_secs(900));
        assert!(run.end());
        while let Ok(msg) = told.try_recv() {
            assert!(!matches!(msg, Msg::Notice { .. } | Msg::Sync(SyncEvent::Planned { .. })), "{msg:?}");
        }
    }
}
