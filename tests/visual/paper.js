// What is wrong with a page on paper: what only a screen can use, times that mean nothing later, no date, and what is cut off.
(width) => {
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const left = seen(".top-bar, .bottom-bar, .toasts, .skip, .uploader, .identity-actions, button, .btn, .tool, summary, .file-kind, .list-reset");
  const found = left.map((one) => `print: ${one.className || one.localName} can only be used on a screen`);
  if (seen(".ago").some((one) => !one.title || parseFloat(getComputedStyle(one).fontSize) > 0)) found.push("print: a time that means nothing later");
  if (seen(".print-head").length !== 1) found.push("print: not said when it was printed");
  if (document.documentElement.scrollWidth > width) found.push("print: wider than the paper");
  return [...new Set(found)];
}
