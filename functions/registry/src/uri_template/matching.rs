//! Finds the variables with which a template makes a URI.
//!
//! A template becomes a list of steps, and the match is a search over (step, position) that remembers where it failed,
//! so that no template makes it exponential.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::Part;
use super::expression::{Expression, Operator};

/// One thing that the URI must go on with.
enum Step<'a> {
    /// Exactly this.
    Literal(&'a str),
    /// One or more characters, none of them a stop.
    Capture { name: &'a str, until: &'static str },
    /// Either this text and what follows, or go on at another step.
    Optional {
        lead: &'static str,
        otherwise: usize,
    },
    /// `name=value` pairs in any order, each behind a mark: `first` before the first one, `next` before the others.
    Pairs {
        names: &'a [String],
        first: char,
        next: char,
        until: &'static str,
    },
}

pub(super) fn variables(parts: &[Part], uri: &str) -> Option<BTreeMap<String, String>> {
    let steps = steps(parts);
    let mut search = Search {
        steps: &steps,
        uri,
        dead_ends: vec![false; (steps.len() + 1) * (uri.len() + 1)],
        found: Vec::new(),
    };
    if !search.from(0, 0) {
        return None;
    }
    search
        .found
        .into_iter()
        .map(|(name, value)| {
            let value = percent_decode_str(value).decode_utf8().ok()?;
            Some((name.to_owned(), value.into_owned()))
        })
        .collect()
}

fn steps(parts: &[Part]) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for part in parts {
        match part {
            Part::Literal(text) => steps.push(Step::Literal(text)),
            Part::Expression(expression) => push_expression(&mut steps, expression),
        }
    }
    steps
}

fn push_expression<'a>(steps: &mut Vec<Step<'a>>, expression: &'a Expression) {
    let names = &expression.variables;
    match expression.operator {
        Operator::Simple if names.len() == 1 => push_list(steps, names, "/?#"),
        // A comma parts the values of one expression, so it can't be inside one.
        Operator::Simple => push_list(steps, names, "/?#,"),
        Operator::Reserved if names.len() == 1 => push_list(steps, names, ""),
        Operator::Reserved => push_list(steps, names, ","),
        Operator::Fragment => {
            let lead = steps.len();
            steps.push(Step::Literal(""));
            push_list(steps, names, if names.len() == 1 { "" } else { "," });
            steps[lead] = Step::Optional {
                lead: "#",
                otherwise: steps.len(),
            };
        }
        Operator::Label => push_optionals(steps, expression, ".", "./?#"),
        Operator::Path => push_optionals(steps, expression, "/", "/?#"),
        Operator::Parameters => steps.push(Step::Pairs {
            names,
            first: ';',
            next: ';',
            until: ";/?#",
        }),
        Operator::Query => steps.push(Step::Pairs {
            names,
            first: '?',
            next: '&',
            until: "&#",
        }),
        Operator::QueryContinued => steps.push(Step::Pairs {
            names,
            first: '&',
            next: '&',
            until: "&#",
        }),
    }
}

fn push_list<'a>(steps: &mut Vec<Step<'a>>, names: &'a [String], until: &'static str) {
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            steps.push(Step::Literal(","));
        }
        steps.push(Step::Capture { name, until });
    }
}

/// Each variable behind its mark; where one is missing, so are those after it.
fn push_optionals<'a>(
    steps: &mut Vec<Step<'a>>,
    expression: &'a Expression,
    lead: &'static str,
    until: &'static str,
) {
    let last = expression.variables.len() - 1;
    let otherwise = steps.len() + 2 * expression.variables.len();
    for (index, name) in expression.variables.iter().enumerate() {
        steps.push(Step::Optional { lead, otherwise });
        let until = if expression.explode && index == last {
            "?#"
        } else {
            until
        };
        steps.push(Step::Capture { name, until });
    }
}

struct Search<'a> {
    steps: &'a [Step<'a>],
    uri: &'a str,
    /// For each step and each position whether nothing came of it.
    dead_ends: Vec<bool>,
    found: Vec<(&'a str, &'a str)>,
}

impl Search<'_> {
    /// Whether the steps from `step` on match the URI from `at` on. What they capture is in `found` then.
    fn from(&mut self, step: usize, at: usize) -> bool {
        let place = step * (self.uri.len() + 1) + at;
        if self.dead_ends[place] {
            return false;
        }
        let found = self.found.len();
        let matched = self.step(step, at);
        if !matched {
            self.found.truncate(found);
            self.dead_ends[place] = true;
        }
        matched
    }

    fn step(&mut self, index: usize, at: usize) -> bool {
        let rest = &self.uri[at..];
        match self.steps.get(index) {
            None => rest.is_empty(),
            Some(Step::Literal(text)) => {
                rest.starts_with(text) && self.from(index + 1, at + text.len())
            }
            Some(Step::Optional { lead, otherwise }) => {
                (rest.starts_with(lead) && self.from(index + 1, at + lead.len()))
                    || self.from(*otherwise, at)
            }
            Some(Step::Capture { name, until }) => {
                let longest = rest.find(|c| until.contains(c)).unwrap_or(rest.len());
                // The longest first, as regular expressions do.
                let ends = rest[..longest]
                    .char_indices()
                    .rev()
                    .map(|(start, c)| start + c.len_utf8());
                for end in ends {
                    self.found.push((name, &rest[..end]));
                    if self.from(index + 1, at + end) {
                        return true;
                    }
                    self.found.pop();
                }
                false
            }
            Some(Step::Pairs {
                names,
                first,
                next,
                until,
            }) => {
                let (pairs, taken) = pairs(names, [*first, *next], until, rest);
                self.found.extend(pairs);
                self.from(index + 1, at + taken)
            }
        }
    }
}

/// The pairs that a text begins with, and their length. Ends at the first that has none of the names, or one that was
/// there before: RFC 6570 makes each variable once.
fn pairs<'a>(
    names: &'a [String],
    [first, next]: [char; 2],
    until: &str,
    text: &'a str,
) -> (Vec<(&'a str, &'a str)>, usize) {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    let mut taken = 0;
    loop {
        let mark = if pairs.is_empty() { first } else { next };
        let Some(pair) = text[taken..].strip_prefix(mark) else {
            return (pairs, taken);
        };
        let pair = &pair[..pair.find(|c| until.contains(c)).unwrap_or(pair.len())];
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let known = names
            .iter()
            .map(String::as_str)
            .find(|known| *known == name);
        match known {
            Some(known) if !pairs.iter().any(|(seen, _)| *seen == known) => {
                pairs.push((known, value));
            }
            _ => return (pairs, taken),
        }
        taken += mark.len_utf8() + pair.len();
    }
}
