// Goes through everything that takes the focus as the tab key does; says where it cannot be seen or stands under a bar.
async () => {
  const found = [];
  document.activeElement?.blur();
  const dialog = document.querySelector("dialog:modal");
  const places = [...(dialog ?? document).querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
    .filter((one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]"));
  const look = (one) => {
    const parts = [one, one.nextElementSibling, one.closest("label"), one.closest("tr, li")].filter(Boolean);
    return parts.map((part) => { const style = getComputedStyle(part); return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow, style.borderColor].join("|"); }).join("/");
  };
  const name = (one) => `${one.tagName.toLowerCase()}.${one.className} "${(one.getAttribute("aria-label") ?? one.textContent).trim().replace(/\s+/g, " ").slice(0, 40)}"`;
  const kinds = new Map();
  for (const one of places) { const kind = `${one.tagName}.${one.className}.${one.parentElement?.className}`; if (!kinds.has(kind)) kinds.set(kind, one); }
  for (const one of kinds.values()) {
    const before = look(one);
    one.focus({ preventScroll: false });
    await new Promise((done) => setTimeout(done, 25));
    if (document.activeElement !== one) { found.push(`focus: cannot be focused: ${name(one)}`); continue; }
    if (!one.matches(":focus-visible")) continue;
    if (look(one) === before) found.push(`focus: not to be seen: ${name(one)}`);
    const box = one.getBoundingClientRect();
    if (box.width > 2) {
      const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      const bar = hit?.closest(".top-bar, .bottom-bar, .identity-bar");
      if (bar && !bar.contains(one)) found.push(`focus: under the bar: ${name(one)}`);
    }
  }
  document.activeElement?.blur();
  scrollTo(0, 0);
  return found;
}
