//! Policy documents whose parts keep their order, so that a person reads who, what and when in that order everywhere.

use serde_json::Value;

/// A part of a policy document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Names with their values, in order.
    Map(Vec<(&'static str, Node)>),
}

impl Node {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The same for comparing and sending; the order is lost.
    pub fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Self::Map(pairs) => pairs.iter().map(|(name, node)| ((*name).to_owned(), node.value())).collect(),
        }
    }

    /// As JSON to be read, two spaces deeper with each level.
    pub fn json(&self) -> String {
        self.indented(0)
    }

    fn indented(&self, depth: usize) -> String {
        let lines = |open: char, lines: Vec<String>, close: char| {
            let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
            let lines: Vec<String> = lines.into_iter().map(|line| format!("{inner}{line}")).collect();
            format!("{open}\n{}\n{outer}{close}", lines.join(",\n"))
        };
        match self {
            Self::Text(text) => quoted(text),
            Self::List(items) => lines('[', items.iter().map(|node| node.indented(depth + 1)).collect(), ']'),
            Self::Map(pairs) => {
                let pair = |(name, node): &(&str, Node)| format!("{}: {}", quoted(name), node.indented(depth + 1));
                lines('{', pairs.iter().map(pair).collect(), '}')
            }
        }
    }
}

/// A text in quotes, as JSON has it; within ASCII that is YAML's double-quoted form too.
pub fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_means_the_same_and_keeps_its_order() {
        let node = Node::Map(vec![
            ("b", Node::List(vec![Node::text("x\"y"), Node::text("z")])),
            ("a", Node::Map(vec![("c", Node::text("1"))])),
        ]);
        assert_eq!(serde_json::from_str::<Value>(&node.json()).unwrap(), node.value());
        assert_eq!(
            node.json(),
            "{\n  \"b\": [\n    \"x\\\"y\",\n    \"z\"\n  ],\n  \"a\": {\n    \"c\": \"1\"\n  }\n}"
        );
    }
}
