//! Files to begin from.

use super::ImportFormat;

const CSV: &str = "\
client,name,cost_basis,currency,notes,budget,role_arn,profile,external_id,alias,kind,depth
acme,Acme Retail,billable,USD,,12000,arn:aws:iam::111122223333:role/bailiwick/bailiwick-payer,,,acme payer,payer,
acme,,,,,,arn:aws:iam::111122224444:role/bailiwick/bailiwick-member,,,acme web,member,full
birch,\"Birch, Moor & Sons\",pro-forma,EUR,invoiced by a reseller,,arn:aws:iam::111122225555:role/audit-reader,,birch-7f3a91c2d45e4b0f,,,
cedar,Cedar Labs,unknown,,no access yet,,,,,,,
ours,Our own account,billable,USD,,,,our-admin,,,own,
";

const TOML: &str = r#"# One [[client]] for each client, one [[client.connection]] for each of its accounts. Access keys do not belong here.

[[client]]
id = "acme"                 # a short name of your own: lower-case letters, digits, hyphens
name = "Acme Retail"
cost_basis = "billable"     # billable, pro-forma or unknown
currency = "USD"
budget = 12000              # a month

[[client.connection]]
role_arn = "arn:aws:iam::111122223333:role/bailiwick/bailiwick-payer"
alias = "acme payer"
kind = "payer"              # payer, member, standalone or own; found out unless given

[[client.connection]]
role_arn = "arn:aws:iam::111122224444:role/bailiwick/bailiwick-member"
alias = "acme web"
depth = "full"              # which events are read: essential (the default) or full

[[client]]
id = "birch"
name = "Birch, Moor & Sons"
cost_basis = "pro-forma"
currency = "EUR"
notes = "invoiced by a reseller"
external_id = "birch-7f3a91c2d45e4b0f"   # only for roles that exist already and ask for this one

[[client.connection]]
role_arn = "arn:aws:iam::111122225555:role/audit-reader"

[[client]]
id = "cedar"
name = "Cedar Labs"
notes = "no access yet"

[[client]]
id = "ours"
name = "Our own account"

[[client.connection]]
profile = "our-admin"       # of this machine's AWS configuration
kind = "own"
"#;

/// A file with one of each.
pub fn example(format: ImportFormat) -> &'static str {
    match format {
        ImportFormat::Csv => CSV,
        ImportFormat::Toml => TOML,
    }
}
