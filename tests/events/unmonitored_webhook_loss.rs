//! "Unmonitored webhook loss": an endpoint that takes nothing, or is gone, is on the metrics, and an alert fires.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use offhook::call::Disposition;
use offhook::outbox::Meter;

use crate::fixtures::{call, ended};
use crate::promtool::fires;
use crate::receiver::{House, Receiver, settings};
use crate::watched::Watch;

#[tokio::test(flavor = "multi_thread")]
async fn unmonitored_webhook_loss() {
    let gone = Receiver::open(|_, _| StatusCode::GONE.into_response()).await;
    let house = House::open(vec![gone.endpoint("zapier")]).await;
    let watch = Watch::on(house.store(), Meter::default()).await;
    let before = watch.scrape().await;
    house.ends(ended(call("c1", None), Disposition::InfoOnly));
    gone.until("event", |receiver| !receiver.got().is_empty()).await;
    let silent = r#"offhook_webhook_enabled{endpoint="zapier"}"#;
    let mut after = watch.scrape().await;
    while after[silent] > 0.0 {
        after = watch.scrape().await;
    }
    house.close().await;
    fires("OffhookWebhookSilent", &[(before, 20), (after, 10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_counted() {
    let refusing = Receiver::open(|_, _| StatusCode::BAD_REQUEST.into_response()).await;
    let few = offhook::hooks::Settings { attempts: 2, ..settings() };
    let house = House::with(crate::fixtures::db().await, vec![refusing.endpoint("zapier")], few).await;
    let watch = Watch::on(house.store(), Meter::default()).await;
    let before = watch.scrape().await;
    house.ends(ended(call("c1", None), Disposition::InfoOnly));
    let lost = r#"offhook_webhook_lost{endpoint="zapier"}"#;
    let mut after = watch.scrape().await;
    while after[lost] < 1.0 {
        after = watch.scrape().await;
    }
    house.close().await;
    fires("OffhookEventsLost", &[(before, 20), (after, 10)]);
}
