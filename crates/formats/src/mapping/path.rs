//! JSONPath (RFC 9535), within bounds. A path may look into every depth once (`..`), and may list a
//! few names or positions; nothing of it makes more values than the request has, so that picking is
//! linear in the request. Functions and filters that search are left to expressions.

use std::fmt;

use serde_json::Value;
use serde_json_path::JsonPath;

/// Longest path, in bytes.
const LENGTH_MAX: usize = 256;
/// Most `..`, and most filters.
const SEARCHES_MAX: usize = 1;
/// Most commas between brackets: each list may multiply what the one before has picked.
const COMMAS_MAX: usize = 4;
/// Most values that a path picks; the rest is left out.
const PICKED_MAX: usize = 20_000;

/// A path that was found good.
#[derive(Clone)]
pub struct Path {
    text: String,
    path: JsonPath,
    plain: bool,
}

impl Path {
    /// Reads a path that starts at one of the names.
    ///
    /// # Errors
    /// A sentence for whoever wrote it.
    pub fn read(text: &str, names: &[&str]) -> Result<Self, String> {
        if text.len() > LENGTH_MAX {
            return Err(format!("the path is longer than {LENGTH_MAX} characters"));
        }
        let plain = bounded(text)?;
        let path = JsonPath::parse(text).map_err(|error| {
            format!("the path cannot be read ({error}); it looks like $.body.alert.title")
        })?;
        let starts = |name: &str| {
            [
                format!("$.{name}"),
                format!("$['{name}']"),
                format!("$[\"{name}\"]"),
            ]
            .iter()
            .any(|start| {
                text.strip_prefix(start.as_str()).is_some_and(|rest| {
                    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii())
                })
            })
        };
        if names.iter().any(|name| starts(name)) {
            return Ok(Path {
                text: text.to_owned(),
                path,
                plain,
            });
        }
        let known: Vec<String> = names.iter().map(|name| format!("$.{name}")).collect();
        Err(format!("the path must start with {}", known.join(", ")))
    }

    /// Whether it names one place, and so costs the same in a large request as in a small one.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether it looks into every depth.
    pub fn searches(&self) -> bool {
        !self.plain && self.text.contains("..")
    }

    /// Whether it starts at the item.
    pub fn is_of_item(&self) -> bool {
        self.text.starts_with("$.item")
            || self.text.starts_with("$['item")
            || self.text.starts_with("$[\"item")
    }

    /// Everything it picks.
    pub fn all<'a>(&self, scope: &'a Value) -> Vec<&'a Value> {
        self.path
            .query(scope)
            .into_iter()
            .take(PICKED_MAX)
            .collect()
    }

    pub fn first<'a>(&self, scope: &'a Value) -> Option<&'a Value> {
        self.path.query(scope).first()
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({})", self.text)
    }
}

/// Finds out whether picking cannot take long, whatever the request is; and whether the path names
/// one place.
fn bounded(text: &str) -> Result<bool, String> {
    let mut plain = true;
    let (mut dots, mut commas, mut filters, mut depth) = (0, 0, 0, 0_usize);
    let mut in_filter = false;
    let mut quote = None;
    let mut escaped = false;
    let mut before = ' ';
    for c in text.chars() {
        if let Some(open) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == open {
                quote = None;
            }
            before = ' ';
            continue;
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '(' if before.is_ascii_alphanumeric() => {
                return Err("a path has no functions here: use an expression".to_owned());
            }
            '[' | '(' => {
                depth += 1;
                if depth > 8 {
                    return Err("the path is nested too deep".to_owned());
                }
            }
            ']' | ')' => depth = depth.saturating_sub(1),
            '.' if before == '.' => dots += 1,
            ',' => commas += 1,
            '?' => {
                filters += 1;
                in_filter = true;
            }
            _ => {}
        }
        let many = matches!(c, '*' | '?' | ':' | ',') || (c == '.' && before == '.');
        plain &= !many;
        if in_filter && (c == '*' || c == '.' && before == '.') {
            return Err("a filter may not search: use `only_if` with an expression".to_owned());
        }
        before = c;
    }
    if dots > SEARCHES_MAX || filters > SEARCHES_MAX {
        return Err("the path may hold `..` once, and one filter".to_owned());
    }
    if commas > COMMAS_MAX {
        return Err(format!(
            "the path may list at most {} names",
            COMMAS_MAX + 1
        ));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Path, String> {
        Path::read(text, &["body", "item"])
    }

    #[test]
    fn picking() {
        let scope =
            json!({"body": {"a": [{"b": 1, "on": true}, {"b": 2}], "odd name": "x", "c.d": 3}});
        for (path, expected) in [
            ("$.body.a[0].b", json!([1])),
            ("$.body.a[*].b", json!([1, 2])),
            ("$.body.a[-1].b", json!([2])),
            ("$.body..b", json!([1, 2])),
            ("$['body']['odd name']", json!(["x"])),
            ("$.body['c.d']", json!([3])),
            ("$.body.a[?@.on == true].b", json!([1])),
            ("$.body.a[?@.b > 1].b", json!([2])),
            ("$.body.nothing", json!([])),
        ] {
            let found = read(path).unwrap();
            assert_eq!(json!(found.all(&scope)), expected, "{path}");
        }
    }

    #[test]
    fn paths_that_could_take_long_are_refused() {
        for bad in [
            "",
            "body.a",
            "$.bodyguard",
            "$.item2.x",
            "$.query.x",
            "$.body[",
            "$.body..a..b",
            "$.body[?@.a[?@.b]]",
            "$.body[?@..a]",
            "$.body[?@.a.*]",
            "$.body[0,0,0,0,0,0]",
            "$.body[?length(@.a) > 1]",
            &format!("$.body{}", "[0]".repeat(200)),
            &format!("$.body{}", "[?(".repeat(20)),
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
