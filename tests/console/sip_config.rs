//! Every template of `sip-config/` fits into a configuration, and has its guide.

use std::path::Path;

use offhook::config::{DEMO_TOML, parse};

#[test]
fn templates_are_read_and_have_guides() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sip-config");
    let table = std::fs::read_to_string(folder.join("README.md")).expect("the table of templates");
    // Up to its own [sip] section the demo says who answers.
    let business = DEMO_TOML.split("[sip]").next().expect("the beginning");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("templates") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a template");
        let text = text.replace("password_file = \"/run/secrets/trunk\"", "password = \"x\"");
        let config = parse(&name, &format!("{business}{text}")).unwrap_or_else(|error| panic!("{error}"));
        let let_in = !config.trunks.is_empty() || config.sip.allow.iter().any(|network| !network.addr.is_loopback());
        assert!(let_in && table.contains(&format!("`{name}.toml`")), "{name}");
        let guide = std::fs::read_to_string(folder.join(format!("{name}.md"))).unwrap_or_default();
        assert!(guide.starts_with("# ") && (10..=60).contains(&guide.lines().count()), "{name}.md is one page");
        assert!(table.contains(&format!("({name}.md)")), "{name}.md");
        seen.push(name);
    }
    seen.sort();
    let wanted = [
        "3cx",
        "asterisk",
        "bandwidth",
        "freepbx",
        "freeswitch",
        "kamailio",
        "registering-trunk",
        "telnyx",
        "trunk",
        "twilio",
        "voipms",
    ];
    assert_eq!(seen, wanted);
}
