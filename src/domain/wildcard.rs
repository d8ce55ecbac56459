//! Patterns as AWS writes them, in policies and in ARNs.

/// Whether a text fits a pattern in which `*` stands for any characters and `?` for one.
///
/// Takes steps in proportion to the two lengths multiplied at most, whatever the pattern: some come from a client.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on if the present reading fails: just after the last `*`, one character later each time.
    let mut retry = None;
    loop {
        let (before, mut rest) = (text.clone(), pattern.clone());
        match (rest.next(), text.next()) {
            (Some('*'), _) => {
                text = before.clone();
                retry = Some((rest.clone(), before));
                pattern = rest;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => pattern = rest,
            (None, None) => return true,
            // The text is at its end, and the pattern wants more.
            (_, None) => return false,
            (_, Some(_)) => {
                let Some((after, from)) = &mut retry else { return false };
                from.next();
                (pattern, text) = (after.clone(), from.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("*", "anything", true)]
    #[case("ce:Get?ostAndUsage", "ce:GetCostAndUsage", true)]
    #[case("ce:*Usage", "ce:GetCostAndUsage", true)]
    #[case("ce:*Usage", "ce:GetCostAndUsageWithResources", false)]
    #[case("ce:*usage", "ce:GetCostAndUsage", false)]
    #[case("a*b*c", "aXbXbXc", true)]
    #[case("a*b*c", "aXbXbX", false)]
    #[case("a**", "a", true)]
    #[case("", "", true)]
    #[case("*", "", true)]
    #[case("", "x", false)]
    #[case("x?", "x", false)]
    #[case("x?", "xø", true)]
    fn patterns(#[case] pattern: &str, #[case] text: &str, #[case] fit: bool) {
        assert_eq!(fits(pattern, text), fit);
    }

    #[test]
    fn no_pattern_takes_long() {
        assert!(!fits(&("*a".repeat(2_000) + "z"), &"a".repeat(2_000)));
        assert!(!fits(&("*".repeat(40) + "z"), &"a".repeat(40)));
    }

    /// What a pattern means, in the plainest way.
    fn plainly(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], _) => (0..=text.len()).any(|skip| plainly(rest, &text[skip..])),
            ([wanted, rest @ ..], [found, text @ ..]) => (*wanted == '?' || wanted == found) && plainly(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_is_what_the_plainest_reading_says(pattern in "[ab?*]{0,8}", text in "[ab]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), plainly(&chars(&pattern), &chars(&text)));
        }

        #[test]
        fn a_text_fits_itself_and_stars_around_it(text in "[a-zA-Z:*?]{0,20}", before in ".{0,5}", after in ".{0,5}") {
            prop_assert!(fits(&text, &text));
            let (wide, long) = (format!("*{text}*"), format!("{before}{text}{after}"));
            prop_assert!(fits(&wide, &long));
        }
    }
}
