// What is on the screen follows the events: lists, the claim, the client, home. The server renders, the page morphs.
import { tell } from "./live.js";

const GATHER = 30;
const PAUSE = 900;
const HAND_RESTS = 4_000;

const changed = new Set();
let hand = 0;

export function startPages() {
  document.addEventListener("desk:claim-changed", (event) => { changed.add(event.detail.claim_number); onClaim(event.detail); });
  document.addEventListener("desk:file-changed", (event) => onFile(event.detail));
  document.addEventListener("desk:resync", () => everything());
  document.addEventListener("desk:alert", () => soon("alerts"));
  document.addEventListener("desk:refresh", () => everything());
  document.addEventListener("desk:refresh-list", () => refreshList());
  document.addEventListener("pointermove", (event) => { if (event.target.closest?.("[data-live-list]")) hand = Date.now(); }, { passive: true });
  document.addEventListener("click", (event) => { if (event.target.closest("#updates-pill")) refreshList(); });
  document.addEventListener("desk:seen", (event) => plain(event.detail.claim_number));
  seen();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) for (const name of [...late]) soon(name); });
}

function onClaim({ claim_number: number }) {
  if (document.querySelector("[data-live-list]")) soon("list");
  if (document.querySelector(`[data-claim-page="${CSS.escape(number)}"]`)) soon("claim");
  if (document.querySelector("[data-live-home]")) soon("home");
  if (document.querySelector(`[data-client-page] [data-claim="${CSS.escape(number)}"], #contract [data-claim="${CSS.escape(number)}"]`)) soon("file");
}

function onFile({ client_id: id }) {
  const file = CSS.escape(id ?? "");
  if (document.querySelector(`[data-client-page="${file}"], #contract[data-client="${file}"]`)) soon("file");
}

function everything() {
  for (const name of Object.keys(work)) soon(name);
}

const timers = new Map();
const last = new Map();
const late = new Set();
const work = {
  list: () => document.querySelector("[data-live-list]") && updateList(),
  claim: async () => {
    const page = document.getElementById("claim");
    if (!page) return;
    await swap(`${location.pathname}?since=${encodeURIComponent(page.dataset.since)}`, page);
    seen();
    document.dispatchEvent(new CustomEvent("desk:recount"));
  },
  home: () => part("[data-live-home]"),
  alerts: () => (location.search.includes("before=") ? null : part("[data-live-alerts]")),
  file: () => part("#client") ?? part("#contract"),
};

// At once, then at most once in a while: a thousand events in a second are one request.
function soon(name) {
  if (document.hidden) { late.add(name); return; }
  late.delete(name);
  if (timers.has(name)) return;
  const wait = Math.max(GATHER, PAUSE - (Date.now() - (last.get(name) ?? 0)));
  timers.set(name, setTimeout(async () => {
    timers.delete(name);
    last.set(name, Date.now());
    try { await work[name](); } catch (error) { console.warn("desk: could not refresh", name, error); }
  }, wait));
}

function updateList() {
  const list = document.querySelector("[data-live-list]");
  const inUse = list.contains(document.activeElement) || list.querySelector("tr.chosen") !== null || (list.querySelector("table")?.matches(":hover") && Date.now() - hand < HAND_RESTS);
  if (list.dataset.jump === "yes" && !inUse && scrollY < 400) return refreshList();
  return offer(list);
}

async function refreshList() {
  const list = document.querySelector("[data-live-list]");
  const fresh = new Set(changed);
  changed.clear();
  await swap(location.pathname + location.search, list);
  for (const number of fresh) flash(document.querySelector(`#claims tr[data-claim="${CSS.escape(number)}"]`));
}

function offer(list) {
  const pill = list.querySelector("#updates-pill");
  const count = changed.size;
  if (!pill || !count) return;
  const words = count === 1 ? pill.dataset.one : count === 2 ? pill.dataset.two : pill.dataset.many.replace("{n}", count);
  pill.querySelector("span").textContent = words;
  pill.hidden = false;
}

function flash(row) {
  if (!row) return;
  row.classList.remove("fresh");
  void row.offsetWidth;
  row.classList.add("fresh");
  row.addEventListener("animationend", () => row.classList.remove("fresh"), { once: true });
}

// Opening a claim marks it as seen: its row in other tabs is no longer bold.
function seen() {
  const page = document.querySelector("[data-claim-page]");
  if (page) tell("seen", { claim_number: page.dataset.claimPage });
}

function plain(number) {
  for (const row of document.querySelectorAll(`tr.unread[data-claim="${CSS.escape(number)}"]`)) {
    row.classList.remove("unread");
    row.querySelector(".unread-dot")?.remove();
  }
}

function swap(url, target, select) {
  return htmx.ajax("GET", url, { source: target, target, swap: "outerMorph", ...(select ? { select } : {}) });
}

function part(selector) {
  const target = document.querySelector(selector);
  return target ? swap(location.pathname + location.search, target, selector) : null;
}
