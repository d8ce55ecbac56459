//! Files as people and spreadsheets write them, files that are wrong, and what is planned by what is there.

use super::*;
use crate::domain::{Access, Client, Connection, CostBasis, GateState, Timestamp};
use proptest::prelude::*;
use rstest::rstest;

const HEAD: &str = "client,name,cost_basis,currency,notes,budget,role_arn,profile,external_id,alias,kind,depth\n";

fn csv(text: &str) -> Vec<ImportRow> {
    read(text.as_bytes(), ImportFormat::Csv).unwrap()
}

/// What is wrong with the only row.
fn wrong(row: &str) -> String {
    let rows = csv(&format!("{HEAD}{row}\n"));
    assert_eq!(rows.len(), 1);
    rows[0].entry.clone().unwrap_err()
}

fn arn(account: u64) -> String {
    format!("arn:aws:iam::{account:012}:role/bailiwick/bailiwick-payer")
}

#[test]
fn both_examples_are_read_and_tell_the_same() {
    let rows = [ImportFormat::Csv, ImportFormat::Toml].map(|format| {
        let rows = read(example(format).as_bytes(), format).unwrap();
        rows.into_iter().map(|row| row.entry.unwrap()).collect::<Vec<_>>()
    });
    let ways = |rows: &[Entry]| rows.iter().map(|e| (e.client.clone(), e.way.clone())).collect::<Vec<_>>();
    assert_eq!((rows[0].len(), ways(&rows[0])), (5, ways(&rows[1])));
    for rows in rows {
        let birch = &rows[2];
        assert_eq!(birch.facts.name.as_ref().unwrap(), &"Birch, Moor & Sons");
        assert_eq!(birch.facts.cost_basis, Some(CostBasis::ProForma));
        assert_eq!(birch.external_id.as_ref().unwrap().reveal(), "birch-7f3a91c2d45e4b0f");
        assert_eq!(
            (rows[0].facts.budget.unwrap().to_string(), rows[0].kind),
            ("12000".into(), Some(ConnectionKind::Payer))
        );
        let plan = plan(&rows_of(&rows), &[], &[]);
        assert!(plan.rows.iter().all(|row| !matches!(row.step, RowStep::Refused(_))), "{plan:?}");
    }
}

fn rows_of(entries: &[Entry]) -> Vec<ImportRow> {
    let row = |(n, entry): (usize, &Entry)| ImportRow {
        line: n + 2,
        client: Some(entry.client.clone()),
        entry: Ok(entry.clone()),
    };
    entries.iter().enumerate().map(row).collect()
}

#[rstest]
#[case::unix("client,notes\na,x\n\nb,\"y\"\nc,\"one\ntwo\"\nd,z\n", [2, 4, 5, 7])]
#[case::windows_with_a_mark("\u{feff}client,notes\r\na,x\r\n\r\nb,\"y\"\r\nc,\"one\r\ntwo\"\r\nd,z\r\n", [2, 4, 5, 7])]
#[case::old_mac("client,notes\ra,x\r\rb,y\rc,\"one\rtwo\"\rd,z", [2, 4, 5, 7])]
#[case::semicolons_and_empty_rows("\n Client ; NOTES \na;x, y\n;;\nb;y\nc;\"o\np\"\nd;z\n", [3, 5, 6, 8])]
fn lines_are_counted_as_an_editor_does(#[case] text: &str, #[case] lines: [usize; 4]) {
    let rows = csv(text);
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), lines);
    let broken = rows[2].entry.clone().unwrap_err();
    assert!(broken.contains("notes holds a line break"), "{broken}");
    for row in [&rows[0], &rows[1], &rows[3]] {
        assert!(row.entry.is_ok(), "{row:?}");
    }
}

#[rstest]
#[case(",x,,,,,,,,,,", "it names no client")]
#[case("Acme Retail,,,,,,,,,,,", "client: client id \"Acme Retail\" is not valid: use 1 to 40")]
#[case("a,,billed,,,,,,,,,", "cost_basis \"billed\": write billable, pro-forma or unknown")]
#[case("a,,,Dollar,,,,,,,,", "currency \"Dollar\": write three capital letters")]
#[case("a,,,,,\"12,000\",,,,,,", "budget \"12,000\": write an amount without separators")]
#[case("a,,,,,,arn:aws:iam::123:role/x,,,,,", "exactly 12 digits")]
#[case("a,,,,,,arn:azure:iam::123456789012:role/x,,,,,", "partition \"azure\" is not known")]
#[case("a,,,,,,arn:aws:iam::123456789012:user/x,,,,,", "does not name a role")]
#[case("a,,,,,,arn:aws:iam::123456789012:role/x,p,,,,", "it has a role_arn and a profile")]
#[case("a,,,,,,,p,ext-id,,,", "a profile needs no external_id")]
#[case("a,,,,,,,,,web,,", "alias is told of an account, and the row has no role_arn or profile")]
#[case("a,,,,,,,p,,,manager,", "kind \"manager\": write payer, member, standalone or own")]
#[case("a,,,,,,arn:aws:iam::123456789012:role/x,,,,,deep", "depth \"deep\": write essential or full")]
#[case("a,,,,,,,,e x,,,", "ExternalId of 3 characters is not valid")]
#[case("a,x\u{202e}y,,,,,,,,,,", "⟨U+202E⟩")]
#[case("a,x\u{1b}[31my,,,,,,,,,,", "␛")]
#[case("a,Acme, Inc,,,,,,,,,,", "it has 13 cells and the head names 12 columns")]
#[case("a,x", "it has 2 cells and the head names 12 columns")]
#[case("a,,,,key AKIAIOSFODNN7EXAMPLE,,,,,,,", "notes holds an access key, which does not belong")]
#[case("Bad One,x\u{200b},,usd,,,,,,,,", "currency \"usd\"")]
fn a_wrong_cell_is_told_with_what_to_write(#[case] row: &str, #[case] words: &str) {
    let problem = wrong(row);
    assert!(problem.contains(words), "{problem}");
    assert!(!problem.contains("AKIA"), "{problem}");
    assert_eq!(Untrusted::new(problem.as_str()).for_log(), problem);
}

#[rstest]
#[case("name")]
#[case("notes")]
#[case("role_arn")]
#[case("external_id")]
#[case("profile")]
#[case("budget")]
fn a_cell_of_ten_kilobytes_is_refused_without_being_repeated(#[case] column: &str) {
    let rows = csv(&format!("client,{column}\na,{}\n", "x".repeat(10_240)));
    let problem = rows[0].entry.clone().unwrap_err();
    assert!(problem.contains("10240 bytes") && problem.len() < 200, "{problem}");
}

#[rstest]
#[case("", "it names no client")]
#[case("client\n", "it names no client")]
#[case("name\nx\n", "line 1: the first line must name the columns, and one of them must be client")]
#[case("client,colour\n", "line 1: there is no column \"colour\": the columns are client, name,")]
#[case("client,x\u{202e}\n", "no column \"x⟨U+202E⟩\"")]
#[case("client,client\n", "line 1: the column client is there twice")]
#[case("\n\nclient,Secret Access Key\n", "line 3: \"Secret Access Key\" is a secret, and secrets do not belong")]
#[case("client,aws_access_key_id\n", "is a secret")]
fn a_csv_file_that_is_of_no_use_says_why(#[case] text: &str, #[case] words: &str) {
    let error = read(text.as_bytes(), ImportFormat::Csv).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[rstest]
#[case("[[client]\n", "line 1: it is not TOML")]
#[case("\nclients = 1\n", "line 2: \"clients\" is not known here: at the top, only [[client]] is known")]
#[case("[client]\nid = \"a\"\n", "line 1: write [[client]] above each of them")]
#[case("[[client]]\nid = \"a\"\ncolour = \"b\"\n", "line 3: \"colour\" is not known here: a client has id, name,")]
#[case("[[client]]\nid = true\n", "line 2: write the value as a text in quotes")]
#[case(
    "[[client]]\nid = \"a\"\n[[client.connection]]\nsecret_access_key = \"x\"\n",
    "line 4: \"secret_access_key\" is a secret"
)]
#[case("# nothing\n", "it names no client")]
fn a_toml_file_that_is_of_no_use_says_why(#[case] text: &str, #[case] words: &str) {
    let error = read(text.as_bytes(), ImportFormat::Toml).unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn a_toml_file_has_a_line_for_each_connection_and_client() {
    let text = "[[client]]\nid = \"a\"\nbudget = 950.5\n\n[[client.connection]]\nprofile = \"p\"\n[[client.connection]]\n\
                alias = \"x\"\n\n[[client]]\nid = \"b\"\n";
    let rows = read(text.as_bytes(), ImportFormat::Toml).unwrap();
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [5, 7, 10]);
    assert_eq!(rows[0].entry.as_ref().unwrap().facts.budget.unwrap().to_string(), "950.5");
    let problem = rows[1].entry.clone().unwrap_err();
    assert!(problem.contains("a connection needs a role_arn or a profile"), "{problem}");
}

#[test]
fn what_is_no_text_names_its_line_and_too_much_is_refused() {
    let latin = b"client,name\na,x\nb,caf\xe9\n";
    assert_eq!(read(latin, ImportFormat::Csv), Err(ImportError::NotText { line: 3 }));
    assert_eq!(read(&vec![b'a'; FILE_LIMIT + 1], ImportFormat::Csv), Err(ImportError::TooLarge));
    let many = format!("client\n{}", "a\n".repeat(ROW_LIMIT + 1));
    assert_eq!(read(many.as_bytes(), ImportFormat::Csv), Err(ImportError::TooLarge));
}

fn client(id: &str, external_id: &str) -> Client {
    Client {
        id: id.parse().unwrap(),
        name: "Old".into(),
        cost_basis: CostBasis::Billable,
        currency: None,
        notes: None,
        budget: None,
        added_at: Timestamp::from_second(0),
        external_id: external_id.parse().unwrap(),
    }
}

fn connection(client: &str, account: u64, gate: GateState) -> Connection {
    Connection {
        id: format!("{account:012}").parse().unwrap(),
        client: client.parse().unwrap(),
        kind: ConnectionKind::Payer,
        access: Access::Role { role: arn(account).parse().unwrap() },
        linked_at: Timestamp::from_second(0),
        depth: Depth::Essential,
        alias: None,
        gate,
        results: Vec::new(),
    }
}

/// The steps of the rows, the refusals in words.
fn steps(text: &str, known: &[KnownClient<'_>]) -> (ImportPlan, Vec<String>) {
    let plan = plan(&csv(text), known, &[]);
    let word = |row: &PlannedRow| match &row.step {
        RowStep::Refused(why) => why.clone(),
        step => format!("{step:?}"),
    };
    let words = plan.rows.iter().map(word).collect();
    (plan, words)
}

#[test]
fn what_a_damaged_client_has_is_not_given_to_another() {
    let at = Timestamp::from_second(0);
    let (old, connections) = (client("old", "bw-of-old"), [connection("old", 1, GateState::Passed { at })]);
    let known = [KnownClient { profile: &old, connections: &connections }];
    let damaged = |external_id: Option<&str>| DamagedClient {
        id: "torn".parse().unwrap(),
        external_id: external_id.map(|id| id.parse().unwrap()),
        accounts: vec!["000000000009".parse().unwrap()],
    };
    let text = format!(
        "client,role_arn,external_id\nnew,{},\nnew,{},bw-of-torn\nold,{},bw-of-old\nolder,{},bw-other\n",
        arn(9),
        arn(2),
        arn(3),
        arn(4)
    );
    let words = |damaged: DamagedClient| -> Vec<String> {
        let rows = plan(&csv(&text), &known, &[damaged]).rows.into_iter();
        rows.map(|row| if let RowStep::Refused(why) = row.step { why } else { "taken".into() }).collect()
    };
    let told = words(damaged(Some("bw-of-torn")));
    assert!(told[0].contains("is already connected for client torn"), "{told:?}");
    assert!(told[1].contains("client torn uses this ExternalId"), "{told:?}");
    assert_eq!(told[2..], ["taken", "taken"]);
    let untold = words(damaged(None));
    assert!(untold[1].contains("client torn cannot be read") && untold[3].contains("cannot be told"), "{untold:?}");
    assert_eq!(untold[2], "taken", "a client's own ExternalId is nobody else's");
}

#[test]
fn what_is_there_already_is_left_and_what_is_wrong_is_tried_again() {
    let at = Timestamp::from_second(0);
    let old = client("old", "bw-of-old");
    let connections = [
        connection("old", 1, GateState::Passed { at }),
        connection("old", 2, GateState::Quarantined { at }),
        connection("old", 3, GateState::Passed { at }),
    ];
    let known = [KnownClient { profile: &old, connections: &connections }];
    let text = format!(
        "client,name,cost_basis,role_arn,external_id\nold,Old,,{},\nold,,,{},bw-of-old\nold,New,,{},\nold,,,{},\nnew,N,,{},bw-new\n",
        arn(1),
        arn(2),
        "arn:aws:iam::000000000003:role/another",
        arn(4),
        arn(5)
    );
    let (plan, words) = steps(&text, &known);
    assert_eq!(words[..2], ["AlreadyConnected", "Test"]);
    assert_eq!(words[2], "its name is not that of line 2");
    assert_eq!(words[3..], ["Connect", "Connect"]);
    assert_eq!(plan.clients[&"old".parse().unwrap()].step, ClientStep::Keep);
    let new = &plan.clients[&"new".parse().unwrap()];
    assert_eq!((new.step, new.external_id.as_ref().unwrap().reveal()), (ClientStep::Add, "bw-new"));
    let (plan, _) = steps("client,name,cost_basis\nold,New,billable\n", &known);
    let change = &plan.clients[&"old".parse().unwrap()];
    assert_eq!((change.step, change.facts.told()), (ClientStep::Change, vec!["name"]));
}

#[test]
fn an_account_and_an_external_id_belong_to_one_client() {
    let at = Timestamp::from_second(0);
    let (old, connections) = (client("old", "bw-of-old"), [connection("old", 1, GateState::Passed { at })]);
    let known = [KnownClient { profile: &old, connections: &connections }];
    let text = format!(
        "client,role_arn,profile,external_id\na,{0},,\na,{1},,bw-a\nb,{1},,\na,{1},,\nb,{2},,bw-a\nb,{2},,bw-of-old\na,{2},,bw-other\n\
         old,{2},,bw-other\na,,p,\nb,,p,\nb,{2},,\n",
        arn(1),
        arn(2),
        arn(3)
    );
    let (plan, words) = steps(&text, &known);
    let expected = [
        "account 000000000001 is already connected for client old: an account belongs to one client",
        "Connect",
        "account 000000000002 is a's on line 3: an account belongs to one client",
        "account 000000000002 is on line 3 already",
        "client a uses this ExternalId, and two clients must never share one",
        "client old uses this ExternalId, and two clients must never share one",
        "a has another ExternalId in a line above",
        "client old already has connections with another ExternalId",
        "Connect",
        "profile p is on line 10 already",
        "Connect",
    ];
    for (word, expected) in words.iter().zip(expected) {
        assert!(word.starts_with(expected), "{word}");
    }
    assert!(!words.concat().contains("bw-"), "an ExternalId is not shown");
    assert_eq!(plan.touched().len(), 2);
}

/// Characters that a hostile file is made of.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\u{202e}\u{200b}\u{1b}\u{7}\r\n\";,=\\[\\]a-z]{0,40}",
        Just("x\u{202e}".repeat(6_000)),
        Just(arn(7)),
    ]
}

fn is_safe(text: &str) -> bool {
    text.lines().count() <= 1 && Untrusted::new(text).for_log() == text
}

proptest! {
    #[test]
    fn no_file_panics_and_nothing_of_it_is_told_raw(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in hostile()) {
        for format in [ImportFormat::Csv, ImportFormat::Toml] {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Err(error) = read(bytes, format) {
                    prop_assert!(is_safe(&error.to_string()), "{error}");
                }
            }
        }
    }

    #[test]
    fn no_row_panics_and_nothing_of_it_is_told_raw(cells in proptest::collection::vec(hostile(), 12), again in any::<bool>()) {
        let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        let row = quoted.join(",");
        let toml: String = Column::ALL.iter().zip(&cells).map(|(column, cell)| {
            let name = if *column == Column::Client { "id" } else { column.name() };
            format!("{name} = {}\n", ::toml::Value::String(cell.clone()))
        }).take(6).collect();
        let csv = format!("{HEAD}{row}\n{}", if again { row.as_str() } else { "" });
        for (text, format) in [(csv, ImportFormat::Csv), (format!("[[client]]\n{toml}"), ImportFormat::Toml)] {
            match read(text.as_bytes(), format) {
                Err(error) => prop_assert!(is_safe(&error.to_string()), "{error}"),
                Ok(rows) => {
                    for row in plan(&rows, &[], &[]).rows {
                        if let RowStep::Refused(why) = row.step {
                            prop_assert!(is_safe(&why), "{why}");
                        }
                        prop_assert!(row.way.is_none_or(|way| is_safe(&way.to_string())));
                    }
                }
            }
        }
    }
}
