// Uploads: several at once, each with its progress, cancel and retry; drop and paste as well as the two buttons.
import { percent } from "./figures.js";

const AT_ONCE = 2;
const queue = [];
let running = 0;

export function startUploads() {
  document.addEventListener("change", (event) => {
    const input = event.target.closest?.("[data-uploader] [data-pick]");
    if (!input || !input.files.length) return;
    take(input.closest("[data-uploader]"), [...input.files]);
    input.value = "";
  });
  for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => {
      const form = event.target.closest?.("[data-uploader]");
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      form?.classList.toggle("over", over);
      if (name === "drop" && form) take(form, [...event.dataTransfer.files]);
    });
  }
  document.addEventListener("submit", (event) => { if (event.target.matches("[data-uploader]")) event.preventDefault(); });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
}

function take(form, files) {
  for (const file of files) {
    const item = row(form, file);
    form.querySelector(".upload-list").append(item.element);
    queue.push(item);
  }
  next();
}

function next() {
  while (running < AT_ONCE && queue.length) send(queue.shift());
}

function row(form, file) {
  const element = document.createElement("li");
  element.className = "upload-item";
  const picture = file.type.startsWith("image/") && !/hei[cf]/i.test(file.type + file.name);
  const thumb = document.createElement(picture ? "img" : "span");
  if (picture) { thumb.src = URL.createObjectURL(file); thumb.alt = ""; } else thumb.className = "file-icon";
  const name = document.createElement("b");
  name.dir = "auto";
  name.textContent = file.name;
  const state = document.createElement("span");
  state.className = "upload-state";
  state.textContent = form.dataset.wordWaiting;
  const bar = document.createElement("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const button = buttonOf(form.dataset.wordCancel);
  const dismiss = buttonOf(form.dataset.wordRemove);
  dismiss.hidden = true;
  const buttons = document.createElement("div");
  buttons.className = "upload-buttons";
  buttons.append(button, dismiss);
  const text = document.createElement("div");
  text.append(name, state, bar);
  element.append(thumb, text, buttons);
  const item = { form, file, element, state, bar, button, dismiss, thumb, request: null };
  button.onclick = () => cancel(item);
  dismiss.onclick = () => cancel(item);
  return item;
}

function buttonOf(words) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  button.textContent = words;
  return button;
}

function send(item) {
  const { form, file, state, bar, element, button } = item;
  running += 1;
  element.classList.remove("failed");
  bar.hidden = false;
  item.dismiss.hidden = true;
  const body = new FormData();
  body.append("type", form.elements.type.value);
  body.append("file", file, file.name);
  const request = new XMLHttpRequest();
  item.request = request;
  request.upload.onprogress = (event) => { if (event.lengthComputable) { bar.value = (event.loaded / event.total) * 100; state.textContent = percent(event.loaded / event.total, document.documentElement.lang); } };
  request.onloadend = () => {
    running -= 1;
    item.request = null;
    if (request.status === 201) done(item);
    else if (!item.cancelled) failed(item, request.status && request.responseText.length < 300 && request.getResponseHeader("content-type")?.startsWith("text/plain") ? request.responseText : request.status === 413 ? form.dataset.wordLarge : form.dataset.wordFailed);
    next();
  };
  request.open("POST", form.getAttribute("action"));
  request.setRequestHeader("x-uploader", "1");
  request.send(body);
  button.textContent = form.dataset.wordCancel;
  button.onclick = () => cancel(item);
}

function done(item) {
  item.state.textContent = item.form.dataset.wordDone;
  item.bar.value = 100;
  item.button.remove();
  if (item.thumb.src) setTimeout(() => URL.revokeObjectURL(item.thumb.src), 5_000);
  setTimeout(() => item.element.remove(), 2_500);
  document.dispatchEvent(new CustomEvent("desk:refresh"));
}

function failed(item, words) {
  item.element.classList.add("failed");
  item.state.textContent = words;
  item.bar.hidden = true;
  item.dismiss.hidden = false;
  item.button.textContent = item.form.dataset.wordRetry;
  item.button.onclick = () => { queue.push(item); item.state.textContent = item.form.dataset.wordWaiting; next(); };
}

function cancel(item) {
  item.cancelled = true;
  const place = queue.indexOf(item);
  if (place >= 0) queue.splice(place, 1);
  item.request?.abort();
  item.element.remove();
}
