//! Whether a caller may do what it asks: service control policy, role or user policy, session policy.

use super::{
    SimKeyKind,
    auth::Signed,
    caller::Caller,
    cloud::Cloud,
    fault::Fault,
    policy::{Verdict, glob},
    trouble::{Action, Reach, Trouble},
};
use crate::{domain::AccountId, sim::world::SimAccount};

/// Why a request is not allowed, in the words that end AWS's message.
fn refusal(action: Action, kind: &str) -> String {
    format!("because no {kind} policy allows the {} action", action.name())
}

impl Cloud {
    /// The account that a request for `action` works on, if its caller may. `on` is ` on resource: …` where the service
    /// names it, or empty.
    ///
    /// The agency's own user may assume roles and nothing else.
    pub fn authorize(&self, signed: &Signed, action: Action, on: &str) -> Result<&SimAccount, Fault> {
        match self.why_not(signed, action, "*") {
            Some(why) => {
                let (arn, action) = (self.arn_of(&signed.caller), action.name());
                let message = format!("User: {arn} is not authorized to perform: {action}{on} {why}");
                Err(Fault::json("AccessDeniedException", message))
            }
            None => {
                let id = self.account_of(&signed.caller);
                // Only a key whose account was never built gets here.
                let missing = || Fault::new(500, "InternalFailure", format!("There is no account {id} in this world."));
                self.account(id).ok_or_else(missing)
            }
        }
    }

    /// Why the caller's own policies do not let it do `action` on `resource`, or `None` if they do.
    pub fn why_not(&self, signed: &Signed, action: Action, resource: &str) -> Option<String> {
        let id = self.account_of(&signed.caller);
        let account = self.account(id);
        if account.is_some_and(|account| self.is_denied(account, action, &signed.region)) {
            return Some("with an explicit deny in a service control policy".to_owned());
        }
        // A root has no policies of its own to lack an action.
        let lacks = self.troubles.on(&Trouble::ActionMissing(action), id)
            && !matches!(&signed.caller, Caller::Key(key) if key.kind == SimKeyKind::Root);
        let allows = |allowed: &[String]| allowed.iter().any(|pattern| glob(pattern, action.name()));
        let allowed = match &signed.caller {
            Caller::User => action == Action::AssumeRole,
            Caller::Key(key) => allows(&key.allowed),
            Caller::Session(session) => {
                let role = account.and_then(|account| account.roles.get(session.role));
                role.is_some_and(|role| allows(&role.allowed)) || self.troubles.on(&Trouble::AnyAccountAdmin, id)
            }
        };
        if lacks || !allowed {
            return Some(refusal(action, "identity-based"));
        }
        let policy = match &signed.caller {
            Caller::Session(session) => session.policy.as_ref(),
            Caller::User | Caller::Key(_) => None,
        };
        match policy.map_or(Verdict::Allow, |policy| policy.evaluate(action.name(), resource, &signed.region)) {
            Verdict::Allow => None,
            Verdict::ImplicitDeny => Some(refusal(action, "session")),
            Verdict::ExplicitDeny => Some("with an explicit deny in a session policy".to_owned()),
        }
    }

    /// Whether a service control policy denies an action in a region.
    fn is_denied(&self, account: &SimAccount, action: Action, region: &str) -> bool {
        account.denied_regions.iter().any(|denied| denied.as_str() == region)
            || self.binds_member(&Trouble::DeniedByOrganization(action), account)
    }

    /// Whether a trouble that only a member of an organization can have is on for an account: for members, and for
    /// whatever account it was named for.
    pub fn binds_member(&self, trouble: &Trouble, account: &SimAccount) -> bool {
        match self.troubles.reach(trouble, account.id) {
            Some(Reach::Named) => true,
            Some(Reach::Everywhere) => {
                let client = self.world.clients.get(account.client);
                client.and_then(|client| client.organization.as_ref()).is_some_and(|o| o.management != account.id)
            }
            None => false,
        }
    }

    /// An account by its id.
    pub fn account(&self, id: AccountId) -> Option<&SimAccount> {
        self.world.accounts.get(self.index_of(id)?)
    }

    /// An account's index in the world.
    pub fn index_of(&self, id: AccountId) -> Option<usize> {
        self.world.accounts.binary_search_by_key(&id, |account| account.id).ok()
    }
}
