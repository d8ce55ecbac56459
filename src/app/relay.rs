//! What a sync tells, on its way to the screen.
//!
//! A sync tells thousands of things a second, each of which would wake the screen's thread: on a busy processor the two
//! then hand it to each other every few microseconds, and a key waits in the kernel meanwhile. So progress is gathered and
//! handed on a few times a second; of a job only its newest standing, which is all that the screen shows of it.

use crate::{
    domain::{ClientId, JobId, JobProgress, Source, SyncEvent},
    tui::Msg,
};
use std::{cell::RefCell, collections::HashMap, time::Duration};
use tokio::sync::{Notify, mpsc::UnboundedSender};

/// How long progress is gathered.
const GATHER: Duration = Duration::from_millis(100);

/// Stands between a run and the screen, on the run's thread.
pub struct Relay {
    screen: UnboundedSender<Msg>,
    gathered: RefCell<Gathered>,
    news: Notify,
}

#[derive(Default)]
struct Gathered {
    jobs: Vec<JobProgress>,
    places: HashMap<JobId, usize>,
    committed: Vec<(ClientId, Source)>,
}

impl Relay {
    pub fn new(screen: UnboundedSender<Msg>) -> Self {
        Self { screen, gathered: RefCell::default(), news: Notify::new() }
    }

    /// Takes in what the run tells. Progress is gathered; all else is handed on at once, after what came before it.
    pub fn hear(&self, event: SyncEvent) {
        let mut gathered = self.gathered.borrow_mut();
        match event {
            SyncEvent::Job { job } => gathered.job(job),
            SyncEvent::Committed { client, source } => gathered.commit(client, source),
            other => {
                drop(gathered);
                self.hand_on();
                self.send(Msg::Sync(other));
                return;
            }
        }
        self.news.notify_one();
    }

    /// Hands on what is gathered, if there is anything.
    pub fn hand_on(&self) {
        let events = self.gathered.take().events();
        if !events.is_empty() {
            self.send(Msg::Progress(events));
        }
    }

    /// Hands on what is gathered in time, for ever.
    pub async fn keep_handing_on(&self) {
        loop {
            self.news.notified().await;
            tokio::time::sleep(GATHER).await;
            self.hand_on();
        }
    }

    fn send(&self, msg: Msg) {
        // Nobody listens any more only when the console has ended.
        let _ = self.screen.send(msg);
    }
}

impl Gathered {
    fn job(&mut self, job: JobProgress) {
        match self.places.get(&job.id).and_then(|place| self.jobs.get_mut(*place)) {
            Some(before) => *before = job,
            None => {
                self.places.insert(job.id, self.jobs.len());
                self.jobs.push(job);
            }
        }
    }

    fn commit(&mut self, client: ClientId, source: Source) {
        if !self.committed.iter().any(|(c, s)| (c, *s) == (&client, source)) {
            self.committed.push((client, source));
        }
    }

    fn events(self) -> Vec<SyncEvent> {
        let committed = self.committed.into_iter().map(|(client, source)| SyncEvent::Committed { client, source });
        self.jobs.into_iter().map(|job| SyncEvent::Job { job }).chain(committed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JobKey, JobState};
    use tokio::sync::mpsc::unbounded_channel;

    fn job(id: u32, done: u32) -> JobProgress {
        let key = JobKey {
            client: "acme".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            source: Source::Events,
        };
        JobProgress { state: JobState::Running, done, total: 1_000, ..JobProgress::waiting(JobId(id), key, 1_000) }
    }

    #[test]
    fn a_thousand_steps_are_one_message_with_the_newest_standing_of_each_job() {
        let (screen, mut told) = unbounded_channel();
        let relay = Relay::new(screen);
        let committed = || SyncEvent::Committed { client: "acme".parse().unwrap(), source: Source::Events };
        for done in 1..=500 {
            relay.hear(SyncEvent::Job { job: job(7, done) });
            relay.hear(committed());
            relay.hear(SyncEvent::Job { job: job(3, done) });
        }
        assert!(told.try_recv().is_err(), "it is gathered first");
        // What is no progress does not wait, and does not overtake either.
        relay.hear(SyncEvent::Paused);
        let Ok(Msg::Progress(events)) = told.try_recv() else { panic!("nothing was handed on") };
        let newest = [7, 3].map(|id| SyncEvent::Job { job: job(id, 500) });
        assert_eq!(events, [&newest[..], &[committed()]].concat());
        assert!(matches!(told.try_recv(), Ok(Msg::Sync(SyncEvent::Paused))));
        relay.hand_on();
        assert!(told.try_recv().is_err(), "nothing twice");
    }

    #[test]
    fn what_is_gathered_goes_on_by_itself() {
        let (screen, mut told) = unbounded_channel();
        let relay = Relay::new(screen);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            tokio::select! {
                () = relay.keep_handing_on() => {}
                () = async {
                    for done in 1..=3 {
                        (0..100).for_each(|_| relay.hear(SyncEvent::Job { job: job(1, done) }));
                        let Some(Msg::Progress(events)) = told.recv().await else { panic!("it ended") };
                        assert_eq!(events, [SyncEvent::Job { job: job(1, done) }]);
                    }
                } => {}
            }
        });
        assert!(told.try_recv().is_err(), "three messages for three hundred");
    }
}
