// Looks at the page as it stands; gives sentences about what is wrong. `wanted` says what should be true of it.
(wanted) => {
  const found = [];
  const say = (rule, what) => found.push(`${rule}: ${what}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const name = (element) => {
    const words = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    const id = element.id ? `#${element.id}` : element.className && typeof element.className === "string" ? `.${element.className.trim().split(/\s+/).join(".")}` : "";
    return `${element.tagName.toLowerCase()}${id}${words ? ` "${words}"` : ""}`;
  };
  const hidden = (element) =>
    !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) ||
    element.closest(".visually-hidden, .skip, [inert]") !== null || clipped(element);
  const clipped = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.clipPath !== "none" && one.getBoundingClientRect().width <= 1) return true;
    }
    return false;
  };

  // ---- the document
  const html = document.documentElement;
  if (html.lang !== wanted.language) say("lang", `${html.lang} is not ${wanted.language}`);
  if (html.dir !== (wanted.language === "he" ? "rtl" : "ltr")) say("dir", html.dir);
  if (!document.title.trim()) say("title", "none");
  if (all("main").length !== 1) say("landmarks", `${all("main").length} main`);
  if (all("h1").length !== 1) say("headings", `${all("h1").length} h1`);
  if (wanted.frame && !document.querySelector("body > header")) say("landmarks", "no banner");
  if (wanted.frame && !wanted.covered && !all("nav").some((one) => !hidden(one))) say("landmarks", "no navigation");

  // ---- nothing wider than the screen
  const width = wanted.width;
  if (html.scrollWidth > width + (width < 360 ? 1 : 0)) { // half a pixel is rounded up at the smallest zoom
    const scrolls = (element) => { for (let one = element.parentElement; one && one !== document.body; one = one.parentElement) if (getComputedStyle(one).overflowX !== "visible") return true; return false; };
    const wide = all("body *").filter((one) => { const box = one.getBoundingClientRect(); return box.width && (box.right > width + 1 || box.left < -1) && !hidden(one) && !scrolls(one); });
    say("scrolls sideways", `${html.scrollWidth} > ${width}: ${wide.slice(0, 4).map(name).join(", ")}`);
  }

  // ---- words cut off
  for (const one of all("button, .btn, .chip, .chip span, label, h1, h2, h3, th, dt, .bar-item span, .tab, .menu-link")) {
    if (hidden(one)) continue;
    const style = getComputedStyle(one);
    if (style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1) say("cut off", name(one));
  }

  // ---- a column's cells stand under its head
  for (const table of all("table")) {
    const heads = [...table.querySelectorAll("thead th")].filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 1);
    const row = [...table.querySelectorAll("tbody tr")].find((one) => one.checkVisibility());
    if (!row || heads.length < 2 || clipped(heads[0])) continue;
    const cells = [...row.children].filter((one) => one.checkVisibility());
    if (heads.length !== cells.length) say("columns", `${heads.length} heads over ${cells.length} cells: ${name(table).slice(0, 60)}`);
  }

  // ---- words that stand out of what they are written on
  for (const one of all(".btn, button, .chip, .kind-chip, .tab, .switch button")) {
    if (hidden(one) || one.matches(".tool")) continue;
    const box = one.getBoundingClientRect();
    const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    const words = document.createRange();
    let out = false;
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (!text.data.trim() || hidden(text.parentElement)) continue;
      words.selectNodeContents(text);
      out ||= [...words.getClientRects()].some((part) => part.width > 1 && (part.left < box.left - 1.5 || part.right > box.right + 1.5));
    }
    if (out && getComputedStyle(one).overflowX === "visible") say("spills over", name(one));
  }
  for (const strip of all(".tabs, .views ul")) {
    const open = strip.querySelector("[aria-current]");
    if (!open || hidden(open)) continue;
    const [frame, box] = [strip.getBoundingClientRect(), open.getBoundingClientRect()];
    if (box.left < frame.left - 1 || box.right > frame.right + 1) say("open tab out of sight", name(open));
  }

  // ---- big enough for a thumb: the target is where a tap goes, be it by padding or by a pseudo-element
  if (wanted.touch) {
    const LEAST = 44;
    const inText = (one) => getComputedStyle(one).display === "inline" && [...one.parentElement.childNodes].some((node) => node !== one && node.textContent.trim().length > 2);
    const reaches = (one, across, down) => {
      one.scrollIntoView({ block: "center" });
      const box = one.getBoundingClientRect();
      const middle = [box.left + box.width / 2, box.top + box.height / 2];
      const half = LEAST / 2 - 0.75;
      const low = Math.max(0, Math.min(innerHeight - LEAST, middle[1] - half)), left = Math.max(0, Math.min(innerWidth - LEAST, middle[0] - half));
      const points = [...(down ? [[middle[0], low], [middle[0], low + 2 * half]] : []), ...(across ? [[left, middle[1]], [left + 2 * half, middle[1]]] : [])];
      const owner = one.closest("label");
      return points.every(([x, y]) => { const hit = document.elementFromPoint(x, y); return hit && (one.contains(hit) || owner?.contains(hit) || [...(one.labels ?? [])].some((label) => label.contains(hit))); });
    };
    const inDialog = document.querySelector("dialog:modal");
    for (const one of (inDialog ?? document).querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button], [role=tab], [role=option]")) {
      const target = one.matches("input.visually-hidden") ? one.closest("label") : one;
      if (!target || hidden(target) || target.disabled) continue;
      const box = target.getBoundingClientRect();
      const narrow = box.width < LEAST - 0.5, low = box.height < LEAST - 0.5;
      if (!narrow && !low) continue;
      const cover = getComputedStyle(target, "::after");
      if (cover.position === "absolute" && parseFloat(cover.width) >= LEAST && parseFloat(cover.height) >= LEAST) continue;
      if (inText(target) || reaches(target, narrow, low)) continue;
      say("small target", `${Math.round(box.width)}x${Math.round(box.height)} ${name(target)}`);
    }
    scrollTo(0, 0);
  }

  // ---- English left over: a whole text that the catalog translates
  if (wanted.english.length) {
    const english = new Set(wanted.english);
    if (english.has(document.title.replace(/^\(\d+\+?\) /, "").split(" · ")[0])) say("untranslated", `title ${document.title}`);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      if (english.has(node.data.trim().replace(/\s+/g, " ")) && !node.parentElement.closest("script, style, bdi, [lang=en]")) say("untranslated", node.data.trim());
    for (const one of all("[aria-label], [placeholder], [title], [alt]"))
      for (const key of ["aria-label", "placeholder", "title", "alt"]) if (english.has(one.getAttribute(key) ?? "")) say("untranslated", one.getAttribute(key));
  }
  for (const one of all("img")) if (one.complete && one.naturalWidth === 0 && !hidden(one)) say("broken picture", one.src);
  return [...new Set(found)];
}
