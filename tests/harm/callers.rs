//! Scripted callers over real SIP and RTP, each on a thread of its own.

use std::thread::JoinHandle;
use std::time::Duration;

use offhook::caller::{self, Act, BadLine, Report, Start, Turn};

use tokio::sync::oneshot;

use crate::server::{Server, block_on};
use crate::sounds::Sound;

/// A call to place.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Caller's number, E.164.
    pub number: String,
    /// What is sent.
    pub turns: Vec<Turn>,
    /// Wait so long before dialling.
    pub wait: Duration,
    /// Hang up so long after the answer.
    pub hang_up_after: Duration,
}

impl Plan {
    /// A caller who sends nothing but silence until the agent hangs up.
    pub fn silent(number: &str) -> Self {
        Self { number: number.into(), turns: Vec::new(), wait: Duration::ZERO, hang_up_after: PATIENCE }
    }

    /// One sound from the greeting on, over everything the agent says; silence afterwards.
    pub fn sound(number: &str, sound: Sound) -> Self {
        let turn = Turn { label: "noise".into(), act: Act::Sound(sound), start: Start::After(Duration::ZERO) };
        Self { turns: vec![turn], ..Self::silent(number) }
    }

    /// Sentences, each after the agent has finished.
    pub fn spoken(number: &str, sentences: &[(&str, Sound)]) -> Self {
        let turn = |(text, sound): &(&str, Sound)| Turn {
            label: (*text).into(),
            act: Act::Sound(sound.clone()),
            start: Start::AgentFinished,
        };
        Self { turns: sentences.iter().map(turn).collect(), ..Self::silent(number) }
    }

    /// Dials on a thread of its own.
    pub fn dial(self, server: &Server) -> Caller {
        let target = server.uri("reception");
        let (vanish, vanished) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            block_on(async {
                tokio::select! {
                    report = self.place(target) => Some(report),
                    // Dropped without a word: the caller is only waited for.
                    Ok(()) = vanished => None,
                }
            })
        });
        Caller { thread, vanish }
    }

    async fn place(self, target: String) -> Report {
        tokio::time::sleep(self.wait).await;
        let settings = caller::Settings {
            target,
            from: format!("sip:{}@127.0.0.1", self.number),
            turns: self.turns,
            record: None,
            timeline: false,
            line: BadLine::default(),
            hang_up_after: self.hang_up_after,
        };
        caller::place(settings).await.expect("loopback has sockets for everybody")
    }
}

/// A caller on the phone.
pub struct Caller {
    thread: JoinHandle<Option<Report>>,
    vanish: oneshot::Sender<()>,
}

impl Caller {
    /// Waits for the end of the call.
    pub fn report(self) -> Report {
        let Self { thread, vanish } = self;
        let report = thread.join().expect("the caller's thread does not panic");
        drop(vanish);
        report.expect("nobody told it to vanish")
    }

    /// Leaves without a packet more.
    pub fn vanish(self) {
        let _ = self.vanish.send(());
        let _ = self.thread.join();
    }
}

/// Longer than any call that is meant to be ended by the agent.
const PATIENCE: Duration = Duration::from_secs(240);
