// Search over everything as one types: a combobox (WAI-ARIA) whose list the server renders. Without scripts the form leads to /search.
let field, box, panel;
let active = -1;
let opener = null;

export function startSearch() {
  field = document.getElementById("global-search");
  box = document.getElementById("global-search-box");
  panel = document.getElementById("search-panel");
  if (!field || !panel) return;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", "search-list");
  new MutationObserver(show).observe(panel, { childList: true });
  field.addEventListener("input", () => { if (!field.value.trim()) { panel.replaceChildren(); hide(); offerLast(); } });
  field.addEventListener("focus", () => { if (field.value.trim()) { if (panel.childElementCount) show(); } else offerLast(); });
  field.addEventListener("keydown", onKey);
  panel.addEventListener("pointerdown", (event) => event.preventDefault());
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget) && !box.classList.contains("full")) hide(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-search-open]");
    if (link && !event.ctrlKey && !event.metaKey && !document.getElementById("search-q")) { event.preventDefault(); openFull(link); }
    if (event.target.closest(".search-close")) closeFull();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) { closeFull(); hide(); } });
  matchMedia("(min-width: 768px)").addEventListener("change", (event) => { if (event.matches) closeFull(); });
}

function options() { return [...panel.querySelectorAll("[role=option]")]; }

function show() {
  const list = options();
  const wanted = document.activeElement === field && panel.childElementCount > 0;
  panel.hidden = !wanted;
  field.setAttribute("aria-expanded", String(wanted && list.length > 0));
  choose(-1);
}

// Before anything is typed: what was opened last, since the next call is often about the same file.
async function offerLast() {
  try {
    const answer = await fetch("/search/results?q=", { headers: { "HX-Request": "true" } });
    const words = answer.ok ? await answer.text() : "";
    if (!field.value.trim() && document.activeElement === field) panel.innerHTML = words.trim();
  } catch { /* the field works without */ }
}

function hide() {
  panel.hidden = true;
  field.setAttribute("aria-expanded", "false");
  choose(-1);
}

function choose(place) {
  const list = options();
  active = place;
  for (const [index, one] of list.entries()) one.setAttribute("aria-selected", String(index === place));
  if (place < 0 || !list[place]) { field.removeAttribute("aria-activedescendant"); return; }
  field.setAttribute("aria-activedescendant", list[place].id);
  list[place].scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  const list = panel.hidden ? [] : options();
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (panel.hidden) { if (panel.childElementCount) show(); return; }
    if (!list.length) return;
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    choose(active < 0 ? (step > 0 ? 0 : list.length - 1) : (active + step + list.length + 1) % (list.length + 1) === list.length ? -1 : (active + step + list.length + 1) % (list.length + 1));
  } else if (event.key === "Enter" && list[active]) {
    event.preventDefault();
    list[active].click();
  } else if (event.key === "Escape") {
    if (!panel.hidden && !box.classList.contains("full")) { event.preventDefault(); hide(); }
    else if (box.classList.contains("full")) { event.preventDefault(); closeFull(); }
    else field.value = "";
  } else if (event.key === "Tab" && !box.classList.contains("full")) hide();
}

// On a phone the search takes the whole screen; what lies behind it cannot be reached meanwhile.
function openFull(link) {
  opener = link;
  box.classList.add("full");
  behind(true);
  field.focus();
  field.select();
}

function closeFull() {
  if (!box.classList.contains("full")) return;
  box.classList.remove("full");
  behind(false);
  hide();
  opener?.focus();
  opener = null;
}

function behind(inert) {
  for (const one of document.querySelectorAll("#content, .bottom-bar, .brand, .main-nav, .top-tools, .notice")) one.inert = inert;
  document.documentElement.classList.toggle("search-full", inert);
}
