//! `sync --watch`: one run after another by the schedule. Each opens the vault and closes it again, so that other commands
//! have it in between, and no AWS session outlives its run.

use super::{Setting, engine, report::Report, secret, stop::Stop, sync, unlock};
use crate::{
    cli::{Output, SyncArgs, progress, sentence},
    config::Settings,
    domain::Timestamp,
    sync::{Schedule, Timetable, Wanted},
};
use serde_json::json;
use std::{collections::BTreeMap, process::ExitCode, time::Duration};

/// Seconds until a run is tried again that could not begin, such as one that found the vault in use.
const TRY_AGAIN: i64 = 60;

/// Goes on until it is told to stop, which ends it with 0. A first run that cannot begin ends it like `sync`; a later one
/// is told of and tried again.
pub fn run(setting: &Setting, args: &SyncArgs, out: &mut Output) -> Result<ExitCode, Report> {
    let schedule = schedule(setting, args).map_err(Report::nothing_read)?;
    let secret = unlock::expect_vault(&setting.paths()?.vault).and_then(|()| secret::given_or_asked(setting));
    let secret = secret.map_err(Report::nothing_read)?;
    let stop = Stop::listen()?;
    let mut timetable = Timetable::new(schedule, BTreeMap::new());
    let (mut wanted, mut first) = (Wanted::Everything, true);
    loop {
        let began = setting.clock.now();
        let ran = sync::read(setting, args, &secret, wanted.clone(), &stop, out);
        out.flush();
        let next = match ran {
            _ if stop.is_told() => None,
            Ok(_) => {
                match &wanted {
                    Wanted::Sources(sources) => timetable.tried(sources, began),
                    _ => timetable.tried_all(began),
                }
                timetable.next(setting.clock.now()).map(|turn| {
                    wanted = Wanted::Sources(turn.sources);
                    turn.at
                })
            }
            Err(report) if first => return Err(report.nothing_read()),
            Err(report) => {
                sentence(&format!("bailiwick: {report}; it is tried again in a minute"));
                Some(setting.clock.now().plus(TRY_AGAIN))
            }
        };
        first = false;
        let Some(next) = next else { break };
        wait(setting, args, next, &stop, out)?;
        if stop.is_told() {
            break;
        }
    }
    progress("");
    if !args.json {
        out.line("stopped; what was stored so far is kept");
    }
    Ok(ExitCode::SUCCESS)
}

fn schedule(setting: &Setting, args: &SyncArgs) -> Result<Schedule, Report> {
    let schedule = match args.every {
        Some(minutes) => Schedule::every(i64::from(minutes) * 60),
        None => engine::schedule(&Settings::load(&setting.paths()?.config)?),
    };
    if schedule.is_empty() {
        return Err(Report::input(
            "config.toml says that everything is read by hand only: give --every MINUTES, or set sync_events_minutes",
        ));
    }
    Ok(schedule)
}

/// Sleeps until the next turn, or until it is told to stop.
fn wait(setting: &Setting, args: &SyncArgs, next: Timestamp, stop: &Stop, out: &mut Output) -> Result<(), Report> {
    let seconds = next.since(setting.clock.now()).max(0);
    if args.json {
        out.json_line(&json!({ "event": "waiting", "until": next }));
    } else {
        progress(&format!("the next run is at {} UTC; Ctrl-C stops", next.clock_time()));
    }
    let pause = Duration::from_secs(seconds.unsigned_abs());
    engine::runtime()?.block_on(async {
        tokio::select! {
            () = stop.told() => {}
            () = tokio::time::sleep(pause) => {}
        }
    });
    progress("");
    Ok(())
}
