// What is done to a file without leaving the page: its kind changes as it is chosen; removing it is at once, with undo.
import { toast } from "./alerts.js";

const UNDO_TIME = 15_000;

export function startFiles() {
  actOnFiles(document.querySelector(".file-page"), {});
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest?.("form[data-undo]");
    if (!form) return;
    event.preventDefault();
    const answer = await post(form);
    if (!answer?.ok) return;
    form.closest(".toast-card")?.remove();
    document.dispatchEvent(new CustomEvent("desk:refresh"));
  });
}

// Without the handlers (on the file's own page) the forms are sent as forms are, and a page answers.
export function actOnFiles(area, { changed, removed }) {
  if (!area) return;
  area.addEventListener("change", async (event) => {
    const form = event.target.closest("form[data-file-kind]");
    if (!form) return;
    if (!changed) { form.requestSubmit(); return; }
    const answer = await post(form);
    if (!answer?.ok) { form.reset(); return; }
    changed(await answer.text());
    area.querySelector("#file-kind")?.focus();
    document.dispatchEvent(new CustomEvent("desk:refresh"));
  });
  area.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-file-remove]");
    if (!form || !removed) return;
    event.preventDefault();
    const answer = await post(form);
    if (!answer?.ok) return;
    const template = document.createElement("template");
    template.innerHTML = (await answer.text()).trim();
    document.getElementById(`file-${form.dataset.fileRemove}`)?.remove();
    removed(form.dataset.fileRemove);
    toast(template.content.firstElementChild, UNDO_TIME);
    document.dispatchEvent(new CustomEvent("desk:refresh"));
  });
}

async function post(form) {
  try {
    return await fetch(form.action, { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams(new FormData(form)) });
  } catch { return null; }
}
