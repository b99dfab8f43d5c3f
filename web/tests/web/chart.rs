//! Every chart, drawn from rows, from one row, and from none.

use crate::fixture::{get, site};

const CHARTS: &[(&str, &str)] = &[
    ("pass_rate", "project=demo&branch=main"),
    ("open_problems", "project=demo&branch=main"),
    ("time_to_fix", "project=demo"),
    ("duration", "test=701"),
    ("author_activity", "person=11"),
];

#[tokio::test]
async fn charts_are_named_images_with_dates_and_both_themes() {
    let site = site().await;
    for (name, query) in CHARTS {
        for size in ["", "&size=narrow"] {
            let reply = get(&site, &format!("/chart/{name}.svg?{query}{size}")).await;
            let text = reply.text();
            assert_eq!(reply.header("content-type"), "image/svg+xml; charset=utf-8");
            assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{name}");
            assert!(text.contains("role=\"img\"") && text.contains("<title") && text.contains("<desc"), "{name}");
            assert!(text.contains("Oct") || text.contains("Nov"), "{name} has no dates: {text}");
            assert!(text.contains("prefers-color-scheme:dark"), "{name}");
            assert!(!text.contains("href") && !text.contains("font-face"), "{name} loads something");
            let colours = text.matches("fill=\"#").count() + text.matches("stroke=\"#").count();
            let classed = text.matches("class=\"fill-").count() + text.matches("class=\"stroke-").count();
            assert_eq!(colours, classed, "{name}: a colour that the dark does not know");
        }
    }
}

#[tokio::test]
async fn a_chart_without_rows_says_so() {
    let site = site().await;
    for (name, _) in CHARTS {
        let reply = get(&site, &format!("/chart/{name}.svg?project=nothing&branch=x&test=1&person=1")).await;
        assert!(reply.text().contains("no data yet"), "{name}");
    }
}

#[tokio::test]
async fn the_pass_rate_is_drawn_as_it_is() {
    let site = site().await;
    let reply = get(&site, "/chart/pass_rate.svg?project=demo&branch=main").await;
    insta::assert_snapshot!(reply.text());
}
