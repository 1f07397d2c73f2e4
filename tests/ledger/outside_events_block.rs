//! What another program writes into a CalDAV calendar blocks its time: at the next question, and at the booking.

use offhook::calendar::{BookFailure, Calendar};
use offhook::conversation::{Business, Slot, SlotQuery};

use crate::dav;
use crate::fixtures::{at, booking, harbor};

/// Free half hours from Tuesday to Friday in New York; an empty week has 16 a day.
async fn free(calendar: &dyn Calendar, business: &Business) -> Vec<Slot> {
    let (from, to) = (at("2026-11-24T00:00:00Z"), at("2026-11-28T00:00:00Z"));
    let query =
        SlotQuery { service: "cleaning".to_owned(), minutes: 30, from, to, limit: 1000, ..SlotQuery::default() };
    calendar.find_slots(business, &query).await.unwrap()
}

/// The starts that are gone, in UTC's digits: "24T1500".
async fn gone(calendar: &dyn Calendar, business: &Business) -> Vec<String> {
    let left = free(calendar, business).await;
    let empty = offhook::calendar::free_slots(
        business,
        &SlotQuery {
            service: String::new(),
            minutes: 30,
            from: at("2026-11-24T00:00:00Z"),
            to: at("2026-11-28T00:00:00Z"),
            limit: 1000,
            ..SlotQuery::default()
        },
        Vec::new(),
        at("2026-11-23T12:00:00Z"),
    );
    assert_eq!(empty.len(), 64);
    let gone = empty.into_iter().filter(|slot| !left.contains(slot));
    gone.map(|slot| slot.starts_at.strftime("%dT%H%M").to_string()).collect()
}

#[tokio::test]
async fn a_booking_of_a_second_client_blocks_in_the_same_call() {
    for server in dav::each().await {
        let (calendar, business) = (server.calendar(), harbor());
        let slot = free(&calendar, &business).await[3];
        server
            .add("theirs", "DTSTART;TZID=America/New_York:20261124T103000\nDTEND;TZID=America/New_York:20261124T110000")
            .await;
        assert_eq!(slot.starts_at, at("2026-11-24T15:30:00Z"), "it was offered");
        let request =
            offhook::conversation::BookingRequest { slot, ..booking("c1/booking/1", "2026-11-24T00:00:00Z", 30) };
        assert_eq!(calendar.book(&business, &request).await, Err(BookFailure::Taken), "{}", server.root);
        assert_eq!(gone(&calendar, &business).await, ["24T1530"]);
        let export = server.export().await;
        assert!(!export.contains("X-OFFHOOK"), "what was held for a moment is withdrawn: {export}");
    }
}

#[tokio::test]
async fn repeats_block_each_time() {
    for server in dav::each().await {
        let (calendar, business) = (server.calendar(), harbor());
        // Every day since the spring, at noon in New York on both sides of the change of clocks.
        let daily = "DTSTART;TZID=America/New_York:20260401T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY\n\
                     EXDATE;TZID=America/New_York:20261125T120000";
        server.add("lunch", daily).await;
        let expected = ["24T1700", "24T1730", "26T1700", "26T1730", "27T1700", "27T1730"];
        assert_eq!(gone(&calendar, &business).await, expected, "{}", server.root);
        let slot = Slot { starts_at: at("2026-11-26T17:00:00Z"), ends_at: at("2026-11-26T17:30:00Z") };
        let request =
            offhook::conversation::BookingRequest { slot, ..booking("c2/booking/1", "2026-11-24T00:00:00Z", 30) };
        assert_eq!(calendar.book(&business, &request).await, Err(BookFailure::Taken), "{}", server.root);
    }
}

#[tokio::test]
async fn one_time_of_a_repeat_that_was_moved_blocks_where_it_is() {
    let moved = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//other//EN\r\n\
        BEGIN:VEVENT\r\nUID:weekly\r\nDTSTAMP:20261120T000000Z\r\nDTSTART:20261103T150000Z\r\nDTEND:20261103T153000Z\r\n\
        RRULE:FREQ=WEEKLY;COUNT=10\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:weekly\r\nDTSTAMP:20261120T000000Z\r\nRECURRENCE-ID:20261124T150000Z\r\nSEQUENCE:3\r\n\
        DTSTART:20261126T180000Z\r\nDTEND:20261126T183000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    for server in dav::each().await {
        server.put("weekly", moved.to_owned()).await;
        assert_eq!(gone(&server.calendar(), &harbor()).await, ["26T1800"], "{}", server.root);
    }
}

#[tokio::test]
async fn every_way_to_write_a_time_is_understood() {
    for server in dav::each().await {
        let (calendar, business) = (server.calendar(), harbor());
        // Floating: on the business's own clock.
        server.add("floating", "DTSTART:20261124T100000\nDTEND:20261124T103000").await;
        server.add("maker", "DTSTART;TZID=/maker.example/1/Europe/Berlin:20261125T160000\nDURATION:PT30M").await;
        // These keep nobody from coming.
        server.add("free", "DTSTART:20261124T170000Z\nDTEND:20261124T180000Z\nTRANSP:TRANSPARENT").await;
        server.add("off", "DTSTART:20261124T180000Z\nDTEND:20261124T190000Z\nSTATUS:CANCELLED").await;
        assert_eq!(gone(&calendar, &business).await, ["24T1500", "25T1500"], "{}", server.root);
        server.add("holiday", "DTSTART;VALUE=DATE:20261126\nDTEND;VALUE=DATE:20261127").await;
        let gone = gone(&calendar, &business).await;
        assert_eq!(gone.iter().filter(|at| at.starts_with("26T")).count(), 16, "the whole day: {gone:?}");
        assert_eq!(gone.len(), 18, "and no other: {gone:?}");
    }
}

#[tokio::test]
async fn a_zone_that_only_the_file_knows_is_read_from_the_file() {
    let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//other//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Head Office\r\n\
        BEGIN:STANDARD\r\nDTSTART:20001029T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\n\
        TZOFFSETTO:+0100\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:20000326T020000\r\n\
        RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n\
        END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:far\r\nDTSTAMP:20261120T000000Z\r\n\
        DTSTART;TZID=Head Office:20260707T160000\r\nDURATION:PT30M\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let server = dav::radicale().await;
    server.put("far", event.to_owned()).await;
    assert_eq!(gone(&server.calendar(), &harbor()).await, ["24T1500"], "four o'clock in winter is 15:00 UTC");
}
