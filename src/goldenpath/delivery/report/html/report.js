"use strict";
// Tables of many rows: a page of them at a time is in the document, so that 25,000 findings open as fast as ten.
const PAGE = 200;
const data = JSON.parse(document.getElementById("data").textContent);
const RANKS = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"];

function cell(row, text, name) {
  const made = row.insertCell();
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function findingRow(body, finding) {
  const [standing, severity, id, title, part, where, origin, remedy, url, published, , change] = finding;
  const row = body.insertRow();
  cell(row, change ? `${standing}, ${change}` : standing);
  cell(row, severity, severity);
  const named = cell(row, "");
  const link = document.createElement(url ? "a" : "span");
  link.textContent = id;
  if (url) { link.href = url; link.rel = "noreferrer noopener"; }
  named.append(link, document.createElement("br"), title);
  cell(row, part);
  cell(row, origin ? `${where}, ${origin}` : where, "mono");
  cell(row, published, "short");
  cell(row, remedy);
}

function packageRow(body, found) {
  const row = body.insertRow();
  for (const text of found) cell(row, text);
}

function compare(column, one, other) {
  const [a, b] = [one[column], other[column]];
  if (RANKS.includes(a) && RANKS.includes(b)) return RANKS.indexOf(a) - RANKS.indexOf(b);
  return a.localeCompare(b, "en", { numeric: true });
}

function show(section, rows, add) {
  const find = (name) => section.querySelector(`[data-role=${name}]`);
  const body = find("rows");
  const texts = rows.map((row) => row.join(" ").toLowerCase());
  const state = { column: -1, up: true, shown: PAGE };

  function chosen() {
    const wanted = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const selects = [...section.querySelectorAll("select")].filter((select) => select.value);
    const picked = rows.filter((row, number) =>
      wanted.every((word) => texts[number].includes(word)) &&
      selects.every((select) => row[Number(select.dataset.column)] === select.value));
    if (state.column >= 0) picked.sort((one, other) => (state.up ? 1 : -1) * compare(state.column, one, other));
    return picked;
  }

  function draw() {
    const picked = chosen();
    body.replaceChildren();
    for (const row of picked.slice(0, state.shown)) add(body, row);
    find("count").textContent = `${picked.length} of ${rows.length}`;
    find("more").hidden = picked.length <= state.shown;
    const left = rows.length - body.rows.length;
    find("left-out").hidden = left === 0;
    find("left-out").firstElementChild.textContent = `${left} of the ${rows.length}`;
  }

  function restart() { state.shown = PAGE; draw(); }

  for (const control of section.querySelectorAll("input, select")) control.addEventListener("input", restart);
  find("more").addEventListener("click", () => { state.shown += PAGE; draw(); });
  section.querySelectorAll("th button").forEach((button) => button.addEventListener("click", () => {
    const column = Number(button.dataset.column);
    state.up = state.column === column ? !state.up : true;
    state.column = column;
    for (const head of section.querySelectorAll("th")) head.removeAttribute("aria-sort");
    button.parentElement.setAttribute("aria-sort", state.up ? "ascending" : "descending");
    restart();
  }));
  draw();
}

const findings = document.getElementById("findings");
if (findings) show(findings, data.findings, findingRow);
const packages = document.getElementById("packages");
if (packages) show(packages, data.packages, packageRow);
