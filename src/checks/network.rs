//! What a request on a security group or a network ACL opens, in the shapes CloudTrail records it.

use crate::trail::{Kind, Part, flag};
use serde_json::Number;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ports from which a host is administered: SSH and RDP.
const ADMIN_PORTS: [i64; 2] = [22, 3389];
/// Ports of databases, caches and control interfaces that have no business on the internet: SQL Server, Oracle, Docker,
/// MySQL, PostgreSQL, Kibana, Redis, Elasticsearch, kubelet, memcached, MongoDB.
const DATA_PORTS: [i64; 11] = [1433, 1521, 2375, 3306, 5432, 5601, 6379, 9200, 10250, 11211, 27017];
/// Ports that are meant for everybody.
const WEB_PORTS: [i64; 2] = [80, 443];

/// What one request opens to the whole internet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Opened {
    /// Some rule names the whole internet.
    pub world: bool,
    /// Some rule lets the whole internet reach SSH or RDP.
    pub admin: bool,
    /// Some rule lets the whole internet reach every port.
    pub all: bool,
    /// Some rule, other than for all ports, lets the whole internet reach a data port.
    pub data: bool,
    /// Some rule opens other ports than these and those of the web.
    pub other: bool,
}

/// Reads `ipPermissions`, the single-rule form, and `ModifySecurityGroupRulesRequest`.
pub(super) fn opened(json: Part<'_>) -> Opened {
    let Some(asked) = json.get("requestParameters") else { return Opened::default() };
    let mut rules: Vec<Part<'_>> = vec![asked];
    rules.extend(members(asked.at("/ipPermissions/items")));
    for rule in members(asked.at("/ModifySecurityGroupRulesRequest/SecurityGroupRule")) {
        rules.extend(rule.get("SecurityGroupRule"));
    }
    let mut opened = Opened::default();
    for rule in rules.into_iter().filter(|rule| names_the_world(*rule)) {
        opened.world = true;
        let Some((from, to)) = ports(rule) else { continue };
        // Of the administration ports, UDP carries RDP alone.
        let covers = |port: i64| (from..=to).contains(&port) && !(port == 22 && is_udp(rule));
        let all = from <= 1 && to >= 65_535;
        let admin = ADMIN_PORTS.into_iter().any(covers);
        let data = !all && DATA_PORTS.into_iter().any(covers);
        let web = from == to && WEB_PORTS.contains(&from);
        opened.all |= all;
        opened.admin |= admin;
        opened.data |= data;
        opened.other |= !(all || admin || data || web);
    }
    opened
}

/// Whether an entry of a network ACL lets the whole internet in on all ports or on one for administration.
pub(super) fn nacl_open(json: Part<'_>) -> bool {
    let Some(asked) = json.get("requestParameters") else { return false };
    let says = |name: &str, word: &str| {
        asked.get(name).is_some_and(|v| v.as_str().is_some_and(|s| s.eq_ignore_ascii_case(word)))
    };
    let inbound = flag(asked.get("egress")) == Some(false);
    let world = ["cidrBlock", "ipv6CidrBlock"].into_iter().filter_map(|n| asked.get(n)?.as_str()).any(is_world);
    let protocol = match field(asked, ["aclProtocol", "protocol"]).map(Part::kind) {
        Some(Kind::Text(text)) => text.to_ascii_lowercase(),
        Some(Kind::Number(number)) => number.to_string(),
        _ => return false,
    };
    let range = |end: &str| number(asked.at(&format!("/portRange/{end}")));
    let reaches = match protocol.as_str() {
        "-1" | "all" => true,
        "6" | "tcp" => range("from")
            .zip(range("to"))
            .is_none_or(|(from, to)| ADMIN_PORTS.into_iter().any(|port| (from..=to).contains(&port))),
        _ => false,
    };
    says("ruleAction", "allow") && inbound && world && reaches
}

fn number(value: Option<Part<'_>>) -> Option<i64> {
    value.and_then(|v| v.as_number().and_then(Number::as_i64).or_else(|| v.as_str()?.parse().ok()))
}

fn members(list: Option<Part<'_>>) -> Vec<Part<'_>> {
    match list.and_then(Part::members) {
        Some(items) => items.collect(),
        None => list.into_iter().collect(),
    }
}

fn field<'a>(rule: Part<'a>, names: [&str; 2]) -> Option<Part<'a>> {
    names.into_iter().find_map(|name| rule.get(name))
}

fn names_the_world(rule: Part<'_>) -> bool {
    let ranges = members(rule.at("/ipRanges/items")).into_iter().chain(members(rule.at("/ipv6Ranges/items")));
    let listed = ranges.filter_map(|range| field(range, ["cidrIp", "cidrIpv6"]));
    let single = ["cidrIp", "cidrIpv6", "CidrIpv4", "CidrIpv6"].into_iter().filter_map(|name| rule.get(name));
    listed.chain(single).filter_map(Part::as_str).any(is_world)
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

fn protocol(rule: Part<'_>) -> Option<String> {
    match field(rule, ["ipProtocol", "IpProtocol"])?.kind() {
        Kind::Text(text) => Some(text.to_ascii_lowercase()),
        Kind::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_udp(rule: Part<'_>) -> bool {
    matches!(protocol(rule).as_deref(), Some("udp" | "17"))
}

/// The ports a rule is about, first and last; nothing for a protocol without ports.
fn ports(rule: Part<'_>) -> Option<(i64, i64)> {
    match protocol(rule)?.as_str() {
        "-1" | "all" => return Some((0, 65_535)),
        "tcp" | "6" | "udp" | "17" => {}
        _ => return None,
    }
    let end = |names| number(field(rule, names));
    Some(match (end(["fromPort", "FromPort"]), end(["toPort", "ToPort"])) {
        (Some(-1), _) | (None, None) => (0, 65_535),
        (Some(from), Some(to)) => (from, to),
        // EC2 takes an absent end of the range for the other end, and an absent range for all ports.
        (Some(only), None) | (None, Some(only)) => (only, only),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Json;
    use rstest::rstest;
    use serde_json::{Value, json};

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
        let found = opened(Json::from(&json).root());
        assert_eq!((found.world, found.admin), (world, admin));
    }

    #[rstest]
    #[case(rule("tcp", 3306, 3306, "0.0.0.0/0"), (false, true, false))]
    #[case(rule("tcp", 5000, 6000, "::/0"), (false, true, false))]
    #[case(rule("-1", -1, -1, "0.0.0.0/0"), (true, false, false))]
    #[case(rule("tcp", 0, 65535, "0.0.0.0/0"), (true, false, false))]
    #[case(rule("tcp", 8080, 8080, "0.0.0.0/0"), (false, false, true))]
    #[case(rule("udp", 51820, 51820, "0.0.0.0/0"), (false, false, true))]
    #[case(rule("tcp", 80, 443, "0.0.0.0/0"), (false, false, true))]
    #[case(rule("tcp", 443, 443, "0.0.0.0/0"), (false, false, false))]
    #[case(rule("icmp", 8, -1, "0.0.0.0/0"), (false, false, false))]
    #[case(rule("tcp", 22, 22, "0.0.0.0/0"), (false, false, false))]
    #[case(rule("tcp", 5432, 5432, "10.0.0.0/8"), (false, false, false))]
    fn data_ports_all_ports_and_others_are_told_apart(#[case] json: Value, #[case] expected: (bool, bool, bool)) {
        let found = opened(Json::from(&json).root());
        assert_eq!((found.all, found.data, found.other), expected);
    }

    #[rstest]
    #[case(json!({"ruleAction": "allow", "egress": false, "aclProtocol": "-1", "cidrBlock": "0.0.0.0/0"}), true)]
    #[case(json!({"ruleAction": "allow", "egress": false, "aclProtocol": "6", "portRange": {"from": 20, "to": 30}, "ipv6CidrBlock": "::/0"}), true)]
    #[case(json!({"ruleAction": "allow", "egress": false, "aclProtocol": "6", "portRange": {"from": 443, "to": 443}, "cidrBlock": "0.0.0.0/0"}), false)]
    #[case(json!({"ruleAction": "deny", "egress": false, "aclProtocol": "-1", "cidrBlock": "0.0.0.0/0"}), false)]
    #[case(json!({"ruleAction": "allow", "egress": true, "aclProtocol": "-1", "cidrBlock": "0.0.0.0/0"}), false)]
    #[case(json!({"ruleAction": "allow", "egress": false, "aclProtocol": "-1", "cidrBlock": "10.0.0.0/8"}), false)]
    fn an_open_network_acl_is_known(#[case] asked: Value, #[case] open: bool) {
        assert_eq!(nacl_open(Json::from(&json!({"requestParameters": asked})).root()), open);
    }

    #[test]
    fn a_world_range_and_an_admin_port_in_two_rules_do_not_add_up() {
        let json = json!({"requestParameters": {"ipPermissions": {"items": [
            {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}},
            {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}}});
        assert_eq!(opened(Json::from(&json).root()), Opened { world: true, ..Opened::default() });
    }
}
