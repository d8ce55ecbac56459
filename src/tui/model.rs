//! Everything the console knows, as one value.

use super::{
    Effect, HitMap, RequestId,
    msg::Level as Loudness,
    overlays::Overlay,
    panes::{self, Pane, PaneId, Source},
    sync_board::SyncBoard,
    unlock::{Door, Secret, UnlockScreen},
    widgets::list::List,
};
use crate::{
    desk::{
        Answer, Query, UsageScope,
        view::{ClientRow, Overview},
    },
    domain::{Freshness, Timestamp},
};
use std::{sync::Arc, time::Duration};

/// How many messages the log keeps.
const MESSAGES: usize = 200;

/// One level of a pane's drill: a question, its answer and the list drawn from it.
#[derive(Debug, Clone, Default)]
pub struct Level {
    /// What is asked; `None` for a pane that draws what the engine tells.
    pub query: Option<Query>,
    /// The newest answer.
    pub answer: Option<Answer>,
    /// Why there is no answer.
    pub failed: Option<String>,
    /// The newest question that is not answered yet.
    pub outstanding: Option<RequestId>,
    /// Whether newer data exists than was asked for.
    pub dirty: bool,
    /// Selection, filter, sort.
    pub list: List,
    /// How many months before the open one the daily chart shows.
    pub months_back: usize,
    /// The pane this level was opened from, where `Esc` goes back to.
    pub from: Option<PaneId>,
}

impl Level {
    /// A level that asks `query`.
    pub fn asking(query: Option<Query>) -> Self {
        Self { query, ..Self::default() }
    }
}

/// A pane's levels, the first always there.
#[derive(Debug)]
pub struct Stack {
    pane: &'static dyn Pane,
    root: Level,
    drilled: Vec<Level>,
}

impl Stack {
    fn new(pane: &'static dyn Pane) -> Self {
        Self { pane, root: Level::asking(pane.root()), drilled: Vec::new() }
    }

    /// The pane.
    pub fn pane(&self) -> &'static dyn Pane {
        self.pane
    }

    /// The level shown.
    pub fn top(&self) -> &Level {
        self.drilled.last().unwrap_or(&self.root)
    }

    /// The level shown, to be changed.
    pub fn top_mut(&mut self) -> &mut Level {
        self.drilled.last_mut().unwrap_or(&mut self.root)
    }

    /// The first level.
    pub fn root(&self) -> &Level {
        &self.root
    }

    /// All levels, the first one first.
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &Level> {
        std::iter::once(&self.root).chain(&self.drilled)
    }

    fn levels_mut(&mut self) -> impl Iterator<Item = &mut Level> {
        std::iter::once(&mut self.root).chain(&mut self.drilled)
    }

    /// How many levels deep, 0 at the first.
    pub fn depth(&self) -> usize {
        self.drilled.len()
    }
}

/// A short notice at the foot of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Timestamp,
    /// How loud.
    pub level: Loudness,
    /// What.
    pub text: String,
}

/// Something the loop has to wake up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deadline {
    /// The notice with this number has been seen.
    Toast(u64),
    /// Newer data may be asked for again.
    Refresh(u64),
    /// No key came since the one with this number.
    Idle(u64),
    /// Another try at the vault is taken.
    Wait(u64),
}

/// The console's state.
#[derive(Debug)]
pub struct Model {
    /// The present.
    pub now: Timestamp,
    /// Columns and rows.
    pub size: (u16, u16),
    /// What the first breadcrumb says: the program, or the demo.
    pub title: String,
    /// The pane shown.
    pub pane: PaneId,
    /// The pane shown before, for `-`.
    pub last: Option<PaneId>,
    first: Stack,
    others: Vec<Stack>,
    /// What lies over the pane, the topmost last.
    pub overlays: Vec<Overlay>,
    /// The notice shown, with its number.
    pub toast: Option<(u64, Message)>,
    /// All notices, oldest first.
    pub messages: Vec<Message>,
    /// The sync run.
    pub sync: SyncBoard,
    /// The drill that Cost Explorer is asked for now.
    pub drilling: Option<(RequestId, UsageScope)>,
    /// What is being prepared while there is no data.
    pub status: Option<String>,
    /// A `g` that waits for its second key.
    pub pending_g: bool,
    /// Where things stood in the last frame.
    pub hit: HitMap,
    /// When set, newer data is asked for only after this deadline.
    pub refresh: Option<u64>,
    /// The screen shown in place of everything while the vault is locked.
    pub locked: Option<UnlockScreen>,
    /// What stands between the console and its data.
    pub(super) door: Door,
    /// After how long without a key it locks.
    pub(super) idle_lock: Option<Duration>,
    /// The last key's number and time.
    pub(super) last_key: (u64, Timestamp),
    pub(super) counter: u64,
}

impl Model {
    /// A console of a size, with nothing known yet.
    pub fn new(title: impl Into<String>, size: (u16, u16), now: Timestamp) -> Self {
        let mut stacks = panes::PANES.iter().copied().map(Stack::new);
        let first = stacks.next().unwrap_or_else(|| Stack::new(&panes::sync::Sync));
        Self {
            now,
            size,
            title: title.into(),
            pane: first.pane.id(),
            last: None,
            first,
            others: stacks.collect(),
            overlays: Vec::new(),
            toast: None,
            messages: Vec::new(),
            sync: SyncBoard::default(),
            drilling: None,
            status: None,
            pending_g: false,
            hit: HitMap::default(),
            refresh: None,
            locked: None,
            door: Door::Open,
            idle_lock: None,
            last_key: (0, now),
            counter: 0,
        }
    }

    /// What is wanted once the first frame stands: the first questions, or the vault opened where a file does it.
    pub fn start(&mut self) -> Vec<Effect> {
        match (&self.locked, self.door) {
            (None, _) => self.ask_visible(),
            (Some(_), Door::File(_)) => vec![Effect::Unlock(Secret::Configured)],
            (Some(_), _) => Vec::new(),
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// The levels of a pane.
    pub fn stack(&self, id: PaneId) -> &Stack {
        std::iter::once(&self.first).chain(&self.others).find(|s| s.pane.id() == id).unwrap_or(&self.first)
    }

    /// The levels of a pane, to be changed.
    pub fn stack_mut(&mut self, id: PaneId) -> &mut Stack {
        match self.others.iter().position(|s| s.pane.id() == id) {
            Some(place) => self.others.get_mut(place).unwrap_or(&mut self.first),
            None => &mut self.first,
        }
    }

    /// The pane shown.
    pub fn current(&self) -> &'static dyn Pane {
        self.stack(self.pane).pane
    }

    /// The level shown.
    pub fn level(&self) -> &Level {
        self.stack(self.pane).top()
    }

    /// The level shown, to be changed.
    pub fn level_mut(&mut self) -> &mut Level {
        self.stack_mut(self.pane).top_mut()
    }

    /// What the level shown draws from.
    pub fn source(&self) -> Source<'_> {
        Source::of(self.level(), &self.sync)
    }

    /// The newest overview, whichever pane is shown.
    pub fn overview(&self) -> Option<&Arc<Overview>> {
        match &self.stack(PaneId::Overview).root.answer {
            Some(Answer::Overview(overview)) => Some(overview),
            _ => None,
        }
    }

    /// All clients known, as the overview has them.
    pub fn clients(&self) -> &[ClientRow] {
        self.overview().map_or(&[], |o| &o.clients)
    }

    /// Age of everything, for the top bar.
    pub fn freshness(&self) -> Option<&Freshness> {
        self.overview().map(|o| &o.freshness)
    }

    /// What the loop has to wake up for, and after how long from when it first appeared.
    pub fn deadlines(&self) -> Vec<(Deadline, Duration)> {
        let toast = self.toast.as_ref().map(|(n, _)| (Deadline::Toast(*n), Duration::from_secs(5)));
        let refresh = self.refresh.map(|n| (Deadline::Refresh(n), self.refreshes_after()));
        let wait = self.locked.as_ref().and_then(UnlockScreen::wait);
        let wait = wait.map(|wait| (Deadline::Wait(wait.number), Duration::from_secs(wait.seconds)));
        // On a locked screen only what stands half typed has to go.
        let watched = self.locked.as_ref().is_none_or(UnlockScreen::is_typed);
        let idle = self.idle_lock.filter(|_| watched).map(|after| (Deadline::Idle(self.last_key.0), after));
        toast.into_iter().chain(refresh).chain(wait).chain(idle).collect()
    }

    /// How long an answer stands before newer data is asked for. A sync brings newer data all the time, and to read it takes
    /// the processor that the sync needs.
    fn refreshes_after(&self) -> Duration {
        Duration::from_millis(if self.sync.running() { 1_000 } else { 250 })
    }

    /// Shows a notice and keeps it in the log.
    pub fn notify(&mut self, level: Loudness, text: impl Into<String>) {
        let message = Message { at: self.now, level, text: text.into() };
        self.messages.push(message.clone());
        if self.messages.len() > MESSAGES {
            self.messages.remove(0);
        }
        self.toast = Some((self.number(), message));
    }

    /// Makes the order of the shown list anew.
    pub fn reorder(&mut self) {
        self.reorder_pane(self.pane);
    }

    fn reorder_pane(&mut self, id: PaneId) {
        let (now, sync) = (self.now, std::mem::take(&mut self.sync));
        let stack = self.stack_mut(id);
        let pane = stack.pane;
        let level = stack.top_mut();
        let source = Source { query: level.query.as_ref(), answer: level.answer.as_ref(), sync: &sync };
        pane.listing(&source).reorder(&source, &mut level.list, now);
        self.sync = sync;
    }

    /// Asks for a pane's shown level, at once if nothing is outstanding, otherwise after the answer.
    fn ask(&mut self, id: PaneId) -> Option<Effect> {
        let request = RequestId(self.number());
        let level = self.stack_mut(id).top_mut();
        let query = level.query.clone()?;
        if level.outstanding.is_some() {
            level.dirty = true;
            return None;
        }
        level.dirty = false;
        level.outstanding = Some(request);
        Some(Effect::Ask { request, query })
    }

    /// Whether the level shown has nothing to show yet.
    pub fn awaits_answer(&self) -> bool {
        let level = self.level();
        level.query.is_some() && level.answer.is_none() && !self.current().shows_without_answer(self)
    }

    /// Asks for what is shown where that is not known or not new: the shown level, and the overview for the top bar.
    pub fn ask_visible(&mut self) -> Vec<Effect> {
        let shown = self.pane;
        let also = (shown != PaneId::Overview).then_some(PaneId::Overview);
        let wanted: Vec<PaneId> = std::iter::once(shown)
            .chain(also)
            .filter(|id| {
                let level = self.stack(*id).top();
                level.outstanding.is_none() && (level.dirty || (level.answer.is_none() && level.failed.is_none()))
            })
            .collect();
        wanted.into_iter().filter_map(|id| self.ask(id)).collect()
    }

    /// New data exists: everything held may be older than it. What is shown is asked for again, not more than once at a
    /// time and not more often than the refresh deadline allows.
    pub fn data_changed(&mut self) -> Vec<Effect> {
        let running = self.sync.running();
        for level in std::iter::once(&mut self.first).chain(&mut self.others).flat_map(Stack::levels_mut) {
            // While a sync goes on it tells itself what it does; the plan is made anew once, at its end.
            let later = running && matches!(level.query, Some(Query::SyncPlan | Query::SyncSpend));
            level.dirty |= level.query.is_some() && !later;
        }
        if self.refresh.is_some() { Vec::new() } else { self.ask_visible() }
    }

    /// The same where the operator changed something and looks for it: that waits for no deadline.
    pub fn changed_by_hand(&mut self) -> Vec<Effect> {
        self.refresh = None;
        self.data_changed()
    }

    /// The refresh deadline has passed.
    pub fn refresh_due(&mut self, number: u64) -> Vec<Effect> {
        if self.refresh != Some(number) {
            return Vec::new();
        }
        self.refresh = None;
        self.ask_visible()
    }

    /// Takes in an answer; one to a question that is not the newest of its level is dropped.
    pub fn answered(&mut self, request: RequestId, result: Result<Answer, String>) {
        let (number, running) = (self.number(), self.sync.running());
        let mut stacks = std::iter::once(&mut self.first).chain(&mut self.others);
        let Some(stack) = stacks.find(|s| s.levels().any(|l| l.outstanding == Some(request))) else { return };
        let id = stack.pane.id();
        let Some(level) = stack.levels_mut().find(|l| l.outstanding == Some(request)) else { return };
        level.outstanding = None;
        // A sync will bring newer data before long, so its answer stands for a while too.
        let again = level.dirty || running;
        match result {
            Ok(answer) => {
                level.answer = Some(answer);
                level.failed = None;
                level.list.forget_rows();
            }
            Err(reason) => level.failed = Some(reason),
        }
        self.status = None;
        if again && self.refresh.is_none() {
            self.refresh = Some(number);
        }
        self.reorder_pane(id);
    }

    /// Shows a pane as it was left.
    pub fn show(&mut self, id: PaneId) -> Vec<Effect> {
        if id != self.pane {
            self.last = Some(self.pane);
            self.pane = id;
        }
        self.reorder();
        self.ask_visible()
    }

    /// Drills into a question in a pane, from the level shown or, coming from another pane, from that pane's first level.
    pub fn open(&mut self, id: PaneId, queries: Vec<Query>) -> Vec<Effect> {
        let from = (id != self.pane).then_some(self.pane);
        let stack = self.stack_mut(id);
        if from.is_some() {
            stack.drilled.clear();
        }
        for (place, query) in queries.into_iter().enumerate() {
            // What the level below waited for is not what is shown any more.
            let below = stack.top_mut();
            below.dirty |= below.outstanding.take().is_some();
            let level = Level { from: from.filter(|_| place == 0), ..Level::asking(Some(query)) };
            stack.drilled.push(level);
        }
        self.show(id)
    }

    /// Goes to a pane's first level.
    pub fn to_root(&mut self, id: PaneId) -> Vec<Effect> {
        self.stack_mut(id).drilled.clear();
        self.show(id)
    }

    /// One level back; `false` if there is none.
    pub fn back(&mut self) -> Option<Vec<Effect>> {
        let left = self.stack_mut(self.pane).drilled.pop()?;
        Some(self.show(left.from.unwrap_or(self.pane)))
    }

    /// Asks the shown level something else; what it showed is forgotten, because it would stand under a wrong title.
    pub fn requery(&mut self, query: Query) -> Vec<Effect> {
        let level = self.level_mut();
        level.query = Some(query);
        level.answer = None;
        level.outstanding = None;
        level.failed = None;
        self.ask_visible()
    }
}
