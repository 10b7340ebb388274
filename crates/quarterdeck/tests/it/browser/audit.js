// What is wrong with the page that is open, for whoever reads, taps or listens: a list of
// sentences. `arguments[0]`: the window is a phone.
const phone = arguments[0];
const wrong = [];
const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
const name = (el) => {
  const id = el.id ? `#${el.id}` : "";
  const kind = typeof el.className === "string" && el.className ? `.${el.className.trim().split(/\s+/).join(".")}` : "";
  const words = (el.textContent || el.value || "").trim().replace(/\s+/g, " ").slice(0, 40);
  return `<${el.tagName.toLowerCase()}${id}${kind}> "${words}"`;
};
const seen = (el) => {
  if (!el.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
  const box = el.getBoundingClientRect();
  return box.width > 2 && box.height > 2;
};
const hidden = (el) => el.closest(".visually-hidden, .skip, dialog:not([open])") !== null;

// ---- structure
if (all("h1").filter(seen).length !== 1) wrong.push(`${all("h1").length} headings of the first level`);
if (!document.documentElement.lang) wrong.push("no language");
if (!document.querySelector("main")) wrong.push("no main part");
let level = 1;
for (const heading of all("main h1, main h2, main h3, main h4")) {
  const here = Number(heading.tagName[1]);
  if (here > level + 1) wrong.push(`a heading of level ${here} after level ${level}: ${name(heading)}`);
  level = here;
}
const ids = new Set();
for (const el of all("[id]")) {
  if (ids.has(el.id)) wrong.push(`the id ${el.id} twice`);
  ids.add(el.id);
}
for (const el of all("[aria-labelledby], [aria-controls], [aria-describedby]")) {
  for (const attribute of ["aria-labelledby", "aria-controls", "aria-describedby"]) {
    for (const id of (el.getAttribute(attribute) ?? "").split(/\s+/)) {
      if (id && !document.getElementById(id)) wrong.push(`${attribute} names ${id}, which is not there`);
    }
  }
}

// ---- names
const labelled = (el) => el.getAttribute("aria-label") || el.getAttribute("aria-labelledby") || el.title;
for (const el of all("input:not([type=hidden]), select, textarea")) {
  if (!labelled(el) && el.labels.length === 0) wrong.push(`an input without a label: ${name(el)} ${el.name}`);
}
for (const el of all("a[href], button, summary")) {
  if (seen(el) && !labelled(el) && !el.textContent.trim() && !el.querySelector("img[alt]:not([alt=''])")) wrong.push(`nothing says what it does: ${name(el)}`);
}
for (const el of all("img:not([alt])")) wrong.push(`a picture without words: ${name(el)}`);
for (const el of all("svg[role=img]")) {
  if (!labelled(el) && !el.querySelector("title")) wrong.push(`a drawing without words: ${name(el)}`);
}

// ---- width
const wide = document.documentElement.scrollWidth;
if (wide > innerWidth) {
  wrong.push(`${wide} px wide in a window of ${innerWidth} px`);
  for (const el of all("main *")) {
    if (el.getBoundingClientRect().right > innerWidth + 1 && el.children.length === 0) { wrong.push(`  reaches out: ${name(el)}`); break; }
  }
}

// ---- size and contrast of text
const parts = (colour) => {
  const numbers = (colour.match(/-?[\d.]+(e-?\d+)?%?/g) ?? []).map((text) => text.endsWith("%") ? Number(text.slice(0, -1)) / 100 : Number(text));
  const scale = colour.startsWith("color(") ? 255 : 1;
  const values = colour.startsWith("color(") ? numbers.slice(-Math.max(3, numbers.length)) : numbers;
  const [r, g, b, a = 1] = values;
  return [r * scale, g * scale, b * scale, a];
};
const over = (top, under) => {
  const [r, g, b, a] = top;
  return [r * a + under[0] * (1 - a), g * a + under[1] * (1 - a), b * a + under[2] * (1 - a), 1];
};
const background = (el) => {
  const layers = [];
  for (let at = el; at; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const page = layers.length && layers.at(-1)[3] === 1 ? layers.pop() : dark ? [18, 18, 18, 1] : [255, 255, 255, 1];
  return layers.reverse().reduce((under, top) => over(top, under), page);
};
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const told = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const el = node.parentElement;
  if (!node.data.trim() || told.has(el) || hidden(el) || el.closest("script, style, option, title") || !seen(el)) continue;
  told.add(el);
  const style = getComputedStyle(el);
  const drawn = el.closest("svg");
  const zoom = drawn ? el.getScreenCTM?.()?.a ?? 1 : 1;
  const size = parseFloat(style.fontSize) * zoom;
  if (size < 13.9) wrong.push(`text of ${size.toFixed(1)} px: ${name(el)}`);
  if (drawn) continue;
  const ground = background(el);
  const ink = over(parts(style.color), ground);
  const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  if (contrast < 4.5 && !el.closest(":disabled")) wrong.push(`contrast of ${contrast.toFixed(2)}: ${name(el)} ${style.color} on ${ground.map(Math.round)}`);
}

// ---- targets
const tap = (selector, least) => {
  for (const el of all(selector)) {
    if (hidden(el) || !seen(el)) continue;
    const box = el.getBoundingClientRect();
    if (box.height < least - 0.5) wrong.push(`a target ${box.height.toFixed(0)} px high: ${name(el)}`);
  }
};
tap(phone ? ".btn, .chip, .tabs a, .tabs summary, .form-control, .form-select" : ".btn-primary", 44);
if (phone) tap(".actions > form > .act, .actions > details > .act", 48);

// ---- weight: a page costs at most 15 KB on the way
const weight = performance.getEntriesByType("navigation")[0].encodedBodySize;
if (weight > 15 * 1024) wrong.push(`the page weighs ${weight} bytes`);
return wrong;
