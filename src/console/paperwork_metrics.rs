//! The paperwork's part of the metrics.

use super::metrics::{Gauges, Page, seconds};
use crate::outbox::Counted;
use crate::store::{EndpointRow, EndpointState};

/// Writes it.
pub(super) fn render(page: &mut Page, gauges: &Gauges) {
    let ages = &gauges.ages;
    page.head("offhook_outbox_oldest_seconds", "gauge", "Age of the oldest row that is under way.");
    page.plain("offhook_outbox_oldest_seconds", &seconds(ages.oldest_ms));
    page.head("offhook_approvals_oldest_seconds", "gauge", "Age of the oldest question to a person.");
    page.plain("offhook_approvals_oldest_seconds", &seconds(ages.oldest_approval_ms));
    page.head("offhook_crm_lag_seconds", "gauge", "Call end to verified write, of the last deliveries.");
    for (quantile, ms) in [("0.5", ages.lag_p50_ms), ("0.99", ages.lag_p99_ms)] {
        page.row_of("offhook_crm_lag_seconds", &[("quantile", quantile)], &seconds(ms));
    }
    page.head("offhook_crm_requests_total", "counter", "Requests to the CRM, by what was asked and how it went.");
    each(page, gauges, |counted| match counted {
        Counted::Request(asked, went) => {
            Some(("offhook_crm_requests_total", vec![("request", *asked), ("result", *went)]))
        }
        _ => None,
    });
    page.head("offhook_deliveries_total", "counter", "Deliveries of outbox rows, by kind and how they ended.");
    each(page, gauges, |counted| match counted {
        Counted::Delivery(kind, how) => Some(("offhook_deliveries_total", vec![("kind", kind), ("result", *how)])),
        _ => None,
    });
    page.head("offhook_crm_contacts_total", "counter", "Callers matched to a contact, by whether it was known.");
    each(page, gauges, |counted| match counted {
        Counted::Contact(how) => Some(("offhook_crm_contacts_total", vec![("match", *how)])),
        _ => None,
    });
    page.head("offhook_crm_duplicate_attempts_total", "counter", "Writes that found their record there already.");
    each(page, gauges, |counted| match counted {
        Counted::Duplicate => Some(("offhook_crm_duplicate_attempts_total", Vec::new())),
        _ => None,
    });
    page.head("offhook_crm_refused_total", "counter", "Rows parked for a person, by reason.");
    each(page, gauges, |counted| match counted {
        Counted::Refused(why) => Some(("offhook_crm_refused_total", vec![("reason", *why)])),
        _ => None,
    });
    webhooks(page, gauges);
}

/// Whether those who are told take what they are told.
fn webhooks(page: &mut Page, gauges: &Gauges) {
    let each = |page: &mut Page, name: &'static str, help: &'static str, value: &dyn Fn(&EndpointRow) -> u64| {
        page.head(name, "gauge", help);
        for endpoint in &gauges.endpoints {
            page.row(name, &[("endpoint", &endpoint.name)], value(endpoint));
        }
    };
    let enabled = |row: &EndpointRow| u64::from(row.state == EndpointState::Enabled);
    let failing = |row: &EndpointRow| {
        let since = row.failing_since.map_or(0, |since| gauges.now.as_second() - since.as_second());
        since.max(0).unsigned_abs()
    };
    each(page, "offhook_webhook_enabled", "1 while an endpoint is told anything.", &enabled);
    each(page, "offhook_webhook_waiting", "Events that wait for an endpoint.", &|row| row.waiting);
    each(page, "offhook_webhook_lost", "Events an endpoint never took.", &|row| row.failed);
    each(page, "offhook_webhook_failing_seconds", "How long an endpoint has taken nothing.", &failing);
}

type Named<'a> = (&'static str, Vec<(&'static str, &'a str)>);

fn each<'a>(page: &mut Page, gauges: &'a Gauges, named: impl Fn(&'a Counted) -> Option<Named<'a>>) {
    for (counted, count) in &gauges.paperwork {
        if let Some((name, labels)) = named(counted) {
            page.row(name, &labels, *count);
        }
    }
}
