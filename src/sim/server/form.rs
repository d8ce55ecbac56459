//! `application/x-www-form-urlencoded` bodies of the query protocol.

use std::collections::BTreeMap;

/// The decoded fields; the last one wins where a name is repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads any bytes; what is not valid UTF-8 becomes U+FFFD, a broken `%` escape stays as it is.
    pub fn parse(body: &[u8]) -> Self {
        let fields = body.split(|&b| b == b'&').filter(|field| !field.is_empty()).map(|field| {
            let mut halves = field.splitn(2, |&b| b == b'=');
            (decoded(halves.next().unwrap_or_default()), decoded(halves.next().unwrap_or_default()))
        });
        Self(fields.collect())
    }

    /// The value of a field, if it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a list such as `Tags.member.N…` has any member.
    pub fn has_list(&self, name: &str) -> bool {
        let prefix = format!("{name}.member.");
        self.0.range(prefix.clone()..).next().is_some_and(|(key, _)| key.starts_with(&prefix))
    }
}

fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value of one hexadecimal digit.
pub(super) fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_decoded_and_lists_found() {
        let form =
            Form::parse(b"Action=AssumeRole&RoleArn=arn%3Aaws%3aiam&Name=a+b%2&Tags.member.1.Key=x&Empty=&&Bare&A=b=c");
        assert_eq!(form.get("RoleArn"), Some("arn:aws:iam"));
        assert_eq!(form.get("Name"), Some("a b%2"));
        assert_eq!((form.get("Empty"), form.get("Bare"), form.get("A")), (Some(""), Some(""), Some("b=c")));
        assert!(form.has_list("Tags") && !form.has_list("PolicyArns") && !form.has_list("Tag"));
        assert_eq!(Form::parse(b"x=%ff%zz").get("x"), Some("\u{fffd}%zz"));
    }

    proptest! {
        #[test]
        fn any_text_survives_its_encoding(text in any::<String>(), noise in any::<Vec<u8>>()) {
            let encoded: String = text.bytes().map(|b| format!("%{b:02X}")).collect();
            let form = Form::parse(format!("Value={encoded}").as_bytes());
            prop_assert_eq!(form.get("Value"), Some(text.as_str()));
            Form::parse(&noise);
        }
    }
}
