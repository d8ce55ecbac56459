//! Whether a session may do what it asks: service control policy, role policy, session policy.

use super::{
    auth::{Caller, Signed},
    cloud::Cloud,
    fault::Fault,
    policy::{Verdict, glob},
    sessions::Session,
};
use crate::sim::world::SimAccount;

/// Why a request is not allowed, in the words that end AWS's message.
fn refusal(action: &str, kind: &str) -> String {
    format!("because no {kind} policy allows the {action} action")
}

impl Cloud {
    /// The account that a request for `action` works on, if its caller may. `on` is ` on resource: …` where the service
    /// names it, or empty.
    ///
    /// The agency's own user may assume roles and nothing else.
    pub fn authorize(&self, signed: &Signed, action: &str, on: &str) -> Result<&SimAccount, Fault> {
        let refused = match &signed.caller {
            Caller::User => refusal(action, "identity-based"),
            Caller::Session(session) => match self.why_not(session, action, "*", &signed.region) {
                Some(why) => why,
                None => return self.world.accounts.get(session.account).ok_or_else(|| missing_account(session)),
            },
        };
        let arn = self.arn_of(&signed.caller);
        Err(Fault::json(
            "AccessDeniedException",
            format!("User: {arn} is not authorized to perform: {action}{on} {refused}"),
        ))
    }

    /// Why a session may not do `action` on `resource` in `region`, or `None` if it may.
    pub fn why_not(&self, session: &Session, action: &str, resource: &str, region: &str) -> Option<String> {
        let account = self.world.accounts.get(session.account)?;
        if account.denied_regions.iter().any(|denied| denied.as_str() == region) {
            return Some("with an explicit deny in a service control policy".to_owned());
        }
        let role = account.roles.get(session.role);
        if !role.is_some_and(|role| role.allowed.iter().any(|pattern| glob(pattern, action))) {
            return Some(refusal(action, "identity-based"));
        }
        match session.policy.as_ref().map_or(Verdict::Allow, |policy| policy.evaluate(action, resource, region)) {
            Verdict::Allow => None,
            Verdict::ImplicitDeny => Some(refusal(action, "session")),
            Verdict::ExplicitDeny => Some("with an explicit deny in a session policy".to_owned()),
        }
    }
}

/// A session always belongs to an account of the same immutable world, so this is never sent.
fn missing_account(session: &Session) -> Fault {
    Fault::new(500, "InternalFailure", format!("The account of {} is gone.", session.arn))
}
