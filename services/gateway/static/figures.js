// Figures that scripts write, as pages/figures.py writes them: the same words, the same rounding.
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const FORMS = 3;

// How long ago, in the page's words: "just now", then minutes, hours and days, each for one, for two and for more. Whole
// units only; from 24 hours on, days of the calendar in the reader's zone. Nothing for what is told by its date.
export function ago(at, now, words, zone) {
  const past = now - at;
  if (past <= -MINUTE || past >= 7 * DAY) return "";
  if (past < MINUTE) return words[0];
  const day = (instant) => Date.parse(new Intl.DateTimeFormat("sv", { timeZone: zone }).format(instant));
  const [unit, number] = past < HOUR ? [0, Math.floor(past / MINUTE)] : past < DAY ? [1, Math.floor(past / HOUR)] : [2, (day(now) - day(at)) / DAY];
  return words[FORMS * unit + Math.min(number, FORMS)].replace("{n}", number);
}

export function percent(share, language) {
  return new Intl.NumberFormat(language, { style: "percent" }).format(share);
}
