//! Where the operator keeps the role templates for links that open the AWS console with one.

use super::Untrusted;
use std::{fmt, str::FromStr};

/// Why a text is not such a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not an https URL of a place in S3: write one like https://<bucket>.s3.<region>.amazonaws.com/<folder>"
)]
pub struct TemplateUrlError(String);

/// The https URL of a folder in S3, without the `/` at its end. CloudFormation takes a template by URL from S3 only, and
/// at most 1,024 characters of URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateUrl(String);

impl TemplateUrl {
    /// The URL of a file in it.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }
}

impl FromStr for TemplateUrl {
    type Err = TemplateUrlError;
    fn from_str(text: &str) -> Result<Self, TemplateUrlError> {
        let good = || {
            let (host, path) = text.strip_prefix("https://")?.split_once('/').unwrap_or((text.get(8..)?, ""));
            let label =
                |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let amazon = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"];
            let service = amazon.iter().find_map(|end| host.strip_suffix(end))?;
            let s3 = service.split('.').any(|l| l == "s3" || l.starts_with("s3-"));
            let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b));
            (text.len() <= 900 && s3 && host.split('.').all(label) && plain).then_some(())
        };
        match good() {
            Some(()) => Ok(Self(text.trim_end_matches('/').to_owned())),
            None => Err(TemplateUrlError(Untrusted::new(text).for_tui(120))),
        }
    }
}

impl fmt::Display for TemplateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://agency-roles.s3.eu-west-1.amazonaws.com/bailiwick/v1/")]
    #[case("https://agency.roles.s3.amazonaws.com")]
    #[case("https://s3.cn-north-1.amazonaws.com.cn/agency-roles")]
    #[case("https://s3-eu-west-1.amazonaws.com/agency-roles")]
    fn a_place_in_s3_is_taken(#[case] text: &str) {
        let url: TemplateUrl = text.parse().unwrap();
        assert_eq!(url.file("a.yaml"), format!("{}/a.yaml", text.trim_end_matches('/')));
    }

    #[rstest]
    #[case("")]
    #[case("http://agency.s3.amazonaws.com/x")]
    #[case("https://example.com/x")]
    #[case("https://s3.amazonaws.com.example.com/x")]
    #[case("https://user@agency.s3.amazonaws.com/x")]
    #[case("https://agency.s3.amazonaws.com:8443/x")]
    #[case("https://agency.ec2.amazonaws.com/x")]
    #[case("https://agency.s3.amazonaws.com/x?y=z")]
    #[case("https://agency.s3.amazonaws.com/x#y")]
    #[case("https://agency.s3.amazonaws.com/x y")]
    #[case("https://agency.s3.amazonaws.com/x'y")]
    #[case("https://agency.s3.amazonaws.com/x\u{202e}")]
    fn anything_else_is_refused_and_shown_safely(#[case] text: &str) {
        let said = text.parse::<TemplateUrl>().unwrap_err().to_string();
        assert!(said.contains("is not an https URL of a place in S3") && !said.contains('\u{202e}'), "{said}");
    }

    #[test]
    fn a_very_long_one_is_refused_in_few_words() {
        let long = format!("https://agency.s3.amazonaws.com/{}", "x".repeat(10_240));
        assert!(long.parse::<TemplateUrl>().unwrap_err().to_string().len() < 300);
    }
}
