//! Addresses on this machine, in private networks, of clouds' metadata and of nobody are refused, however they are
//! written; also when a name leads there, and only later.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use offhook::events::Reach;
use offhook::hooks::{Guarded, Names};
use reqwest::Method;
use tokio::net::TcpListener;

const REFUSED: [&str; 44] = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.255.255.254:8443/x",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://017700000001/",
    "https://127.0.0.1./",
    "https://①②⑦.0.0.1/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]:443/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://0.0.0.0/",
    "https://0/",
    "https://[::]/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://100.100.100.200/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fe80::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fc00::1]/",
    "https://192.0.0.192/opc/v2/instance/",
    "https://198.18.0.1/",
    "https://203.0.113.9/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[ff02::1]/",
    "https://user:password@8.8.8.8/",
    "http://8.8.8.8/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "ftp://8.8.8.8/",
];

fn names(answer: impl Fn(usize) -> &'static str + Send + Sync + 'static) -> (Names, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let names: Names = Arc::new(move |_| {
        let found = answer(count.fetch_add(1, Ordering::SeqCst));
        let ips: Vec<IpAddr> = found.split(' ').map(|ip| ip.parse().unwrap()).collect();
        Box::pin(async move { Ok(ips) })
    });
    (names, asked)
}

#[test]
fn however_they_are_written() {
    let public = Guarded::new(Reach::Public, Duration::from_secs(5)).unwrap();
    for url in REFUSED {
        assert!(public.request(Method::POST, url).is_err(), "{url}");
    }
    for url in ["https://8.8.8.8/", "https://hooks.example.com/x?y=z", "https://[2606:4700::1111]/"] {
        assert!(public.request(Method::POST, url).is_ok(), "{url}");
    }
    let private = Guarded::new(Reach::Private, Duration::from_secs(5)).unwrap();
    for url in
        ["https://169.254.169.254/", "https://[fe80::1]/", "https://0.0.0.0/", "https://[::ffff:169.254.169.254]/"]
    {
        assert!(private.request(Method::POST, url).is_err(), "{url}");
    }
    assert!(private.request(Method::POST, "http://127.0.0.1:5678/").is_ok());
}

#[tokio::test]
async fn also_behind_a_name_and_the_connection_is_never_made() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for inside in ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1", "8.8.8.8 127.0.0.1"] {
        let (names, asked) = names(move |_| inside);
        let client = Guarded::with_names(Reach::Public, Duration::from_secs(5), names).unwrap();
        let request = client.request(Method::POST, &format!("https://rebound.example:{port}/")).unwrap();
        let error = format!("{:?}", request.send().await.unwrap_err());
        assert!(error.contains("Inside"), "{inside}: {error}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
    // Nobody ever knocked.
    let knock = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(knock.is_err());
}

/// A name that is public when it is looked at and private when it is connected to: there is only one look.
#[tokio::test]
async fn a_name_is_resolved_once_per_connection() {
    let (names, asked) = names(|before| if before == 0 { "192.0.2.1 127.0.0.1" } else { "127.0.0.1" });
    let client = Guarded::with_names(Reach::Public, Duration::from_secs(5), names).unwrap();
    let request = client.request(Method::POST, "https://rebound.example/").unwrap();
    assert!(request.send().await.is_err());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    let inner = crate::receiver::Receiver::taking_all().await;
    let to = format!("http://{}/", inner.address);
    let outer = crate::receiver::Receiver::open(move |_, _| {
        (StatusCode::TEMPORARY_REDIRECT, [("location", to.clone())]).into_response()
    })
    .await;
    let client = Guarded::new(Reach::Private, Duration::from_secs(5)).unwrap();
    let request = client.request(Method::POST, &format!("http://{}/", outer.address)).unwrap();
    assert_eq!(request.body("{}").send().await.unwrap().status(), 307);
    assert_eq!((outer.got().len(), inner.got().len()), (1, 0));
}
