use proptest::prelude::*;

use super::*;

fn matched(template: &str, uri: &str) -> String {
    let template: UriTemplate = template.parse().unwrap();
    match template.match_uri(uri) {
        None => "no".to_owned(),
        Some(variables) => variables
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

#[test]
fn each_operator_is_read_backwards() {
    for (template, uri, expected) in [
        (
            "test://template/{id}/data",
            "test://template/7/data",
            "id=7",
        ),
        (
            "test://template/{id}/data",
            "test://template/7/8/data",
            "no",
        ),
        ("test://template/{id}/data", "test://template//data", "no"),
        ("test://{id}", "test://a%20b%2Fc", "id=a b/c"),
        ("test://{id}", "test://%ff", "no"),
        ("test://{id}", "test://käse", "id=käse"),
        ("test://{x,y}", "test://1,2", "x=1 y=2"),
        ("test://{a}-{b}", "test://x-y-z", "a=x-y b=z"),
        ("file:///{+path}", "file:///etc/hosts", "path=etc/hosts"),
        ("docs://{+path}/end", "docs://a/end/end", "path=a/end"),
        ("docs://page{#part}", "docs://page#top", "part=top"),
        ("docs://page{#part}", "docs://page", ""),
        ("docs://file{.ext}", "docs://file.tar", "ext=tar"),
        ("docs://root{/a,b}", "docs://root/1/2", "a=1 b=2"),
        ("docs://root{/a,b}", "docs://root/1", "a=1"),
        ("docs://root{/a,b}", "docs://root/1/2/3", "no"),
        ("docs://root{/path*}", "docs://root/1/2/3", "path=1/2/3"),
        ("docs://m{;x,y}", "docs://m;y=2;x=1", "x=1 y=2"),
        ("test://s{?q,n}", "test://s?q=a%26b&n=3", "n=3 q=a&b"),
        ("test://s{?q,n}", "test://s?n=3", "n=3"),
        ("test://s{?q,n}", "test://s", ""),
        ("test://s{?q}", "test://s?z=1", "no"),
        ("test://s{?q}", "test://s?q=1&q=2", "no"),
        ("test://s?fixed=1{&q}", "test://s?fixed=1&q=2", "q=2"),
        ("test://s{?q}{#f}", "test://s?q=1#top", "f=top q=1"),
        ("test://plain", "test://plain", ""),
        ("test://plain", "test://plain2", "no"),
    ] {
        assert_eq!(matched(template, uri), expected, "{template} {uri}");
    }
}

#[test]
fn templates_that_cannot_be_matched_say_why() {
    let many = ('a'..='q').fold(String::new(), |text, name| {
        text + "/{" + &name.to_string() + "}"
    });
    let texts = [
        "",
        "test://{",
        "test://}",
        "test://{a}}",
        "test://{}",
        "test://{a,}",
        "test://{a b}",
        "test://{a-b}",
        "test://{a}{a}",
        "test://{a:3}",
        "test://{a*}",
        "test://{/a*,b}",
        "test://a b",
        "test://{=a}",
        &many,
    ];
    let refused: Vec<String> = texts
        .iter()
        .map(|text| format!("{text}: {}", text.parse::<UriTemplate>().unwrap_err()))
        .collect();
    insta::assert_snapshot!(refused.join("\n"));
}

#[test]
fn names_come_in_order() {
    let template: UriTemplate = "test://{b}/{a}{?d,c}".parse().unwrap();
    assert_eq!(
        template.variables().collect::<Vec<_>>(),
        ["b", "a", "d", "c"]
    );
}

#[test]
fn a_hostile_uri_is_answered() {
    let template: UriTemplate = "t:{+a}x{+b}x{+c}x{+d}x{+e}x{+f}x{+g}x{+h}!"
        .parse()
        .unwrap();
    assert_eq!(template.match_uri(&format!("t:{}", "x".repeat(2000))), None);
    assert_eq!(template.match_uri(&"t".repeat(100_000)), None);
}

proptest! {
    #[test]
    fn parsing_and_matching_never_panic(template in "[a-z:/{}+#.;?&,*%é]{0,30}", uri in "\\PC{0,40}") {
        if let Ok(template) = template.parse::<UriTemplate>() {
            let _ = template.match_uri(&uri);
            prop_assert_eq!(template.to_string().parse(), Ok(template));
        }
    }

    #[test]
    fn what_a_template_makes_it_matches(id in "[a-zA-Z0-9 é%/&]{1,20}", q in "[a-zA-Z0-9 é%&#=]{0,20}") {
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let template: UriTemplate = "test://items/{id}{?q}".parse().unwrap();
        let uri = format!("test://items/{}?q={}", encode(&id), encode(&q));
        let expected = BTreeMap::from([("id".to_owned(), id), ("q".to_owned(), q)]);
        prop_assert_eq!(template.match_uri(&uri), Some(expected));
    }
}
