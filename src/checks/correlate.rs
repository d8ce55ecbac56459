//! Sigma correlations over remembered matches.
//!
//! The engine's own windows assume events in order. Here the recent matches are kept instead and replayed in the order
//! of time at each evaluation, so that late and repeated events change nothing but what they should.

use super::state::Match;
use rsigma_eval::{
    CorrelationConfig, CorrelationEngine, CorrelationEventMode, DetectionBody, EvaluationResult, JsonEvent, ResultBody,
    RuleHeader,
};
use rsigma_parser::{CorrelationCondition, CorrelationRule, SigmaRule};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The correlation rules and what they count.
#[derive(Default)]
pub(super) struct Correlator {
    /// Rules that some correlation counts, with their ids and names.
    counted: Vec<SigmaRule>,
    correlations: Vec<CorrelationRule>,
    /// The fields to remember of each counted rule's matches, by rule id.
    fields: HashMap<String, Vec<String>>,
    /// The longest window, in seconds.
    pub span: i64,
}

/// A correlation whose condition is met.
pub(super) struct Firing {
    /// The correlation's rule id.
    pub rule: String,
    /// What it grouped by.
    pub group: Vec<(String, String)>,
    /// The matches within the window, by their place in what was replayed.
    pub matches: Vec<usize>,
    /// What was counted: events, distinct values, or whatever else the correlation adds up.
    pub count: f64,
    /// The length of the window in minutes.
    pub minutes: u64,
}

impl Correlator {
    pub fn new(rules: &[SigmaRule], correlations: Vec<CorrelationRule>) -> Self {
        let mut this = Self::default();
        for rule in rules {
            let named = |refs: &CorrelationRule| {
                refs.rules.iter().any(|r| rule.id.as_ref() == Some(r) || rule.name.as_ref() == Some(r))
            };
            let mut fields: Vec<String> = Vec::new();
            for correlation in correlations.iter().filter(|c| named(c)) {
                fields.extend(correlation.group_by.iter().cloned());
                fields.extend(correlation.aliases.iter().flat_map(|alias| alias.mapping.values().cloned()));
                if let CorrelationCondition::Threshold { field: Some(counted), .. } = &correlation.condition {
                    fields.extend(counted.iter().cloned());
                }
            }
            if correlations.iter().any(named) {
                fields.sort_unstable();
                fields.dedup();
                this.fields.insert(rule.id.clone().unwrap_or_default(), fields);
                this.counted.push(rule.clone());
            }
        }
        let seconds = correlations.iter().map(|c| c.timespan.seconds).max().unwrap_or(0);
        this.span = i64::try_from(seconds).unwrap_or(i64::MAX / 4);
        this.correlations = correlations;
        this
    }

    /// The fields to remember of a match of this rule, if any correlation counts it.
    pub fn fields(&self, rule_id: &str) -> Option<&[String]> {
        self.fields.get(rule_id).map(Vec::as_slice)
    }

    /// Replays matches, which must be in the order of time, and tells what they add up to.
    pub fn replay(&self, matches: &[Match]) -> Result<Vec<Firing>, rsigma_eval::EvalError> {
        let mut engine = CorrelationEngine::new(CorrelationConfig {
            correlation_event_mode: CorrelationEventMode::Refs,
            max_correlation_events: self.threshold(),
            emit_detections: false,
            ..CorrelationConfig::default()
        });
        for rule in &self.counted {
            engine.add_rule(rule)?;
        }
        for correlation in &self.correlations {
            engine.add_correlation(correlation)?;
        }
        let mut firings = Vec::new();
        for (place, matched) in matches.iter().enumerate() {
            let mut fields: serde_json::Map<String, Value> =
                matched.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            fields.insert("id".into(), place.to_string().into());
            let event = Value::Object(fields);
            let second = matched.evidence.time.second();
            let results =
                engine.process_with_detections(&JsonEvent::borrow(&event), vec![detection(&matched.rule)], second);
            firings.extend(results.into_iter().filter_map(firing));
        }
        Ok(firings)
    }

    /// The highest count any correlation waits for: that many events are told when it is reached, and each further one
    /// by its own firing, so that none is lost.
    fn threshold(&self) -> usize {
        let highest = self.correlations.iter().filter_map(|c| match &c.condition {
            CorrelationCondition::Threshold { predicates, .. } => predicates.iter().map(|(_, n)| *n).max(),
            CorrelationCondition::Extended(_) => None,
        });
        usize::try_from(highest.max().unwrap_or(0)).unwrap_or(usize::MAX).saturating_add(1).clamp(16, 1_024)
    }
}

fn detection(rule: &str) -> EvaluationResult {
    EvaluationResult {
        header: RuleHeader {
            rule_title: String::new(),
            rule_id: Some(rule.to_owned()),
            level: None,
            tags: Vec::new(),
            custom_attributes: Arc::default(),
            enrichments: None,
        },
        body: ResultBody::Detection(DetectionBody {
            matched_selections: Vec::new(),
            matched_fields: Vec::new(),
            event: None,
        }),
    }
}

fn firing(result: EvaluationResult) -> Option<Firing> {
    let rule = result.header.rule_id.clone()?;
    let ResultBody::Correlation(body) = result.body else { return None };
    let refs = body.event_refs.unwrap_or_default();
    let matches = refs.into_iter().filter_map(|r| r.id?.parse().ok()).collect();
    Some(Firing {
        rule,
        group: body.group_key,
        matches,
        count: body.aggregated_value,
        minutes: body.timespan_secs / 60,
    })
}
