//! Who is let in: by network, by signature, by key; over HTTP, two hundred at once.

use std::net::IpAddr;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use offhook::call::Disposition;
use offhook::console::Doors;
use offhook::events::{Door, NotAdmitted, Share, Unsigned};
use offhook::ingest::{Given, Refusal, Taken};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::fixtures::{call, ended};
use crate::platforms::{HERE, generic, house, source, story, zoom};
use crate::receiver::SECRET;
use crate::watched::console;

fn given<'a>(source: &'a str, from: IpAddr, query: &'a str, headers: Vec<(&'a str, &'a str)>) -> Given<'a> {
    Given { source, from, query, headers, body: b"{}" }
}

fn refused(refusal: Refusal) -> Unsigned {
    match refusal {
        Refusal::Unsigned(NotAdmitted::Unsigned(why)) => why,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not() {
    let told = house(vec![generic(), zoom(), source("gong", Door::gong_key(&["s3cret"]))], None).await;
    let elsewhere: IpAddr = "203.0.113.9".parse().unwrap();
    assert_eq!(told.ingest.take(given("nobody", HERE, "", vec![])).await, Err(Refusal::Unknown));
    assert_eq!(told.ingest.take(given("generic", elsewhere, "", vec![])).await, Err(Refusal::Network));
    assert_eq!(refused(told.ingest.take(given("generic", HERE, "", vec![])).await.unwrap_err()), Unsigned::Headers);
    let old = vec![("x-zm-request-timestamp", "1"), ("x-zm-signature", "v0=00")];
    assert_eq!(refused(told.ingest.take(given("zoom", HERE, "", old)).await.unwrap_err()), Unsigned::Time);
    let now = Timestamp::now().as_second().to_string();
    for signature in ["v0=00", "v0=", "v0=zz", "v0=é", "v1=00", ""] {
        let headers = vec![("x-zm-request-timestamp", now.as_str()), ("x-zm-signature", signature)];
        assert!(told.ingest.take(given("zoom", HERE, "", headers)).await.is_err(), "{signature}");
    }
    assert_eq!(
        refused(told.ingest.take(given("gong", HERE, "key=wrong", vec![])).await.unwrap_err()),
        Unsigned::Signature
    );
    assert_eq!(refused(told.ingest.take(given("gong", HERE, "", vec![])).await.unwrap_err()), Unsigned::Headers);
    assert_eq!(told.ingest.take(given("gong", HERE, "a=b&key=s3cret", vec![])).await, Ok(Taken::Kept { fresh: true }));
    told.close().await;
}

/// Gong's header, made by openssl.
#[test]
fn gongs_signed_header_is_verified_with_its_public_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let openssl = |args: &[&str]| {
        let out = Command::new("openssl").args(args).output().expect("openssl");
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        out.stdout
    };
    openssl(&["genrsa", "-out", &file("key.pem"), "2048"]);
    openssl(&["rsa", "-in", &file("key.pem"), "-pubout", "-out", &file("public.pem")]);
    let door = Door::gong_jwt(&std::fs::read_to_string(file("public.pem")).unwrap()).unwrap();
    let body = br#"{"callData": {"metaData": {"id": "7"}}}"#;
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let token = |head: serde_json::Value, hash: &str, exp: i64| {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"webhook_url": "https://a.example/ingest/gong", "body_sha256": hash, "exp": exp});
        let signed = format!("{}.{}", part(head), part(claims));
        std::fs::write(file("signed"), &signed).unwrap();
        let tag = openssl(&["dgst", "-sha256", "-sign", &file("key.pem"), &file("signed")]);
        format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let now = Timestamp::from_second(1_000).unwrap();
    let rs = || json!({"alg": "RS256", "typ": "JWT"});
    let admit = |token: &str, body: &[u8]| door.admit(|name| (name == "authorization").then_some(token), "", body, now);
    let good = token(rs(), &hash, 2_000);
    assert_eq!(admit(&good, body), Ok(()));
    assert_eq!(admit(&good, b"{}"), Err(Unsigned::Signature), "another body");
    assert_eq!(admit(&token(rs(), &hash, 999), body), Err(Unsigned::Time));
    assert_eq!(admit(&token(json!({"alg": "none"}), &hash, 2_000), body), Err(Unsigned::Signature));
    let (signed, _) = good.rsplit_once('.').unwrap();
    assert_eq!(admit(&format!("{signed}.AAAA"), body), Err(Unsigned::Signature));
    assert_eq!(admit("Bearer nothing", body), Err(Unsigned::Headers));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_over_http_are_all_kept() {
    let told = house(vec![generic()], None).await;
    let console = console(&told.db.store, Default::default()).await;
    let address = console.local_addr().unwrap();
    let share = Share::new("a key", &format!("http://{address}"), jiff::SignedDuration::from_hours(1));
    let doors = Doors { ingest: told.ingest.clone(), share, is_proxy: Box::new(|_| true) };
    assert!(console.doors().set(doors).is_ok());
    let running = tokio::spawn(console.run(std::future::pending()));
    let client = reqwest::Client::new();
    let send = |id: String, body: String, from: &'static str| {
        let now = Timestamp::now();
        let signature = offhook::events::Secrets::new(&[SECRET]).unwrap().sign(&id, now, body.as_bytes());
        let request = client.post(format!("http://{address}/ingest/generic")).header("webhook-id", id);
        let request = request.header("webhook-timestamp", now.as_second().to_string()).header("x-forwarded-for", from);
        let request = request.header("webhook-signature", signature).body(body);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let all = (0..200).map(|n| {
        let (id, body) = story(&format!("c{n}")).swap_remove(n % 3);
        send(id, body.to_string(), "127.0.0.1")
    });
    let answers = futures_util::future::join_all(all).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(told.db.store.arrivals_kept("generic").await.unwrap(), (200, 0));
    // The proxy's word on who is in front of it counts, its last word only.
    assert_eq!(send("x1".into(), "{}".into(), "127.0.0.1, 203.0.113.9").await, 403);
    let unsigned = client.post(format!("http://{address}/ingest/generic")).body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    let mut call = ended(call("s1", None), Disposition::InfoOnly);
    call.transcript[0].text = "<script>alert(1)</script> & so on".to_owned();
    told.db.store.finish_call(&call, &[]).await.unwrap();
    let asked = client.post(format!("http://{address}/api/v1/calls/s1/share"));
    let links: serde_json::Value = asked.bearer_auth("t").send().await.unwrap().json().await.unwrap();
    let link = links["transcript_url"].as_str().unwrap();
    let shown = client.get(link).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    let page = shown.text().await.unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; so on") && !page.contains("<script>"), "{page}");
    for forged in [link.replace("s1", "s2"), link.replace("until=", "until=9"), link[..link.len() - 2].to_owned()] {
        assert_eq!(client.get(&forged).send().await.unwrap().status(), 403, "{forged}");
    }
    running.abort();
    told.close().await;
}
