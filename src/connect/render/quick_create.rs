//! A link that opens the CloudFormation console with the template and its parameters filled in.

use super::{RoleRequest, cloudformation};
use crate::domain::Partition;
use std::fmt::Write;

/// No link is made longer; mail programs and chats break longer ones.
const LIMIT: usize = 1_024;

/// The link, if there is a place for templates and it is short enough
/// (CloudFormation user guide, "Create quick-create links"). The template must lie there, as it is in `cloudformation/`.
pub fn url(request: &RoleRequest) -> Option<String> {
    let template = request.template_url.as_ref()?.file(cloudformation::file(request.template).0);
    let region = &request.region;
    let console = match request.principal.partition() {
        Partition::Aws => "console.aws.amazon.com",
        Partition::AwsCn => "console.amazonaws.cn",
        Partition::AwsUsGov => "console.amazonaws-us-gov.com",
        Partition::AwsEusc => "console.amazonaws-eusc.eu",
    };
    let mut url = format!(
        "https://{region}.{console}/cloudformation/home?region={region}#/stacks/create/review?templateURL={}&stackName={}",
        encoded(&template),
        request.template.stack()
    );
    for (name, value) in cloudformation::parameters(request) {
        let _ = write!(url, "&param_{name}={}", encoded(&value));
    }
    (url.len() <= LIMIT).then_some(url)
}

/// Percent-encoded but for what RFC 3986 calls unreserved.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}
