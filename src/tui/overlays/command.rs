//! The `:` line: a name of an action, or a pane and a client.

use super::{After, Picker, edit};
use crate::{
    desk::{CostScope, Query},
    domain::ClientId,
    tui::{
        Model, NoticeLevel,
        actions::{self, ACTIONS, keys::Key},
        panes::{PaneId, Step, overview},
    },
};
use crossterm::event::KeyCode;

const WITH_CLIENT: [&str; 4] = ["accounts", "costs", "access", "findings"];

/// Types, completes with `Tab`, runs with `Enter`.
pub(super) fn on_key(model: &mut Model, line: &mut Picker, key: Key) -> After {
    let offered = completions(model, line.input.value());
    match key.code {
        KeyCode::Esc => return After::Close(Vec::new()),
        KeyCode::Backspace if line.input.value().is_empty() => return After::Close(Vec::new()),
        KeyCode::Tab => {
            if let Some(chosen) = offered.get(line.cursor) {
                line.input = chosen.as_str().into();
                line.cursor = 0;
            }
        }
        KeyCode::Enter => return run(model, line, &offered),
        _ => {
            if !line.moved(key, offered.len()) && edit(&mut line.input, key) {
                line.cursor = 0;
            }
        }
    }
    After::Stay
}

/// What the line could become: names of actions, then clients after a pane's name.
pub fn completions(model: &Model, typed: &str) -> Vec<String> {
    match typed.split_once(' ') {
        None => ACTIONS.iter().map(|a| a.name).filter(|n| n.starts_with(typed)).map(str::to_owned).collect(),
        Some((word, rest)) if WITH_CLIENT.contains(&word) => model
            .clients()
            .iter()
            .filter(|row| row.client.as_str().starts_with(rest))
            .map(|row| format!("{word} {}", row.client))
            .collect(),
        Some(_) => Vec::new(),
    }
}

fn run(model: &mut Model, line: &Picker, offered: &[String]) -> After {
    let typed = line.input.value().trim();
    if typed.is_empty() {
        return After::Close(Vec::new());
    }
    // What is spelled out counts; otherwise what is selected among the completions.
    let spelled = actions::by_name(typed).is_some() || typed == "q" || typed.contains(' ');
    let text = if spelled { typed } else { offered.get(line.cursor).map_or(typed, String::as_str) };
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    if word == "q" {
        return actions::by_name("quit-now").map_or(After::Stay, After::Run);
    }
    if rest.is_empty() {
        return match actions::by_name(word) {
            Some(action) => After::Run(action),
            None => refused(model, format!("no command \"{word}\": ? lists them")),
        };
    }
    if !WITH_CLIENT.contains(&word) {
        return refused(model, format!("{word} takes nothing after it"));
    }
    match rest.parse::<ClientId>() {
        Ok(client) if model.clients().iter().any(|row| row.client == client) => {
            let Step { pane, queries } = step(word, client);
            // Opened by name it stands on its pane's first level, wherever one came from.
            let mut effects = model.to_root(pane);
            effects.extend(model.open(pane, queries));
            After::Close(effects)
        }
        _ => refused(model, format!("no client \"{rest}\": Tab completes the clients there are")),
    }
}

fn step(word: &str, client: ClientId) -> Step {
    match word {
        "accounts" => Step::into(PaneId::Accounts, Query::Accounts(Some(client))),
        "access" => overview::access_of(client),
        "findings" => overview::findings_of(client),
        _ => Step::into(PaneId::Costs, Query::Costs(CostScope { client: Some(client), ..CostScope::default() })),
    }
}

fn refused(model: &mut Model, why: String) -> After {
    model.notify(NoticeLevel::Hint, why);
    After::Stay
}
