//! Connecting the members of an organization: its accounts come through the payer, each is reached by the same role.

use super::{
    Action, DeskError, Line, Way,
    bulk::{Case, Cases, Errand, until},
    data::{ClientData, Desk},
    view::{BulkAction, BulkProgress, ConnectionView, MemberView, MembersReport},
};
use crate::{
    aws::{Api, Assume, Job, KeyPair, Organization, session_policy},
    connect::{Opener, Secrets},
    domain::{
        Access, Account, AccountId, AccountState, ClientId, Connection, ConnectionKind, Depth, Failure, Partition,
        RoleArn, RolePattern,
    },
    sync::{all_pages, gate_failure, keep_listed, with_listed},
};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

/// Seconds of the session that lists the accounts.
const LISTING: i32 = 900;

/// The accounts of a client's organizations, and what is to be done with each.
pub struct MembersPlan {
    case: Case,
    report: MembersReport,
    /// What is to be done, each with its place in the report.
    errands: Vec<Errand>,
    places: Vec<usize>,
}

impl MembersPlan {
    /// The same, reading the events of what is connected at a depth.
    pub fn reading(mut self, depth: Option<Depth>) -> Self {
        self.errands.iter_mut().filter(|errand| !errand.retest).for_each(|errand| errand.depth = depth);
        self
    }

    /// As it is shown before anything is done.
    pub fn preview(&self) -> &MembersReport {
        &self.report
    }
}

impl Desk {
    /// Lists the accounts behind every payer of a client and says what is to be done with each. The list is kept, as a
    /// sync would; unless nothing is to be kept at all.
    ///
    /// # Errors
    /// When the client has no payer, or none of its organizations could be listed.
    pub async fn plan_members<C: Assume>(
        &self,
        line: &Line<'_, C>,
        client: &ClientId,
        pattern: &RolePattern,
        keep: bool,
    ) -> Result<MembersPlan, DeskError> {
        let data = self.client_data(client)?;
        let payers = payers(&data)?;
        self.permit(Action::AccountsList, Some(client), "those of its organization")?;
        let mut known: Vec<Account> = data.store.accounts()?.map(|l| l.accounts).unwrap_or_default();
        let mut listed_by: BTreeMap<AccountId, Partition> = BTreeMap::new();
        let mut failures: Vec<Failure> = Vec::new();
        for payer in payers {
            let key = data.store.key_pair(payer)?;
            let listed = self.list_accounts(line, &data, payer, key.as_ref()).await;
            match &listed {
                Ok(_) => drop(listed_by.insert(payer.account(), payer.partition())),
                Err(failure) => failures.push(failure.clone()),
            }
            known = match (keep, listed) {
                (true, listed) => keep_listed(&data.store, payer, listed, self.now())?,
                (false, Ok(listed)) => with_listed(known, listed, payer.account(), self.now()),
                (false, Err(_)) => known,
            };
        }
        if let (true, Some(failure)) = (listed_by.is_empty(), failures.first()) {
            let Failure { what, next_step, .. } = failure;
            return Err(DeskError::Refused(format!(
                "the accounts of {client} could not be listed: {what}; {next_step}"
            )));
        }
        let accounts = known.into_iter().filter_map(|mut account| {
            let partition = listed_by.get(&account.management?).copied()?;
            let alias = data.connection(account.id).and_then(|c| c.alias.clone());
            account.alias = alias.or(account.alias);
            Some((account, partition))
        });
        self.members_plan(&data, accounts.collect(), pattern, &failures)
    }

    /// Does what a plan says, with as many gates at once as requests may be under way, until it is done or `stop` comes.
    /// What proves itself is kept as it comes. `tell` hears how far it is.
    ///
    /// # Errors
    /// When it cannot be noted. How each account came out is in the report.
    pub async fn connect_members<C: Assume>(
        &self,
        line: &Line<'_, C>,
        plan: MembersPlan,
        stop: impl Future<Output = ()>,
        tell: &dyn Fn(BulkProgress),
    ) -> Result<MembersReport, DeskError> {
        let MembersPlan { case, report, errands, places } = plan;
        if let Some((_, error)) = self.permit_errands(&errands)?.pop_first() {
            return Err(error);
        }
        let report = RefCell::new(MembersReport { preview: false, ..report });
        let progress = Cell::new(BulkProgress { total: errands.len(), ..BulkProgress::default() });
        tell(progress.get());
        let done = |n: usize, ending| {
            let mut report = report.borrow_mut();
            let Some(account) = places.get(n).and_then(|place| report.accounts.get_mut(*place)) else { return };
            account.ended(ending);
            let BulkProgress { total, done, usable } = progress.get();
            progress.set(BulkProgress { total, done: done + 1, usable: usable + usize::from(account.is_usable()) });
            tell(progress.get());
        };
        let cases = Cases::from([(case.client.id.clone(), RefCell::new(case))]);
        let stopped = until(self.run_errands(line, &cases, &errands, &done), stop).await;
        let stopped = stopped.or(self.judge_cases(&cases).err().map(|error| error.to_string()));
        Ok(MembersReport { stopped, ..report.into_inner() }.counted())
    }

    async fn list_accounts<C: Assume>(
        &self,
        line: &Line<'_, C>,
        data: &ClientData,
        payer: &Connection,
        key: Option<&KeyPair>,
    ) -> Result<Vec<Account>, Failure> {
        let session_name = self.session_name(line.operator);
        let opener = Opener::new(line.cloud, line.pacer, &session_name);
        let secrets = Secrets { external_id: Some(&data.profile.external_id), key };
        let policy = session_policy(Job::Accounts, &[]);
        let session = opener.open(&payer.access, secrets, &policy, LISTING).await.map_err(|e| e.failure())?;
        all_pages(async |next| {
            let page = || session.accounts_page(next.as_deref());
            line.pacer.call(Api::ListAccounts, payer.account(), None, page).await.0.map_err(|e| e.failure())
        })
        .await
    }

    fn members_plan(
        &self,
        data: &ClientData,
        mut accounts: Vec<(Account, Partition)>,
        pattern: &RolePattern,
        failures: &[Failure],
    ) -> Result<MembersPlan, DeskError> {
        accounts.sort_by(|(a, _), (b, _)| (&a.ou_path, a.label(), a.id).cmp(&(&b.ou_path, b.label(), b.id)));
        let (mut rows, mut errands, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (account, partition) in &accounts {
            let role = pattern.role(*partition, account.id).map_err(|e| DeskError::Refused(e.to_string()))?;
            let mut row = MemberView {
                account: account.id,
                label: account.label().cloned(),
                state: account.state,
                ou_path: account.ou_path.clone(),
                joined: account.linked_at,
                left_at: account.left_at,
                action: BulkAction::NotTried,
                role: None,
                kind: None,
                gate: None,
                code: None,
                what: None,
                next_step: None,
            };
            let connection = data.connection(account.id);
            if let Some(connection) = connection {
                row.stands(&ConnectionView::new(connection, None, self.now()));
            }
            row.action = action(account, connection, &role);
            if row.action == BulkAction::NotTried {
                row.what = Some(left_alone(account));
                row.code = None;
                row.next_step = None;
            }
            if row.action.is_tried() {
                row.role = Some(role.clone());
                let known = connection.filter(|_| row.action == BulkAction::Test).map(|c| &c.access);
                errands.push(Errand {
                    client: data.id().clone(),
                    way: match known {
                        Some(Access::Role { role }) => Way::Role(role.clone()),
                        _ => Way::StackSetRole(role),
                    },
                    alias: None,
                    depth: None,
                    kind: Some(ConnectionKind::Member),
                    retest: known.is_some(),
                });
                places.push(rows.len());
            }
            rows.push(row);
        }
        let report = MembersReport {
            client: data.id().clone(),
            preview: true,
            stopped: None,
            problems: failures.iter().map(|f| format!("{}; {}", f.what, f.next_step)).collect(),
            accounts: rows,
            counts: Default::default(),
        };
        Ok(MembersPlan { case: Case::new(data, None), report: report.counted(), errands, places })
    }
}

/// The connections through which a client's organizations can be listed.
fn payers(data: &ClientData) -> Result<Vec<&Connection>, DeskError> {
    let may = |c: &&Connection| matches!(c.kind, ConnectionKind::Payer | ConnectionKind::Own);
    let all: Vec<&Connection> = data.connections.iter().filter(may).collect();
    let client = data.id();
    let refusal = match all.iter().find_map(|c| gate_failure(c)) {
        None if all.is_empty() => format!(
            "{client} has no management account connected, through which its accounts are listed: connect its payer \
             first, with `bailiwick connect {client} --role-arn ARN`"
        ),
        None => String::new(),
        Some(failure) => {
            format!("the management account of {client} cannot be used: {}; {}", failure.what, failure.next_step)
        }
    };
    let usable: Vec<&Connection> = all.into_iter().filter(|c| gate_failure(c).is_none()).collect();
    if usable.is_empty() { Err(DeskError::Refused(refusal)) } else { Ok(usable) }
}

/// What is to be done with an account.
fn action(account: &Account, connection: Option<&Connection>, role: &RoleArn) -> BulkAction {
    if account.management == Some(account.id) {
        return BulkAction::ManagementAccount;
    }
    if !account.state.is_usable() {
        return BulkAction::NotTried;
    }
    let Some(connection) = connection else { return BulkAction::Connect };
    let may_be_used = connection.gate.may_be_used();
    match connection.access.role() {
        Some(known) if !may_be_used && known == role => BulkAction::Test,
        // Another role may be a way in where the one that is known is none.
        Some(_) if !may_be_used => BulkAction::Connect,
        _ => BulkAction::AlreadyConnected,
    }
}

/// Why nothing is tried.
fn left_alone(account: &Account) -> String {
    match (account.state, account.left_at) {
        (AccountState::Left, Some(at)) => {
            format!("it left its organization by {}; what was read before stays", at.day())
        }
        (AccountState::PendingActivation, _) => "AWS has not activated it yet".to_owned(),
        (state, _) => {
            format!("it is {} in its organization, and AWS lets nobody in; what was read before stays", state.word())
        }
    }
}
