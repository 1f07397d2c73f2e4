//! Tokens of a calendar: refreshed once for all who wait, before they run out and when they are refused, and kept sealed.

use offhook::calendar::{BookFailure, Calendar, CalendarError, Google, GoogleSettings, Login, OAuthSettings};
use offhook::conversation::SlotQuery;
use serde_json::json;
use tokio::task::JoinSet;

use crate::fixtures::{at, booking, harbor};
use crate::providers::{Provider, clock, sealed};

fn question() -> SlotQuery {
    let (from, to) = (at("2026-11-24T00:00:00Z"), at("2026-11-25T00:00:00Z"));
    SlotQuery { service: "cleaning".to_owned(), minutes: 30, from, to, limit: 3, staff: None, holder: String::new() }
}

async fn asks(calendar: &Google) -> Result<usize, CalendarError> {
    calendar.find_slots(&harbor(), &question()).await.map(|slots| slots.len())
}

#[tokio::test]
async fn many_at_once_wait_for_one_refresh() {
    let provider = Provider::start("google", &["--token-delay", "0.3"]);
    let (calendar, mut tasks) = (provider.google(), JoinSet::new());
    for _ in 0..12 {
        let calendar = calendar.clone();
        tasks.spawn(async move { asks(&calendar).await });
    }
    assert!(tasks.join_all().await.iter().all(|answer| *answer == Ok(3)));
    assert_eq!(provider.seen().await["refreshes"], 1);
    provider.tell(json!({"revoke_access": true})).await;
    let mut tasks = JoinSet::new();
    for _ in 0..12 {
        let calendar = calendar.clone();
        tasks.spawn(async move { asks(&calendar).await });
    }
    assert!(tasks.join_all().await.iter().all(|answer| *answer == Ok(3)));
    let seen = provider.seen().await;
    assert_eq!(seen["refreshes"], 2, "all were refused, one refreshed: {seen:#}");
}

#[tokio::test]
async fn a_token_that_ends_in_mid_call_is_renewed_and_nothing_is_booked_twice() {
    let provider = Provider::start("google", &[]);
    let calendar = provider.google();
    asks(&calendar).await.unwrap();
    provider.tell(json!({"revoke_access": true})).await;
    let request = booking("c1/booking/1", "2026-11-24T15:00:00Z", 30);
    let booked = calendar.book(&harbor(), &request).await.unwrap();
    assert_eq!(calendar.book(&harbor(), &request).await, Ok(booked));
    let seen = provider.seen().await;
    assert_eq!((&seen["confirmed"], &seen["refreshes"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    // A fifth of its life early.
    let provider = Provider::start("google", &["--lifetime", "10"]);
    let calendar = provider.google();
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while provider.seen().await["refreshes"].as_u64() < Some(2) {
        assert_eq!(asks(&calendar).await, Ok(3));
        assert!(tokio::time::Instant::now() < until, "it is not renewed");
    }
    assert_eq!(provider.seen().await["refused"], 0, "no request met the end of a token");
}

#[tokio::test]
async fn a_rotated_refresh_token_is_kept_sealed_and_used_after_a_restart() {
    let provider = Provider::start("google", &["--rotate"]);
    for round in 1..=3 {
        assert_eq!(asks(&provider.google()).await, Ok(3), "start {round}");
    }
    let seen = provider.seen().await;
    let (rotated, files) = (seen["refresh_token"].as_str().unwrap(), sealed(provider.folder.path()));
    assert_eq!(files.len(), 1);
    let content = String::from_utf8_lossy(&std::fs::read(&files[0]).unwrap()).into_owned();
    assert!(!content.contains(rotated) && !content.contains("first-refresh"), "nobody reads it there");
    std::fs::write(&files[0], "spoilt").unwrap();
    let error = asks(&provider.google()).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_refresh_that_nobody_waits_for_any_more_is_kept_all_the_same() {
    let provider = Provider::start("google", &["--rotate", "--token-delay", "0.5"]);
    let calendar = provider.google();
    let question = asks(&calendar);
    tokio::select! {
        answer = question => panic!("too soon: {answer:?}"),
        () = refresh_begun(&provider) => {}
    }
    drop(calendar);
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while sealed(provider.folder.path()).is_empty() {
        assert!(tokio::time::Instant::now() < until, "the new refresh token is lost");
        tokio::task::yield_now().await;
    }
    assert_eq!(asks(&provider.google()).await, Ok(3), "with the rotated one");
}

async fn refresh_begun(provider: &Provider) {
    while provider.asked("POST /token").await == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_withdrawn_permission_is_said_with_its_remedy_and_no_secret() {
    let provider = Provider::start("google", &[]);
    provider.tell(json!({"revoke": true})).await;
    let calendar = provider.google();
    let error = asks(&calendar).await.unwrap_err();
    assert!(matches!(error, CalendarError::Rejected(_)), "{error}");
    assert!(error.to_string().contains("offhook calendar login"), "{error}");
    let failure = calendar.book(&harbor(), &booking("c1/booking/1", "2026-11-24T15:00:00Z", 30)).await;
    assert!(matches!(failure, Err(BookFailure::Rejected(_))), "{failure:?}");
    let wrong = OAuthSettings { client_secret: Some("hunter2".to_owned()), ..provider.oauth() };
    let calendar = Google::open(GoogleSettings { oauth: wrong, ..provider.google_settings() }, clock()).unwrap();
    let error = asks(&calendar).await.unwrap_err().to_string();
    assert!(error.contains("correct client_id and client_secret"), "{error}");
    for told in [error, format!("{calendar:?} {:?}", provider.google_settings())] {
        assert!(
            !told.contains("hunter2") && !told.contains("desk-secret") && !told.contains("first-refresh"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_token_server_that_is_down_is_no_refusal() {
    let provider = Provider::start("google", &[]);
    provider.next("POST", json!({"path": "/token", "status": 503, "count": 1})).await;
    let calendar = provider.google();
    let error = asks(&calendar).await.unwrap_err();
    assert!(matches!(error, CalendarError::Unavailable(_)), "{error}");
    assert_eq!(asks(&calendar).await, Ok(3), "it is asked again");
}

#[tokio::test]
async fn a_login_in_the_browser_brings_the_first_token() {
    let provider = Provider::start("google", &[]);
    let settings = OAuthSettings { refresh_token: None, ..provider.oauth() };
    let calendar =
        || Google::open(GoogleSettings { oauth: settings.clone(), ..provider.google_settings() }, clock()).unwrap();
    let error = asks(&calendar()).await.unwrap_err();
    assert!(error.to_string().contains("offhook calendar login"), "{error}");

    let login = Login::begin(settings.clone(), 0).await.unwrap();
    let address = login.address().unwrap();
    let finished = tokio::spawn(login.finish());
    // A browser: the provider's page, a stray request, and the way back.
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let back = browser.get(&address).send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    let back = back.replace("localhost", "127.0.0.1");
    let stray = browser.get(back.replace("state=", "state=x")).send().await.unwrap();
    assert_eq!(stray.status(), 404, "somebody else's answer is not taken");
    assert!(browser.get(&back).send().await.unwrap().text().await.unwrap().contains("Close this window"));
    finished.await.unwrap().unwrap();
    assert_eq!(asks(&calendar()).await, Ok(3));
}

#[tokio::test]
async fn tokens_go_over_tls_or_stay_on_this_machine() {
    let provider = Provider::start("google", &[]);
    for url in ["http://calendar.example/v3", "ftp://127.0.0.1/", "nowhere"] {
        let settings = GoogleSettings { url: url.to_owned(), ..provider.google_settings() };
        assert!(Google::open(settings, clock()).is_err(), "{url}");
    }
    let oauth = OAuthSettings { token_url: "http://calendar.example/token".to_owned(), ..provider.oauth() };
    assert!(Google::open(GoogleSettings { oauth, ..provider.google_settings() }, clock()).is_err());
}
