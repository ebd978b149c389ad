/* A calendar beside a field for a day (templates/widgets/day.html). Its words come with the button, as JSON.

   Arrows move by day and week, Page Up and Page Down by month (with Shift by year), Home and End within the week; Enter
   takes the day, Escape closes. What stands in the field is only replaced by a day that was chosen; a time of day behind it stays. */
(() => {
  "use strict";
  const ENGLISH = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") element.classList.add(...[value].flat());
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };
  const pad = (n) => String(n).padStart(2, "0");
  const iso = (day) => `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}`;
  const at = (year, month, date) => { const day = new Date(2000, 0, 1); day.setFullYear(year, month, date); return day; };
  const moved = (day, days) => at(day.getFullYear(), day.getMonth(), day.getDate() + days);
  const inMonth = (day, months) => {
    const last = at(day.getFullYear(), day.getMonth() + months + 1, 0);
    return at(last.getFullYear(), last.getMonth(), Math.min(day.getDate(), last.getDate()));
  };

  /* the day in the field, where one stands there, and what follows it */
  function read(text) {
    let found = text.match(/^\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(.*)$/);
    if (found) return { day: at(+found[1], found[2] - 1, +found[3]), rest: found[4] };
    found = text.match(/^\s*(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{4})(.*)$/);
    const month = found ? ENGLISH.indexOf(found[2].toLowerCase()) : -1;
    return month < 0 ? null : { day: at(+found[3], month, +found[1]), rest: found[4] };
  }

  function write(day, words) {
    const month = ENGLISH[day.getMonth()];
    return words.yearFirst ? iso(day) : `${day.getDate()} ${month[0].toUpperCase()}${month.slice(1)} ${day.getFullYear()}`;
  }

  /* today by the hospital's clock, which the page shows */
  function today() {
    const zone = document.querySelector("[data-clock]")?.dataset.zone;
    const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(new Date()).split("-");
    return at(+parts[0], parts[1] - 1, +parts[2]);
  }

  function open(button) {
    const words = JSON.parse(button.dataset.calendar);
    const field = button.parentElement.querySelector("input");
    const known = read(field.value);
    let shown = known?.day || today();

    const months = make("select", { class: ["form-select", "form-select-sm"], "aria-label": words.month });
    words.months.forEach((name, n) => months.append(make("option", { value: n }, name)));
    const year = make("input", { class: ["form-control", "form-control-sm", "num"], type: "text", inputmode: "numeric", maxlength: 4, "aria-label": words.year });
    const step = (label, sign, n) => {
      const arrow = make("button", { class: ["btn", "btn-plain", "btn-sm"], type: "button", "aria-label": label }, sign);
      arrow.addEventListener("click", () => draw(inMonth(shown, n), false));
      return arrow;
    };
    const grid = make("table", { class: "calendar-grid", role: "grid", "aria-label": words.title });
    const now = make("button", { class: ["btn", "btn-plain", "btn-sm"], type: "button" }, words.today);
    const close = make("button", { class: ["btn", "btn-plain", "btn-sm"], type: "button" }, words.close);
    const dialog = make("dialog", { class: "calendar", "aria-label": words.title },
      make("div", { class: "calendar-head" }, step(words.before, "‹", -1), months, year, step(words.after, "›", 1)),
      grid, make("div", { class: "calendar-foot" }, now, close));

    function draw(day, focus = true) {
      shown = day;
      months.value = day.getMonth();
      year.value = day.getFullYear();
      const first = at(day.getFullYear(), day.getMonth(), 1);
      const monday = moved(first, -((first.getDay() + 6) % 7));
      const head = make("tr");
      words.weekdays.forEach((name) => head.append(make("th", { scope: "col" }, name)));
      const body = make("tbody");
      for (let week = 0; week < 6; week += 1) {
        const row = make("tr");
        for (let n = 0; n < 7; n += 1) {
          const one = moved(monday, week * 7 + n);
          const cell = make("button", { type: "button", "data-day": iso(one), tabindex: iso(one) === iso(shown) ? 0 : -1,
            "aria-label": `${words.weekdays[n]} ${write(one, words)}` }, String(one.getDate()));
          if (one.getMonth() !== day.getMonth()) cell.classList.add("is-outside");
          if (iso(one) === iso(today())) cell.setAttribute("aria-current", "date");
          row.append(make("td", { role: "gridcell", "aria-selected": String(Boolean(known) && iso(one) === iso(known.day)) }, cell));
        }
        body.append(row);
      }
      grid.replaceChildren(make("thead", {}, head), body);
      if (focus) grid.querySelector('[tabindex="0"]').focus();
    }

    function take(day) {
      field.value = write(day, words) + (known?.rest || "");
      dialog.close();
      for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
      field.focus();
    }

    const KEYS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
    grid.addEventListener("keydown", (event) => {
      const column = (shown.getDay() + 6) % 7;
      const months_ = (event.shiftKey ? 12 : 1) * (event.key === "PageUp" ? -1 : 1);
      if (event.key in KEYS) draw(moved(shown, KEYS[event.key]));
      else if (event.key === "PageUp" || event.key === "PageDown") draw(inMonth(shown, months_));
      else if (event.key === "Home") draw(moved(shown, -column));
      else if (event.key === "End") draw(moved(shown, 6 - column));
      else return;
      event.preventDefault();
    });
    grid.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-day]");
      if (chosen) take(read(chosen.dataset.day).day);
    });
    months.addEventListener("change", () => draw(inMonth(shown, months.value - shown.getMonth()), false));
    year.addEventListener("change", () => {
      if (/^\d{4}$/.test(year.value)) draw(inMonth(shown, (year.value - shown.getFullYear()) * 12), false);
    });
    // Enter in the year goes there; it must not send the form around.
    year.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); year.blur(); } });
    // What happens in here is none of the form's business.
    for (const name of ["input", "change"]) dialog.addEventListener(name, (event) => event.stopPropagation());
    now.addEventListener("click", () => take(today()));
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { dialog.remove(); if (document.activeElement === document.body) button.focus(); });
    button.after(dialog);
    dialog.showModal();
    draw(shown);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-calendar]");
    if (button) open(button);
  });
})();
