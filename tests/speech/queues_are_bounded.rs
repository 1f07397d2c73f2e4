//! A full queue says so at once; cancelled work is not done.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};

use offhook::speech::{Busy, TranscribeJob, TranscribeKind};

use crate::common::{settings, speech};

#[test]
fn a_cancelled_job_is_not_answered() {
    let (sender, receiver) = mpsc::channel::<()>();
    let job = TranscribeJob { cancel: Arc::new(AtomicBool::new(true)), ..job(TranscribeKind::Speculative) };
    speech().transcribe(job, move |_| sender.send(()).expect("the test waits")).expect("the queue has room");
    // The closure is dropped unused, and the sender with it.
    assert!(receiver.recv().is_err());
}

#[test]
fn after_shutdown_everything_is_refused() {
    let cache = tempfile::tempdir().expect("a scratch folder");
    let speech = offhook::speech::Speech::start(settings(cache.path()))
        .expect("these tests need the models (`offhook models fetch`)");
    let other = speech.clone();
    speech.shutdown();
    assert_eq!(other.transcribe(job(TranscribeKind::Final), |_| ()), Err(Busy));
    assert_eq!(other.judge_turn(Arc::from([0; 160]), |_| ()), Err(Busy));
    assert!(other.render("Hello.", 8_000).is_err());
}

fn job(kind: TranscribeKind) -> TranscribeJob {
    let cancel = Arc::new(AtomicBool::new(false));
    TranscribeJob { audio16k: Arc::from([0; 16_000]), language: None, kind, hint: None, questions: None, cancel }
}
