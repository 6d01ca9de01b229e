"use strict";
const value = (row, column) => {
  const cell = row.cells[column];
  const stated = cell.dataset.v;
  return stated === undefined ? cell.textContent.trim() : stated;
};
const compare = (a, b) => {
  if (a === "" || b === "") return (a === "") - (b === "") || 0;
  return !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b, undefined, {numeric: true});
};
const listed = document.getElementById("waste");
const packed = document.getElementById("rows");
// All rows are packed into the page; as many as fit a screen of tables stand in the list at a time.
const list = packed && (() => {
  const {kinds, words, rows, shown} = JSON.parse(packed.textContent);
  const cell = (row, place) => kinds[place] === "word" ? words[row[place]] : row[place] ?? "";
  const written = (row, place) => {
    const held = cell(row, place);
    if (held === "") return "\u2013";
    const digits = kinds[place] === "money" ? 2 : 0;
    const form = {minimumFractionDigits: digits, maximumFractionDigits: digits};
    return kinds[place] === "word" || kinds[place] === "text" ? held : Number(held).toLocaleString(document.documentElement.dataset.locale, form);
  };
  const draw = row => {
    const line = document.createElement("tr");
    shown.forEach(([first, ...more], column) => {
      const place = document.createElement(column ? "td" : "th");
      if (!column) place.scope = "row";
      if (kinds[first] === "count" || kinds[first] === "money") place.className = "n";
      place.append(written(row, first));
      for (const other of more.filter(other => cell(row, other))) {
        const small = document.createElement("small");
        small.textContent = cell(row, other);
        place.append(small);
      }
      line.append(place);
    });
    return line;
  };
  const texts = rows.map(row => kinds.map((kind, place) => cell(row, place)).join(" ").toLowerCase());
  const state = {order: rows.map((row, number) => number), fits: rows.map(() => true)};
  const limit = listed.tBodies[0].rows.length;
  const show = () => {
    const found = state.order.filter(number => state.fits[number]).slice(0, limit);
    listed.tBodies[0].replaceChildren(...found.map(number => draw(rows[number])));
  };
  return {rows, texts, cell, shown, state, show};
})();
const inOrder = (rows, value, up) => rows.sort((a, b) => {
  const [x, y] = [value(a), value(b)];
  if (x === "" || y === "") return compare(x, y);
  return up ? compare(x, y) : compare(y, x);
});
for (const head of document.querySelectorAll("thead th")) {
  head.querySelector("button").addEventListener("click", () => {
    const table = head.closest("table");
    const numeric = head.classList.contains("n");
    const now = head.getAttribute("aria-sort");
    const up = now ? now === "descending" : !numeric;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const column = head.cellIndex;
    if (list && table === listed) {
      inOrder(list.state.order, number => list.cell(list.rows[number], list.shown[column][0]), up);
      list.show();
    } else {
      table.tBodies[0].append(...inOrder([...table.tBodies[0].rows], row => value(row, column), up));
    }
  });
}
const find = document.getElementById("find");
if (find) {
  const rows = list ? list.texts : [...listed.tBodies[0].rows].map(row => row.textContent.toLowerCase());
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = rows.map(text => words.every(word => text.includes(word)));
    const found = fits.filter(Boolean).length;
    if (list) {
      list.state.fits = fits;
      list.show();
    } else {
      [...listed.tBodies[0].rows].forEach((row, number) => { row.hidden = !fits[number]; });
    }
    document.getElementById("found").textContent = words.length ? `${found} seats` : "";
  });
}
// What a figure means, beside it; what reads the page aloud finds the same in the list of definitions.
const tip = document.getElementById("tip");
let word = null;
const hide = () => { tip.hidden = true; };
const explain = event => {
  word = event.target.closest("[data-tip]");
  if (!word) return hide();
  tip.textContent = word.dataset.tip;
  tip.hidden = false;
  place();
};
const place = () => {
  if (tip.hidden) return;
  const box = word.getBoundingClientRect();
  const right = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(8, Math.min(box.left, right))}px`;
  const below = box.bottom + 6;
  const fits = below + tip.offsetHeight <= window.innerHeight;
  tip.style.top = `${fits ? below : box.top - tip.offsetHeight - 6}px`;
};
for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, explain);
document.addEventListener("focusout", hide);
// Focus scrolls its word into sight, and what explains it follows.
document.addEventListener("scroll", place, true);
document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
