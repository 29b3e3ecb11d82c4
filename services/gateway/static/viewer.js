// Files over the page: pictures with zoom and rotation, PDF in the browser's own viewer; arrows go along the line of text.
import { percent } from "./figures.js";
import { actOnFiles } from "./files.js";

const STEP = 1.25;
const LARGEST = 8;
const SMALLEST = 0.1;

let dialog, stage, about;
let files = [];
let place = 0;
let zoom = 1;
let turn = 0;
let picture = null;
let asked = null;

export function startViewer() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-viewer]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const found = document.getElementById("viewer");
    if (!found?.showModal) return;
    event.preventDefault();
    open(found, link);
  });
}

function open(found, link) {
  if (dialog !== found) prepare(found);
  files = [...document.querySelectorAll("a[data-viewer]")].map((one) => ({ id: one.dataset.file, url: one.dataset.viewer, kind: one.dataset.kind, name: one.querySelector(".file-name")?.textContent.trim() ?? "", page: one.href }));
  dialog.showModal();
  show(files.findIndex((one) => one.id === link.dataset.file));
  stage.focus({ preventScroll: true });
}

function prepare(found) {
  dialog = found;
  stage = dialog.querySelector(".viewer-stage");
  about = dialog.querySelector(".viewer-about");
  dialog.addEventListener("click", (event) => { const button = event.target.closest("[data-viewer-do]"); if (button) act(button.dataset.viewerDo); });
  dialog.addEventListener("keydown", onKey);
  dialog.addEventListener("close", () => {
    dialog.classList.remove("telling");
    dialog.querySelector(".viewer-info").setAttribute("aria-expanded", "false");
    stage.replaceChildren();
    about.replaceChildren();
    asked?.abort();
    document.querySelector(`a[data-file="${CSS.escape(files[place]?.id ?? "")}"]`)?.focus();
  });
  stage.addEventListener("wheel", (event) => { if (event.ctrlKey && picture) { event.preventDefault(); scale(event.deltaY < 0 ? STEP : 1 / STEP); } }, { passive: false });
  stage.addEventListener("dblclick", () => { if (picture) { zoom = zoom === 1 ? 2 : 1; draw(); } });
  let held = null;
  stage.addEventListener("pointerdown", (event) => { if (picture && event.pointerType === "mouse") { held = event; stage.setPointerCapture(event.pointerId); } });
  stage.addEventListener("pointermove", (event) => { if (held) stage.scrollBy(-event.movementX, -event.movementY); });
  for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, () => { held = null; });
  // Told once the stage has its new size; an event of the window may come before, and fit the picture to what was.
  new ResizeObserver(() => { if (dialog.open) draw(); }).observe(stage);
  actOnFiles(about, { changed: (html) => { about.innerHTML = html; }, removed: without });
}

function act(what) {
  if (what === "close") dialog.close();
  else if (what === "next") show(place + 1);
  else if (what === "back") show(place - 1);
  else if (what === "in") scale(STEP);
  else if (what === "out") scale(1 / STEP);
  else if (what === "fit") { zoom = 1; draw(); }
  else if (what === "rotate") { turn = (turn + 90) % 360; zoom = 1; draw(); }
  else if (what === "about") {
    const open = dialog.classList.toggle("telling");
    dialog.querySelector(".viewer-info").setAttribute("aria-expanded", String(open));
  }
}

function onKey(event) {
  if (event.target.closest("select, input, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const onward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = onward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
  const scrolls = picture && zoom > 1 && event.target === stage;
  const what = { "+": "in", "=": "in", "-": "out", 0: "fit", r: "rotate", R: "rotate", i: "about" }[event.key] ?? (scrolls ? null : { [onward]: "next", [backward]: "back" }[event.key]);
  if (!what) return;
  event.preventDefault();
  act(what);
}

function show(wanted) {
  if (!files[wanted]) return;
  place = wanted;
  const file = files[place];
  zoom = 1;
  turn = 0;
  dialog.querySelector("#viewer-name bdi").textContent = file.name;
  dialog.querySelector("#viewer-place").textContent = dialog.dataset.wordPlace.replace("{n}", place + 1).replace("{all}", files.length);
  dialog.querySelector("[data-viewer-get]").href = file.url.replace(/content$/, "download");
  dialog.querySelector("[data-viewer-tab]").href = file.url;
  step("back", place > 0);
  step("next", place < files.length - 1);
  dialog.querySelector(".viewer-problem").hidden = true;
  picture = null;
  if (file.kind.startsWith("image/")) showPicture(file);
  else if (file.kind === "application/pdf" && navigator.pdfViewerEnabled) {
    const frame = document.createElement("iframe");
    frame.src = file.url;
    frame.title = file.name;
    stage.replaceChildren(frame);
  } else fail();
  dialog.classList.toggle("with-picture", Boolean(picture));
  tell(file);
}

// A button that is switched off loses the focus; the stage keeps it, so that the arrows go on working.
function step(name, possible) {
  const button = dialog.querySelector(`[data-viewer-do="${name}"]`);
  if (!possible && document.activeElement === button) stage.focus();
  button.disabled = !possible;
}

function showPicture(file) {
  const image = new Image();
  picture = image;
  image.alt = file.name;
  image.draggable = false;
  image.onload = () => { if (picture === image) draw(); };
  image.onerror = () => { if (picture === image) fail(); };
  image.src = file.url;
  const holder = document.createElement("div");
  holder.className = "viewer-holder";
  holder.append(image);
  stage.replaceChildren(holder);
  const beyond = files[place + 1];
  if (beyond?.kind.startsWith("image/")) new Image().src = beyond.url;
}

function fail() {
  picture = null;
  const words = dialog.querySelector(".viewer-problem").cloneNode(true);
  words.hidden = false;
  stage.replaceChildren(words);
  dialog.classList.remove("with-picture");
}

function scale(by) {
  if (!picture) return;
  zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom * by));
  if (Math.abs(zoom - 1) < 0.05) zoom = 1;
  draw();
}

// Zoom 1 is "fits the stage" (never larger than the picture itself); a picture on its side swaps width and height.
function draw() {
  if (!picture?.naturalWidth) return;
  const lying = turn % 180 !== 0;
  const [width, height] = lying ? [picture.naturalHeight, picture.naturalWidth] : [picture.naturalWidth, picture.naturalHeight];
  const fit = Math.min(1, stage.clientWidth / width, stage.clientHeight / height);
  const size = fit * zoom;
  const holder = picture.parentElement;
  Object.assign(holder.style, { width: `${width * size}px`, height: `${height * size}px` });
  Object.assign(picture.style, { width: `${picture.naturalWidth * size}px`, height: `${picture.naturalHeight * size}px`, transform: `rotate(${turn}deg)` });
  dialog.querySelector("#viewer-zoom").textContent = percent(size, document.documentElement.lang);
}

async function tell(file) {
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(`/files/${encodeURIComponent(file.id)}`, { headers: { "HX-Request": "true" }, signal: asked.signal });
    if (answer.ok && files[place] === file) about.innerHTML = await answer.text();
  } catch { /* the file itself is shown; what is known of it stands on its page */ }
}

function without(id) {
  files = files.filter((one) => one.id !== id);
  place = Math.max(0, Math.min(place, files.length - 1));
  dialog.close(); // what offers to undo stands outside
}
