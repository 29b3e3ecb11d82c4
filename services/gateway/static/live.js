// One stream per browser for any number of tabs: the tab that holds the lock reads it and tells the others.
// Events become DOM events on document: desk:alert, desk:claim-changed, desk:file-changed, desk:resync; and from other
// tabs desk:unread (the bell's count) and desk:seen (a claim that was opened there).
const NAMES = ["alert", "claim-changed", "file-changed", "resync"];
const SLEPT = 20_000;
const FIRST_RETRY = 500;
const LONGEST_RETRY = 15_000;

let address = "";
let channel = null;
let source = null;
let release = null;
let aborter = null;
let retry = FIRST_RETRY;
let retryTimer = 0;
let lastId = "";
let state = "starting";

export function startLive(url) {
  address = url;
  lastId = document.body.dataset.position ?? "";
  join();
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted) { join(); emit("resync", {}); } });
  addEventListener("online", () => reopen());
  let tick = Date.now();
  setInterval(() => {
    const slept = Date.now() - tick > SLEPT;
    tick = Date.now();
    if (slept) reopen();
  }, 5_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && source?.readyState === EventSource.CLOSED) reopen(); });
}

export function isLeader() { return source !== null; }

export function tell(kind, data) { channel?.postMessage({ kind, data }); }

function join() {
  channel = new BroadcastChannel("dossier-live");
  channel.onmessage = ({ data: message }) => {
    if (message.kind === "hello" && isLeader()) channel.postMessage({ kind: "state", data: { state, lastId } });
    else if (message.kind === "state") follow(message.data);
    else if (message.kind === "event") { lastId = message.data.id || lastId; emit(message.data.name, message.data.detail); }
    else if (message.kind === "unread" || message.kind === "seen") emit(message.kind, message.data);
  };
  channel.postMessage({ kind: "hello" });
  aborter = new AbortController();
  navigator.locks
    .request("dossier-live", { signal: aborter.signal }, () => new Promise((done) => { release = done; open(); }))
    .catch(() => {});
}

function leave() {
  aborter?.abort();
  close();
  release?.();
  release = null;
  channel?.close();
  channel = null;
}

function open() {
  close();
  const query = lastId ? `?last_event_id=${encodeURIComponent(lastId)}` : "";
  source = new EventSource(address + query);
  source.onopen = () => { retry = FIRST_RETRY; setState("live"); };
  source.onerror = () => {
    setState("reconnecting");
    if (source?.readyState === EventSource.CLOSED) again();
  };
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      if (event.lastEventId) lastId = event.lastEventId;
      const detail = event.data ? JSON.parse(event.data) : {};
      if (name === "resync") lastId = event.lastEventId;
      tell("event", { name, detail, id: lastId });
      emit(name, detail);
    });
  }
}

function close() {
  clearTimeout(retryTimer);
  source?.close();
  source = null;
}

function reopen() {
  if (release === null) return;
  setState("reconnecting");
  open();
}

// The browser gives up on an answer that is no stream: a service that restarts, or a session that has ended.
async function again() {
  clearTimeout(retryTimer);
  try {
    const answer = await fetch("/alerts/unread", { headers: { "HX-Request": "true" }, redirect: "manual" });
    if (answer.status === 401) { setState("ended"); return; }
  } catch { /* no network: try again below */ }
  if (release === null) return;
  retryTimer = setTimeout(open, retry * (0.75 + Math.random() / 2));
  retry = Math.min(retry * 2, LONGEST_RETRY);
}

function follow({ state: theirs, lastId: newest }) {
  showState(theirs);
  if (newest && lastId && newest !== lastId) emit("resync", {});
  lastId = newest || lastId;
}

function setState(next) {
  state = next;
  showState(next);
  tell("state", { state, lastId });
}

function showState(next) {
  const dot = document.getElementById("live-dot");
  if (dot && dot.dataset.state !== next) dot.dataset.state = next === "ended" ? "reconnecting" : next;
  if (next === "ended") emit("session-ended", {});
}

function emit(name, detail) { document.dispatchEvent(new CustomEvent(`desk:${name}`, { detail })); }
