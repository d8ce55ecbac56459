//! `AssumeRole` and `GetCallerIdentity`.

use crate::{
    client::{Sim, agency, credentials, refusal},
    world::{
        ADMIN_ROLE, AGENCY, CHAINED_ROLE, EXTERNAL_ID, FOREIGN_ROLE, MEMBER_ROLE, OPEN_ROLE, PAYER, PAYER_ROLE, now,
        role_arn,
    },
};
use aws_credential_types::Credentials;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_types::request_id::RequestId;
use rstest::rstest;

#[tokio::test]
async fn the_agency_user_and_a_session_know_who_they_are() {
    let sim = Sim::start();
    let user = sim.sts().get_caller_identity().send().await.unwrap();
    assert_eq!(user.account(), Some(AGENCY));
    assert_eq!(user.arn(), Some(format!("arn:aws:iam::{AGENCY}:user/bailiwick-sre").as_str()));
    assert!(user.user_id().unwrap().starts_with("AIDA") && user.user_id().unwrap().len() == 20);
    assert_eq!(user.request_id().unwrap().len(), 36);

    let role = role_arn(PAYER, PAYER_ROLE);
    let request = sim.sts().assume_role().role_arn(&role).role_session_name("bailiwick-ab=1,x.y@z+-_");
    let answer = request.external_id(EXTERNAL_ID).duration_seconds(900).policy(POLICY).send().await.unwrap();
    let given = answer.credentials().unwrap();
    assert_eq!(given.expiration().secs(), now().second() + 900);
    assert!(given.access_key_id().starts_with("ASIA"));
    // The path of the role is not part of the session's ARN.
    let arn = format!("arn:aws:sts::{PAYER}:assumed-role/bailiwick-payer/bailiwick-ab=1,x.y@z+-_");
    let assumed = answer.assumed_role_user().unwrap();
    assert_eq!(assumed.arn(), arn);
    assert!(
        assumed.assumed_role_id().starts_with("AROA")
            && assumed.assumed_role_id().ends_with(":bailiwick-ab=1,x.y@z+-_")
    );
    assert_eq!(packed(&answer), Some(6));

    let session = aws_sdk_sts::Client::new(&sim.config(credentials(given), "eu-west-1"));
    let identity = session.get_caller_identity().send().await.unwrap();
    assert_eq!((identity.account(), identity.arn()), (Some(PAYER.to_string().as_str()), Some(arn.as_str())));
    assert_eq!(sim.server.counts().sts, 3);
}

/// The SDK calls it deprecated; AWS still sends it.
#[allow(deprecated)]
fn packed(answer: &AssumeRoleOutput) -> Option<i32> {
    answer.packed_policy_size()
}

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:LookupEvents","Resource":"*"}]}"#;

#[rstest]
#[case::right(PAYER, PAYER_ROLE, Some(EXTERNAL_ID), true)]
#[case::wrong(PAYER, PAYER_ROLE, Some("another-id"), false)]
#[case::none(PAYER, PAYER_ROLE, None, false)]
#[case::no_such_role(PAYER, "bailiwick/other", Some(EXTERNAL_ID), false)]
#[case::path_left_out(PAYER, "bailiwick-payer", Some(EXTERNAL_ID), false)]
#[case::no_such_account(PAYER + 999, PAYER_ROLE, Some(EXTERNAL_ID), false)]
#[case::trusts_another(PAYER + 1, FOREIGN_ROLE, Some(EXTERNAL_ID), false)]
#[case::chained_only(PAYER + 2, CHAINED_ROLE, Some(EXTERNAL_ID), false)]
#[case::demands_none(PAYER + 1, OPEN_ROLE, None, true)]
#[case::demands_none_gets_one(PAYER + 1, OPEN_ROLE, Some("anything"), true)]
#[tokio::test]
async fn the_trust_policy_decides(
    #[case] account: u64,
    #[case] role: &str,
    #[case] external: Option<&str>,
    #[case] ok: bool,
) {
    let sim = Sim::start();
    let arn = role_arn(account, role);
    let request = sim.sts().assume_role().role_arn(&arn).role_session_name("test");
    let result = request.set_external_id(external.map(str::to_owned)).send().await;
    if ok {
        result.unwrap();
        assert_eq!(sim.server.counts().denied, 0);
    } else {
        let (status, code, message) = refusal(result);
        let words = format!(
            "User: arn:aws:iam::{AGENCY}:user/bailiwick-sre is not authorized to perform: sts:AssumeRole on resource: {arn}"
        );
        assert_eq!((status, code.as_str(), message), (403, "AccessDenied", words));
        assert_eq!(sim.server.counts().denied, 1);
    }
}

#[rstest]
#[case::short_name(
    "x",
    None,
    None,
    None,
    "ValidationError",
    "'x' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"
)]
#[case::bad_name(
    "a b",
    None,
    None,
    None,
    "ValidationError",
    r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
)]
#[case::markup(
    "<x>&",
    None,
    None,
    None,
    "ValidationError",
    "1 validation error detected: Value '<x>&' at 'roleSessionName'"
)]
#[case::bad_external("ok", Some("a b"), None, None, "ValidationError", "at 'externalId'")]
#[case::short_duration(
    "ok",
    None,
    Some(899),
    None,
    "ValidationError",
    "Member must have value greater than or equal to 900"
)]
#[case::long_duration(
    "ok",
    None,
    Some(43_201),
    None,
    "ValidationError",
    "Member must have value less than or equal to 43200"
)]
#[case::above_the_role(
    "ok",
    None,
    Some(3_601),
    None,
    "ValidationError",
    "exceeds the MaxSessionDuration set for this role"
)]
#[case::not_json("ok", None, None, Some("{"), "MalformedPolicyDocument", "invalid Json")]
#[case::not_a_policy("ok", None, None, Some("{}"), "MalformedPolicyDocument", "Syntax errors in policy.")]
#[case::two_errors("x", Some("y"), None, None, "ValidationError", "2 validation errors detected: ")]
#[tokio::test]
async fn parameters_are_validated(
    #[case] name: &str,
    #[case] external: Option<&str>,
    #[case] duration: Option<i32>,
    #[case] policy: Option<&str>,
    #[case] code: &str,
    #[case] words: &str,
) {
    let sim = Sim::start();
    let request = sim.sts().assume_role().role_arn(role_arn(PAYER, PAYER_ROLE)).role_session_name(name);
    let request = request.external_id(external.unwrap_or(EXTERNAL_ID)).set_duration_seconds(duration);
    let (status, given, message) = refusal(request.set_policy(policy.map(str::to_owned)).send().await);
    assert_eq!((status, given.as_str()), (400, code), "{message}");
    assert!(message.contains(words), "{message}");
}

#[rstest]
#[case("short", "Member must have length greater than or equal to 20")]
#[case("arn:aws:iam::100000000001:user/someone", "Request ARN is invalid")]
#[case("arn:aws-cn:iam::100000000001:role/bailiwick/bailiwick-payer", "Request ARN is invalid")]
#[tokio::test]
async fn a_role_arn_must_be_one(#[case] arn: &str, #[case] words: &str) {
    let sim = Sim::start();
    let (status, code, message) = refusal(sim.sts().assume_role().role_arn(arn).role_session_name("ok").send().await);
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(message.contains(words), "{message}");
}

#[tokio::test]
async fn a_session_policy_has_at_most_2048_characters_and_tags_are_not_allowed() {
    let sim = Sim::start();
    let request = || {
        sim.sts().assume_role().role_arn(role_arn(PAYER, PAYER_ROLE)).role_session_name("ok").external_id(EXTERNAL_ID)
    };
    let fits = format!("{POLICY}{}", " ".repeat(2_048 - POLICY.len()));
    assert_eq!(packed(&request().policy(&fits).send().await.unwrap()), Some(100));
    let (_, code, message) = refusal(request().policy(format!("{fits} ")).send().await);
    assert_eq!(code, "ValidationError");
    assert!(message.contains("Member must have length less than or equal to 2048"), "{message}");
    let tag = aws_sdk_sts::types::Tag::builder().key("k").value("v").build().unwrap();
    assert!(refusal(request().tags(tag).send().await).2.contains("perform: sts:TagSession on resource"));
    assert!(
        refusal(request().source_identity("me").send().await).2.contains("perform: sts:SetSourceIdentity on resource")
    );
}

#[tokio::test]
async fn role_chaining_ends_after_an_hour() {
    let sim = Sim::start();
    let request = sim.sts().assume_role().role_arn(role_arn(PAYER, ADMIN_ROLE)).role_session_name("hub");
    let hub = request.external_id(EXTERNAL_ID).duration_seconds(43_200).send().await.unwrap().credentials.unwrap();
    assert_eq!(hub.expiration().secs(), now().second() + 43_200);
    let hub = aws_sdk_sts::Client::new(&sim.config(credentials(&hub), "us-east-1"));
    let chain = || {
        hub.assume_role()
            .role_arn(role_arn(PAYER + 2, CHAINED_ROLE))
            .role_session_name("spoke")
            .external_id(EXTERNAL_ID)
    };
    let (_, code, message) = refusal(chain().duration_seconds(3_601).send().await);
    assert_eq!(code, "ValidationError");
    assert!(message.contains("1 hour session limit for roles assumed by role chaining"), "{message}");
    assert_eq!(chain().send().await.unwrap().credentials.unwrap().expiration().secs(), now().second() + 3_600);

    // A session whose role may not assume roles is refused although the target would trust its account.
    let session = sim.session(PAYER, PAYER_ROLE, None).await;
    let sts = aws_sdk_sts::Client::new(&sim.config(session, "us-east-1"));
    let result = sts
        .assume_role()
        .role_arn(role_arn(PAYER + 2, CHAINED_ROLE))
        .role_session_name("spoke")
        .external_id(EXTERNAL_ID);
    assert_eq!(refusal(result.send().await).1, "AccessDenied");
}

#[tokio::test]
async fn credentials_must_be_known_whole_and_current() {
    let sim = Sim::start();
    let identity = async |credentials| {
        let sts = aws_sdk_sts::Client::new(&sim.config(credentials, "us-east-1"));
        sts.get_caller_identity().send().await
    };
    let session = sim.session(PAYER + 1, MEMBER_ROLE, None).await;
    let (key, secret) = (session.access_key_id(), session.secret_access_key());
    identity(session.clone()).await.unwrap();
    for wrong in [
        Credentials::new("AKIAUNKNOWNUNKNOWN00", "s", None, None, "test"),
        Credentials::new(key, secret, None, None, "test"),
        Credentials::new(key, secret, Some("another token".to_owned()), None, "test"),
    ] {
        let (status, code, message) = refusal(identity(wrong).await);
        assert_eq!((status, code.as_str()), (403, "InvalidClientTokenId"));
        assert_eq!(message, "The security token included in the request is invalid.");
    }
    sim.clock.advance(3_599);
    identity(session.clone()).await.unwrap();
    sim.clock.advance(1);
    let (status, code, _) = refusal(identity(session.clone()).await);
    assert_eq!((status, code.as_str()), (403, "ExpiredToken"));
    let trail = aws_sdk_cloudtrail::Client::new(&sim.config(session, "eu-west-1"));
    let (status, code, _) = refusal(trail.lookup_events().send().await);
    assert_eq!((status, code.as_str()), (400, "ExpiredTokenException"));
}

#[tokio::test]
async fn sts_is_not_active_in_a_region_the_account_has_not_enabled() {
    let sim = Sim::start();
    let sts = aws_sdk_sts::Client::new(&sim.config(agency(), "me-south-1"));
    let (status, code, message) = refusal(sts.get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (403, "RegionDisabledException"));
    assert!(message.contains(AGENCY), "{message}");
    // A known action of STS that is not simulated is answered like one that does not exist.
    let (status, code, _) = refusal(sim.sts().get_session_token().send().await);
    assert_eq!((status, code.as_str()), (400, "InvalidAction"));
}
