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
    if (event.shiftKey && to.checked !== cell.checked) { to.checked = cell.checked; changed(); }
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
  /* the rectangle between where the drag began and where it is: its cells are painted, all others are as before */
  const paint = (to) => {
    const a = place(drag.start), b = place(to);
    const within = (n, one, other) => n >= Math.min(one, other) && n <= Math.max(one, other);
    rows.forEach((cells, row) => cells.forEach((cell, column) => {
      const inside = within(row, a.row, b.row) && within(column, a.column, b.column);
      cell.checked = inside ? drag.on : drag.before.get(cell);
    }));
  };
  grid.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !cells.includes(event.target)) return;
    event.target.releasePointerCapture?.(event.pointerId);
    const before = new Map(cells.map((cell) => [cell, cell.checked]));
    drag = { start: event.target, last: event.target, on: !event.target.checked, moved: false, before };
  });
  grid.addEventListener("pointermove", (event) => {
    const cell = drag && under(event);
    if (!cell || cell === drag.last) return;
    drag.moved = true;
    paint(cell);
    drag.last = cell;
  });
  const changed = () => grid.dispatchEvent(new Event("change", { bubbles: true }));
  const end = () => {
    if (!drag) return;
    if (drag.moved) changed();
    setTimeout(() => { drag = null; });
  };
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
  grid.addEventListener("click", (event) => { if (drag?.moved) event.preventDefault(); });

  /* a day for all working days, the hospital's hours, or an empty week; nothing is saved before the button is pressed */
  const tools = document.querySelector("[data-week-tools]");
  if (tools) tools.hidden = false; /* without this file the buttons would do nothing */
  tools?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const from = tools.querySelector("[name=copy_day]"), hours = new Set((tools.dataset.hospital || "").split(" "));
    if (button.value === "copy") {
      const like = rows[Number(from.value)];
      rows.slice(0, 5).forEach((row) => row.forEach((cell, column) => { cell.checked = like[column].checked; }));
    } else if (button.value === "hospital") cells.forEach((cell) => { cell.checked = hours.has(cell.value); });
    else if (button.value === "clear") cells.forEach((cell) => { cell.checked = false; });
    changed();
  });
})();
