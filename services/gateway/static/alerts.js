// The bell, the toasts and the title badge.
import { isLeader, tell } from "./live.js";

const GATHER = 150;
const TOAST_TIME = 8_000;
const MANY = 3;

let waiting = [];
let toastTimer = 0;
let countTimer = 0;

export function startAlerts() {
  const bell = document.getElementById("bell");
  bell?.addEventListener("toggle", () => { if (bell.open) loadPanel(); });
  document.addEventListener("desk:alert", (event) => {
    if (isLeader() && !countTimer) countTimer = setTimeout(count, GATHER);
    if (document.hidden) return;
    waiting.push(event.detail);
    toastTimer ||= setTimeout(showToasts, GATHER);
    if (bell?.open) loadPanel();
  });
  // Who looks at an open claim reads its alerts.
  document.addEventListener("desk:recount", () => { countTimer ||= setTimeout(count, GATHER); });
  document.addEventListener("desk:resync", () => { if (isLeader()) count(); });
  document.addEventListener("desk:unread", (event) => showCount(event.detail));
  document.addEventListener("desk:session-ended", () => {
    const box = document.getElementById("toasts");
    if (!box.querySelector(".session-ended")) { const card = clone("session-ended"); card.classList.add("session-ended"); box.append(card); }
  });
  document.getElementById("toasts")?.addEventListener("click", (event) => { if (event.target.closest("[data-dismiss]")) event.target.closest(".toast-card").remove(); });
  title(Number(document.getElementById("bell-count")?.dataset.unread ?? 0));
}

async function count() {
  countTimer = 0;
  const answer = await get("/alerts/unread");
  if (!answer) return;
  const unread = { html: await answer.text(), unread: Number(answer.headers.get("x-unread")) };
  showCount(unread);
  tell("unread", unread);
}

function showCount({ html, unread }) {
  for (const old of document.querySelectorAll(".bell-count")) { const fresh = fragment(html).firstElementChild; if (!old.id) fresh.removeAttribute("id"); old.replaceWith(fresh); }
  title(unread);
}

function title(unread) {
  const base = document.body.dataset.title ?? document.title;
  document.title = unread ? `(${unread > 99 ? "99+" : unread}) ${base}` : base;
}

async function loadPanel() {
  const panel = document.getElementById("bell-panel");
  const answer = await get(panel.dataset.src);
  if (answer) panel.replaceChildren(fragment(await answer.text()));
}

async function showToasts() {
  toastTimer = 0;
  const alerts = waiting;
  waiting = [];
  if (alerts.length > MANY) { toast(clone("many-alerts")); return; }
  for (const alert of alerts) {
    const answer = await get(`/alerts/${encodeURIComponent(alert.id)}/toast`);
    if (answer?.status === 200) toast(fragment(await answer.text()).firstElementChild);
  }
}

export function toast(card, time = TOAST_TIME) {
  const box = document.getElementById("toasts");
  while (box.children.length >= MANY) box.firstElementChild.remove();
  box.append(card);
  let timer = setTimeout(() => card.remove(), time);
  card.addEventListener("pointerenter", () => clearTimeout(timer));
  card.addEventListener("focusin", () => clearTimeout(timer));
  card.addEventListener("pointerleave", () => { timer = setTimeout(() => card.remove(), time / 2); });
}

async function get(url) {
  try {
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    return answer.ok ? answer : null;
  } catch { return null; }
}

function fragment(html) { const template = document.createElement("template"); template.innerHTML = html.trim(); return template.content; }

function clone(id) { return document.getElementById(id).content.firstElementChild.cloneNode(true); }
