//! What pipelines do: deploy.

use super::Site;
use crate::sim::events::{Call, session_opened};
use serde_json::json;

/// A pipeline exchanging its OIDC token for a session.
pub(crate) fn oidc_session(site: Site<'_>, role: &str, session: &str, subject: &str) -> Call {
    let arn = format!("arn:aws:iam::{}:role/{role}", site.account);
    let mut answer = session_opened(site.account, role, session);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("subjectFromWebIdentityToken".to_owned(), subject.into());
        fields.insert("audience".to_owned(), "sts.amazonaws.com".into());
        let provider = format!("arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com", site.account);
        fields.insert("provider".to_owned(), provider.into());
    }
    let mut call = Call::read("sts", "AssumeRoleWithWebIdentity")
        .asks(json!({"roleArn": arn, "roleSessionName": session, "durationSeconds": 3600}))
        .answers(answer)
        .on("AWS::IAM::Role", &arn)
        .on("AWS::STS::AssumedRole", session);
    call.resources.push((arn, "AWS::IAM::Role"));
    call
}

/// Deployments in one Region.
pub(crate) fn pipeline(site: Site<'_>) -> Vec<Call> {
    let Site { account, region, work, env, .. } = site;
    let function = format!("{work}-{env}-api");
    let stack = format!("{work}-{env}");
    let stack_id = site.arn("cloudformation", &format!("stack/{stack}/{}", site.key("stack")));
    let cluster = format!("{work}-{env}");
    let security_group = site.id("sg", "app");
    let artifacts = site.bucket("artifacts");
    let s3 = |call: Call| {
        call.adds(json!({
            "SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": 214.0,
            "AuthenticationMethod": "AuthHeader", "x-amz-id-2": "~x32", "bytesTransferredOut": 0.0,
        }))
        .on("AWS::S3::Bucket", &artifacts)
    };
    vec![
        Call::write("lambda", "UpdateFunctionCode20150331v2")
            .asks(json!({"functionName": function, "s3Bucket": artifacts, "s3Key": "lambda/~k12.zip", "dryRun": false, "publish": false}))
            .answers(json!({
                "functionName": function,
                "functionArn": site.arn("lambda", &format!("function:{function}")),
                "runtime": "python3.13",
                "role": format!("arn:aws:iam::{account}:role/{work}-{env}-lambda"),
                "handler": "app.handler",
                "codeSize": 4_183_220,
                "codeSha256": "~h32",
                "lastModified": "~T00",
                "version": "$LATEST",
                "state": "Active",
                "lastUpdateStatus": "InProgress",
                "packageType": "Zip",
                "architectures": ["arm64"],
            }))
            .on("AWS::Lambda::Function", &function),
        Call::write("lambda", "PublishVersion20150331").asks(json!({"functionName": function, "description": "build ~b06"})),
        Call::write("ecs", "RegisterTaskDefinition").asks(json!({
            "family": format!("{work}-{env}"),
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "512",
            "memory": "1024",
            "containerDefinitions": [{"name": work, "image": format!("{account}.dkr.ecr.{region}.amazonaws.com/{work}:~g07"), "essential": true}],
        })),
        Call::write("ecs", "UpdateService").asks(json!({
            "cluster": cluster, "service": work, "taskDefinition": format!("{work}-{env}"), "forceNewDeployment": true,
        })),
        Call::write("ecr", "PutImage").asks(json!({
            "registryId": account.to_string(), "repositoryName": work, "imageTag": "~g07", "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        })),
        Call::write("cloudformation", "CreateChangeSet")
            .asks(json!({"stackName": stack, "changeSetName": "deploy-~k08", "changeSetType": "UPDATE", "capabilities": ["CAPABILITY_IAM"]}))
            .answers(json!({"id": site.arn("cloudformation", "changeSet/deploy-~k08/~r08-~s04-4~t03-8~u03-~v12"), "stackId": stack_id}))
            .on("AWS::CloudFormation::Stack", &stack),
        Call::write("cloudformation", "ExecuteChangeSet")
            .asks(json!({"stackName": stack, "changeSetName": "deploy-~k08"}))
            .on("AWS::CloudFormation::Stack", &stack),
        Call::write("ec2", "CreateLaunchTemplateVersion").asks(json!({"CreateLaunchTemplateVersionRequest": {
            "LaunchTemplateId": site.id("lt", "app"), "SourceVersion": "$Latest", "LaunchTemplateData": {"ImageId": "ami-0~a16"},
        }})),
        Call::write("autoscaling", "UpdateAutoScalingGroup")
            .asks(json!({"autoScalingGroupName": format!("{work}-{env}-asg"), "desiredCapacity": 4, "minSize": 2, "maxSize": 12})),
        Call::write("ec2", "AuthorizeSecurityGroupIngress")
            .asks(json!({
                "groupId": security_group,
                "ipPermissions": {"items": [{
                    "ipProtocol": "tcp", "fromPort": 8443, "toPort": 8443, "groups": {},
                    "ipRanges": {"items": [{"cidrIp": "10.20.0.0/16", "description": "service mesh"}]},
                    "ipv6Ranges": {}, "prefixListIds": {},
                }]},
            }))
            .answers(json!({
                "requestId": "~r08-~s04-4~t03-8~u03-~v12",
                "_return": true,
                "securityGroupRuleSet": {"items": [{
                    "groupOwnerId": account.to_string(), "groupId": security_group, "securityGroupRuleId": "sgr-0~g16",
                    "isEgress": false, "ipProtocol": "tcp", "fromPort": 8443, "toPort": 8443, "cidrIpv4": "10.20.0.0/16",
                }]},
            }))
            .on("AWS::EC2::SecurityGroup", &security_group),
        Call::write("dynamodb", "UpdateTable")
            .asks(json!({"tableName": format!("{work}-{env}"), "provisionedThroughput": {"readCapacityUnits": 40, "writeCapacityUnits": 20}}))
            .on("AWS::DynamoDB::Table", &format!("{work}-{env}")),
        Call::write("monitoring", "PutMetricAlarm").asks(json!({
            "alarmName": format!("{function}-errors"), "metricName": "Errors", "namespace": "AWS/Lambda", "statistic": "Sum",
            "period": 300, "evaluationPeriods": 1, "threshold": 5.0, "comparisonOperator": "GreaterThanThreshold",
        })),
        Call::write("ssm", "PutParameter")
            .asks(json!({"name": format!("/{work}/{env}/version"), "value": "HIDDEN_DUE_TO_SECURITY_REASONS", "type": "String", "overwrite": true}))
            .answers(json!({"tier": "Standard", "version": 41})),
        Call::write("logs", "PutRetentionPolicy").asks(json!({"logGroupName": format!("/aws/lambda/{function}"), "retentionInDays": 30})),
        s3(Call::write("s3", "PutBucketTagging").asks(json!({
            "bucketName": artifacts, "Host": format!("{artifacts}.s3.{region}.amazonaws.com"), "tagging": "",
            "Tagging": {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "TagSet": {"Tag": [{"Key": "team", "Value": work}]}},
        }))),
        s3(Call::write("s3", "PutBucketLifecycle").asks(json!({
            "bucketName": artifacts, "Host": format!("{artifacts}.s3.{region}.amazonaws.com"), "lifecycle": "",
            "LifecycleConfiguration": {
                "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
                "Rule": {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}},
            },
        }))),
        Call::write("rds", "ModifyDBInstance")
            .asks(json!({
                "dBInstanceIdentifier": format!("{work}-{env}"), "applyImmediately": false,
                "allowMajorVersionUpgrade": false, "preferredMaintenanceWindow": "sun:03:00-sun:04:00",
            }))
            .on("AWS::RDS::DBInstance", &format!("{work}-{env}")),
    ]
}
