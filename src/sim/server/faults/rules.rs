//! Which rule strikes which request, and what of the world is seen at all.

use super::{FaultKind, FaultPlan, FaultRule, Place, Service, When, request::Asked};
use crate::{
    domain::{AccountId, Region, Timestamp},
    sim::{
        costs::{CostLine, SimAmounts},
        events::SimEvent,
        world::{
            SimAccount,
            rng::{Rng, fnv},
        },
    },
};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

/// The plan of one server, if it has one; it may change between two requests.
#[derive(Debug, Default)]
pub(in crate::sim::server) struct Faults(RwLock<Option<Arc<Running>>>);

/// A plan, and what came of it so far.
#[derive(Debug)]
pub(in crate::sim::server) struct Running {
    plan: FaultPlan,
    questions: Mutex<HashMap<u64, Question>>,
    over: Mutex<HashSet<String>>,
}

/// What was asked and answered of one question.
#[derive(Debug, Default)]
struct Question {
    requests: u32,
    /// The token of its second page.
    first_token: Option<String>,
    /// The last rows of the last answer.
    last_rows: Vec<Value>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FaultRule {
    /// Whether the rule may strike this request.
    fn suits(&self, asked: &Asked) -> bool {
        asked.is_in(&self.place)
            && match self.fault {
                FaultKind::SmallPages(_) | FaultKind::Late(_) | FaultKind::Restated(..) => false,
                FaultKind::Expired => asked.session.is_some(),
                FaultKind::RegionDisabled => asked.service == Service::CloudTrail,
                FaultKind::TokenRefused | FaultKind::TokenLoop => asked.has_pages() && asked.sent.is_some(),
                FaultKind::TokenCycle | FaultKind::Duplicates => asked.has_pages() && asked.token.is_some(),
                FaultKind::EmptyPage | FaultKind::HugePage(_) => asked.has_pages(),
                _ => true,
            }
    }
}

impl When {
    fn strikes(self, number: u32, chance: f64) -> bool {
        match self {
            Self::Share(share) => chance < share,
            Self::First(count) => number <= count,
            Self::Nth(nth) => number == nth,
        }
    }
}

impl Faults {
    /// This plan from now on, with nothing asked yet; `None` is no faults at all.
    pub fn set(&self, plan: Option<FaultPlan>) {
        let running = plan
            .filter(|plan| !plan.rules.is_empty())
            .map(|plan| Arc::new(Running { plan, questions: Mutex::default(), over: Mutex::default() }));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// The plan at the moment.
    pub fn running(&self) -> Option<Arc<Running>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a session was ended before its time.
    pub fn has_ended(&self, access_key: &str) -> bool {
        self.running().is_some_and(|running| locked(&running.over).contains(access_key))
    }

    /// The most rows of a page, where that is less than `usual`.
    pub fn page_rows(&self, service: Service, account: AccountId, region: &str, usual: usize) -> usize {
        self.running().map_or(usual, |running| {
            let rows = running.standing(service, account, region).filter_map(|rule| match rule.fault {
                FaultKind::SmallPages(rows) => usize::try_from(rows).ok(),
                _ => None,
            });
            rows.chain([usual]).min().unwrap_or(usual)
        })
    }

    /// What is added to the costs of an account, as lines of its own.
    pub fn restatements(&self, account: &SimAccount, caller: AccountId) -> Vec<CostLine> {
        let Some(running) = self.running() else { return Vec::new() };
        let rules = running.plan.rules.iter().filter(|rule| rule.place.account.unwrap_or(caller) == account.id);
        let lines = rules.filter_map(|rule| {
            let FaultKind::Restated(month, amount) = rule.fault else { return None };
            let like = account.costs.lines.iter().find(|line| line.grouped && !line.monthly_only)?;
            let amounts = SimAmounts {
                unblended: amount,
                net_unblended: amount,
                amortized: amount,
                net_amortized: amount,
                ..SimAmounts::default()
            };
            Some(CostLine { record_type: "Credit", first: month.first(), amounts: vec![amounts], ..like.clone() })
        });
        lines.collect()
    }
}

impl Running {
    /// The rules of what there is to be seen at a place.
    fn standing<'a>(
        &'a self,
        service: Service,
        account: AccountId,
        region: &'a str,
    ) -> impl Iterator<Item = &'a FaultRule> {
        self.plan.rules.iter().filter(move |rule| {
            let Place { service: s, account: a, region: r } = &rule.place;
            s.is_none_or(|s| s == service)
                && a.is_none_or(|a| a == account)
                && r.as_ref().is_none_or(|r| r.as_str() == region)
        })
    }

    /// Counts a request and says what strikes it, with random bits for whatever is to be chosen.
    pub fn strike(&self, asked: &Asked) -> Option<(FaultKind, u64)> {
        let number = {
            let mut questions = locked(&self.questions);
            let question = questions.entry(asked.question).or_default();
            question.requests += 1;
            question.requests
        };
        self.plan.rules.iter().enumerate().find_map(|(place, rule)| {
            let stream = asked.question.rotate_left(17) ^ u64::from(number);
            let mut rng = Rng::stream(self.plan.seed ^ (place as u64).rotate_left(48), stream, "fault");
            let strikes = rule.suits(asked) && rule.when.strikes(number, rng.unit());
            strikes.then(|| (rule.fault, rng.bits()))
        })
    }

    /// Ends a session.
    pub fn end(&self, access_key: String) {
        locked(&self.over).insert(access_key);
    }

    /// Notes the token and the last rows of an answer; gives the token of the second page and the last rows of the
    /// answer before.
    pub fn note(&self, asked: &Asked, token: Option<&str>, rows: &[Value]) -> (Option<String>, Vec<Value>) {
        const KEPT: usize = 3;
        let mut questions = locked(&self.questions);
        let question = questions.entry(asked.question).or_default();
        let before = std::mem::take(&mut question.last_rows);
        question.last_rows = rows.get(rows.len().saturating_sub(KEPT)..).unwrap_or_default().to_vec();
        if asked.token.is_none() && question.first_token.is_none() {
            question.first_token = token.map(str::to_owned);
        }
        (question.first_token.clone(), before)
    }

    /// Whether any rule needs answers to be noted.
    pub fn notes_answers(&self) -> bool {
        self.plan.rules.iter().any(|rule| matches!(rule.fault, FaultKind::Duplicates | FaultKind::TokenCycle))
    }

    /// Whether an event can be seen yet.
    pub fn shows(&self, event: &SimEvent, account: AccountId, region: &Region, now: Timestamp) -> bool {
        self.standing(Service::CloudTrail, account, region.as_str()).all(|rule| match (rule.fault, rule.when) {
            (FaultKind::Late(minutes), when) => {
                let share = if let When::Share(share) = when { share } else { 1.0 };
                let is_late = Rng::stream(self.plan.seed, fnv(event.id.as_bytes()), "late").unit() < share;
                !is_late || now.since(event.time) >= i64::from(minutes) * 60
            }
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(question: u64, token: Option<&str>) -> Asked {
        Asked {
            service: Service::CloudTrail,
            account: AccountId::from_number(1).unwrap(),
            region: "eu-west-1".into(),
            question,
            token: token.map(Into::into),
            sent: token.map(Into::into),
            session: None,
        }
    }

    fn struck(plan: &str, requests: &[Asked]) -> Vec<Option<FaultKind>> {
        let faults = Faults::default();
        faults.set(Some(plan.parse().unwrap()));
        let running = faults.running().unwrap();
        requests.iter().map(|asked| running.strike(asked).map(|(kind, _)| kind)).collect()
    }

    #[test]
    fn what_a_question_meets_does_not_depend_on_what_else_is_asked() {
        let plan = "seed=3,throttle=0.3,half=0.2";
        let alone = struck(plan, &(0..40).map(|_| asked(1, None)).collect::<Vec<_>>());
        let among: Vec<Asked> = (0..120).map(|n| asked([2, 1, 3][n % 3], None)).collect();
        let among: Vec<_> = struck(plan, &among).into_iter().skip(1).step_by(3).collect();
        assert_eq!(alone, among);
        let throttled = alone.iter().filter(|kind| **kind == Some(FaultKind::Throttle)).count();
        assert!((5..=20).contains(&throttled) && alone.contains(&None) && alone.contains(&Some(FaultKind::Half)));
        assert_ne!(alone, struck("seed=4,throttle=0.3,half=0.2", &(0..40).map(|_| asked(1, None)).collect::<Vec<_>>()));
    }

    #[test]
    fn rules_count_by_question_and_keep_to_their_place() {
        let four = || (0..4).map(|_| asked(1, None)).collect::<Vec<_>>();
        let (hit, none) = (Some(FaultKind::Html), None);
        assert_eq!(struck("html=first2", &four()), [hit, hit, none, none]);
        assert_eq!(struck("html=#3", &four()), [none, none, hit, none]);
        assert_eq!(struck("html@cloudtrail/eu-west-1/000000000001", &four()), [hit; 4]);
        for elsewhere in ["html@ce", "html@eu-west-2", "html@000000000002", "token-loop", "expired", "late"] {
            assert_eq!(struck(elsewhere, &four()), [none; 4], "{elsewhere}");
        }
        assert_eq!(struck("token-loop", &[asked(1, None), asked(1, Some("x"))]), [none, Some(FaultKind::TokenLoop)]);
    }
}
