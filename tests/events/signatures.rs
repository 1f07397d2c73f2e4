//! What is sent carries signatures that the library of Standard Webhooks accepts, under every secret that is valid; and
//! what the library signs is accepted here.

use jiff::Timestamp;
use offhook::call::Disposition;
use offhook::events::{Secrets, Unsigned};
use serde_json::json;

use crate::fixtures::{call, ended};
use crate::library::ask;
use crate::receiver::{House, Receiver, SECRET};

const NEW: &str = "whsec_bmV3ZXIgc2VjcmV0LCB0d2VudHktZm91cg==";
const STRANGE: &str = "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCwgMjQ=";

#[tokio::test(flavor = "multi_thread")]
async fn the_library_accepts_ours_under_the_new_secret_and_the_old() {
    let receiver = Receiver::taking_all().await;
    let mut endpoint = receiver.endpoint("desk");
    endpoint.secrets = Secrets::new(&[NEW, SECRET]).unwrap();
    let house = House::open(vec![endpoint]).await;
    house.ends(ended(call("c1", Some("+12125550123")), Disposition::InfoOnly));
    receiver.until("three events", |r| r.taken().len() >= 3).await;
    house.close().await;

    let mut questions = Vec::new();
    for got in receiver.taken() {
        let newest = got.headers["webhook-signature"].split(' ').next().unwrap().to_owned();
        let mut only = got.headers.clone();
        only.insert("webhook-signature".into(), newest);
        let verify = |secret, headers: &_, body: &str| json!({"do": "verify", "secret": secret, "headers": headers, "body": body});
        questions.push(verify(SECRET, &got.headers, &got.raw));
        questions.push(verify(NEW, &only, &got.raw));
        questions.push(verify(SECRET, &only, &got.raw));
        questions.push(verify(STRANGE, &got.headers, &got.raw));
        questions.push(verify(SECRET, &got.headers, &got.raw.replace("harbor", "harbos")));
    }
    for answers in ask(&questions).chunks(5) {
        assert_eq!(answers[..2], ["ok", "ok"], "either secret, and the newest signs first");
        assert!(answers[2..].iter().all(|answer| answer.contains("No matching signature")), "{answers:?}");
    }
}

#[test]
fn ours_accepts_the_librarys() {
    let now = Timestamp::now();
    let bodies = ["{}", r#"{"type":"call.ended","data":{"name":"Zoë \"Z\" Ünal"}}"#, ""];
    let sign = |body: &str| json!({"do": "sign", "secret": SECRET, "id": "msg_1", "at": now.as_second(), "body": body});
    let signed = ask(&bodies.map(sign));
    let (ours, strange) = (Secrets::new(&[NEW, SECRET]).unwrap(), Secrets::new(&[STRANGE]).unwrap());
    for (body, signature) in bodies.iter().zip(&signed) {
        let time = now.as_second().to_string();
        assert_eq!(ours.verify("msg_1", &time, signature, body.as_bytes(), now), Ok(()), "{signature}");
        assert_eq!(strange.verify("msg_1", &time, signature, body.as_bytes(), now), Err(Unsigned::Signature));
    }
}
