// The claims list by hand and by keyboard: choosing rows, marking them as read with a way back, moving between them.
const chosen = new Set();
let last = null;

export function startRows() {
  if (!document.getElementById("claims")) return;
  document.addEventListener("change", onChange);
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("keydown", onKey);
  for (const name of ["htmx:after:swap", "htmx:afterSwap"]) document.addEventListener(name, restore);
  new MutationObserver(restore).observe(document.getElementById("content"), { childList: true });
  addEventListener("pageshow", back);
  back();
}

const rows = () => [...document.querySelectorAll("#claims tbody tr[data-claim]")];
const box = (row) => row.querySelector("input[name=claim]");

function onChange({ target, shiftKey }) {
  if (target.matches?.("[data-pick-page]")) {
    for (const row of rows()) choose(row, target.checked);
  } else if (target.matches?.("#claims input[name=claim]")) {
    choose(target.closest("tr"), target.checked);
  } else return;
  show(shiftKey);
}

function choose(row, on) {
  box(row).checked = on;
  row.classList.toggle("chosen", on);
  if (on) chosen.add(row.dataset.claim); else chosen.delete(row.dataset.claim);
}

// The list may be drawn anew while rows are chosen.
function restore() {
  for (const row of rows()) if (box(row).checked !== chosen.has(row.dataset.claim)) choose(row, chosen.has(row.dataset.claim));
  show();
}

function show() {
  const bar = document.getElementById("bulk-bar");
  const all = rows();
  const here = all.filter((row) => chosen.has(row.dataset.claim));
  for (const row of here) row.classList.add("chosen");
  const page = document.querySelector("[data-pick-page]");
  if (page) { page.checked = here.length > 0 && here.length === all.length; page.indeterminate = here.length > 0 && here.length < all.length; }
  if (!bar) return;
  const count = here.length;
  const words = count === 1 ? bar.dataset.one : count === 2 ? bar.dataset.two : bar.dataset.many.replace("{n}", count);
  const place = bar.querySelector(".bulk-count");
  if (bar.hidden === (count > 0)) bar.hidden = count === 0;
  if (place.textContent !== words) place.textContent = words;
}

function none() {
  for (const row of rows()) choose(row, false);
  chosen.clear();
  show();
}

function onClick(event) {
  if (event.target.closest("[data-pick-none]")) none();
  const opener = event.target.closest("#claims tr[data-claim] .row-link");
  if (opener) sessionStorage.setItem("desk-row", opener.closest("tr").dataset.claim);
  const close = event.target.closest(".filter-close");
  if (close) {
    const more = document.querySelector(".filter-more");
    document.getElementById("more-filters").classList.remove("open");
    more.setAttribute("aria-expanded", "false");
    more.focus();
  }
}

async function onSubmit(event) {
  const form = event.target;
  if (form.matches("#bulk")) {
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    await mark(data, data.get("which") === "all" ? rows() : rows().filter((row) => chosen.has(row.dataset.claim)));
    none();
  } else if (form.closest("[data-undo-toast]")) {
    event.preventDefault();
    form.closest(".toast-card").remove();
    await fetch(form.action, { method: "POST", headers: { "HX-Request": "true" } });
    document.dispatchEvent(new CustomEvent("desk:refresh-list"));
  }
}

async function mark(data, marked) {
  const answer = await fetch("/claims/read", { method: "POST", body: data, headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) { toast(document.getElementById("read-failed").content.firstElementChild.cloneNode(true)); return; }
  for (const row of marked) { row.classList.remove("unread"); row.querySelector(".unread-dot")?.remove(); }
  document.querySelector(".read-all")?.toggleAttribute("hidden", !document.querySelector("#claims tr.unread"));
  const template = document.createElement("template");
  template.innerHTML = (await answer.text()).trim();
  toast(template.content.firstElementChild);
}

function toast(card) {
  const place = document.getElementById("toasts");
  for (const old of place.querySelectorAll("[data-undo-toast]")) old.remove();
  place.append(card);
  setTimeout(() => card.remove(), 12_000);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("textarea, select, [contenteditable], dialog[open], .menu-panel, input:not([type=checkbox])")) return;
  const row = document.activeElement?.closest?.("#claims tr[data-claim]");
  const key = event.key;
  if (key === "?") document.getElementById("dialog-keys").showModal();
  else if (key === "j" || (key === "ArrowDown" && row)) move(row, 1);
  else if (key === "k" || (key === "ArrowUp" && row)) move(row, -1);
  else if (key === "x" && row) { choose(row, !box(row).checked); show(); }
  else if (key === "e" && (row || chosen.size)) readThese(row);
  else if (key === "Escape" && chosen.size) none();
  else return;
  event.preventDefault();
}

function move(row, step) {
  const all = rows();
  const known = row ?? all.find((one) => one.dataset.claim === last);
  const next = known ? all[all.indexOf(known) + step] : all[0];
  if (!next) return;
  last = next.dataset.claim;
  next.querySelector(".row-link").focus();
  next.scrollIntoView({ block: "nearest" });
}

function readThese(row) {
  const these = chosen.size ? rows().filter((one) => chosen.has(one.dataset.claim)) : [row];
  const data = new FormData();
  for (const one of these) data.append("claim", one.dataset.claim);
  mark(data, these).then(none);
}

// Coming back from a claim, the keyboard goes on where it was.
function back() {
  const number = sessionStorage.getItem("desk-row");
  const way = performance.getEntriesByType("navigation")[0]?.type;
  if (!number || way !== "back_forward") return;
  document.querySelector(`#claims tr[data-claim="${CSS.escape(number)}"] .row-link`)?.focus({ preventScroll: true });
}
