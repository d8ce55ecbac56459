//! `role render`: what a client installs, or what it reads before it agrees.

use super::{Setting, desk::open_desk, engine, report::Report};
use crate::{
    aws::{Assume, BaseCredentials, SdkCloud},
    cli::{Output, RoleAction, RoleRenderArgs, sentence},
    config::Settings,
    desk::RenderRequest,
    domain::{TrustedPrincipal, Untrusted},
};
use serde_json::json;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::ExitCode,
};

/// `role …`.
pub fn run(setting: &Setting, action: RoleAction, out: &mut Output) -> Result<ExitCode, Report> {
    match action {
        RoleAction::Render(args) => render(setting, args, out),
    }
}

fn render(setting: &Setting, args: RoleRenderArgs, out: &mut Output) -> Result<ExitCode, Report> {
    if let Some(file) = &args.out
        && file.symlink_metadata().is_ok()
    {
        return Err(Report::input(format!("{} exists already: name a new file", file.display())));
    }
    let settings = Settings::load(&setting.paths()?.config).map_err(|e| Report::input(e.to_string()))?;
    let desk = open_desk(setting)?;
    // Before anybody is asked who we are: a mistyped client is told offline too.
    desk.client(&args.client)?;
    let principal = match (args.principal, settings.trusted_principal.as_str()) {
        (Some(principal), _) => principal,
        (None, "") => asked(setting)?,
        (None, text) => text.parse().map_err(|e| Report::input(format!("trusted_principal of config.toml: {e}")))?,
    };
    let template_url = match settings.template_url.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|e| Report::input(format!("template_url of config.toml: {e}")))?),
    };
    let rendered = desk.render_role(RenderRequest {
        client: args.client,
        template: args.template.map(Into::into),
        format: args.format.into(),
        principal,
        region: args.region,
        template_url,
    })?;
    rendered.notes.iter().for_each(|note| sentence(&format!("note: {note}")));
    let Some(file) = args.out else {
        if args.json {
            out.json(&rendered)
        } else {
            out.line(rendered.text.trim_end())
        }
        return Ok(ExitCode::SUCCESS);
    };
    write_new(&file, &rendered.text)
        .map_err(|e| Report::failed(format!("{} could not be written: {e}; try another place", file.display())))?;
    if args.json {
        out.json(&json!({
            "client": rendered.client,
            "template": rendered.template,
            "format": rendered.format,
            "principal": rendered.principal,
            "file": file.display().to_string(),
            "quick_create_url": rendered.quick_create_url,
            "notes": rendered.notes,
        }));
    } else {
        out.line(&format!(
            "wrote {}; only you can read it: it holds the ExternalId of {}",
            file.display(),
            rendered.client
        ));
        if let Some(url) = &rendered.quick_create_url {
            out.line(&format!("quick-create link: {url}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever our AWS credentials belong to; says so, with the line that would settle it.
fn asked(setting: &Setting) -> Result<TrustedPrincipal, Report> {
    let name_one = "name whom the roles trust with --principal ARN, or as trusted_principal in config.toml";
    let (principal, us) = engine::runtime()?.block_on(async {
        let cloud = SdkCloud::connect(BaseCredentials::Chain, setting.clock.clone()).await;
        proposed(&cloud, name_one).await
    })?;
    sentence(&format!(
        "note: the roles trust {principal}, for you are {}; to keep it so, put this line into config.toml:\n\
         trusted_principal = \"{principal}\"",
        us.for_tui(200)
    ));
    Ok(principal)
}

/// Whoever our AWS credentials belong to: whom a role is to trust, and who that is now. `name_one` says how to do without.
pub(super) async fn proposed(cloud: &SdkCloud, name_one: &str) -> Result<(TrustedPrincipal, Untrusted), Report> {
    let identity = cloud.caller().await.map_err(|e| {
        let why = e.failure();
        Report::failed(format!("AWS did not tell who you are: {}; {}, or {name_one}", why.what, why.next_step))
    })?;
    let principal = TrustedPrincipal::proposed(identity.arn.raw_for_matching())
        .map_err(|e| Report::failed(format!("{e}; {name_one}")))?;
    Ok((principal, identity.arn))
}

/// A new file that only its owner can read.
pub(super) fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let mut to = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let written = to.write_all(text.as_bytes()).and_then(|()| to.sync_all());
    if written.is_err() {
        // Half a template must not be taken for a whole one.
        let _ = fs::remove_file(file);
    }
    written
}
