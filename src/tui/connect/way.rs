//! How an account is reached: a role of which only the account has to be typed, or a profile.

use super::{
    errand::{WayIn, first_role},
    form::{Field, Form},
};
use crate::{
    desk::Template,
    domain::{AccountId, Label, Partition, ProfileName, RoleArn},
};

const ROLE: usize = 0;
const PROFILE: usize = 1;
const ALIAS: usize = 2;

/// An empty form.
pub fn form() -> Form {
    Form::new(vec![
        Field::text("account", "its 12 digits, or the role's whole ARN", 700),
        Field::text("or profile", "of ~/.aws/config, where there is no role; else empty", 140),
        Field::text("alias", "what you call the account; may stay empty", 160),
    ])
}

/// The role that is meant: a whole ARN as it is, an account with the role that the template makes there.
pub fn role(value: &str, template: Template) -> Result<RoleArn, String> {
    if value.starts_with("arn:") {
        return value.parse::<RoleArn>().map_err(|e| e.to_string());
    }
    // As consoles show it, 1111-2222-3333.
    let digits: String = value.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let account: AccountId = digits.parse().map_err(|e: crate::domain::IdError| e.to_string())?;
    RoleArn::new(Partition::Aws, account, &first_role(template)).map_err(|e| e.to_string())
}

/// What is wrong with a value of the form. One of the first two is needed, and only one.
pub fn check(form: &Form, template: Template, at: usize, value: &str) -> Result<(), String> {
    match at {
        ROLE if value.is_empty() && form.value(PROFILE).is_empty() && form.at >= PROFILE => {
            Err("type the account in which the role is, or the name of a profile below".into())
        }
        ROLE if !value.is_empty() => role(value, template).map(drop),
        PROFILE if !value.is_empty() && !form.value(ROLE).is_empty() => {
            Err("an account is typed already: Ctrl-u in one of the two empties it".into())
        }
        PROFILE if !value.is_empty() => value.parse::<ProfileName>().map(drop).map_err(|e| e.to_string()),
        ALIAS if !value.is_empty() => value.parse::<Label>().map(drop).map_err(|e| e.to_string()),
        _ => Ok(()),
    }
}

/// What a form that is right says.
pub fn filled(form: &Form, template: Template) -> Option<(WayIn, Option<Label>)> {
    let alias = match form.value(ALIAS) {
        "" => None,
        text => Some(text.parse().ok()?),
    };
    let way = match form.value(ROLE) {
        "" => WayIn::Profile(form.value(PROFILE).parse().ok()?),
        text => WayIn::Role(role(text, template).ok()?),
    };
    Some((way, alias))
}

/// The ARN so far, with dots for digits that are not typed yet.
pub fn preview(form: &Form, template: Template) -> String {
    let typed = form.value(ROLE);
    match role(typed, template) {
        Ok(role) => role.to_string(),
        Err(_) if typed.is_empty() && !form.value(PROFILE).is_empty() => format!("profile {}", form.value(PROFILE)),
        Err(_) if typed.starts_with("arn:") => typed.to_owned(),
        Err(_) => {
            let digits: String = typed.chars().filter(char::is_ascii_digit).take(12).collect();
            format!("arn:aws:iam::{digits:·<12}:role/{}", first_role(template))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixtures::HOSTILE;
    use rstest::rstest;

    fn with(values: [&str; 3]) -> Form {
        let mut form = form();
        for (at, value) in values.into_iter().enumerate() {
            form.at = at;
            form.paste(value);
        }
        form
    }

    #[test]
    fn only_the_account_has_to_be_typed() {
        assert_eq!(preview(&form(), Template::Payer), "arn:aws:iam::············:role/bailiwick/bailiwick-payer");
        assert_eq!(
            preview(&with(["1111", "", ""]), Template::Member),
            "arn:aws:iam::1111········:role/bailiwick/bailiwick-member"
        );
        for typed in ["111122223333", "1111-2222-3333", "arn:aws:iam::111122223333:role/bailiwick/bailiwick-payer"] {
            let (way, alias) = filled(&with([typed, "", "main"]), Template::Organization).unwrap();
            let role = "arn:aws:iam::111122223333:role/bailiwick/bailiwick-payer".parse().unwrap();
            assert_eq!((way, alias.is_some()), (WayIn::Role(role), true));
        }
        let (way, _) = filled(&with(["", "acme-admin", ""]), Template::Payer).unwrap();
        assert_eq!(way, WayIn::Profile("acme-admin".parse().unwrap()));
    }

    #[rstest]
    #[case(["", "", ""], ROLE, "type the account")]
    #[case(["1234", "", ""], ROLE, "12")]
    #[case(["arn:aws:s3:::bucket", "", ""], ROLE, "iam")]
    #[case([HOSTILE, "", ""], ROLE, "12")]
    #[case(["111122223333", "acme", ""], PROFILE, "Ctrl-u")]
    #[case(["", HOSTILE, ""], PROFILE, "printable")]
    #[case(["111122223333", "", HOSTILE], ALIAS, "visible characters")]
    fn what_is_wrong_is_said_in_words(#[case] values: [&str; 3], #[case] at: usize, #[case] words: &str) {
        let form = with(values);
        let error = check(&form, Template::Payer, at, form.value(at)).unwrap_err();
        assert!(error.contains(words) && !error.contains(['\u{1b}', '\u{202e}']), "{error}");
    }
}
