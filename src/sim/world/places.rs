//! Regions, and how usage types name them.

use crate::domain::Region;

/// The Regions that are enabled in every new account of the `aws` partition, with the prefix of their usage types.
pub(crate) const DEFAULT_REGIONS: [(&str, &str); 17] = [
    ("us-east-1", "USE1"),
    ("us-east-2", "USE2"),
    ("us-west-1", "USW1"),
    ("us-west-2", "USW2"),
    ("ap-south-1", "APS3"),
    ("ap-northeast-1", "APN1"),
    ("ap-northeast-2", "APN2"),
    ("ap-northeast-3", "APN3"),
    ("ap-southeast-1", "APS1"),
    ("ap-southeast-2", "APS2"),
    ("ca-central-1", "CAN1"),
    ("eu-central-1", "EUC1"),
    ("eu-west-1", "EU"),
    ("eu-west-2", "EUW2"),
    ("eu-west-3", "EUW3"),
    ("eu-north-1", "EUN1"),
    ("sa-east-1", "SAE1"),
];

/// The usage-type prefix of a Region, `EUC1`.
pub(crate) fn usage_prefix(region: &str) -> &'static str {
    DEFAULT_REGIONS.iter().find(|(code, _)| *code == region).map_or("USE1", |(_, prefix)| prefix)
}

/// The codes as Regions; a code that did not parse would be missing, which a test excludes.
pub(crate) fn regions<'a>(codes: impl IntoIterator<Item = &'a str>) -> Vec<Region> {
    codes.into_iter().filter_map(|code| code.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_seventeen_regions_parse_and_are_distinct() {
        let all = regions(DEFAULT_REGIONS.iter().map(|(code, _)| *code));
        assert_eq!(all.len(), 17);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 17);
        assert_eq!((usage_prefix("eu-west-1"), usage_prefix("ap-south-1")), ("EU", "APS3"));
    }
}
