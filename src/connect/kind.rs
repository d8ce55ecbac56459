//! What kind of account a role leads into, found out by asking Organizations once.

use crate::{
    aws::{Api, Assume, AssumeRequest, AwsError, Job, Organization, Pacer, home_region, session_policy},
    domain::{ConnectionKind, ExternalId, FailureKind, RoleArn},
};

/// Asks `ListAccounts` through the role: an answer means the management account (or a delegated administrator), "not in
/// use" a standalone account, and a refusal a member account (or a role without that action).
///
/// # Errors
/// When the role cannot be assumed, or Organizations answers none of the three.
pub async fn detect_kind<C: Assume>(
    cloud: &C,
    pacer: &Pacer,
    role: &RoleArn,
    external_id: &ExternalId,
    session_name: &str,
) -> Result<ConnectionKind, AwsError> {
    let region = home_region(role.partition());
    let policy = session_policy(Job::Accounts, &[]);
    let request = AssumeRequest {
        role,
        external_id: Some(external_id),
        session_name,
        policy: &policy,
        duration: 900,
        region: &region,
    };
    let session = pacer.call(Api::AssumeRole, role.account(), None, || cloud.assume(&request)).await.0?;
    match pacer.call(Api::ListAccounts, role.account(), None, || session.accounts_page(None)).await.0 {
        Ok(_) => Ok(ConnectionKind::Payer),
        Err(e) if e.kind == FailureKind::NotEnabled => Ok(ConnectionKind::Standalone),
        Err(e) if e.kind == FailureKind::Denied => Ok(ConnectionKind::Member),
        Err(e) => Err(e),
    }
}
