//! Keys told of in INFO requests.

use offhook::sip::Event;

use crate::line::{Desk, invite, offer, request, status, to_tag};

#[test]
fn a_key_in_an_info_counts_once_and_everything_is_answered() {
    let mut desk = Desk::new();
    desk.ask(invite("i1", 1, ""));
    let dialog = desk.incoming().expect("a call").dialog;
    desk.endpoint.answer(dialog, offer(), desk.now);
    let tag = to_tag(&desk.answers()[0]);
    desk.ask(request("ACK", "i2", 1, &tag, "\r\n"));
    desk.events();
    let relay = "Content-Type: application/dtmf-relay\r\n\r\nSignal=7\r\nDuration=160\r\n";
    let info = request("INFO", "i3", 2, &tag, relay);
    for _ in 0..2 {
        let answers = desk.ask(&info);
        assert_eq!(
            answers.iter().map(|answer| status(answer)).collect::<Vec<_>>(),
            [200],
            "the first and its repetition"
        );
    }
    assert_eq!(desk.events(), [Event::Key { dialog, key: '7' }]);
    let others = ["Content-Type: application/dtmf\r\n\r\n#", "\r\n", "Content-Type: application/x\r\n\r\nSignal=7"];
    for (n, body) in others.into_iter().enumerate() {
        let answers = desk.ask(request("INFO", &format!("i4{n}"), 3 + n as u32, &tag, body));
        assert_eq!(status(&answers[0]), 200);
    }
    assert_eq!(desk.events(), [Event::Key { dialog, key: '#' }]);
}
