//! What is done to a sync that goes on, and to its jobs.

use crate::{
    desk::Query,
    domain::{JobProgress, JobState, SyncOrder},
    tui::{
        Effect, Model, NoticeLevel,
        overlays::{Overlay, Sure},
        panes::{PaneId, sync::selected_job},
    },
};

pub fn goes_on(model: &Model) -> Result<(), String> {
    if model.sync.running() { Ok(()) } else { Err("no sync is running: R begins one".into()) }
}

/// A pause lets what is under way end.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let (order, text) = if model.sync.paused() {
        (SyncOrder::Resume, "the sync goes on")
    } else {
        (SyncOrder::Pause, "pausing: what is under way ends, nothing new is asked; p goes on")
    };
    model.notify(NoticeLevel::Info, text);
    vec![Effect::Sync(order)]
}

pub fn job_goes_on(model: &Model) -> Result<(), String> {
    match selected_job(model) {
        None => Err("no job is selected".into()),
        Some(_) if !model.sync.running() => goes_on(model),
        Some(job) if job.state.is_ended() => Err("the job is over".into()),
        Some(_) => Ok(()),
    }
}

fn named(job: &JobProgress) -> String {
    format!("{} of {} {}", job.source.word(), job.client, job.account)
}

pub fn pause_job(model: &mut Model) -> Vec<Effect> {
    let Some(job) = selected_job(model) else { return Vec::new() };
    let (order, text) = match job.paused {
        true => (SyncOrder::ResumeJob(job.id), format!("{}: goes on", named(job))),
        false => (SyncOrder::PauseJob(job.id), format!("{}: pausing; o goes on", named(job))),
    };
    model.notify(NoticeLevel::Info, text);
    vec![Effect::Sync(order)]
}

/// Asks first if something was asked of AWS that is not stored yet, or may not be.
pub fn cancel_job(model: &mut Model) -> Vec<Effect> {
    let Some(job) = selected_job(model) else { return Vec::new() };
    let order = SyncOrder::CancelJob(job.id);
    if job.state == JobState::Running && job.requests.total() > 0 {
        let paid = match job.requests.ce {
            0 => "",
            _ => " Cost Explorer pages that were answered and not stored yet were paid for.",
        };
        let question = format!(
            "Cancel {}? What it stored stays; what it read since, of its {} requests so far, is lost and read again by \
             the next sync.{paid}",
            named(job),
            job.requests.total()
        );
        model.overlays.push(Overlay::Confirm { question, then: Sure::Sync(order) });
        return Vec::new();
    }
    vec![Effect::Sync(order)]
}

pub fn can_retry(model: &Model) -> Result<(), String> {
    match selected_job(model).map(|job| &job.state) {
        None => Err("no job is selected".into()),
        Some(state) if state.may_be_retried() => Ok(()),
        Some(JobState::Done) => Err("the job went well".into()),
        Some(_) => Err("the job is not over yet".into()),
    }
}

pub fn retry_job(model: &mut Model) -> Vec<Effect> {
    let Some(job) = selected_job(model) else { return Vec::new() };
    let (key, text) = (job.key(), format!("{}: tried again", named(job)));
    model.notify(NoticeLevel::Info, text);
    vec![Effect::Sync(SyncOrder::Retry(key))]
}

pub fn can_list_spend(model: &Model) -> Result<(), String> {
    match model.stack(PaneId::Sync).top().query {
        Some(Query::SyncSpend) => Err("this is what the clients paid".into()),
        _ => Ok(()),
    }
}

pub fn spend(model: &mut Model) -> Vec<Effect> {
    model.open(PaneId::Sync, vec![Query::SyncSpend])
}
