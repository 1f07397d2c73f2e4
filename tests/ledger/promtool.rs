//! Alert rules held against what was scraped, by Prometheus' own tool.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

/// What `/metrics` said at one time, by series.
pub type Scrape = BTreeMap<String, f64>;

/// Reads a text exposition.
pub fn read(text: &str) -> Scrape {
    let rows = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    rows.map(|(series, value)| (series.to_owned(), value.parse().expect(series))).collect()
}

/// Whether the alert is silent at the end of the first minutes and fires at the end of all: each scrape stands for so
/// many minutes.
pub fn fires(alert: &str, scrapes: &[(Scrape, usize)]) {
    let all: usize = scrapes.iter().map(|(_, minutes)| minutes).sum();
    let series: BTreeMap<&String, ()> = scrapes.iter().flat_map(|(scrape, _)| scrape.keys()).map(|s| (s, ())).collect();
    let values = |series: &String| {
        let each = scrapes.iter().flat_map(|(scrape, minutes)| vec![scrape.get(series); *minutes]);
        each.map(|value| value.map_or("_".to_owned(), f64::to_string)).collect::<Vec<_>>().join(" ")
    };
    let input: Vec<Value> = series.keys().map(|s| json!({"series": s, "values": values(s)})).collect();
    let expr = format!("count(ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}})");
    let at = |minute: usize, samples: Value| json!({"expr": expr, "eval_time": format!("{minute}m"), "exp_samples": samples});
    let firing = json!([{"labels": "{}", "value": 1}]);
    let test = json!({
        "rule_files": [concat!(env!("CARGO_MANIFEST_DIR"), "/ops/alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": input,
            "promql_expr_test": [at(scrapes[0].1 - 1, json!([])), at(all - 1, firing)]}],
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), test.to_string()).unwrap();
    promtool(&["test", "rules", file.path().to_str().unwrap()]);
}

/// Runs it, to its success.
pub fn promtool(args: &[&str]) {
    let out = Command::new("promtool").args(args).output().expect("promtool; `make test` installs it");
    let said = [out.stdout, out.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(out.status.success(), "{said}");
}
