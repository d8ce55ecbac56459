//! What a security-group request opens, in the shapes CloudTrail records it.

use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ports from which a host is administered: SSH and RDP.
const ADMIN_PORTS: [i64; 2] = [22, 3389];

/// What one request opens to the whole internet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Opened {
    /// Some rule names the whole internet.
    pub world: bool,
    /// Some rule lets the whole internet reach SSH or RDP.
    pub admin: bool,
}

/// Reads `ipPermissions`, the single-rule form, and `ModifySecurityGroupRulesRequest`.
pub(super) fn opened(json: &Value) -> Opened {
    let Some(asked) = json.get("requestParameters") else { return Opened::default() };
    let mut rules: Vec<&Value> = vec![asked];
    rules.extend(members(asked.pointer("/ipPermissions/items")));
    for rule in members(asked.pointer("/ModifySecurityGroupRulesRequest/SecurityGroupRule")) {
        rules.extend(rule.get("SecurityGroupRule"));
    }
    let mut opened = Opened::default();
    for rule in rules.into_iter().filter(|rule| names_the_world(rule)) {
        opened.world = true;
        opened.admin |= ADMIN_PORTS.into_iter().any(|port| covers(rule, port));
    }
    opened
}

fn members(list: Option<&Value>) -> Vec<&Value> {
    match list {
        Some(Value::Array(items)) => items.iter().collect(),
        other => other.into_iter().collect(),
    }
}

fn field<'a>(rule: &'a Value, names: [&str; 2]) -> Option<&'a Value> {
    names.into_iter().find_map(|name| rule.get(name))
}

fn names_the_world(rule: &Value) -> bool {
    let ranges = members(rule.pointer("/ipRanges/items")).into_iter().chain(members(rule.pointer("/ipv6Ranges/items")));
    let listed = ranges.filter_map(|range| field(range, ["cidrIp", "cidrIpv6"]));
    let single = ["cidrIp", "cidrIpv6", "CidrIpv4", "CidrIpv6"].into_iter().filter_map(|name| rule.get(name));
    listed.chain(single).filter_map(Value::as_str).any(is_world)
}

/// The whole internet, or a half of it: two halves are a known way around a test for `/0`.
pub(super) fn is_world(cidr: &str) -> bool {
    let Some((address, prefix)) = cidr.trim().split_once('/') else { return false };
    let Ok(prefix) = prefix.parse::<u8>() else { return false };
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => {
            prefix == 0 || (prefix == 1 && (v4.is_unspecified() || v4 == Ipv4Addr::new(128, 0, 0, 0)))
        }
        // 2000::/3 is all of the public IPv6 space.
        Ok(IpAddr::V6(v6)) => prefix <= 1 || (prefix <= 3 && v6 == Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0)),
        Err(_) => false,
    }
}

fn covers(rule: &Value, port: i64) -> bool {
    let protocol = field(rule, ["ipProtocol", "IpProtocol"]);
    let protocol = match protocol {
        Some(Value::String(s)) => s.to_ascii_lowercase(),
        Some(Value::Number(n)) => n.to_string(),
        _ => return false,
    };
    let fits = match protocol.as_str() {
        "-1" | "all" => return true,
        "tcp" | "6" => true,
        "udp" | "17" => port == 3389,
        _ => false,
    };
    let number = |names| field(rule, names).and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
    match (number(["fromPort", "FromPort"]), number(["toPort", "ToPort"])) {
        (Some(-1), _) => fits,
        (Some(from), Some(to)) => fits && (from..=to).contains(&port),
        // EC2 takes an absent end of the range for the other end, and an absent range for all ports.
        (Some(only), None) | (None, Some(only)) => fits && only == port,
        (None, None) => fits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn rule(protocol: &str, from: i64, to: i64, cidr: &str) -> Value {
        let list = if cidr.contains(':') {
            json!({"ipv6Ranges": {"items": [{"cidrIpv6": cidr}]}})
        } else {
            json!({"ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}, {"cidrIp": cidr}]}})
        };
        let mut rule =
            json!({"ipProtocol": protocol, "fromPort": from, "toPort": to, "groups": {}, "prefixListIds": {}});
        rule.as_object_mut().unwrap().extend(list.as_object().unwrap().clone());
        json!({"requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": [rule]}}})
    }

    #[rstest]
    #[case(rule("tcp", 22, 22, "0.0.0.0/0"), true, true)]
    #[case(rule("tcp", 0, 65535, "::/0"), true, true)]
    #[case(rule("udp", 3389, 3389, "0.0.0.0/0"), true, true)]
    #[case(rule("udp", 22, 22, "0.0.0.0/0"), true, false)]
    #[case(rule("tcp", 443, 443, "0.0.0.0/0"), true, false)]
    #[case(rule("tcp", 22, 22, "128.0.0.0/1"), true, true)]
    #[case(rule("tcp", 22, 22, "0.0.0.0/24"), false, false)]
    #[case(rule("tcp", 22, 22, "203.0.113.7/32"), false, false)]
    #[case(json!({"requestParameters": {"groupName": "web", "ipProtocol": "tcp", "fromPort": 20, "toPort": 25, "cidrIp": "0.0.0.0/0"}}), true, true)]
    #[case(json!({"requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "-1", "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}}}), true, true)]
    #[case(json!({"requestParameters": {"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "0.0.0.0/0"}}}}}), true, true)]
    #[case(json!({"requestParameters": null}), false, false)]
    #[case(json!({}), false, false)]
    fn what_is_opened_is_read_from_every_shape(#[case] json: Value, #[case] world: bool, #[case] admin: bool) {
        assert_eq!(opened(&json), Opened { world, admin });
    }

    #[test]
    fn a_world_range_and_an_admin_port_in_two_rules_do_not_add_up() {
        let json = json!({"requestParameters": {"ipPermissions": {"items": [
            {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}},
            {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}}});
        assert_eq!(opened(&json), Opened { world: true, admin: false });
    }
}
