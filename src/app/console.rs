//! The console with everything behind it: the screen on the main thread, the desk on one worker, syncs on another.

use super::{Setting, demo::Demo, engine, report::Report, secret, unlock, way::give_way, worker};
use crate::{
    cli::DemoArgs,
    config::{Environment, Settings},
    tui::{self, Capabilities, Door, Effect, Msg, Options, Ports, Session},
};
use std::{io::IsTerminal, process::ExitCode, sync::mpsc, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The demo: the first frame is painted before anything is built. Nobody has the key of its vault, so it does not lock.
pub fn demo(setting: &Setting, args: &DemoArgs) -> Result<ExitCode, Report> {
    refuse_without_terminal("`bailiwick demo --headless` does the same without a screen")?;
    let (to_screen, incoming) = unbounded_channel();
    let (effects, wishes) = mpsc::channel();
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            give_way();
            let told = to_screen.clone();
            let say = move |step: &str| {
                let _ = told.send(Msg::Status(format!("{step} …")));
            };
            match Demo::build(setting, &args.world, say) {
                Ok(demo) => {
                    worker::serve_demo(&demo, &wishes, &to_screen);
                    Ok(demo)
                }
                Err(report) => {
                    let _ = to_screen.send(Msg::Status(report.to_string()));
                    Err(report)
                }
            }
        });
        let shown = show(setting, effects, incoming, "bailiwick demo", Door::Open, None);
        // The sender of wishes went with the screen, so the worker comes to its end and drops the vault.
        let built =
            worker.join().map_err(|_| Report::failed("the demo's worker stopped unexpectedly; please report this"))?;
        shown.and_then(|code| built.map(|_| code))
    })
}

/// The console on the stored data: the first frame is painted before the vault is opened or a secret is asked for.
pub fn stored(setting: &Setting) -> Result<ExitCode, Report> {
    refuse_without_terminal("`bailiwick sync`, `bailiwick findings` and the others work without one")?;
    let paths = setting.paths()?;
    let settings = Settings::load(&paths.config)?;
    unlock::expect_vault(&paths.vault)?;
    let _log = super::log::start(&paths.state);
    let idle_lock = Some(u64::from(settings.idle_lock_minutes)).filter(|minutes| *minutes > 0);
    let idle_lock = idle_lock.map(|minutes| Duration::from_secs(minutes * 60));
    let door = secret::configured(setting).map_or(Door::Asks, Door::File);
    let (to_screen, incoming) = unbounded_channel();
    let (effects, wishes) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            give_way();
            worker::serve_stored(setting, &settings, &wishes, &to_screen);
        });
        show(setting, effects, incoming, "bailiwick", door, idle_lock)
    })
}

fn refuse_without_terminal(instead: &str) -> Result<(), Report> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        Ok(())
    } else {
        Err(Report::input(format!("the console needs a terminal; {instead}")))
    }
}

/// The screen, until the operator leaves.
fn show(
    setting: &Setting,
    effects: mpsc::Sender<Effect>,
    incoming: UnboundedReceiver<Msg>,
    title: &str,
    door: Door,
    idle_lock: Option<Duration>,
) -> Result<ExitCode, Report> {
    let found = Capabilities::from_env(Environment::variable);
    let capabilities = Capabilities { ascii: found.ascii || setting.ascii, ..found };
    let options = Options { title: title.to_owned(), clock: setting.clock.clone(), capabilities, door, idle_lock };
    let ports = Ports {
        effects: Box::new(move |effect| {
            let _ = effects.send(effect);
        }),
        incoming,
    };
    let ran = engine::runtime()?.block_on(async { tui::run(Session::stdio()?, ports, options).await });
    ran.map_err(|e| Report::failed(e.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
