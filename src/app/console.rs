//! The console with everything behind it: the screen on the main thread, the desk on one worker, syncs on another.

use super::{
    Setting,
    demo::Demo,
    engine::{self, Engine},
    report::Report,
    unlock,
};
use crate::{
    aws::BaseCredentials,
    checks::Checks,
    cli::DemoArgs,
    config::{Environment, Settings},
    desk::{Action, Desk, Via},
    domain::{Failure, FailureKind, SyncEvent},
    tui::{self, Capabilities, Effect, Msg, NoticeLevel, Options, Ports, Session},
};
use std::{
    io::IsTerminal,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};

/// The demo: the first frame is painted before anything is built.
pub fn demo(setting: &Setting, args: &DemoArgs) -> Result<ExitCode, Report> {
    refuse_without_terminal("`bailiwick demo --headless` does the same without a screen")?;
    let (to_screen, incoming) = unbounded_channel();
    let (effects, wishes) = mpsc::channel();
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            let told = to_screen.clone();
            let say = move |step: &str| {
                let _ = told.send(Msg::Status(format!("{step} …")));
            };
            match Demo::build(setting, &args.world, say) {
                Ok(demo) => {
                    serve(&demo.desk, &demo.engine, true, &wishes, &to_screen);
                    Ok(demo)
                }
                Err(report) => {
                    let _ = to_screen.send(Msg::Status(report.to_string()));
                    Err(report)
                }
            }
        });
        let shown = show(setting, effects, incoming, "bailiwick demo");
        // The sender of wishes went with the screen, so the worker comes to its end and drops the vault.
        let built =
            worker.join().map_err(|_| Report::failed("the demo's worker stopped unexpectedly; please report this"))?;
        shown.and_then(|code| built.map(|_| code))
    })
}

/// The console on the stored data.
pub fn stored(setting: &Setting) -> Result<ExitCode, Report> {
    refuse_without_terminal("`bailiwick sync`, `bailiwick findings` and the others work without one")?;
    let paths = setting.paths()?;
    let settings = Settings::load(&paths.config)?;
    let checks = Arc::new(Checks::with_user_rules(&paths.config.join("checks"))?);
    let vault = Arc::new(unlock::open(setting)?);
    let _log = super::log::start(&paths.state);
    let desk = Desk::new(vault.clone(), checks.clone(), setting.clock.clone()).acting(setting.actor(Via::Console));
    desk.permit(Action::ConsoleUnlock, None, "the console was opened")?;
    let engine = Engine {
        vault,
        checks,
        clock: setting.clock.clone(),
        credentials: BaseCredentials::Chain,
        options: engine::options(&settings, &setting.environment.user, None),
    };
    let (to_screen, incoming) = unbounded_channel();
    let (effects, wishes) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (wishes, to_screen) = (wishes, to_screen);
            serve(&desk, &engine, false, &wishes, &to_screen);
        });
        show(setting, effects, incoming, "bailiwick")
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
) -> Result<ExitCode, Report> {
    let found = Capabilities::from_env(Environment::variable);
    let capabilities = Capabilities { ascii: found.ascii || setting.ascii, ..found };
    let options = Options { title: title.to_owned(), clock: setting.clock.clone(), capabilities };
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

/// Answers the screen's wishes one after another until the screen is gone.
fn serve(
    desk: &Desk,
    engine: &Engine,
    sync_at_once: bool,
    wishes: &mpsc::Receiver<Effect>,
    to_screen: &UnboundedSender<Msg>,
) {
    let mut run = Run::default();
    if sync_at_once {
        run.begin(engine, to_screen);
    }
    while let Ok(wish) = wishes.recv() {
        match wish {
            Effect::Ask { request, query } => {
                // One question that fails badly must not leave the others without an answer.
                let answered = catch_unwind(AssertUnwindSafe(|| desk.ask(&query)));
                let result = match answered {
                    Ok(result) => result.map_err(|e| e.to_string()),
                    Err(_) => Err("this view failed inside bailiwick; please report this".to_owned()),
                };
                let _ = to_screen.send(Msg::Answer { request, result });
            }
            Effect::SyncNow => match desk.permit(Action::SyncRun, None, "of all clients") {
                Ok(()) => run.begin(engine, to_screen),
                Err(error) => {
                    let _ = to_screen.send(Msg::Notice { level: NoticeLevel::Error, text: error.to_string() });
                }
            },
            // The screen does these itself.
            Effect::Copy(_) | Effect::Suspend | Effect::Repaint | Effect::Quit => {}
        }
    }
}

/// The one sync that may be under way. Dropping it stops the sync and waits until nothing of it writes any more.
#[derive(Default)]
struct Run {
    thread: Option<JoinHandle<()>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Run {
    fn begin(&mut self, engine: &Engine, to_screen: &UnboundedSender<Msg>) {
        let notice = |level, text: &str| {
            let _ = to_screen.send(Msg::Notice { level, text: text.to_owned() });
        };
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return notice(NoticeLevel::Hint, "a sync is running: pane 7 shows how far it is");
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let (engine, screen) = (engine.clone(), to_screen.clone());
        let work = move || {
            let tell = {
                let screen = screen.clone();
                move |event: SyncEvent| {
                    let _ = screen.send(Msg::Sync(event));
                }
            };
            let stopped = async {
                let _ = stopped.await;
            };
            let what = match catch_unwind(AssertUnwindSafe(|| engine.run(tell, stopped))) {
                Ok(Ok(_)) => return,
                Ok(Err(report)) => report.to_string(),
                Err(_) => "the sync failed inside bailiwick; please report this".to_owned(),
            };
            let next_step = "what was stored is kept; try again with R".into();
            let failure = Failure { kind: FailureKind::Bug, what, next_step };
            let _ = screen.send(Msg::Sync(SyncEvent::Aborted { failure }));
        };
        match std::thread::Builder::new().name("sync".into()).spawn(work) {
            Ok(thread) => (self.thread, self.stop) = (Some(thread), Some(stop)),
            Err(_) => notice(NoticeLevel::Error, "the sync could not start: the system gives no more threads"),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
