//! A process killed with SIGKILL at fifty points, between and in the middle of writes: every effect is there once.
//!
//! The child is this test binary again. It tells its parent before and after each write to the CRM and waits for a
//! word; the parent answers, or kills it there, or answers and kills it in whatever comes next.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use offhook::call::{CallState, Disposition};
use offhook::crm::{BoxFuture, BuiltIn, Crm, CrmError, Fields, Lookup, Object, Record, Schema};
use offhook::outbox::{Outbox, Settings};
use offhook::record::{Effect, proposals};
use offhook::store::{JobState, Store};

use crate::as_inner::as_inner;
use crate::fixtures::{call, ended, quick, url};

const CHILD: &str = "OFFHOOK_LEDGER_CHILD";
const POINT: &str = "kill point: ";
const DRAINED: &str = "drained and stopped";
const CALLS: usize = 60;
const PEOPLE: usize = 5;
const KILLS: usize = 50;

fn phone(n: usize) -> String {
    format!("+1212555{:04}", n % PEOPLE)
}

#[tokio::test]
async fn fifty_kills_lose_nothing_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = numbers(0x0ff_400c);
    let mut kills: BTreeMap<String, usize> = BTreeMap::new();
    for n in 0..KILLS {
        let (point, spin) = (random() as usize % 7, random() % 3_000);
        let place = killed_at(folder.path(), point, spin);
        *kills.entry(place.expect("more work is needed for so many kills")).or_default() += 1;
        assert_eq!(kills.values().sum::<usize>(), n + 1);
    }
    let store = Store::open(&url(folder.path())).await.unwrap();
    let (done, all) =
        (store.jobs(Some(JobState::Done), 10_000).await.unwrap().len(), store.jobs(None, 10_000).await.unwrap().len());
    eprintln!("killed at {kills:?}; {done} of {all} effects were done by then");
    assert!(done > 0 && done < all, "the kills fell into the work, not before or after it");
    assert!(["in mid call", "before a write", "after a write"].iter().all(|place| kills[*place] >= 3), "{kills:?}");
    store.close().await;
    assert_eq!(killed_at(folder.path(), usize::MAX, 0), None, "left alone, it drains");
    judge(folder.path()).await;
}

async fn judge(folder: &Path) {
    let store = Store::open(&url(folder)).await.unwrap();
    assert_eq!(
        store.jobs(Some(JobState::Done), 10_000).await.unwrap().len(),
        store.jobs(None, 10_000).await.unwrap().len()
    );
    let (mut failed, mut contacts) = (0, HashSet::new());
    for n in 0..CALLS {
        let call = store.call(&format!("c{n}")).await.unwrap().unwrap();
        assert_eq!(call.state, CallState::Ended);
        failed += usize::from(call.disposition == Some(Disposition::Failed));
        // What was linked later is not what was proposed then.
        let proposed = proposals(&offhook::call::CallRecord { contact_id: None, ..call.clone() });
        let wants_task = proposed.iter().any(|p| matches!(p.effect, Effect::Task { .. }));
        let (activities, tasks) = store.effects_of_call(&call.id).await.unwrap();
        assert_eq!((activities.len(), tasks.len()), (1, usize::from(wants_task)), "{}", call.id);
        assert_eq!(activities[0].contact_id, call.contact_id);
        contacts.insert(call.contact_id.unwrap());
    }
    let rows = store.contacts(None, 1000).await.unwrap();
    assert_eq!((rows.len(), contacts.len()), (PEOPLE, PEOPLE), "a contact per number");
    eprintln!("{failed} of {CALLS} calls were cut off and closed as failed");
}

/// Runs a child and kills it at its `point`th word from now, `spin` turns after an answer when that is odd. Where that
/// was; none when it came to its end first.
fn killed_at(folder: &Path, point: usize, spin: u64) -> Option<String> {
    let mut child = spawn(folder);
    let (mut answers, words) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut seen = 0;
    for word in words.lines().map_while(Result::ok) {
        if word.contains(DRAINED) {
            assert!(child.wait().unwrap().success());
            return None;
        }
        let Some((_, place)) = word.split_once(POINT) else { continue };
        if seen == point {
            if spin % 2 == 1 {
                let _ = answers.write_all(b"!");
                std::hint::black_box((0..spin * 100).fold(0, |a, n| std::hint::black_box(a ^ n)));
            }
            child.kill().unwrap();
            child.wait().unwrap();
            return Some(place.to_owned());
        }
        seen += 1;
        let _ = answers.write_all(b"!");
    }
    panic!("the child died by itself: {:?}", child.wait());
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["kill_points::the_child", "--exact", "--nocapture"])
        .env(CHILD, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Does nothing unless it was started by the test above.
#[test]
fn the_child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work(Path::new(&folder)));
    say(DRAINED);
}

async fn work(folder: &Path) {
    let store = Store::open(&url(folder)).await.unwrap();
    let crm = Arc::new(Telling { inner: BuiltIn::new(store.clone()) });
    let settings = Settings { workers: 2, lease: Duration::from_millis(250), attempts: 1000, ..quick() };
    let outbox = Outbox::start(store.clone(), crm, settings).await.unwrap();
    let hand = outbox.hand_off();
    for n in 0..CALLS {
        let id = format!("c{n}");
        // What a crash caught before it was written is called again; a real caller would, too.
        if store.call(&id).await.unwrap().is_none() {
            let live = call(&id, Some(&phone(n)));
            hand.opened(live.clone()).unwrap();
            if n % 4 == 0 {
                // Only a call that is in the log can be cut off.
                store.open_call(&live).await.unwrap();
                ask("in mid call").await;
            }
            hand.ended(ended(live, if n % 2 == 0 { Disposition::Escalated } else { Disposition::InfoOnly }));
        }
    }
    outbox.drained().await;
    outbox.stop().await;
}

/// The built-in CRM that asks before and after each write whether it may live on.
struct Telling {
    inner: BuiltIn,
}

impl Telling {
    async fn tell<T>(&self, write: BoxFuture<'_, Result<T, CrmError>>) -> Result<T, CrmError> {
        ask("before a write").await;
        let written = write.await;
        ask("after a write").await;
        written
    }
}

impl Crm for Telling {
    fn name(&self) -> &'static str {
        "telling"
    }
    as_inner!(describe find read delete);
    fn create<'a>(
        &'a self,
        b: &'a str,
        o: Object,
        key: &'a str,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<String, CrmError>> {
        Box::pin(self.tell(self.inner.create(b, o, key, fields)))
    }
    fn update<'a>(
        &'a self,
        b: &'a str,
        o: Object,
        id: &'a str,
        version: Option<&'a str>,
        fields: &'a Fields,
    ) -> BoxFuture<'a, Result<(), CrmError>> {
        Box::pin(self.tell(self.inner.update(b, o, id, version, fields)))
    }
}

async fn ask(place: &'static str) {
    let asked = tokio::task::spawn_blocking(move || {
        let mut answers = std::io::stdin().lock();
        say(&format!("{POINT}{place}"));
        let _ = answers.read_exact(&mut [0]);
    });
    asked.await.unwrap();
}

fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word}").unwrap();
    out.flush().unwrap();
}

/// A fixed sequence of numbers that look random (xorshift64).
fn numbers(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 8
    }
}
