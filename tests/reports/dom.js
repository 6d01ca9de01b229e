// The page's own script, run by Node on as little of a document as it needs: sorts by days unused, then finds.
// Usage: node dom.js PAGE WORDS; prints the days of the rows shown, then how many were found and shown.
"use strict";
const {readFileSync} = require("fs");
const page = readFileSync(process.argv[2], "utf8");
const between = (start, end) => page.slice(page.lastIndexOf(start) + start.length, page.lastIndexOf(end));
class Element {
  children = [];
  listeners = {};
  attributes = {};
  dataset = {};
  append(...more) { this.children.push(...more); }
  replaceChildren(...more) { this.children = more; }
  addEventListener(name, act) { this.listeners[name] = act; }
  get rows() { return this.children; }
  get cells() { return this.children; }
  get tBodies() { return [this.body]; }
  get classList() { return {contains: name => (this.className ?? "").includes(name)}; }
  getAttribute(name) { return this.attributes[name] ?? null; }
  setAttribute(name, value) { this.attributes[name] = value; }
  removeAttribute(name) { delete this.attributes[name]; }
  set textContent(text) { this.text = text; }
  get textContent() { return this.text ?? this.children.map(one => one.textContent ?? one).join(" "); }
  closest() { return waste; }
  querySelector() { return this.button; }
}
const waste = new Element(), rows = new Element(), find = new Element(), found = new Element(), line = new Element();
waste.body = new Element();
for (let n = 0; n < 5; n++) waste.body.append(new Element());
rows.textContent = page.match(/<script id="rows" type="application\/json">(.*?)<\/script>/s)[1];
for (let n = 0; n < 9; n++) {
  const head = Object.assign(new Element(), {cellIndex: n, button: new Element(), parentNode: line});
  head.className = n === 4 || n > 6 ? "n" : "";
  line.append(head);
}
global.document = {
  getElementById: name => ({waste, rows, find, found})[name] ?? null,
  querySelectorAll: () => line.children,
  createElement: () => new Element(),
  documentElement: {dataset: {locale: "en-US"}},
  addEventListener() {},
};
eval(between("<script>", "</script>"));
line.children[4].button.listeners.click();
console.log(JSON.stringify(waste.body.children.map(row => Number(row.children[4].textContent.replace(",", "")))));
find.value = process.argv[3];
find.listeners.input();
console.log(JSON.stringify([found.textContent, waste.body.children.length]));
