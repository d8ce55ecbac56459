//! Evaluation: from records, costs and connections to hits.

use super::{
    catalog::CheckInfo,
    derive::{assumed_role, derive, derive_start, is_own_session, large_start, trail_name},
    enriched::Enriched,
    finding::Hit,
    native::{
        Fact,
        connection::{self, ConnectionFact},
        cost::{self, Spending},
    },
    rules::{CheckError, Loader, Rule, RuleSet},
    state::{CheckState, Hashes, Match, Names, evidence},
};
use crate::{
    domain::{AccountId, ClientId, EventId, EventIds, Evidence, FindingKey, RoleArn, Timestamp, Untrusted},
    trail::{Json, Record},
};
use rsigma_eval::EvaluationResult;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs, io,
    path::Path,
};

/// A compiled set of checks. `Send + Sync`: build it once and share it.
pub struct Checks {
    set: RuleSet,
}

/// Whose records these are, and who counts as the client or as us.
#[derive(Debug, Clone, Copy)]
pub struct AccountContext<'a> {
    /// The client.
    pub client: &'a ClientId,
    /// The account whose history it is.
    pub account: AccountId,
    /// All accounts of this client.
    pub own_accounts: &'a BTreeSet<AccountId>,
    /// The account our sessions come from.
    pub agency_account: Option<AccountId>,
    /// The roles we assume.
    pub own_roles: &'a [RoleArn],
    /// What the names of our role sessions begin with.
    pub session_prefix: &'a str,
}

type Hits = BTreeMap<FindingKey, Hit>;

/// Records of one account that are evaluated piece by piece, as they become known.
pub struct Evaluation<'a> {
    checks: &'a Checks,
    ctx: AccountContext<'a>,
    state: &'a mut CheckState,
    seen: EventIds,
    /// The matches that wait for their correlation, by rule and event.
    held: HashSet<(String, EventId)>,
    hits: Hits,
}

/// Matches that may wait for their correlation within one batch; then they are counted and all but the newest dropped.
const BURST: usize = 20_000;

impl Evaluation<'_> {
    /// Evaluates some records, in any order. Those that were taken before are left out.
    pub fn take<'r>(&mut self, records: impl IntoIterator<Item = &'r Record>) {
        let Self { checks, ctx, state, seen, held, hits } = self;
        let mut batch: Vec<&Record> = records.into_iter().collect();
        batch.retain(|r| seen.insert(r.event.id) && !is_own_session(ctx, r));
        batch.sort_by_key(|r| (r.event.time, r.event.id));
        let mut hashes = Hashes::default();
        let batch: Vec<(&Record, Names)> =
            batch.into_iter().map(|record| (record, hashes.names_of(&record.event))).collect();
        for (record, names) in &batch {
            state.learn(&record.event, *names, assumed_role(record), trail_name(record));
            if let Some(start) = large_start(record) {
                state.remember_start(start);
            }
        }
        for (record, names) in &batch {
            checks.evaluate_record(ctx, state, record, *names, held, hits);
            if state.matches.len() >= BURST {
                checks.correlate(ctx, state, hits);
            }
        }
    }

    /// What was found: one hit for each finding concerned.
    pub fn end(mut self) -> Vec<Hit> {
        let Self { checks, ctx, state, seen, hits, .. } = &mut self;
        checks.rejudge_starts(ctx, state, seen, hits);
        checks.correlate(ctx, state, hits);
        state.settle();
        // What an earlier piece was told of may be better known since.
        let superseded: Vec<(String, EventId)> = hits.values().flat_map(|hit| hit.supersedes.clone()).collect();
        hits.retain(|key, hit| superseded.iter().filter(|(check, _)| *check == key.check).all(|s| hit.take_back(s.1)));
        self.hits.into_values().collect()
    }
}

impl Checks {
    /// The checks that come with the program.
    pub fn builtin() -> Result<Self, CheckError> {
        let mut loader = Loader::default();
        loader.builtin()?;
        Ok(Self { set: loader.finish()? })
    }

    /// Those and the rules of a user's directory, read recursively. A directory that does not exist holds none.
    pub fn with_user_rules(dir: &Path) -> Result<Self, CheckError> {
        let mut loader = Loader::default();
        loader.builtin()?;
        if !matches!(fs::metadata(dir), Err(e) if e.kind() == io::ErrorKind::NotFound) {
            loader.directory(dir)?;
        }
        Ok(Self { set: loader.finish()? })
    }

    /// What each check is about, by id.
    pub fn infos(&self) -> &[CheckInfo] {
        &self.set.infos
    }

    /// One check by its id.
    pub fn info(&self, id: &str) -> Option<&CheckInfo> {
        self.infos().iter().find(|info| info.id == id)
    }

    /// Evaluates records of one account, in any order, after what `state` remembers of it. Records of our own calls are
    /// left out; an event that was told of before is not told again. One hit for each finding concerned.
    pub fn evaluate_events(&self, ctx: &AccountContext<'_>, state: &mut CheckState, records: &[Record]) -> Vec<Hit> {
        let mut evaluation = self.evaluation(*ctx, state);
        evaluation.take(records);
        evaluation.end()
    }

    /// The same for records that are not in memory all at once; of its pieces the older should come first.
    pub fn evaluation<'a>(&'a self, ctx: AccountContext<'a>, state: &'a mut CheckState) -> Evaluation<'a> {
        let held = state.matches.iter().filter_map(|m| Some((m.rule.clone(), m.evidence.event?))).collect();
        Evaluation { checks: self, ctx, state, seen: EventIds::default(), held, hits: Hits::new() }
    }

    /// Evaluates records of any accounts without a client: every account that is a recipient counts as the client's own,
    /// and nothing is known from before.
    pub fn evaluate_files(&self, client: &ClientId, records: &[Record]) -> Vec<Hit> {
        let mut by_account: BTreeMap<AccountId, Vec<&Record>> = BTreeMap::new();
        for record in records {
            by_account.entry(record.event.account).or_default().push(record);
        }
        let own_accounts: BTreeSet<AccountId> = by_account.keys().copied().collect();
        let mut hits = Vec::new();
        for (account, batch) in by_account {
            let ctx = AccountContext {
                client,
                account,
                own_accounts: &own_accounts,
                agency_account: None,
                own_roles: &[],
                session_prefix: "",
            };
            let mut state = CheckState::default();
            let mut evaluation = self.evaluation(ctx, &mut state);
            evaluation.take(batch);
            hits.extend(evaluation.end());
        }
        hits
    }

    /// Evaluates the daily costs of one client: all months held, of which the newest sixty days are judged.
    pub fn evaluate_costs(&self, client: &ClientId, spending: &Spending, now: Timestamp) -> Vec<Hit> {
        self.evaluate_facts(client, cost::facts(spending, now))
    }

    /// Evaluates how the reading of one client's accounts went.
    pub fn evaluate_connections(&self, client: &ClientId, facts: &[ConnectionFact], now: Timestamp) -> Vec<Hit> {
        self.evaluate_facts(client, connection::facts(facts, now))
    }

    fn evaluate_record(
        &self,
        ctx: &AccountContext<'_>,
        state: &mut CheckState,
        record: &Record,
        names: Names,
        held: &mut HashSet<(String, EventId)>,
        hits: &mut Hits,
    ) {
        let (fields, before) = derive(ctx, state, record, names);
        let enriched = Enriched::new(&record.json, &fields);
        let results = self.set.events.evaluate(&enriched);
        if results.is_empty() {
            return;
        }
        let piece = evidence(&record.event);
        for (key, _) in self.matched(&results) {
            if let Some(wanted) = self.set.correlator.fields(key)
                && held.insert((key.to_owned(), record.event.id))
            {
                let fields = wanted.iter().filter_map(|name| Some((name.clone(), enriched.text(name)?))).collect();
                state.matches.push(Match { rule: key.to_owned(), evidence: piece.clone(), fields });
            }
        }
        for rule in self.narrowest(&results) {
            let earlier = if rule.replaces.is_empty() { &[][..] } else { &before };
            self.tell(ctx.client, ctx.account, rule, &enriched, state, &piece, earlier, hits);
        }
    }

    /// History that arrived later may show that a region was new when large instances were started in it.
    fn rejudge_starts(&self, ctx: &AccountContext<'_>, state: &mut CheckState, done: &EventIds, hits: &mut Hits) {
        for start in state.starts.clone() {
            if start.evidence.event.is_none_or(|id| done.contains(&id)) {
                continue;
            }
            let (record, fields) = derive_start(state, &start);
            let enriched = Enriched::new(&record, &fields);
            let results = self.set.events.evaluate(&enriched);
            for rule in self.narrowest(&results).into_iter().filter(|rule| rule.rejudge) {
                self.tell(ctx.client, ctx.account, rule, &enriched, state, &start.evidence, &[], hits);
                for hit in hits.values_mut().filter(|hit| hit.key.check == rule.info.id) {
                    let replaced = rule.over.iter().filter_map(|id| Some((id.clone(), start.evidence.event?)));
                    hit.supersedes.extend(replaced);
                }
            }
        }
    }

    fn correlate(&self, ctx: &AccountContext<'_>, state: &mut CheckState, hits: &mut Hits) {
        if state.matches.is_empty() {
            return;
        }
        state.matches.sort_by_key(|m| (m.evidence.time, m.evidence.event));
        // The engine took the same correlations when they were loaded.
        let firings = self.set.correlator.replay(&state.matches).unwrap_or_default();
        for firing in firings {
            let Some(rule) = self.set.rules.get(&firing.rule) else { continue };
            let grouped = |name: &str| firing.group.iter().find(|(known, _)| known == name).map(|(_, v)| v.clone());
            let subject = grouped(&rule.subject)
                .or_else(|| firing.group.first().map(|(_, value)| value.clone()))
                .unwrap_or_else(|| rule.info.title.clone());
            let places: Vec<Evidence> =
                firing.matches.iter().filter_map(|at| Some(state.matches.get(*at)?.evidence.clone())).collect();
            let value = |name: &str| match name {
                "count" => Some(firing.count.to_string()),
                "minutes" => Some(firing.minutes.to_string()),
                _ => grouped(name),
            };
            let title = filled(&rule.title, &value);
            let what = rule.what.as_deref().map_or_else(|| title.clone(), |what| filled(what, &value));
            for piece in &places {
                let new = piece.event.is_some_and(|id| state.count(&rule.info.id, &subject, id));
                if new {
                    say(hits, ctx.client, ctx.account, rule, &subject).add(piece.clone(), &title, &what);
                }
            }
        }
        state.prune_matches(self.set.correlator.span);
    }

    fn evaluate_facts(&self, client: &ClientId, facts: Vec<Fact>) -> Vec<Hit> {
        let nothing = Json::default();
        let mut hits = Hits::new();
        for fact in &facts {
            let enriched = Enriched::new(&nothing, &fact.fields);
            let results = self.set.facts.evaluate(&enriched);
            for rule in self.narrowest(&results) {
                let (subject, title, what) = words(rule, &enriched, fact.evidence.last());
                for piece in &fact.evidence {
                    say(&mut hits, client, fact.account, rule, &subject).add(piece.clone(), &title, &what);
                }
            }
        }
        hits.into_values().collect()
    }

    fn matched<'a>(&'a self, results: &'a [EvaluationResult]) -> impl Iterator<Item = (&'a str, &'a Rule)> {
        results.iter().filter_map(|result| {
            let key = result.header.rule_id.as_deref()?;
            Some((key, self.set.rules.get(key)?))
        })
    }

    /// The matched rules that are told of, without those for which a narrower one stands.
    fn narrowest<'a>(&'a self, results: &'a [EvaluationResult]) -> Vec<&'a Rule> {
        let over: HashSet<&str> =
            self.matched(results).flat_map(|(_, rule)| rule.over.iter().map(String::as_str)).collect();
        self.matched(results)
            .map(|(_, rule)| rule)
            .filter(|rule| !rule.silent && !over.contains(rule.info.id.as_str()))
            .collect()
    }

    #[expect(clippy::too_many_arguments, reason = "one place where a match becomes a hit")]
    fn tell(
        &self,
        client: &ClientId,
        account: AccountId,
        rule: &Rule,
        enriched: &Enriched<'_>,
        state: &mut CheckState,
        piece: &Evidence,
        earlier: &[Evidence],
        hits: &mut Hits,
    ) {
        let (subject, title, what) = words(rule, enriched, Some(piece));
        let mut pieces: Vec<&Evidence> = Vec::new();
        for piece in earlier.iter().chain([piece]) {
            if piece.event.is_some_and(|id| state.count(&rule.info.id, &subject, id)) {
                pieces.push(piece);
            }
        }
        if pieces.is_empty() {
            return;
        }
        let hit = say(hits, client, account, rule, &subject);
        pieces.into_iter().for_each(|piece| hit.add(piece.clone(), &title, &what));
        for stop in earlier.iter().filter_map(|piece| piece.event) {
            hit.supersedes.extend(rule.replaces.iter().map(|check| (check.clone(), stop)));
        }
    }
}

/// The subject, title and sentence of a match.
fn words(rule: &Rule, enriched: &Enriched<'_>, piece: Option<&Evidence>) -> (String, String, String) {
    let subject =
        enriched.text(&rule.subject).or_else(|| enriched.text("bw.actor")).unwrap_or_else(|| rule.info.title.clone());
    let of_piece = |part: fn(&Evidence) -> Option<String>| piece.and_then(part);
    let value = |name: &str| match name {
        "summary" => of_piece(|p| Some(p.summary.raw_for_matching().to_owned())),
        "source" => of_piece(|p| p.source.as_ref().map(|s| s.raw_for_matching().to_owned())),
        "time" => of_piece(|p| Some(p.time.to_string())),
        field => enriched.text(field),
    };
    let what = rule.what.as_deref().unwrap_or("{bw.actor}: {summary}, in {bw.region} from {source}");
    (subject, filled(&rule.title, &value), filled(what, &value))
}

/// Puts values where `{name}` stands; `?` where there is none. Values are not searched again.
fn filled(template: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((text, (name, after))) =
        rest.split_once('{').and_then(|(text, tail)| Some((text, tail.split_once('}')?)))
    {
        out.push_str(text);
        out.push_str(value(name).as_deref().unwrap_or("?"));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The hit for a finding, new if there is none yet.
fn say<'a>(hits: &'a mut Hits, client: &ClientId, account: AccountId, rule: &Rule, subject: &str) -> &'a mut Hit {
    let key =
        FindingKey { check: rule.info.id.clone(), client: client.clone(), account, subject: Untrusted::new(subject) };
    hits.entry(key.clone()).or_insert_with(|| Hit {
        key,
        severity: rule.info.severity,
        title: Untrusted::default(),
        what: Untrusted::default(),
        first_seen: Timestamp::from_second(i64::MAX),
        last_seen: Timestamp::from_second(i64::MIN),
        count: 0,
        evidence: Vec::new(),
        event_ids: Vec::new(),
        supersedes: Vec::new(),
    })
}
