//! `sim serve` and `sim world`.

use super::{Setting, fleet, report::Report};
use crate::{
    cli::{Output, WorldArgs},
    sim::{
        server::{FaultError, FaultPlan, ServeOptions, SimServer, TroubleAt, TroubleError},
        world::{World, WorldConfig},
    },
};
use serde::Serialize;
use std::{process::ExitCode, sync::Arc};

/// Makes the world that the arguments describe, at the setting's present.
pub fn generate(setting: &Setting, args: &WorldArgs) -> World {
    World::generate(WorldConfig {
        seed: args.seed,
        now: setting.clock.now(),
        accounts: args.accounts as usize,
        events: args.events as usize,
    })
}

/// How to serve, from what was typed.
///
/// # Errors
/// A trouble or fault that there is not; the report names those that there are.
pub fn options(port: u16, throttle: bool, troubles: &[String], faults: Option<&str>) -> Result<ServeOptions, Report> {
    let troubles: Result<Vec<TroubleAt>, TroubleError> = troubles.iter().map(|text| text.parse()).collect();
    let troubles = troubles.map_err(|error| Report::input(format!("--trouble: {error}")))?;
    let faults: Result<Option<FaultPlan>, FaultError> = faults.map(str::parse).transpose();
    let faults = faults.map_err(|error| Report::input(format!("--faults: {error}")))?;
    Ok(ServeOptions { port, throttle, troubles, faults, ..ServeOptions::default() })
}

/// Serves a world until interrupted.
pub fn serve(setting: &Setting, args: &WorldArgs, options: ServeOptions, out: &mut Output) -> Result<ExitCode, Report> {
    let world = Arc::new(generate(setting, args));
    let (troubles, faults) = (options.troubles.clone(), options.faults.clone());
    let server = SimServer::start(world.clone(), setting.clock.clone(), options)?;
    out.line(&format!(
        "serving {} accounts of {} clients on {}",
        world.accounts.len(),
        world.clients.len(),
        server.url()
    ));
    for trouble in &troubles {
        out.line(&format!("trouble: {trouble}"));
    }
    if let Some(faults) = &faults {
        out.line(&format!("faults: {faults}"));
    }
    out.line("");
    out.line(&format!("export AWS_ENDPOINT_URL={}", server.url()));
    out.line(&format!(
        "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=any AWS_REGION=us-east-1",
        world.agency.access_key
    ));
    out.line("");
    out.line("then, for example:");
    if let Some((client, account)) = world.clients.first().and_then(|c| {
        let payer = c.accounts.first()?;
        Some((c, world.accounts.iter().find(|a| a.id == *payer)?))
    }) {
        out.line("  aws sts get-caller-identity");
        out.line(&format!("  bailiwick client add {}", client.id));
        if let Some(role) = fleet::role_of(account) {
            out.line(&format!(
                "  bailiwick connect {} --role-arn arn:aws:iam::{}:role/{role} --external-id {}",
                client.id, account.id, client.external_id
            ));
        }
        out.line("  bailiwick sync && bailiwick findings");
    }
    out.line("");
    out.line("Ctrl-C stops it");
    out.flush();
    server.wait();
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Truth<'a> {
    stories: &'a [crate::sim::world::Story],
    costs: Vec<crate::sim::world::CostTruth>,
}

/// Describes a world, or prints what was planted in it.
pub fn describe(setting: &Setting, args: &WorldArgs, truth: bool, out: &mut Output) -> Result<ExitCode, Report> {
    let world = generate(setting, args);
    if truth {
        out.json(&Truth { stories: &world.truth, costs: world.cost_truth() });
        return Ok(ExitCode::SUCCESS);
    }
    out.line(&format!("seed {} at {}", world.config.seed, world.config.now));
    for client in &world.clients {
        let kind = if client.organization.is_some() { "organization" } else { "standalone" };
        let basis = if client.pro_forma { ", pro forma costs" } else { "" };
        out.line(&format!("{}  {} accounts, {kind}{basis}", client.id, client.accounts.len()));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_taken_as_typed_and_an_unknown_one_lists_the_known() {
        let typed = ["offline".to_owned(), "region-disabled:eu-west-1@000000000012".to_owned()];
        let taken = options(0, true, &typed, None).unwrap();
        assert_eq!(taken.troubles.iter().map(ToString::to_string).collect::<Vec<_>>(), typed);
        let report = options(0, true, &["offline".to_owned(), "?".to_owned()], None).unwrap_err();
        assert_eq!(report.code(), ExitCode::from(2));
        let text = report.to_string();
        assert!(text.contains("no trouble \"?\"") && text.contains("\n  clock-skew\n"), "{text}");
    }
    #[test]
    fn a_fault_plan_is_taken_as_typed_and_an_unknown_fault_lists_the_known() {
        let typed = "seed=7,throttle=0.2,half=#2@ce";
        assert_eq!(options(0, true, &[], Some(typed)).unwrap().faults.unwrap().to_string(), typed);
        let report = options(0, true, &[], Some("?=0.2")).unwrap_err();
        assert_eq!(report.code(), ExitCode::from(2));
        let text = report.to_string();
        assert!(text.contains("no fault \"?\"") && text.contains("\n  token-loop\n"), "{text}");
    }
}
