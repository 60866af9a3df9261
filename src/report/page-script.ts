/**
 * Owns the little that moves in a page: the filter of rules, values under the pointer, a command that is copied.
 * Refuses to be needed: without it, everything is there to be read.
 */

/** The script of a page, for its end. It asks nothing of anybody. */
export const PAGE_SCRIPT = `
(() => {
const all = (selector, from) => [...(from || document).querySelectorAll(selector)];
const search = document.getElementById("search");
const rules = all("details.rule");
const cells = all(".matrix button");
let cell;
function apply() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const verdict = document.querySelector("input[name=verdict]:checked").value;
  let shown = 0;
  for (const rule of rules) {
    const fits = words.every((word) => rule.dataset.words.includes(word)) &&
      (verdict === "all" || rule.dataset.verdict === verdict) &&
      (!cell || (cell.dataset.family === rule.dataset.family && (!cell.dataset.phase || cell.dataset.phase === rule.dataset.phase)));
    rule.hidden = !fits;
    if (fits) shown++;
  }
  const told = document.getElementById("shown");
  told.textContent = (shown === rules.length ? "all " + shown : shown + " of " + rules.length) + " " + told.dataset.noun;
}
if (search) {
  document.querySelector(".filter").hidden = false;
  search.addEventListener("input", apply);
  for (const choice of all("input[name=verdict]")) choice.addEventListener("change", apply);
  for (const button of cells) button.addEventListener("click", () => {
    cell = cell === button ? undefined : button;
    for (const other of cells) other.setAttribute("aria-pressed", String(other === cell));
    apply();
    if (cell) document.getElementById("list").scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && typing) {
      search.value = "";
      apply();
    }
  });
  apply();
}
for (const link of all("a[data-rule]")) link.addEventListener("click", () => {
  const rule = document.getElementById(link.getAttribute("href").slice(1));
  if (rule) { rule.hidden = false; rule.open = true; }
});
for (const button of all("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", () => navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.textContent = "Copied";
  }, () => {}));
}
for (const figure of all("figure[data-buckets]")) {
  const svg = figure.querySelector("svg");
  const rows = all("tbody tr", figure);
  const heads = all("thead th", figure).map((head) => head.textContent);
  const [left, right, width, buckets] = figure.dataset.buckets.split(" ").map(Number);
  const tip = document.createElement("div");
  const cross = document.createElement("div");
  tip.className = "tip";
  cross.className = "cross";
  const leave = () => { tip.remove(); cross.remove(); };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const frame = figure.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    const place = Math.floor(((x - left) / (right - left)) * buckets);
    const row = rows[place];
    if (!row || x < left) return leave();
    tip.textContent = [...row.cells].map((cell, index) => index === 0 ? cell.textContent : heads[index] + " " + cell.textContent).join(" · ");
    const middle = left + Math.min(1, (place + 0.5) / buckets) * (right - left);
    const at = box.left - frame.left + (middle / width) * box.width;
    cross.style.cssText = "left:" + at + "px;top:" + (box.top - frame.top) + "px;height:" + box.height * 0.88 + "px";
    figure.append(cross, tip);
    const room = Math.max(0, frame.width - tip.offsetWidth);
    tip.style.cssText = "left:" + Math.min(room, Math.max(0, at - tip.offsetWidth / 2)) + "px;top:" + (box.top - frame.top - tip.offsetHeight - 2) + "px";
  });
  svg.addEventListener("pointerleave", leave);
}
})();
`;
