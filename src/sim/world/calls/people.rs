//! What people do by hand: through IAM Identity Center, in the console and on the command line.

use super::Site;
use crate::sim::events::{Call, session_opened};
use serde_json::json;

/// IAM Identity Center opening a session of a permission set's role.
pub(crate) fn saml_session(site: Site<'_>, provider: &str, role: &str, user: &str) -> Call {
    let account = site.account;
    let arn = format!("arn:aws:iam::{account}:role/{role}");
    let provider_arn = format!("arn:aws:iam::{account}:saml-provider/{provider}");
    let mut answer = session_opened(account, role, user);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("subjectType".to_owned(), "persistent".into());
        fields.insert(
            "issuer".to_owned(),
            format!("https://portal.sso.{}.amazonaws.com/saml/assertion/~i20", site.region).into(),
        );
        fields.insert("audience".to_owned(), "https://signin.aws.amazon.com/saml".into());
        fields.insert("subject".to_owned(), user.into());
    }
    let mut call = Call::read("sts", "AssumeRoleWithSAML")
        .asks(json!({"sAMLAssertionID": "_~i20", "roleSessionName": user, "durationSeconds": 28800, "roleArn": arn, "principalArn": provider_arn}))
        .answers(answer)
        .on("AWS::IAM::Role", &arn)
        .on("AWS::STS::AssumedRole", user);
    call.resources.push((arn, "AWS::IAM::Role"));
    call.resources.push((provider_arn, "AWS::IAM::SAMLProvider"));
    call
}

/// Small repairs and experiments of engineers.
pub(crate) fn console_work(site: Site<'_>) -> Vec<Call> {
    let Site { region, work, env, .. } = site;
    let database = format!("{work}-{env}");
    let bucket = site.bucket("assets");
    let instance = site.id("i", "bastion");
    vec![
        Call::write("ec2", "StopInstances")
            .asks(json!({"instancesSet": {"items": [{"instanceId": instance}]}, "force": false}))
            .answers(json!({"requestId": "~r08-~s04-4~t03-8~u03-~v12", "instancesSet": {"items": [{
                "instanceId": instance, "currentState": {"code": 64, "name": "stopping"}, "previousState": {"code": 16, "name": "running"},
            }]}}))
            .on("AWS::EC2::Instance", &instance),
        Call::write("ec2", "StartInstances")
            .asks(json!({"instancesSet": {"items": [{"instanceId": instance}]}}))
            .answers(json!({"requestId": "~r08-~s04-4~t03-8~u03-~v12", "instancesSet": {"items": [{
                "instanceId": instance, "currentState": {"code": 0, "name": "pending"}, "previousState": {"code": 80, "name": "stopped"},
            }]}}))
            .on("AWS::EC2::Instance", &instance),
        Call::write("ec2", "CreateTags")
            .asks(json!({
                "resourcesSet": {"items": [{"resourceId": site.id("vol", "data")}]},
                "tagSet": {"items": [{"key": "owner", "value": work}]},
            }))
            .answers(json!({"requestId": "~r08-~s04-4~t03-8~u03-~v12", "_return": true})),
        Call::write("ec2", "CreateSnapshot")
            .asks(json!({"volumeId": site.id("vol", "data"), "description": "before upgrade"}))
            .answers(json!({
                "requestId": "~r08-~s04-4~t03-8~u03-~v12", "snapshotId": "snap-0~g16", "volumeId": site.id("vol", "data"),
                "status": "pending", "startTime": "~M00", "volumeSize": "200", "encrypted": true,
            }))
            .on("AWS::EC2::Volume", &site.id("vol", "data")),
        Call::write("rds", "CreateDBSnapshot")
            .asks(json!({"dBSnapshotIdentifier": format!("{database}-~k06"), "dBInstanceIdentifier": database}))
            .on("AWS::RDS::DBInstance", &database),
        Call::write("rds", "RebootDBInstance")
            .asks(json!({"dBInstanceIdentifier": database, "forceFailover": false}))
            .on("AWS::RDS::DBInstance", &database),
        Call::write("s3", "PutBucketVersioning")
            .asks(json!({
                "bucketName": bucket, "Host": format!("s3.{region}.amazonaws.com"), "versioning": "",
                "VersioningConfiguration": {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "Status": "Enabled"},
            }))
            .on("AWS::S3::Bucket", &bucket),
        Call::write("monitoring", "DisableAlarmActions").asks(json!({"alarmNames": [format!("{work}-{env}-api-errors")]})),
        Call::write("monitoring", "EnableAlarmActions").asks(json!({"alarmNames": [format!("{work}-{env}-api-errors")]})),
        Call::write("monitoring", "PutDashboard").asks(json!({"dashboardName": format!("{work}-{env}")})),
        Call::write("ssm", "StartSession")
            .asks(json!({"target": instance}))
            .answers(json!({
                "sessionId": "session-~k17", "tokenValue": "HIDDEN_DUE_TO_SECURITY_REASONS",
                "streamUrl": format!("wss://ssmmessages.{region}.amazonaws.com/v1/data-channel/session-~k17?role=publish_subscribe"),
            })),
        Call::write("ecs", "StopTask").asks(json!({"cluster": format!("{work}-{env}"), "task": "~k32", "reason": "stuck"})),
        Call::write("sqs", "PurgeQueue")
            .asks(json!({"queueUrl": format!("https://sqs.{region}.amazonaws.com/{}/{work}-{env}-retry", site.account)})),
        Call::write("events", "PutRule").asks(json!({"name": format!("{work}-{env}-hourly"), "scheduleExpression": "rate(1 hour)", "state": "ENABLED"})),
        Call::write("athena", "StartQueryExecution").asks(json!({
            "queryString": "***OMITTED***", "workGroup": "primary", "clientRequestToken": "~c08-~k04-4~l03-9~m03-~n12",
        })),
    ]
}
