//! Text for the screen.

use std::borrow::Cow;

use porthole::model::{annotation, text};
use proptest::prelude::*;

#[test]
fn what_cannot_be_seen_is_made_visible() {
    let cases = [
        ("busybox:1.37", "busybox:1.37"),
        ("two words", "two words"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("nul\0", "nul\\u{0}"),
        ("\u{7f}\u{85}", "\\u{7f}\\u{85}"),
        // an override turns what follows around
        ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
        ("\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}"),
        (
            "a\u{200b}b\u{200d}c\u{feff}",
            "a\\u{200b}b\\u{200d}c\\u{feff}",
        ),
        ("soft\u{ad}hyphen", "soft\\u{ad}hyphen"),
        ("line\u{2028}", "line\\u{2028}"),
        ("tag\u{e0041}", "tag\\u{e0041}"),
        ("blank\u{3164}", "blank\\u{3164}"),
        // letters of any script stay, composed or not
        ("bücher", "bücher"),
        ("bu\u{308}cher", "bu\u{308}cher"),
        ("日本語 العربية हिन्दी", "日本語 العربية हिन्दी"),
        ("🐳", "🐳"),
    ];
    for (written, shown) in cases {
        assert_eq!(text::visible(written), shown, "{written:?}");
    }
    assert!(
        matches!(text::visible("plain"), Cow::Borrowed(_)),
        "what needs no change is not copied"
    );
}

#[test]
fn counts_have_their_thousands_apart() {
    let cases = [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1,000"),
        (10_000, "10,000"),
        (123_456, "123,456"),
        (1_002_003, "1,002,003"),
    ];
    for (count, shown) in cases {
        assert_eq!(text::count(count), shown);
    }
}

#[test]
fn sizes_as_people_read_them() {
    let cases = [
        (0, "0 B"),
        (1, "1 B"),
        (820, "820 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (1049, "1.0 KB"),
        (1051, "1.1 KB"),
        (12_400, "12.4 KB"),
        (99_949, "99.9 KB"),
        (99_950, "100 KB"),
        (116_000_000, "116 MB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (999_999_999, "1.0 GB"),
        (1_500_000_000_000, "1.5 TB"),
        (u64::MAX, "18.4 EB"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(text::size(bytes), expected, "{bytes}");
    }
}

#[test]
fn the_middle_is_left_out() {
    let cases = [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "ab…ef"),
        ("abcdef", 4, "a…ef"),
        ("abcdef", 3, "a…f"),
        ("äöüäöü", 5, "äö…öü"),
        ("", 5, ""),
    ];
    for (written, limit, shown) in cases {
        assert_eq!(text::middle(written, limit), shown);
    }
}

#[test]
fn well_known_keys_are_shown_short() {
    for (key, shown) in [
        ("org.opencontainers.image.source", "source"),
        ("org.opencontainers.image.base.name", "base.name"),
        ("org.label-schema.vcs-url", "vcs-url"),
        ("org.opencontainers.image.", "org.opencontainers.image."),
        ("com.example.image.source", "com.example.image.source"),
    ] {
        assert_eq!(annotation::short_key(key), shown);
    }
}

proptest! {
    #[test]
    fn nothing_hidden_is_left(written in any::<String>()) {
        let shown = text::visible(&written);
        prop_assert!(!shown.chars().any(text::is_hidden), "{shown:?}");
    }

    #[test]
    fn a_shortened_text_has_its_ends_and_its_length(written in any::<String>(), limit in 3usize..40) {
        let shown = text::middle(&written, limit);
        let count = written.chars().count();
        prop_assert_eq!(shown.chars().count(), count.min(limit));
        if count > limit {
            let (start, end) = shown.split_once('…').unwrap();
            // the text may have the same sign in it
            if !written.contains('…') {
                prop_assert!(written.starts_with(start) && written.ends_with(end));
                prop_assert!(start.chars().count().abs_diff(end.chars().count()) <= 1);
            }
        }
    }

    #[test]
    fn sizes_stay_short(bytes in any::<u64>()) {
        prop_assert!(text::size(bytes).len() <= 7, "{}", text::size(bytes));
    }
}

#[test]
fn pasted_passwords_are_masked_and_nothing_else() {
    for (pasted, shown) in [
        ("docker pull busybox", "docker pull busybox"),
        (
            "skopeo inspect --creds alice:s3cret docker://h.example/a",
            "skopeo inspect --creds … docker://h.example/a",
        ),
        (
            "skopeo inspect --creds=alice:s3cret docker://h.example/a",
            "skopeo inspect --creds=… docker://h.example/a",
        ),
        (
            "crane manifest --password  s3cret h.example/a",
            "crane manifest --password  … h.example/a",
        ),
        (
            "https://alice:s3cret@h.example/v2/a",
            "https://…@h.example/v2/a",
        ),
        (
            "https://alice:s3@cret@h.example/v2/a",
            "https://…@h.example/v2/a",
        ),
        (
            "docker://h.example/a@sha256:00",
            "docker://h.example/a@sha256:00",
        ),
        ("oci:/a/b:name@x", "oci:/a/b:name@x"),
    ] {
        assert_eq!(text::without_secrets(pasted), shown);
    }
}
