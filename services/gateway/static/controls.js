// Menus, dialogs, the filter button, keys, and times that stay true while a page is open.
import { ago } from "./figures.js";

const STRIPS = ".tabs, .views ul, .chips";

export function startControls() {
  // Told with the first layout, and when a strip has become narrower or wider; letters that arrive may be wider, too.
  const strips = new ResizeObserver((all) => all.forEach((one) => reveal(one.target)));
  for (const strip of document.querySelectorAll(STRIPS)) strips.observe(strip);
  document.fonts.addEventListener("loadingdone", () => document.querySelectorAll(STRIPS).forEach(reveal));
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  for (const dialog of document.querySelectorAll("dialog[data-open]")) { dialog.close(); dialog.showModal(); }
  setInterval(tellTimes, 30_000);
  addEventListener("beforeprint", tellPrinting);
}

function onClick(event) {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest("[data-print]")) { for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false; print(); }
  const more = event.target.closest(".filter-more");
  if (more) more.setAttribute("aria-expanded", String(document.getElementById(more.getAttribute("aria-controls")).classList.toggle("open")));
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (event.target instanceof HTMLDialogElement && !touched(event.target)) event.target.close();
}

// A strip of tabs that is wider than the screen begins with the one that is open in its middle, in either direction of reading.
function reveal(strip) {
  const open = strip.querySelector("[aria-current]");
  if (!open || strip.scrollWidth <= strip.clientWidth) return;
  const [frame, box] = [strip.getBoundingClientRect(), open.getBoundingClientRect()];
  strip.scrollBy({ left: box.left + box.width / 2 - (frame.left + frame.width / 2), behavior: "instant" });
}

function touched(dialog) {
  return [...dialog.querySelectorAll("input, textarea")].some((field) => field.value !== field.defaultValue);
}

function onKey(event) {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest?.("input, textarea, select, [contenteditable]")) {
    const field = document.querySelector("#search-q, #global-search");
    if (field?.offsetParent) { event.preventDefault(); field.focus(); field.select(); }
  }
}

// A page may have been open for hours: paper tells when it was printed.
function tellPrinting() {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "short", timeStyle: "short", timeZone: document.body.dataset.zone });
  for (const head of document.querySelectorAll("[data-printed]")) head.textContent = head.dataset.printed.replace("{}", `\u2066${format.format()}\u2069`);
}

function tellTimes() {
  const { ago: words, zone } = document.body.dataset;
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const told = ago(Date.parse(time.dateTime), Date.now(), words.split("|"), zone);
    if (told) time.textContent = told;
  }
}
