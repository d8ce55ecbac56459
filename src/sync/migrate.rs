//! Records whose layout changed: the first one is still read, the present one is written.

use super::{CostState, Coverage, RegionCoverage, SpendLedger, store::AccountList};
use crate::{
    domain::{
        Access, Account, AccountId, AccountState, Client, ClientId, Connection, ConnectionId, ConnectionKind,
        CostBasis, Day, Depth, ExternalId, Failure, GateState, JoinedMethod, Region, RoleArn, Timestamp, Untrusted,
    },
    vault::{Opened, VaultError},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// The layout that is written.
pub(super) const SCHEMA: u16 = 2;

#[derive(Serialize, Deserialize)]
struct ClientV1 {
    id: ClientId,
    name: Untrusted,
    cost_basis: CostBasis,
    added_at: Timestamp,
    external_id: ExternalId,
}

#[derive(Serialize, Deserialize)]
struct CostStateV1 {
    complete_at: Option<Timestamp>,
    monthly_at: Option<Timestamp>,
    total_at: Option<Timestamp>,
    daily_at: BTreeMap<Day, Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct CoverageV1 {
    regions: BTreeMap<Region, RegionCoverage>,
}

impl From<CoverageV1> for Coverage {
    fn from(v1: CoverageV1) -> Self {
        v1.regions.into()
    }
}

/// What was read of events, in either layout.
pub(super) fn coverage(opened: Option<Opened>) -> Result<Option<Coverage>, VaultError> {
    read::<CoverageV1, _>("coverage", opened)
}

#[derive(Serialize, Deserialize)]
struct SpendLedgerV1 {
    pages: BTreeMap<Day, u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GateStateV1 {
    Untested,
    Passed { at: Timestamp },
    Quarantined { at: Timestamp },
    Failed { at: Timestamp, failure: Failure },
}

#[derive(Serialize, Deserialize)]
struct ConnectionV1 {
    id: ConnectionId,
    client: ClientId,
    kind: ConnectionKind,
    role: RoleArn,
    linked_at: Timestamp,
    alias: Option<Untrusted>,
    gate: GateStateV1,
}

#[derive(Serialize, Deserialize)]
struct AccountV1 {
    id: AccountId,
    name: Option<Untrusted>,
    alias: Option<Untrusted>,
    state: AccountState,
    joined_method: Option<JoinedMethod>,
    linked_at: Option<Timestamp>,
    ou_path: Option<Untrusted>,
    management: Option<AccountId>,
}

#[derive(Serialize, Deserialize)]
struct AccountListV1 {
    accounts: Vec<AccountV1>,
    read_at: Timestamp,
}

impl From<ClientV1> for Client {
    fn from(v1: ClientV1) -> Self {
        let ClientV1 { id, name, cost_basis, added_at, external_id } = v1;
        Self { id, name, cost_basis, currency: None, notes: None, budget: None, added_at, external_id }
    }
}

impl From<ConnectionV1> for Connection {
    fn from(v1: ConnectionV1) -> Self {
        let gate = match v1.gate {
            GateStateV1::Untested => GateState::Untested,
            GateStateV1::Passed { at } => GateState::Passed { at },
            GateStateV1::Quarantined { at } => GateState::Quarantined { at },
            GateStateV1::Failed { at, failure } => GateState::Failed { at, failure },
        };
        Self {
            id: v1.id,
            client: v1.client,
            kind: v1.kind,
            access: Access::Role { role: v1.role },
            linked_at: v1.linked_at,
            alias: v1.alias,
            depth: Depth::Essential,
            gate,
            results: Vec::new(),
        }
    }
}

impl From<AccountListV1> for AccountList {
    fn from(v1: AccountListV1) -> Self {
        let account = |a: AccountV1| Account {
            id: a.id,
            name: a.name,
            alias: a.alias,
            state: a.state,
            joined_method: a.joined_method,
            linked_at: a.linked_at,
            ou_path: a.ou_path,
            management: a.management,
            left_at: None,
        };
        Self { accounts: v1.accounts.into_iter().map(account).collect(), read_at: v1.read_at }
    }
}

impl From<CostStateV1> for CostState {
    fn from(v1: CostStateV1) -> Self {
        let CostStateV1 { complete_at, monthly_at, total_at, daily_at } = v1;
        Self { complete_at, monthly_at, total_at, daily_at, record_type_at: None, region_at: None }
    }
}

impl From<SpendLedgerV1> for SpendLedger {
    fn from(v1: SpendLedgerV1) -> Self {
        Self { pages: v1.pages, days: BTreeMap::new() }
    }
}

/// What was read of costs, in either layout.
pub(super) fn cost_state(opened: Option<Opened>) -> Result<Option<CostState>, VaultError> {
    read::<CostStateV1, _>("costs/…/state", opened)
}

/// The ledger, in either layout.
pub(super) fn spend(opened: Option<Opened>) -> Result<Option<SpendLedger>, VaultError> {
    read::<SpendLedgerV1, _>("spend", opened)
}

/// A client, in either layout.
pub(super) fn client(opened: Option<Opened>) -> Result<Option<Client>, VaultError> {
    read::<ClientV1, _>("client", opened)
}

/// A connection, in either layout.
pub(super) fn connection(opened: Option<Opened>) -> Result<Option<Connection>, VaultError> {
    read::<ConnectionV1, _>("connection", opened)
}

/// The accounts, in either layout.
pub(super) fn accounts(opened: Option<Opened>) -> Result<Option<AccountList>, VaultError> {
    read::<AccountListV1, _>("accounts", opened)
}

fn read<V1, T>(name: &str, opened: Option<Opened>) -> Result<Option<T>, VaultError>
where
    V1: DeserializeOwned + Into<T>,
    T: DeserializeOwned,
{
    let Some(opened) = opened else { return Ok(None) };
    let codec = |e: postcard::Error| VaultError::Codec { name: name.to_owned(), done: "decoded", why: e.to_string() };
    match opened.schema {
        1 => postcard::from_bytes::<V1>(&opened.bytes).map(|v1| Some(v1.into())).map_err(codec),
        SCHEMA => postcard::from_bytes(&opened.bytes).map(Some).map_err(codec),
        found => Err(VaultError::Schema { name: name.to_owned(), found, wanted: SCHEMA }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::FailureKind,
        sync::fixtures,
        vault::{Batch, Name, Scope},
    };

    #[test]
    fn records_of_the_first_layout_are_read_and_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = fixtures::store(dir.path());
        let (now, account, id) = (fixtures::now(), fixtures::account(), store.client().clone());
        let connection_id: ConnectionId = account.to_string().parse().unwrap();
        let failure = Failure::new(FailureKind::Denied, "refused", "ask");
        let role: RoleArn = "arn:aws:iam::111122223333:role/bailiwick/x".parse().unwrap();
        let mut batch = Batch::new();
        let name = |text: &str| Name::new(text).unwrap();
        let client = ClientV1 {
            id: id.clone(),
            name: "Acme".into(),
            cost_basis: CostBasis::ProForma,
            added_at: now,
            external_id: "bw-first".parse().unwrap(),
        };
        let connection = ConnectionV1 {
            id: connection_id.clone(),
            client: id.clone(),
            kind: ConnectionKind::Standalone,
            role: role.clone(),
            linked_at: now,
            alias: Some("prod".into()),
            gate: GateStateV1::Failed { at: now, failure: failure.clone() },
        };
        let listed = AccountV1 {
            id: account,
            name: Some("web".into()),
            alias: None,
            state: AccountState::Suspended,
            joined_method: Some(JoinedMethod::Invited),
            linked_at: Some(now),
            ou_path: None,
            management: Some(account),
        };
        let accounts = AccountListV1 { accounts: vec![listed], read_at: now };
        let scope = Scope::Client(id.clone());
        batch.put_record(&scope, &name("client"), 1, &client).unwrap();
        batch.put_record(&Scope::Connection(id.clone(), connection_id), &name("connection"), 1, &connection).unwrap();
        batch.put_record(&scope, &name("accounts"), 1, &accounts).unwrap();
        let costs = CostStateV1 {
            complete_at: Some(now),
            monthly_at: None,
            total_at: Some(now),
            daily_at: BTreeMap::from([(now.day(), now)]),
        };
        let state = name(&format!("costs/{account}/state"));
        batch
            .put_record(&Scope::Connection(id.clone(), account.to_string().parse().unwrap()), &state, 1, &costs)
            .unwrap();
        let region: Region = "eu-west-1".parse().unwrap();
        let mut known = Coverage::default();
        known.add(&region, crate::domain::TimeRange::new(now.plus(-60), now), true);
        let first = CoverageV1 { regions: BTreeMap::from([(region.clone(), known.region(&region).unwrap().clone())]) };
        let of_connection = Scope::Connection(id.clone(), account.to_string().parse().unwrap());
        batch.put_record(&of_connection, &name(&format!("coverage/{account}")), 1, &first).unwrap();
        let paid = SpendLedgerV1 { pages: BTreeMap::from([(now.day(), 7)]) };
        batch.put_record(&scope, &name("spend"), 1, &paid).unwrap();
        store.vault().commit(batch).unwrap();

        let read = store.cost_state(&account.to_string().parse().unwrap()).unwrap();
        assert_eq!((read.total_at, read.daily_at.len(), read.region_at), (Some(now), 1, None));
        assert_eq!(store.spend().unwrap().pages[&now.day()], 7);
        assert_eq!(store.coverage(account).unwrap(), known);
        let profile = store.profile().unwrap().unwrap();
        assert_eq!(
            (profile.external_id.reveal(), profile.cost_basis, profile.budget),
            ("bw-first", CostBasis::ProForma, None)
        );
        let read = store.connections().unwrap();
        assert_eq!((&read[0].access, &read[0].gate), (&Access::Role { role }, &GateState::Failed { at: now, failure }));
        let list = store.accounts().unwrap().unwrap();
        assert_eq!((list.accounts[0].state, list.accounts[0].left_at), (AccountState::Suspended, None));

        let mut draft = store.draft();
        draft.profile(&profile).unwrap().connections(&read).unwrap().accounts(&list).unwrap();
        draft.commit().unwrap();
        assert_eq!(store.vault().get(&scope, &name("client")).unwrap().unwrap().schema, SCHEMA);
        assert_eq!((store.profile().unwrap().unwrap(), store.connections().unwrap()), (profile, read));
    }
}
