//! What keys do while a client is connected, a connection is tested or a quarantine is overridden.

use super::{
    Override, Test, check_override, client, draw,
    errand::Errand,
    flow::{Flow, Step},
    form::Typed,
    gate::{GateRun, Verdict},
    show, way,
};
use crate::{
    desk::{Format, Template},
    domain::ClientId,
    tui::{
        Effect, Model, NoticeLevel, RequestId,
        actions::keys::Key,
        overlays::{After, Overlay, copy_text},
    },
};
use crossterm::event::KeyCode;

/// A key for the flow.
pub(in crate::tui) fn flow_key(model: &mut Model, flow: &mut Flow, key: Key) -> After {
    match flow.step {
        Step::Client => client_key(model, flow, key),
        Step::Role if flow.role.file.is_some() => file_key(model, flow, key),
        Step::Role => role_key(model, flow, key),
        Step::Account => account_key(model, flow, key),
        Step::Gate => gate_key(model, flow, key),
    }
}

/// One step back, or out of the flow; a client that was added stays, and its row goes on from there.
fn leave(model: &mut Model, flow: &mut Flow) -> After {
    if flow.back() {
        return After::Stay;
    }
    if let Some(client) = &flow.client {
        let text = format!("{client} stays as it is: C on its row goes on with connecting it");
        model.notify(NoticeLevel::Info, text);
    }
    After::Close(vec![Effect::StopErrand])
}

fn client_key(model: &mut Model, flow: &mut Flow, key: Key) -> After {
    // Its own id is not taken.
    let taken: Vec<ClientId> = match flow.client {
        Some(_) => Vec::new(),
        None => model.clients().iter().map(|row| row.client.clone()).collect(),
    };
    let saved = flow.saved.as_ref();
    match flow.form.on_key(key, &|at, value| client::check(&taken, saved, at, value)) {
        Typed::Stay => After::Stay,
        Typed::Submit => After::Do(flow.save(model.number())),
        Typed::Leave => leave(model, flow),
    }
}

fn next<T: PartialEq + Copy>(all: &[T], now: T) -> T {
    let at = all.iter().position(|one| *one == now).map_or(0, |at| (at + 1) % all.len().max(1));
    all.get(at).copied().unwrap_or(now)
}

fn role_key(model: &mut Model, flow: &mut Flow, key: Key) -> After {
    let role = &mut flow.role;
    let lines = role.text.as_ref().map_or(0, |text| text.lines().count());
    let mut scrolled = |by: isize| role.top = role.top.saturating_add_signed(by).min(lines.saturating_sub(1));
    match (key.code, key.ctrl) {
        (KeyCode::Esc, _) => return leave(model, flow),
        (KeyCode::Enter, _) => flow.step = Step::Account,
        (KeyCode::Char('t'), false) => {
            role.template = next(&Template::ALL, role.template);
            // No stack set reaches the account that makes it.
            if role.template == Template::Payer && role.format == Format::Stackset {
                role.template = Template::Member;
            }
            return After::Do(flow.render(model.number()));
        }
        (KeyCode::Char('f'), false) => {
            role.format = next(&Format::ALL, role.format);
            if role.format == Format::Stackset && role.template == Template::Payer {
                role.format = next(&Format::ALL, role.format);
            }
            return After::Do(flow.render(model.number()));
        }
        (KeyCode::Char('r'), false) => return After::Do(flow.render(model.number())),
        (KeyCode::Char('y'), false) => match &role.text {
            Some(text) => {
                let text = text.text.clone();
                let label = format!("role of {}", flow.client_word());
                return After::Do(copy_text(model, "role template", &label, text.text()));
            }
            None => model.notify(NoticeLevel::Hint, "y: there is no text to copy yet"),
        },
        (KeyCode::Char('u'), false) => match role.text.as_ref().and_then(|text| text.quick_create_url.clone()) {
            Some(url) => return After::Do(copy_text(model, "quick-create link", "quick-create link", &url)),
            None => model.notify(
                NoticeLevel::Hint,
                "u: there is no quick-create link: template_url in config.toml makes one, for CloudFormation",
            ),
        },
        (KeyCode::Char('w'), false) => match &role.text {
            Some(_) => flow.ask_file(),
            None => model.notify(NoticeLevel::Hint, "w: there is no text to write yet"),
        },
        (KeyCode::Char('j'), false) | (KeyCode::Down, _) => scrolled(1),
        (KeyCode::Char('k'), false) | (KeyCode::Up, _) => scrolled(-1),
        (KeyCode::Char('d'), true) | (KeyCode::PageDown, _) => scrolled(10),
        (KeyCode::Char('u'), true) | (KeyCode::PageUp, _) => scrolled(-10),
        (KeyCode::Char('g'), false) | (KeyCode::Home, _) => scrolled(isize::MIN),
        (KeyCode::Char('G'), false) | (KeyCode::End, _) => scrolled(isize::MAX),
        _ => {}
    }
    After::Stay
}

fn file_key(model: &mut Model, flow: &mut Flow, key: Key) -> After {
    let (Some(form), Some(text)) = (&mut flow.role.file, &flow.role.text) else { return After::Stay };
    let check = |_: usize, value: &str| {
        let harmless = crate::domain::Untrusted::from(value).for_log() == value;
        match (value, harmless) {
            ("", _) => Err("name a new file".to_owned()),
            (_, false) => Err("a file's name is visible characters on one line".to_owned()),
            _ => Ok(()),
        }
    };
    match form.on_key(key, &check) {
        Typed::Stay => {}
        Typed::Leave => flow.role.file = None,
        Typed::Submit if flow.role.writing.is_some() => {}
        Typed::Submit => {
            let request = RequestId(model.number());
            let errand = Errand::Write { path: form.value(0).to_owned(), text: text.text.clone() };
            flow.role.writing = Some(request);
            return After::Do(vec![Effect::Errand { request, errand }]);
        }
    }
    After::Stay
}

fn account_key(model: &mut Model, flow: &mut Flow, key: Key) -> After {
    let (before, template) = (flow.way.clone(), flow.role.template);
    match flow.way.on_key(key, &|at, value| way::check(&before, template, at, value)) {
        Typed::Stay => After::Stay,
        Typed::Submit => After::Do(flow.connect(model.number())),
        Typed::Leave => leave(model, flow),
    }
}

fn gate_key(model: &mut Model, flow: &mut Flow, key: Key) -> After {
    match key.code {
        KeyCode::Esc => {
            if flow.gate.request.take().is_some() {
                model.notify(NoticeLevel::Info, "the test was stopped");
                flow.step = Step::Account;
                return After::Do(vec![Effect::StopErrand]);
            }
            flow.step = Step::Account;
            After::Stay
        }
        KeyCode::Char('r') if flow.gate.request.is_none() => After::Do(flow.connect(model.number())),
        _ => {
            let hidden = draw::hidden_lines(&flow.gate, model.size, true);
            ended_key(model, &mut flow.gate, key, hidden)
        }
    }
}

/// A key for a test.
pub(in crate::tui) fn test_key(model: &mut Model, test: &mut Test, key: Key) -> After {
    match key.code {
        KeyCode::Esc => {
            let running = test.run.request.is_some();
            if running {
                model.notify(NoticeLevel::Info, "the test was stopped: the connection stays as it was");
            }
            After::Close(if running { vec![Effect::StopErrand] } else { Vec::new() })
        }
        KeyCode::Char('r') if test.run.request.is_none() => {
            let (run, effects) = super::begin_test(model, &test.client, &test.connection);
            test.run = run;
            After::Do(effects)
        }
        _ => {
            let hidden = draw::hidden_lines(&test.run, model.size, false);
            ended_key(model, &mut test.run, key, hidden)
        }
    }
}

/// What can be done with a test that ended. So many of its lines do not fit; while it goes on, the last ones show.
fn ended_key(model: &mut Model, run: &mut GateRun, key: Key, hidden: usize) -> After {
    let kept = run.report.as_ref().filter(|report| report.kept);
    let kept = kept.and_then(|report| Some((report.connection.client.clone(), report.connection.connection.clone()?)));
    match (key.code, kept) {
        (KeyCode::Enter, Some((client, connection))) => return After::Close(show(model, client, connection)),
        (KeyCode::Enter, None) if run.verdict() == Verdict::Testing => {
            model.notify(NoticeLevel::Hint, "Enter: the test still goes on; Esc stops it");
        }
        (KeyCode::Enter, None) => {
            model.notify(NoticeLevel::Hint, "Enter: nothing was kept to be shown; r tries again, Esc goes back");
        }
        (KeyCode::Char('O'), Some((client, connection))) if run.verdict() == Verdict::Quarantined => {
            let mut effects = show(model, client.clone(), connection.clone());
            model.overlays.push(Overlay::Override(Box::new(Override::new(client, connection))));
            effects.push(Effect::StopErrand);
            return After::Close(effects);
        }
        _ if run.verdict() == Verdict::Testing => {}
        (KeyCode::Char('j') | KeyCode::Down, _) => run.scroll(1, hidden),
        (KeyCode::Char('k') | KeyCode::Up, _) => run.scroll(-1, hidden),
        (KeyCode::PageDown, _) => run.scroll(10, hidden),
        (KeyCode::PageUp, _) => run.scroll(-10, hidden),
        _ => {}
    }
    After::Stay
}

/// A key for an override.
pub(in crate::tui) fn override_key(model: &mut Model, over: &mut Override, key: Key) -> After {
    let name = over.name();
    match over.form.on_key(key, &|at, value| check_override(&name, at, value)) {
        Typed::Stay => After::Stay,
        Typed::Leave => After::Close(Vec::new()),
        Typed::Submit if over.request.is_some() => After::Stay,
        Typed::Submit => {
            let Ok(reason) = over.form.value(1).parse() else { return After::Stay };
            let request = RequestId(model.number());
            (over.request, over.failed) = (Some(request), None);
            let (client, connection) = (over.client.clone(), over.connection.clone());
            After::Do(vec![Effect::Errand { request, errand: Errand::Override { client, connection, reason } }])
        }
    }
}
