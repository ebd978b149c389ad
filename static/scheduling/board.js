/* The week board: carry a case or a session to another place, and keep the page fresh.

   While something is carried, every place of the week says whether it is free and, if not, why (data-places-url). Letting
   go opens the dialog with that place filled in; "Move…" opens the same dialog by click or key. Nothing is saved here.

   Every few seconds the page asks whether the week has changed (#board-poll) and exchanges the cells that differ, not what
   one is doing: an open dialog, the search, the focus and a drag under way stay as they are. */
(() => {
  "use strict";
  const POLL_MS = 3000;
  const board = document.getElementById("board");
  const poll = document.getElementById("board-poll");
  if (!board || !poll) return;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const movebar = find("#movebar");

  /* ---------- carrying ---------- */
  let carried = null; // what is carried, and where the pointer was last
  const point = { x: 0, y: 0 };
  document.addEventListener("dragover", (event) => {
    point.x = event.clientX;
    point.y = event.clientY;
    if (carried) event.preventDefault(); // else the browser shows the card flying back
  });

  function lift(subject) {
    carried = { subject, places: new Map() };
    board.classList.add("is-moving");
    const url = `${board.dataset.placesUrl}?${subject}&week=${encodeURIComponent(board.dataset.week)}`;
    fetch(url, { headers: { "HX-Request": "true" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer)))
      .then((found) => carried?.subject === subject && shade(found))
      .catch(() => {}); // letting go asks the server again, and says what is wrong
  }

  function shade(found) {
    find("[data-moving]", movebar).textContent = found.refused ? `${found.label}. ${found.refused}` : found.label;
    movebar.hidden = false;
    for (const place of found.places) carried.places.set(place.cell, place);
    for (const cell of all("[data-cell]", board)) {
      const place = carried.places.get(cell.dataset.cell);
      if (place) cell.append(slot(place));
      else if (cell.dataset.cell.startsWith("t|")) cell.append(slot({ level: "block", time: "", text: board.dataset.otherTeam }));
    }
    for (const card of all("[data-session]", board)) {
      const place = carried.places.get(card.dataset.session);
      if (place) {
        card.classList.add(`is-${place.level === "ignore" ? "free" : place.level}`);
        card.append(slot(place));
      }
    }
  }

  function slot(place) {
    const element = find("#spot").content.firstElementChild.cloneNode(true);
    const look = { ignore: "slot-free", warn: "slot-warn", hold: "slot-warn" }[place.level] || "slot-forbid";
    element.classList.add("slot-spot", look);
    find("b", element).textContent = place.time;
    find("span", element).textContent = place.text;
    return element;
  }

  function letGo() {
    if (!carried) return;
    const { subject, places } = carried;
    const under = document.elementFromPoint(point.x, point.y);
    const target = under?.closest("[data-session]") || under?.closest("[data-cell]");
    const key = target?.dataset.session || target?.dataset.cell;
    putDown();
    if (!key || !target.closest("#board")) return;
    const place = places.get(key) || places.get(target.closest("[data-cell]")?.dataset.cell);
    if (target.dataset.subject === subject && !place) return; // back where it was
    open(subject, place, key);
  }

  /* The dialog says what is wrong with a place that is not free: its reason stands where the refusal is. */
  function open(subject, place, key) {
    let query = `${subject}&week=${encodeURIComponent(board.dataset.week)}`;
    const [kind, room, day] = key.split("|");
    if (place?.to) query += `&to=${encodeURIComponent(place.to)}`;
    else if (kind === "s") query += `&to=${encodeURIComponent(`into|${room}`)}`;
    else if (kind === "r") query += `&to=other&date=${day}&room=${encodeURIComponent(room === "remote" ? "" : room)}`;
    else if (kind === "t") query += `&to=other&date=${day}`;
    window.htmx.ajax("GET", `${board.dataset.moveUrl}?${query}`, { target: "#dialogs", swap: "innerHTML" });
  }

  function putDown() {
    carried = null;
    movebar.hidden = true;
    board.classList.remove("is-moving");
    all(".slot-spot", board).forEach((element) => element.remove());
    all(".is-free, .is-warn, .is-hold, .is-block", board).forEach((card) => card.classList.remove("is-free", "is-warn", "is-hold", "is-block"));
    if (waiting) { const html = waiting; waiting = ""; exchange(html); }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && carried) putDown();
  });

  /* ---------- what can be carried ---------- */
  function makeSortable(list) {
    if (list.dataset.sortable || !window.Sortable) return;
    list.dataset.sortable = "1";
    window.Sortable.create(list, {
      group: { name: "board", pull: false, put: false },
      sort: false,
      draggable: "[data-drag]",
      filter: "button, summary, input",
      preventOnFilter: false,
      delay: 150,
      delayOnTouchOnly: true,
      chosenClass: "is-lifted",
      setData: (data, item) => data.setData("text/plain", item.dataset.subject),
      onStart: (event) => lift(event.item.dataset.subject),
      onEnd: (event) => {
        const how = event.originalEvent; // a finger says no "dragover"
        const finger = how?.changedTouches?.[0] || (how?.type.startsWith("pointer") && how);
        if (finger) { point.x = finger.clientX; point.y = finger.clientY; }
        letGo();
      },
    });
  }

  const LISTS = ".b-cell, .rail-list, .b-cases ul";
  const prepare = (from) => all(LISTS, from).forEach(makeSortable);

  /* ---------- fresh ---------- */
  let waiting = ""; // an answer that came while something was carried
  let asking = false;

  /* A phone shows the same week one day after the other. That list is not in the page: it takes the place of the grid
     in what the page asks for. Whoever turns the screen gets the other one anew. */
  const phone = window.matchMedia("(max-width: 767.98px)");
  function anew() {
    poll.dataset.state = "";
    refresh();
  }

  async function refresh() {
    if (asking || document.hidden) return;
    asking = true;
    const search = find(".rail-search input")?.value || "";
    const state = encodeURIComponent(poll.dataset.state);
    const url = `${poll.dataset.url}&state=${state}&find=${encodeURIComponent(search)}${phone.matches ? "&days=1" : ""}`;
    try {
      const answer = await fetch(url, { headers: { "HX-Request": "true" } });
      if (answer.status === 200 && !answer.redirected) {
        const html = await answer.text();
        if (carried) waiting = html;
        else exchange(html);
      }
    } catch (error) { /* offline for a moment: the next question finds out */ } finally {
      asking = false;
    }
  }

  function exchange(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const state = find("#board-poll", fresh);
    if (!state) return;
    poll.dataset.state = state.dataset.state;
    for (const id of ["board-lede", "board-undo", "rail-list", "rail-count"]) swap(document.getElementById(id), fresh.getElementById(id));
    const first = phone.matches && !find("#board-days").childElementCount;
    const changed = shown(fresh);
    if (changed && !first) {
      const said = find("#board-said");
      said.textContent = "";
      said.textContent = board.dataset.changed;
    }
  }

  function shown(fresh) {
    if (find("#board-days", fresh)) return swap(find("#board-days"), find("#board-days", fresh)) ? 1 : 0;
    return sameShape(fresh) ? cells(fresh) : whole(fresh);
  }

  const keys = (from) => all("[data-cell]", from).map((cell) => cell.id).join();
  const sameShape = (fresh) => keys(board) === keys(find("#board-grid", fresh));

  function cells(fresh) {
    let changed = 0;
    for (const cell of all("[data-cell], .b-day", find("#board-grid", fresh))) {
      const old = document.getElementById(cell.id);
      if (swap(old, cell) && cell.matches("[data-cell]")) {
        changed += 1;
        old.classList.remove("is-fresh");
        void old.offsetWidth; // so that the mark shows again
        old.classList.add("is-fresh");
      }
    }
    return changed;
  }

  function whole(fresh) {
    return swap(find("#board-grid"), find("#board-grid", fresh)) ? 1 : 0;
  }

  /* What the server wrote is compared, not what the page looks like by now; the focus goes to the same thing again. */
  const written = new WeakMap();
  const remember = (element) => element && written.set(element, element.innerHTML.trim());

  function swap(old, fresh) {
    if (!old || !fresh) return false;
    const html = fresh.innerHTML.trim();
    if (written.get(old) === html) return false;
    const focused = old.contains(document.activeElement) ? address(document.activeElement) : "";
    const opened = all("details[open]", old).map((element) => element.closest("[data-session]")?.dataset.session);
    old.innerHTML = html;
    written.set(old, html);
    delete old.dataset.sortable;
    opened.forEach((key) => key && find(`[data-session="${key}"] details`, old)?.setAttribute("open", ""));
    window.htmx.process(old);
    if (old.matches(".b-cell")) makeSortable(old);
    prepare(old);
    if (focused) find(focused, old)?.focus();
    return true;
  }

  function address(element) {
    const by = ["hx-get", "href"].find((name) => element.hasAttribute(name));
    return by ? `[${by}="${CSS.escape(element.getAttribute(by))}"]` : "";
  }

  const PIECES = "#board-lede, #board-undo, #rail-list, #rail-count, #board-grid, #board-days, [data-cell], .b-day";
  all(PIECES).forEach(remember);
  prepare(board);
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "rail-list") { remember(event.detail.target); prepare(event.detail.target); }
  });
  document.body.addEventListener("board:changed", refresh);
  document.addEventListener("visibilitychange", refresh);
  phone.addEventListener("change", anew);
  if (phone.matches) anew();
  setInterval(refresh, POLL_MS);
})();
