//! What a RunInstances record says about size and number.

use super::json::Part;

/// The instance type of a RunInstances record: asked for, or told in the answer when a launch template chose it.
pub fn instance_type(json: Part<'_>) -> Option<&str> {
    let told = || json.at("/responseElements/instancesSet/items/0/instanceType");
    json.at("/requestParameters/instanceType").or_else(told)?.as_str()
}

/// How many instances were started, or else how many were asked for.
pub fn instance_count(json: Part<'_>) -> Option<u64> {
    if let Some(items) = json.at("/responseElements/instancesSet/items").and_then(Part::members) {
        return u64::try_from(items.count()).ok();
    }
    let items = json.at("/requestParameters/instancesSet/items")?.members()?;
    Some(items.filter_map(|i| i.get("maxCount").or_else(|| i.get("minCount"))?.as_number()?.as_u64()).sum())
}

/// Whether a type has an accelerator or is very large: what a miner starts. Families from the EC2 instance type guide:
/// P, G, Gr (GPU), Trn, Inf, DL, VT (accelerators), F (FPGA), U (high memory); or 16xlarge and above, or bare metal
/// (of which Mac and A1 are small).
pub fn is_large(instance_type: &str) -> bool {
    let lower = instance_type.to_ascii_lowercase();
    let Some((family, size)) = lower.split_once('.') else { return false };
    let series = family.split(|c: char| c.is_ascii_digit() || c == '-').next().unwrap_or("");
    if matches!(series, "p" | "g" | "gr" | "trn" | "inf" | "dl" | "vt" | "f" | "u") {
        return true;
    }
    let times = size.strip_suffix("xlarge").and_then(|n| n.parse::<u32>().ok());
    times.is_some_and(|n| n >= 16) || (size.starts_with("metal") && !matches!(series, "mac" | "a"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("g5.48xlarge", true)]
    #[case("g4dn.xlarge", true)]
    #[case("gr6.4xlarge", true)]
    #[case("p4d.24xlarge", true)]
    #[case("trn1.2xlarge", true)]
    #[case("inf2.xlarge", true)]
    #[case("u-6tb1.metal", true)]
    #[case("c7i.metal-24xl", true)]
    #[case("m7i.16xlarge", true)]
    #[case("m7i.12xlarge", false)]
    #[case("t3.micro", false)]
    #[case("i4i.2xlarge", false)]
    #[case("hpc7g.4xlarge", false)]
    #[case("mac2.metal", false)]
    #[case("", false)]
    fn accelerators_and_the_very_large_are_told_apart(#[case] name: &str, #[case] large: bool) {
        assert_eq!(is_large(name), large);
    }
}
