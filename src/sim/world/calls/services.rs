//! What AWS services, functions and monitoring do by themselves, all day long.

use super::Site;
use crate::domain::AccountId;
use crate::sim::events::Call;
use serde_json::{Value, json};

/// Services that open sessions of the roles made for them: (host, role, session).
const SERVICE_ROLES: [(&str, &str, &str); 8] = [
    ("config.amazonaws.com", "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", "AWSConfig-Describe"),
    (
        "autoscaling.amazonaws.com",
        "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        "AutoScaling",
    ),
    ("ec2.amazonaws.com", "app-instance", "i-0~i16"),
    ("lambda.amazonaws.com", "app-lambda", "app-api"),
    ("ecs-tasks.amazonaws.com", "app-task", "~i32"),
    ("ssm.amazonaws.com", "aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM", "StateManagerService"),
    (
        "access-analyzer.amazonaws.com",
        "aws-service-role/access-analyzer.amazonaws.com/AWSServiceRoleForAccessAnalyzer",
        "access-analyzer",
    ),
    (
        "resource-explorer-2.amazonaws.com",
        "aws-service-role/resource-explorer-2.amazonaws.com/AWSServiceRoleForResourceExplorer",
        "resource-explorer",
    ),
];

/// `AssumeRole` by AWS services, the most common event of all: (host, call).
pub(crate) fn assumed_by_services(account: AccountId) -> Vec<(&'static str, Call)> {
    SERVICE_ROLES.iter().map(|(host, role, session)| (*host, Call::assume_role(account, role, session, None))).collect()
}

/// Events that AWS records about its own doings: (host, call).
pub(crate) fn own_events(site: Site<'_>) -> Vec<(&'static str, Call)> {
    let key = site.key("app");
    let mut rotate = Call::service_event("kms", "RotateKey", json!({"keyId": key, "rotationType": "AUTOMATIC"}))
        .on("AWS::KMS::Key", &site.arn("kms", &format!("key/{key}")));
    rotate.resources.push((site.arn("kms", &format!("key/{key}")), "AWS::KMS::Key"));
    let job = json!({"backupJobId": "~r08-~s04-4~t03-8~u03-~v12", "state": "COMPLETED", "resourceType": "EBS", "percentDone": 100.0});
    vec![
        ("backup.amazonaws.com", Call::service_event("backup", "BackupJobCompleted", job)),
        ("kms.amazonaws.com", rotate),
    ]
}

/// What functions and tasks write: log streams, mostly.
pub(crate) fn functions(site: Site<'_>) -> Vec<Call> {
    let Site { work, env, .. } = site;
    let stream = |group: String| {
        Call::write("logs", "CreateLogStream")
            .asks(json!({"logGroupName": group, "logStreamName": "~Y00/[$LATEST]~k32"}))
    };
    vec![
        stream(format!("/aws/lambda/{work}-{env}-api")),
        stream(format!("/aws/lambda/{work}-{env}-worker")),
        stream(format!("/ecs/{work}-{env}")),
        Call::write("ec2", "CreateNetworkInterface")
            .asks(json!({
                "subnetId": site.id("subnet", "b"), "description": format!("AWS Lambda VPC ENI-{work}-{env}-api"),
                "groupSet": {"items": [{"groupId": site.id("sg", "lambda")}]},
            }))
            .answers(json!({"requestId": "~r08-~s04-4~t03-8~u03-~v12", "networkInterface": {
                "networkInterfaceId": "eni-0~g16", "subnetId": site.id("subnet", "b"), "vpcId": site.id("vpc", "main"), "status": "pending",
            }})),
        Call::write("ec2", "DeleteNetworkInterface")
            .asks(json!({"networkInterfaceId": "eni-0~g16"}))
            .answers(json!({"requestId": "~r08-~s04-4~t03-8~u03-~v12", "_return": true})),
        Call::write("glue", "StartJobRun").asks(json!({"jobName": format!("{work}-{env}-nightly")})).answers(json!({"jobRunId": "jr_~k32"})),
    ]
}

/// What the nightly backup does.
pub(crate) fn backups(site: Site<'_>) -> Vec<Call> {
    let key = site.arn("kms", &format!("key/{}", site.key("backup")));
    vec![
        Call::write("ec2", "CreateSnapshot")
            .asks(json!({"volumeId": site.id("vol", "data"), "description": "This snapshot is created by the AWS Backup service."}))
            .answers(json!({
                "requestId": "~r08-~s04-4~t03-8~u03-~v12", "snapshotId": "snap-0~g16", "volumeId": site.id("vol", "data"),
                "status": "pending", "startTime": "~M00", "volumeSize": "200", "encrypted": true,
            })),
        Call::write("ec2", "DeleteSnapshot")
            .asks(json!({"snapshotId": "snap-0~g16"}))
            .answers(json!({"requestId": "~r08-~s04-4~t03-8~u03-~v12", "_return": true})),
        Call::write("kms", "CreateGrant")
            .asks(json!({
                "keyId": key, "granteePrincipal": "backup.amazonaws.com", "operations": ["Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"],
                "constraints": {"encryptionContextSubset": {"aws:ebs:id": site.id("vol", "data")}},
            }))
            .answers(json!({"grantId": "~k64", "keyId": key}))
            .on("AWS::KMS::Key", &key),
        Call::write("rds", "CreateDBSnapshot").asks(json!({
            "dBSnapshotIdentifier": "awsbackup:job-~k32", "dBInstanceIdentifier": format!("{}-{}", site.work, site.env),
        })),
        Call::write("backup", "StartBackupJob").asks(json!({
            "backupVaultName": "Default", "resourceArn": site.arn("ec2", &format!("volume/{}", site.id("vol", "data"))),
            "iamRoleArn": format!("arn:aws:iam::{}:role/service-role/AWSBackupDefaultServiceRole", site.account),
        })),
    ]
}

/// What monitoring reads. Not part of essential depth.
pub(crate) fn monitoring_reads(site: Site<'_>) -> Vec<Call> {
    let empty: Value = json!({});
    vec![
        Call::read("ec2", "DescribeInstances").asks(json!({"instancesSet": {}, "filterSet": {}})),
        Call::read("ec2", "DescribeVolumes").asks(json!({"volumeSet": {}, "filterSet": {}})),
        Call::read("rds", "DescribeDBInstances").asks(empty.clone()),
        Call::read("elasticloadbalancing", "DescribeLoadBalancers").asks(json!({"pageSize": 400})),
        Call::read("lambda", "ListFunctions20150331").asks(json!({"maxItems": 50})),
        Call::read("monitoring", "DescribeAlarms").asks(json!({"maxRecords": 100})),
        Call::read("sqs", "ListQueues").asks(empty),
        Call::read("s3", "ListBuckets").asks(json!({"Host": format!("s3.{}.amazonaws.com", site.region)})),
        Call::read("kms", "DescribeKey").asks(json!({"keyId": site.key("app")})),
        Call::read("ecs", "DescribeServices")
            .asks(json!({"cluster": format!("{}-{}", site.work, site.env), "services": [site.work]})),
    ]
}
