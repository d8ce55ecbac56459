//! Loading of rules: the built-in ones and a user's own, in the same format and with the same treatment.

use super::{
    catalog::{CheckInfo, CheckSource},
    correlate::Correlator,
};
use crate::domain::{Depth, Severity, Untrusted};
use include_dir::{Dir, include_dir};
use rsigma_eval::Engine;
use rsigma_parser::{CorrelationRule, FilterRule, Level, SigmaRule, parse_sigma_yaml};
use serde::Deserialize;
use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
};

/// `assets/checks/<family>/<ID>.yml` with `<ID>.tests.json` beside each.
pub(super) static BUILTIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/checks");

/// Why rules could not be loaded. A rule that is not understood is an error, never skipped.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A file or directory of rules could not be read.
    #[error("the checks in {path} could not be read: {source}. Check the path and its permissions")]
    Read {
        /// The path, safe to print.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A rule is not valid.
    #[error("{file}:{line}: {reason}. Correct the rule or take the file out of the directory")]
    Rule {
        /// The file, safe to print.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, safe to print.
        reason: String,
    },
    /// The rules do not work together.
    #[error("the checks could not be put together: {0}")]
    Together(String),
}

/// The `bailiwick:` block of a rule: what Sigma has no field for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Extra {
    /// The field that names what a finding is about; the actor if absent.
    subject: Option<String>,
    /// The finding's title, with `{field}` where a value goes; the rule's title if absent.
    title: Option<String>,
    /// The finding's sentence, with `{field}` where a value goes.
    what: Option<String>,
    /// What to do.
    remediation: Option<String>,
    /// Controls of the CIS AWS Foundations Benchmark 3.0.
    cis: Vec<String>,
    /// What must be read.
    depth: Option<Depth>,
    /// Wider checks this one stands for when both match one event.
    over: Vec<String>,
    /// Checks that this one replaces for the earlier events it rests on.
    replaces: Vec<String>,
    /// Whether remembered starts of large instances are judged again when more history is known.
    rejudge: bool,
}

/// One rule as the engine needs it.
#[derive(Debug)]
pub(super) struct Rule {
    pub info: CheckInfo,
    pub subject: String,
    pub title: String,
    pub what: Option<String>,
    pub over: Vec<String>,
    pub replaces: Vec<String>,
    pub rejudge: bool,
    /// Not told of by itself: only a correlation counts its matches.
    pub silent: bool,
}

/// All rules, compiled.
pub(super) struct RuleSet {
    pub infos: Vec<CheckInfo>,
    pub rules: HashMap<String, Rule>,
    pub events: Engine,
    pub facts: Engine,
    pub correlator: Correlator,
}

/// Rules as they are gathered from files.
#[derive(Default)]
pub(super) struct Loader {
    rules: HashMap<String, Rule>,
    files: HashMap<String, String>,
    events: Vec<SigmaRule>,
    facts: Vec<SigmaRule>,
    correlations: Vec<CorrelationRule>,
    filters: Vec<FilterRule>,
}

impl Loader {
    /// Takes the rules that come with the program.
    pub fn builtin(&mut self) -> Result<(), CheckError> {
        for family in BUILTIN.dirs() {
            for file in family.files().filter(|f| f.path().extension().is_some_and(|e| e == "yml")) {
                self.file(&file.path().display().to_string(), file.contents_utf8().unwrap_or(""), true)?;
            }
        }
        Ok(())
    }

    /// Takes every `.yml` and `.yaml` below a directory, in the order of their names.
    pub fn directory(&mut self, dir: &Path) -> Result<(), CheckError> {
        let failed = |path: &Path, source| CheckError::Read { path: shown(path), source };
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(dir).map_err(|e| failed(dir, e))? {
            paths.push(entry.map_err(|e| failed(dir, e))?.path());
        }
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.directory(&path)?;
            } else if path.extension().is_some_and(|e| e == "yml" || e == "yaml") {
                let text = fs::read_to_string(&path).map_err(|e| failed(&path, e))?;
                self.file(&shown(&path), &text, false)?;
            }
        }
        Ok(())
    }

    /// Takes the documents of one file.
    pub fn file(&mut self, file: &str, text: &str, builtin: bool) -> Result<(), CheckError> {
        let error = |reason: String| CheckError::Rule {
            file: file.to_owned(),
            line: line_of(text, &reason),
            reason: Untrusted::new(reason).for_tui(300),
        };
        let collection = parse_sigma_yaml(text).map_err(|e| error(e.to_string()))?;
        if let Some(first) = collection.errors.first() {
            return Err(error(first.clone()));
        }
        if collection.rules.is_empty() && collection.correlations.is_empty() && collection.filters.is_empty() {
            return Err(error("there is no rule in this file".to_owned()));
        }
        for mut rule in collection.rules {
            rsigma_eval::compile_rule(&rule).map_err(|e| error(e.to_string()))?;
            let meta = Meta::of_rule(&mut rule);
            let facts = rule.logsource.product.as_deref() == Some("bailiwick");
            let source = match rule.logsource.service.as_deref() {
                Some("cost") if facts => CheckSource::Costs,
                Some("connection") if facts => CheckSource::Connection,
                _ => CheckSource::Events,
            };
            self.add(file, meta, source, builtin).map_err(error)?;
            if facts { self.facts.push(rule) } else { self.events.push(rule) }
        }
        for mut correlation in collection.correlations {
            let meta = Meta::of_correlation(&mut correlation);
            self.add(file, meta, CheckSource::Events, builtin).map_err(error)?;
            self.correlations.push(correlation);
        }
        self.filters.extend(collection.filters);
        Ok(())
    }

    fn add(&mut self, file: &str, meta: Meta, source: CheckSource, builtin: bool) -> Result<(), String> {
        let key = meta.key.clone();
        let rule = meta.rule(source, builtin)?;
        if let Some(other) = self.files.insert(rule.info.id.clone(), file.to_owned()) {
            return Err(format!("the check {} is defined already in {other}", rule.info.id));
        }
        self.rules.insert(key, rule);
        Ok(())
    }

    /// Compiles what was gathered.
    pub fn finish(mut self) -> Result<RuleSet, CheckError> {
        let together = |e: rsigma_eval::EvalError| CheckError::Together(Untrusted::new(e.to_string()).for_tui(300));
        self.resolve_references()?;
        let (mut events, mut facts) = (Engine::new(), Engine::new());
        for (engine, rules) in [(&mut events, &self.events), (&mut facts, &self.facts)] {
            if let Some((_, e)) = engine.add_rules(rules).into_iter().next() {
                return Err(together(e));
            }
        }
        for filter in &self.filters {
            events.apply_filter(filter).map_err(together)?;
        }
        let mut infos: Vec<CheckInfo> = self.rules.values().filter(|r| !r.silent).map(|r| r.info.clone()).collect();
        infos.sort_by(|a, b| a.id.cmp(&b.id));
        let correlator = Correlator::new(&self.events, self.correlations);
        // Tried once here, so that a correlation the engine refuses is a load error.
        correlator.replay(&[]).map_err(together)?;
        Ok(RuleSet { infos, rules: self.rules, events, facts, correlator })
    }

    /// A correlation must name rules that are loaded; unless it generates them, they are not told of by themselves.
    fn resolve_references(&mut self) -> Result<(), CheckError> {
        let mut known: HashSet<&str> = HashSet::new();
        let names =
            self.events.iter().map(|r| (&r.id, &r.name)).chain(self.correlations.iter().map(|c| (&c.id, &c.name)));
        for (id, name) in names {
            known.extend(id.as_deref());
            known.extend(name.as_deref());
        }
        for correlation in &self.correlations {
            if let Some(missing) = correlation.rules.iter().find(|r| !known.contains(r.as_str())) {
                return Err(CheckError::Together(format!(
                    "the correlation \"{}\" counts the rule \"{}\", which is not loaded",
                    Untrusted::new(correlation.title.as_str()).for_tui(80),
                    Untrusted::new(missing.as_str()).for_tui(80)
                )));
            }
            if !correlation.generate {
                for rule in self.events.iter().filter(|r| {
                    let named = |name: &Option<String>| name.as_ref().is_some_and(|n| correlation.rules.contains(n));
                    named(&r.id) || named(&r.name)
                }) {
                    if let Some(rule) = rule.id.as_ref().and_then(|id| self.rules.get_mut(id)) {
                        rule.silent = true;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What rules and correlations have in common.
struct Meta {
    key: String,
    id: String,
    title: String,
    level: Option<Level>,
    description: Option<String>,
    author: Option<String>,
    false_positives: Vec<String>,
    tags: Vec<String>,
    extra: Result<Extra, String>,
}

impl Meta {
    fn of_rule(rule: &mut SigmaRule) -> Self {
        let id = rule.name.clone().or_else(|| rule.id.clone()).unwrap_or_else(|| rule.title.clone());
        let key = rule.id.get_or_insert_with(|| id.clone()).clone();
        Self {
            key,
            id,
            title: rule.title.clone(),
            level: rule.level,
            description: rule.description.clone(),
            author: rule.author.clone(),
            false_positives: rule.falsepositives.clone(),
            tags: rule.tags.clone(),
            extra: extra(rule.custom_attributes.get("bailiwick")),
        }
    }

    fn of_correlation(rule: &mut CorrelationRule) -> Self {
        let id = rule.name.clone().or_else(|| rule.id.clone()).unwrap_or_else(|| rule.title.clone());
        let key = rule.id.get_or_insert_with(|| id.clone()).clone();
        Self {
            key,
            id,
            title: rule.title.clone(),
            level: rule.level,
            description: rule.description.clone(),
            author: rule.author.clone(),
            false_positives: rule.falsepositives.clone(),
            tags: rule.tags.clone(),
            extra: extra(rule.custom_attributes.get("bailiwick")),
        }
    }

    /// Built-in rules must be complete; of a user's, what is missing gets a plain default.
    fn rule(self, source: CheckSource, builtin: bool) -> Result<Rule, String> {
        let extra = self.extra?;
        let missing = [
            ("level", self.level.is_none()),
            ("description", self.description.is_none()),
            ("falsepositives", self.false_positives.is_empty()),
            ("bailiwick.remediation", extra.remediation.is_none()),
            ("bailiwick.depth", extra.depth.is_none()),
            ("bailiwick.subject", extra.subject.is_none()),
        ];
        if let Some((field, _)) = missing.into_iter().find(|(_, missing)| builtin && *missing) {
            return Err(format!("the built-in check {} lacks {field}", self.id));
        }
        let severity = match self.level {
            Some(Level::Informational) => Severity::Info,
            Some(Level::Low) => Severity::Low,
            Some(Level::Medium) | None => Severity::Medium,
            Some(Level::High) => Severity::High,
            Some(Level::Critical) => Severity::Critical,
        };
        let techniques = self.tags.iter().filter_map(|tag| tag.strip_prefix("attack.t"));
        Ok(Rule {
            title: extra.title.unwrap_or_else(|| self.title.clone()),
            subject: extra.subject.unwrap_or_else(|| "bw.actor".to_owned()),
            what: extra.what,
            over: extra.over,
            replaces: extra.replaces,
            rejudge: extra.rejudge,
            silent: false,
            info: CheckInfo {
                attack: techniques.map(|number| format!("T{number}")).collect(),
                id: self.id,
                title: self.title,
                severity,
                why: self.description.unwrap_or_default(),
                remediation: extra
                    .remediation
                    .unwrap_or_else(|| "The rule names no remediation; ask its author.".to_owned()),
                false_positives: self.false_positives,
                cis: extra.cis,
                author: self.author.unwrap_or_else(|| "not named".to_owned()),
                source,
                depth: extra.depth.unwrap_or_default(),
                builtin,
            },
        })
    }
}

/// Reads the `bailiwick:` block; `T` is the YAML library's value, whose name is not ours to use.
fn extra<T: serde::Serialize>(block: Option<&T>) -> Result<Extra, String> {
    let Some(block) = block else { return Ok(Extra::default()) };
    let json = serde_json::to_value(block).map_err(|e| format!("the bailiwick block: {e}"))?;
    serde_json::from_value(json).map_err(|e| format!("the bailiwick block: {e}"))
}

fn shown(path: &Path) -> String {
    Untrusted::new(path.to_string_lossy().into_owned()).for_log()
}

/// The line an error is about: where the modifier it names stands, the line it names, or the start of the first document
/// that fails by itself.
fn line_of(text: &str, reason: &str) -> usize {
    let quoted = reason.split('\'').nth(1).unwrap_or("");
    if reason.contains("modifier") && !quoted.is_empty() {
        let written =
            |line: &str| line.split(':').next().is_some_and(|key| key.trim().split('|').skip(1).any(|m| m == quoted));
        if let Some(at) = text.lines().position(written) {
            return at + 1;
        }
    }
    if let Some(line) = reason
        .split_once("at line ")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
    {
        return line;
    }
    let mut first = 1;
    let mut document = String::new();
    for (at, line) in text.lines().chain(["---"]).enumerate() {
        if line.trim_end() == "---" {
            let fails = match parse_sigma_yaml(&document) {
                Ok(collection) => {
                    !collection.errors.is_empty()
                        || collection.rules.iter().any(|rule| rsigma_eval::compile_rule(rule).is_err())
                }
                Err(_) => true,
            };
            if fails && !document.trim().is_empty() {
                return first;
            }
            first = at + 2;
            document.clear();
        } else {
            document.push_str(line);
            document.push('\n');
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const RULE: &str = "title: Mine\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  selection:\n    eventName: X\n  condition: selection\n";

    fn load(text: &str) -> Result<RuleSet, CheckError> {
        let mut loader = Loader::default();
        loader.file("mine.yml", text, false)?;
        loader.finish()
    }

    #[test]
    fn a_plain_public_rule_loads_with_defaults() {
        let set = load(RULE).unwrap();
        assert_eq!(
            (set.infos[0].id.as_str(), set.infos[0].severity, set.infos[0].builtin),
            ("Mine", Severity::Medium, false)
        );
    }

    #[rstest]
    #[case(RULE.replace("eventName: X", "eventName|sounds_like: X"), 5, "sounds_like")]
    #[case(format!("{RULE}---\n{}", RULE.replace("eventName: X", "eventName|sounds_like: X")), 12, "sounds_like")]
    #[case(format!("{RULE}---\ntitle: What\ncorrelation:\n  type: astrology\n  rules: [a]\n  timespan: 1h\n"), 8, "")]
    #[case(format!("{RULE}---\njust: words\n"), 8, "")]
    #[case(RULE.replace("condition: selection", "condition: selection and missing"), 1, "")]
    #[case(RULE.replace("eventName: X", "eventName|re: '['"), 1, "")]
    #[case(format!("{RULE}bailiwick: {{sujet: bw.actor}}\n"), 1, "sujet")]
    #[case("a: [".to_owned(), 2, "YAML")]
    #[case("".to_owned(), 1, "not a YAML mapping")]
    fn what_is_not_understood_is_an_error_with_file_and_line(
        #[case] text: String,
        #[case] line: usize,
        #[case] words: &str,
    ) {
        let Err(error) = load(&text) else { panic!("loaded: {text}") };
        let message = error.to_string();
        assert!(message.starts_with(&format!("mine.yml:{line}: ")) && message.contains(words), "{message}");
    }

    #[test]
    fn the_same_check_twice_and_a_missing_reference_are_errors() {
        let mut loader = Loader::default();
        loader.file("a.yml", RULE, false).unwrap();
        assert!(loader.file("b.yml", RULE, false).unwrap_err().to_string().contains("defined already in a.yml"));
        let lone = "title: C\nid: c\ncorrelation:\n  type: event_count\n  rules: [nowhere]\n  group-by: [bw.actor]\n  timespan: 1h\n  condition: {gte: 2}\n";
        assert!(load(lone).err().unwrap().to_string().contains("nowhere"));
    }
}
