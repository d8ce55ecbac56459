//! Random operations beside a plain map: the vault must never differ from it, also after reopening.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
enum Op {
    Commit(Vec<(u8, u16, Option<Vec<u8>>)>),
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let value = proptest::option::weighted(0.7, proptest::collection::vec(any::<u8>(), 0..40));
    let edit = (0u8..3, 0u16..700, value);
    prop_oneof![
        8 => proptest::collection::vec(edit, 1..200).prop_map(Op::Commit),
        1 => Just(Op::Reopen),
    ]
}

fn scope(number: u8) -> Scope {
    match number {
        0 => Scope::Vault,
        1 => client("acme-retail"),
        _ => client("blue-ocean"),
    }
}

fn key(number: u16) -> Name {
    name(&format!("kind{}/{:012}/{number}", number % 3, number / 7))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn a_vault_behaves_like_a_map(ops in proptest::collection::vec(op(), 1..14), probe in 0u16..700) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("v");
        let mut vault = Some(create(&path));
        let mut model: BTreeMap<(Scope, Name), Vec<u8>> = BTreeMap::new();
        for op in ops {
            match op {
                Op::Reopen => {
                    drop(vault.take());
                    vault = Some(try_open(&path).unwrap());
                }
                Op::Commit(edits) => {
                    let mut batch = Batch::new();
                    for (owner, number, value) in edits {
                        let at = (scope(owner), key(number));
                        match value {
                            Some(value) => {
                                batch.put(&at.0, &at.1, 1, value.clone());
                                model.insert(at, value);
                            }
                            None => {
                                batch.remove(&at.0, &at.1);
                                model.remove(&at);
                            }
                        }
                    }
                    vault.as_ref().unwrap().commit(batch).unwrap();
                }
            }
        }
        let vault = vault.unwrap();
        for number in 0..3 {
            let owner = scope(number);
            let expected: Vec<_> = model.iter().filter(|((s, _), _)| *s == owner).map(|((_, n), v)| (n, v)).collect();
            let all: Vec<_> = expected.iter().map(|e| e.0.clone()).collect();
            prop_assert_eq!(&vault.list(&owner, "").unwrap(), &all);
            for prefix in ["kind1/", "kind2/00000000004"] {
                let some: Vec<_> = all.iter().filter(|n| n.as_str().starts_with(prefix)).cloned().collect();
                prop_assert_eq!(vault.list(&owner, prefix).unwrap(), some);
            }
            for (n, value) in &expected {
                prop_assert_eq!(&vault.get(&owner, n).unwrap().unwrap().bytes[..], &value[..]);
            }
            let absent = key(probe);
            prop_assert_eq!(vault.get(&owner, &absent).unwrap().is_some(), model.contains_key(&(owner, absent)));
        }
    }
}
