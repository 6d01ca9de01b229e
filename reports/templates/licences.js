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
for (const head of document.querySelectorAll("thead th")) {
  head.querySelector("button").addEventListener("click", () => {
    const table = head.closest("table");
    const numeric = head.classList.contains("n");
    const now = head.getAttribute("aria-sort");
    const up = now ? now === "descending" : !numeric;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows];
    const column = head.cellIndex;
    rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (x === "" || y === "") return compare(x, y);
      return up ? compare(x, y) : compare(y, x);
    });
    table.tBodies[0].append(...rows);
  });
}
const find = document.getElementById("find");
if (find) {
  const rows = [...document.querySelectorAll("#waste tbody tr")].map(row => [row, row.textContent.toLowerCase()]);
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [row, text] of rows) {
      row.hidden = !words.every(word => text.includes(word));
      found += !row.hidden;
    }
    document.getElementById("found").textContent = words.length ? `${found} seats` : "";
  });
}
