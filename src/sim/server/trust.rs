//! Whether a role may be assumed: the caller's own permission, and the role's trust policy.

use super::{
    SimKeyKind,
    auth::Signed,
    caller::Caller,
    cloud::Cloud,
    form::Form,
    trouble::{Action, LOOSE_EXTERNAL_ID, OTHER_EXTERNAL_ID, Service, Trouble},
};
use crate::{
    domain::{AccountId, Region, RoleArn},
    sim::world::{SimAccount, SimRole},
};

/// Why the caller's side does not let it assume a role.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OwnRefusal {
    /// It is a root user, which no policy can let.
    Root,
    /// Its own policies do not allow it; the words that end AWS's message.
    Policy(String),
    /// It is of another partition. AWS refuses that like any trust that fails (for example corymhall/cdk-diff-action#79:
    /// "User: arn:aws-cn:sts::… is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::…").
    Partition,
}

impl Cloud {
    /// Whether the caller itself may assume a role, whatever the role says.
    pub fn may_assume(&self, signed: &Signed, arn: &RoleArn, role_arn: &str) -> Result<(), OwnRefusal> {
        if matches!(&signed.caller, Caller::Key(key) if key.kind == SimKeyKind::Root) {
            return Err(OwnRefusal::Root);
        }
        if self.is_foreign(&signed.caller) {
            return Err(OwnRefusal::Partition);
        }
        let is_base = !matches!(signed.caller, Caller::Session(_));
        let mut why = self.why_not(signed, Action::AssumeRole, role_arn);
        if is_base && self.troubles.on(&Trouble::OwnPermissionMissing, arn.account()) {
            why = Some("because no identity-based policy allows the sts:AssumeRole action".to_owned());
        }
        why.map_or(Ok(()), |why| Err(OwnRefusal::Policy(why)))
    }

    /// Whether a role exists and its trust policy lets the caller in. AWS gives no reason, so neither does this.
    pub fn trusts(&self, account: &SimAccount, role: &SimRole, caller: &Caller, external_id: Option<&str>) -> bool {
        let on = |trouble| self.troubles.on(&trouble, account.id);
        if on(Trouble::RoleMissing) || on(Trouble::AccountSuspended) || on(Trouble::PrincipalNotTrusted) {
            return false;
        }
        let demanded = self.installed.external_id(account.id).or_else(|| role.external_id.clone());
        let right = |id: &str| demanded.as_deref() == Some(id);
        let external_id_fits = if on(Trouble::ExternalIdIgnored) {
            true
        } else if on(Trouble::ExternalIdWrong) {
            external_id == Some(OTHER_EXTERNAL_ID)
        } else if on(Trouble::ExternalIdLoose) {
            external_id.is_some_and(|id| right(id) || id.starts_with(LOOSE_EXTERNAL_ID))
        } else {
            demanded.is_none() || external_id.is_some_and(right)
        };
        external_id_fits && self.names(role, caller)
    }

    /// Whether a role's trust policy names the caller: by account, by the account's root, or by its own or its role's ARN.
    fn names(&self, role: &SimRole, caller: &Caller) -> bool {
        let account = self.account_of(caller).to_string();
        let (root, own) = (format!("arn:aws:iam::{account}:root"), self.arn_of(caller));
        let own_role = match caller {
            Caller::User => None,
            Caller::Key(key) => match &key.kind {
                SimKeyKind::Session { role, .. } => Some(format!("arn:aws:iam::{account}:role/{role}")),
                SimKeyKind::User { .. } | SimKeyKind::Root => None,
            },
            Caller::Session(session) => {
                let role = self.world.accounts.get(session.account).and_then(|account| account.roles.get(session.role));
                role.map(|role| format!("arn:aws:iam::{account}:role/{}", role.resource))
            }
        };
        let names = [Some("*"), Some(account.as_str()), Some(root.as_str()), Some(own.as_str()), own_role.as_deref()];
        role.trusted.iter().any(|principal| names.contains(&Some(principal.as_str())))
    }

    /// Whether an account has deactivated STS in a region, so that nobody gets credentials for it there.
    pub fn has_no_sts(&self, account: AccountId, region: &str) -> bool {
        region.parse::<Region>().is_ok_and(|region| self.troubles.on(&Trouble::RegionDisabled(region), account))
    }

    /// The account that a request is about: the role's for `AssumeRole`, the caller's otherwise.
    pub fn subject(&self, caller: &Caller, form: &Form) -> AccountId {
        let role = form.get("RoleArn").and_then(|arn| arn.parse::<RoleArn>().ok());
        role.map_or_else(|| self.account_of(caller), |arn| arn.account())
    }

    /// Whether every request of a service about an account is one too many.
    pub fn is_throttled(&self, service: Service, account: AccountId) -> bool {
        self.troubles.on(&Trouble::Throttled(None), account)
            || self.troubles.on(&Trouble::Throttled(Some(service)), account)
    }
}
