//! What an unquoted word of YAML stands for.
//!
//! YAML 1.2 and 1.1 disagree about words such as `no` and `0777`, and so do the programs that read them. What a reader
//! would have to guess is refused here, with both ways to write it.

use crate::node::Content;

/// The value of a plain scalar, or why it has to be written otherwise.
pub(crate) fn resolve(text: &str) -> Result<Content, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        _ => {}
    }
    if let Some(meant) = yaml_1_1_boolean(text) {
        return Err(format!(
            "`{text}` is a boolean to some readers of YAML and a text to others: write {meant}, or \"{text}\" for the text"
        ));
    }
    if is_json_number(text) {
        return Ok(Content::Number(text.to_owned()));
    }
    if is_other_number(text) {
        return Err(format!(
            "`{text}` is a number to some readers of YAML and a text to others: write it as JSON writes numbers, or \"{text}\" for the text"
        ));
    }
    Ok(Content::Text(text.to_owned()))
}

fn yaml_1_1_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" => Some(true),
        "no" | "off" => Some(false),
        _ => None,
    }
}

/// Whether it is a number by the grammar of RFC 8259, section 6.
fn is_json_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// Whether YAML 1.1 or 1.2 has it for a number that JSON would write otherwise.
fn is_other_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(digits.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
        return true;
    }
    let all = |part: &str, is: fn(&char) -> bool| {
        !part.is_empty() && part.chars().all(|c| c == '_' || is(&c)) && part.contains(|c| is(&c))
    };
    for (prefix, is) in [
        ("0x", char::is_ascii_hexdigit as fn(&char) -> bool),
        ("0o", |c| ('0'..='7').contains(c)),
        ("0b", |c| matches!(c, '0' | '1')),
    ] {
        if digits
            .strip_prefix(prefix)
            .is_some_and(|rest| all(rest, is))
        {
            return true;
        }
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let is_exponent = |exponent: &str| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        all(exponent, char::is_ascii_digit)
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_part = |part: &str| part.is_empty() || all(part, char::is_ascii_digit);
    exponent.is_none_or(is_exponent)
        && is_part(whole)
        && is_part(fraction)
        && mantissa.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_that_readers_agree_about_are_what_they_are() {
        let texts = [
            "a",
            "y",
            "n",
            "nope",
            "2026-07-28",
            "12:30",
            "1.2.3",
            "48x48",
            "10MB",
            "-",
            ".",
            "e5",
            "1e",
            "0x",
            "_1a",
            "arn:aws:lambda:us-east-1:000000000000:function:f",
            "test://a",
            "é",
        ];
        for text in texts {
            assert_eq!(resolve(text), Ok(Content::Text(text.into())), "{text}");
        }
        for number in [
            "0",
            "-1",
            "1e0",
            "1.50",
            "-0.1E+9",
            "123456789012345678901234567890",
        ] {
            assert_eq!(resolve(number), Ok(Content::Number(number.into())));
        }
        assert_eq!(resolve("~"), Ok(Content::Null));
        assert_eq!(resolve("TRUE"), Ok(Content::Bool(true)));
    }

    #[test]
    fn words_that_readers_read_differently_are_refused() {
        for text in [
            "yes", "No", "ON", "off", "0777", "00", "0x1F", "0o17", "0b11", "+1", ".5", "1.",
            "1_000", "-.inf", ".NaN", "1e5_0",
        ] {
            let message = resolve(text).unwrap_err();
            assert!(message.contains(&format!("\"{text}\"")), "{message}");
        }
        insta::assert_snapshot!(resolve("no").unwrap_err(), @r#"`no` is a boolean to some readers of YAML and a text to others: write false, or "no" for the text"#);
        insta::assert_snapshot!(resolve("0777").unwrap_err(), @r#"`0777` is a number to some readers of YAML and a text to others: write it as JSON writes numbers, or "0777" for the text"#);
    }

    proptest! {
        #[test]
        fn json_numbers_are_kept(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
            let text = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(resolve(&text), Ok(Content::Number(text)));
        }

        #[test]
        fn a_word_is_a_text_as_it_stands_or_something_else(text in "[ -~]{0,12}") {
            if let Ok(Content::Text(read) | Content::Number(read)) = resolve(&text) {
                prop_assert_eq!(read, text);
            }
        }
    }
}
