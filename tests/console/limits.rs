//! Who gets in, and what those who do not are told.

use offhook::console::Readiness;
use reqwest::Method;

use crate::house::{House, TOKEN, problem};

const PATHS: [&str; 7] = [
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/calls",
    "/api/v1/calls/x",
    "/api/v1/appointments",
    "/api/v1/contacts",
    "/api/v1/outbox",
];

#[tokio::test]
async fn without_the_token_there_is_health_and_nothing_else() {
    let house = House::open().await;
    for path in PATHS.iter().chain(&["/api/v1/events", "/nowhere"]) {
        let ask = || house.request(Method::GET, path);
        let answer = ask().send().await.unwrap();
        assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"offhook\"");
        problem(answer, 401).await;
        problem(ask().bearer_auth("wrong").send().await.unwrap(), 401).await;
        problem(ask().bearer_auth(&TOKEN[1..]).send().await.unwrap(), 401).await;
        problem(ask().basic_auth("user", Some(TOKEN)).send().await.unwrap(), 401).await;
    }
    for path in ["/healthz", "/readyz", "/"] {
        assert_eq!(house.request(Method::GET, path).send().await.unwrap().status(), 200, "{path}");
    }
}

#[tokio::test]
async fn ready_is_said_only_while_calls_are_taken() {
    let house = House::open().await;
    assert_eq!(house.get("/readyz").await.status(), 200);
    for (readiness, says) in [(Readiness::Starting, "starting"), (Readiness::Draining, "draining")] {
        *house.desk.readiness.lock().unwrap() = readiness;
        assert!(problem(house.get("/readyz").await, 503).await.starts_with(says));
        assert_eq!(house.get("/healthz").await.status(), 200);
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_a_problem_document() {
    let house = House::open().await;
    problem(house.get("/api/v1/nothing").await, 404).await;
    problem(house.get("/api/v1/calls/no-such-call").await, 404).await;
    problem(house.get("/api/v1/calls?before=no-such-call").await, 404).await;
    problem(house.get("/api/v1/calls/%FF").await, 400).await;
    assert!(problem(house.get("/api/v1/calls?limit=0").await, 400).await.contains("between 1 and 500"));
    problem(house.get("/api/v1/calls?limit=many").await, 400).await;
    problem(house.get("/api/v1/appointments?from=tomorrow").await, 400).await;
    problem(house.get("/api/v1/outbox?state=lost").await, 400).await;
    let post = house.request(Method::POST, "/api/v1/calls").bearer_auth(TOKEN);
    let answer = post.send().await.unwrap();
    assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"));
    problem(answer, 405).await;
}

#[tokio::test]
async fn too_much_is_refused() {
    let house = House::open().await;
    let fat = house.request(Method::GET, "/healthz").header("x-fat", "x".repeat(20_000));
    problem(fat.send().await.unwrap(), 431).await;
    let body = house.request(Method::POST, "/api/v1/calls").bearer_auth(TOKEN).body(vec![0; 100_000]);
    problem(body.send().await.unwrap(), 413).await;
}

#[tokio::test]
async fn a_defect_costs_one_request() {
    let house = House::open().await;
    *house.desk.broken.lock().unwrap() = true;
    problem(house.get("/api/v1/calls").await, 500).await;
    *house.desk.broken.lock().unwrap() = false;
    assert_eq!(house.get("/api/v1/calls").await.status(), 200);
}

#[tokio::test]
async fn the_page_can_run_nothing_but_its_own_script() {
    let house = House::open().await;
    for (path, kind) in [("/", "text/html"), ("/desk.js", "text/javascript"), ("/desk.css", "text/css")] {
        let answer = house.request(Method::GET, path).send().await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(kind));
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_string();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let text = answer.text().await.unwrap();
        for danger in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "onclick=", "style="]
        {
            assert!(!text.contains(danger), "{path} has {danger}");
        }
    }
    let answer = house.get("/api/v1/calls").await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}
