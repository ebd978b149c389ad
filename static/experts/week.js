/* Painting the ordinary week. Without this file each cell is an ordinary checkbox; with it one drags over many, and
   the arrow keys walk through the grid, which is then a single stop of the Tab key. */
(function () {
  "use strict";
  const grid = document.querySelector(".paint-grid");
  if (!grid) return;
  const rows = [...grid.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input")]);
  const cells = rows.flat();

  /* where a cell lies; one day at a time (the phone) the cells lie in two columns */
  const place = (cell) => {
    const row = rows.findIndex((one) => one.includes(cell));
    return { row, column: rows[row].indexOf(cell) };
  };
  const oneDay = () => getComputedStyle(grid).display === "block";

  /* keys */
  let home = cells.find((cell) => cell.checked) || cells[0];
  const settle = (cell) => { home.tabIndex = -1; home = cell; home.tabIndex = 0; };
  cells.forEach((cell) => { cell.tabIndex = -1; });
  settle(home);
  const wake = () => { if (!home.offsetParent) settle(cells.find((cell) => cell.offsetParent) || home); };
  document.querySelectorAll("[name=shown_day]").forEach((tab) => tab.addEventListener("change", wake));
  wake();
  const next = (cell, key) => {
    const { row, column } = place(cell);
    if (oneDay()) {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -2, ArrowDown: 2 }[key];
      return rows[row][column + step];
    }
    const [down, right] = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    return (rows[row + down] || [])[column + right];
  };
  grid.addEventListener("keydown", (event) => {
    const cell = event.target;
    if (!cells.includes(cell) || event.ctrlKey || event.altKey || event.metaKey) return;
    let to;
    if (event.key.startsWith("Arrow")) to = next(cell, event.key);
    else if (event.key === "Home") to = rows[place(cell).row][0];
    else if (event.key === "End") to = rows[place(cell).row].at(-1);
    else return;
    event.preventDefault();
    if (!to) return;
    if (event.shiftKey) to.checked = cell.checked;
    settle(to);
    to.focus();
  });
  grid.addEventListener("focusin", (event) => { if (cells.includes(event.target)) settle(event.target); });

  /* dragging: the first cell says whether one paints or wipes; a tap or click alone is the checkbox's own affair */
  let drag = null;
  const under = (event) => {
    const found = document.elementFromPoint(event.clientX, event.clientY);
    return cells.includes(found) ? found : null;
  };
  const paint = (from, to) => {
    const a = place(from), b = place(to);
    to.checked = drag.on;
    if (a.row !== b.row) return; /* within a day a stretch of time is meant, also where a quick hand skips cells */
    const between = rows[a.row].slice(Math.min(a.column, b.column), Math.max(a.column, b.column));
    between.forEach((cell) => { cell.checked = drag.on; });
  };
  grid.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !cells.includes(event.target)) return;
    event.target.releasePointerCapture?.(event.pointerId);
    drag = { start: event.target, last: event.target, on: !event.target.checked, moved: false };
  });
  grid.addEventListener("pointermove", (event) => {
    const cell = drag && under(event);
    if (!cell || cell === drag.last) return;
    drag.moved = true;
    drag.start.checked = drag.on;
    paint(drag.last, cell);
    drag.last = cell;
  });
  const end = () => { if (drag) setTimeout(() => { drag = null; }); };
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
  grid.addEventListener("click", (event) => { if (drag?.moved) event.preventDefault(); });
})();
