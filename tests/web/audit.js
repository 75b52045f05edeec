// What keeps a page from being read by keyboard, screen reader or weak eyes. Returns a list of complaints.
const wrong = [];
const shown = (each) => each.offsetParent !== null || each.getClientRects().length > 0;
if (!document.documentElement.lang) wrong.push("no language");
if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
if (!document.querySelector("main")) wrong.push("no main");
let level = 0;
for (const each of document.querySelectorAll("h1,h2,h3,h4")) {
  const own = Number(each.tagName[1]);
  if (own > level + 1) wrong.push(`heading ${own} after ${level}: ${each.textContent}`);
  level = own;
}
for (const each of document.querySelectorAll("input:not([type=hidden]),select,textarea")) {
  if (!each.labels.length && !each.ariaLabel) wrong.push(`no label: ${each.name}`);
}
for (const each of document.querySelectorAll("a,button")) {
  if (!each.textContent.trim() && !each.ariaLabel) wrong.push(`no text: ${each.outerHTML}`);
}
for (const each of document.querySelectorAll("img")) if (!each.hasAttribute("alt")) wrong.push("image without alt");
for (const each of document.querySelectorAll("svg")) {
  if (each.getAttribute("aria-hidden") !== "true" && each.getAttribute("role") !== "img") wrong.push("svg without role");
}
for (const each of document.querySelectorAll("table thead th")) if (!each.scope) wrong.push("heading cell without scope");
for (const each of document.querySelectorAll("[aria-describedby],[aria-labelledby]")) {
  for (const id of `${each.getAttribute("aria-describedby") || ""} ${each.getAttribute("aria-labelledby") || ""}`.trim().split(/\s+/)) {
    if (!document.getElementById(id)) wrong.push(`nothing is called ${id}`);
  }
}
const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
if (new Set(ids).size !== ids.length) wrong.push("an id is used twice");

const channels = (text) => (text.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => {
  const part = (value) => { const v = value / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
};
const behind = (each) => {
  for (let at = each; at; at = at.parentElement) {
    const colour = channels(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const each = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !shown(each) || each.closest("svg,script,noscript,:disabled")) continue;
  const [one, two] = [light(channels(getComputedStyle(each).color)), light(behind(each))].sort((a, b) => b - a);
  const contrast = (one + 0.05) / (two + 0.05);
  if (contrast < 4.5) wrong.push(`contrast ${contrast.toFixed(1)}: ${each.textContent.trim().slice(0, 40)}`);
}
if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push(`sticks out: ${document.documentElement.scrollWidth} of ${innerWidth}`);
return wrong;
