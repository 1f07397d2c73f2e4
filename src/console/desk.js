// The desk: reads the API with the token of this tab. Callers' words reach the page as text only, never as HTML.
"use strict";

const KEY = "offhook-token";
const RETRY_MS = 2000;
const HEALTH_MS = 5000;
const $ = (id) => document.getElementById(id);
const live = new Map();
let tab = "calls";
let stream = null;

class Refused extends Error {}

function el(name, className, text, ...children) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== null && text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

async function ask(path, signal) {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ""}` };
  const answer = await fetch(path, { headers, signal, cache: "no-store" });
  if (answer.status === 401) throw new Refused();
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail ?? `HTTP ${answer.status}`);
  }
  return answer;
}

const list = async (path) => (await ask(path)).json();

// --- words for values

const words = (text) => (text ?? "").replaceAll("_", " ");

function when(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

// The business's own wall clock, as its offset wrote it, not this browser's.
function whenThere(text) {
  const wall = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(text ?? "");
  if (!wall) return "";
  const day = new Date(Date.UTC(+wall[1], +wall[2] - 1, +wall[3]));
  const name = day.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
  return `${name}, ${wall[4]}`;
}

function lasted(call) {
  const seconds = Math.round((new Date(call.ended_at) - new Date(call.answered_at ?? call.started_at)) / 1000);
  return Number.isFinite(seconds) && call.ended_at ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "";
}

// --- pieces

function talk(lines) {
  const box = el("ol", "talk");
  for (const line of lines) box.append(el("li", line.speaker === "caller" ? "caller" : "agent", line.text));
  return box;
}

function callCard(call) {
  const summary = el("summary", "", null,
    el("span", "main", call.from ?? "withheld number"),
    el("span", "", words(call.disposition ?? call.state)),
    el("span", "quiet end", [when(call.started_at), lasted(call)].filter(Boolean).join(" · ")));
  const card = el("details", "card", null, summary);
  card.append(call.transcript.length ? talk(call.transcript) : el("p", "quiet", "Nothing was said."));
  if (call.turns.length) {
    const times = call.turns.map((turn) => turn.voice_to_voice_ms).sort((a, b) => a - b);
    card.append(el("p", "quiet", `answered in ${times[Math.floor(times.length / 2)]} ms (median of ${times.length} turns)`));
  }
  return card;
}

function row(main, rest, end) {
  return el("div", "card row", null, el("span", "main", main), el("span", "", rest), el("span", "quiet end", end));
}

const RECORDS = {
  calls: ["/api/v1/calls?limit=50", "No calls yet.", (call) => (call.state === "ended" ? callCard(call) : null)],
  appointments: ["/api/v1/appointments?limit=100", "No appointments yet.",
    (it) => row(whenThere(it.starts_at), `${words(it.service)} · ${it.name} · ${it.phone}`, it.status)],
  contacts: ["/api/v1/contacts?limit=100", "No contacts yet.", (it) => row(it.name ?? "unnamed", it.phone, when(it.updated_at))],
  outbox: ["/api/v1/outbox?limit=100", "Nothing to deliver.",
    (it) => row(words(it.kind), [words(it.state), it.reason].filter(Boolean).join(": "), when(it.updated_at))],
};

async function showRecords() {
  const wanted = tab;
  const [path, nothing, piece] = RECORDS[wanted];
  const rows = (await list(path)).map(piece).filter(Boolean);
  if (wanted !== tab) return;
  $("records").replaceChildren(...(rows.length ? rows : [el("p", "quiet", nothing)]));
}

function showLive() {
  const cards = [...live.values()].map((call) => el("div", "card", null,
    el("div", "row", null, el("span", "main", call.from ?? "withheld number"), el("span", "", words(call.state)),
      el("span", "quiet end", when(call.started_at))),
    talk(call.transcript)));
  $("live").replaceChildren(...(cards.length ? cards : [el("p", "quiet", "Nobody is calling.")]));
  for (const box of $("live").querySelectorAll(".talk")) box.scrollTop = box.scrollHeight;
}

// --- live events (fetch, because EventSource cannot carry a token)

function happened(name, data) {
  if (name === "call.started") live.set(data.id, data);
  const call = live.get(data.call_id);
  if (name === "call.answered" && call) call.state = "active";
  // A line may be both in the snapshot and in the stream.
  const known = (line) => line.speaker === data.line.speaker && line.start_ms === data.line.start_ms;
  if (name === "transcript.line" && call && !call.transcript.some(known)) call.transcript.push(data.line);
  if (name === "call.ended") {
    live.delete(data.id);
    showRecords().catch(() => {});
  }
  showLive();
}

function frame(text) {
  let name = "message";
  const data = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  if (data.length && name !== "notice") happened(name, JSON.parse(data.join("\n")));
}

async function listen(signal) {
  const answer = await ask("/api/v1/events", signal);
  // The stream is open: what is live now plus what comes cannot miss a call.
  const now = await list("/api/v1/calls?limit=100");
  live.clear();
  for (const call of now) if (call.state !== "ended") live.set(call.id, call);
  showLive();
  await showRecords();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop();
    frames.forEach(frame);
  }
}

async function open() {
  $("door").hidden = true;
  $("desk").hidden = false;
  $("leave").hidden = false;
  const mine = new AbortController();
  stream = mine;
  while (!mine.signal.aborted) {
    try {
      await listen(mine.signal);
    } catch (error) {
      if (error instanceof Refused) return close("That token was refused.");
    }
    if (!mine.signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function close(why) {
  stream?.abort();
  sessionStorage.removeItem(KEY);
  live.clear();
  $("records").replaceChildren();
  $("live").replaceChildren();
  $("desk").hidden = true;
  $("leave").hidden = true;
  $("door").hidden = false;
  $("refused").textContent = why;
  $("token").focus();
}

async function health() {
  let text = "not reachable";
  let good = false;
  try {
    const answer = await fetch("/readyz", { cache: "no-store" });
    good = answer.ok;
    text = good ? "taking calls" : ((await answer.json()).detail ?? "not ready");
  } catch { /* said by the text */ }
  $("status").textContent = text;
  $("status").className = good ? "pill good" : "pill bad";
}

$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $("token").value.trim());
  $("token").value = "";
  $("refused").textContent = "";
  open();
});
$("leave").addEventListener("click", () => close(""));
for (const button of document.querySelectorAll("[data-tab]")) {
  button.addEventListener("click", () => {
    tab = button.dataset.tab;
    for (const other of document.querySelectorAll("[data-tab]")) other.setAttribute("aria-selected", String(other === button));
    showRecords().catch((error) => $("records").replaceChildren(el("p", "bad", error.message)));
  });
}
health();
setInterval(health, HEALTH_MS);
if (sessionStorage.getItem(KEY)) open();
else close("");
