/* MDT Portal: the little that a page does by itself. All words come from the server, in data attributes.

   data-theme-toggle                 switches light and dark
   data-dialog="#id"                 opens that <dialog>; data-dialog-close closes the one around it
   <dialog data-open>                opens as soon as htmx has brought it
   data-confirm="Question?"          on a button or form: asks first; data-confirm-action names the button
   data-keys-switch                  a box that switches the single keys / j k x ? on and off (body data-keys="off")
   data-copy="text"                  copies; data-copied is said afterwards
   data-print                        prints the page
   data-focus                        takes the focus when htmx has brought it
   data-rows / data-row              j and k move, x ticks, Enter opens the row's first link
   <form id="f" data-ticked>         shows itself while boxes with form="f" are ticked; data-ticked-words says how many;
                                     data-tick-all ticks the boxes of its table, data-tick-none unticks
   <form data-send-at-once>          sends itself, unless the reader came back to it
   data-leave-freely                 on a form or in one: what is changed there may be left without a question
   HX-Trigger: {"portal:say": {"level": "ok", "text": "…"}}    shows a notice */
(() => {
  "use strict";
  const root = document.documentElement;
  const body = document.body;
  const find = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  /* ---------- theme, and whether single keys work ---------- */
  function keep(name, value) {
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax${secure}`;
  }

  function switchTheme() {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = next;
    keep("theme", next);
  }

  function switchKeys(on) {
    body.dataset.keys = on ? "on" : "off";
    keep("keys", body.dataset.keys);
  }

  /* ---------- clock and countdowns, by the server's clock ---------- */
  const navigation = performance.getEntriesByType("navigation")[0];
  // A page taken back from the browser's store carries an old time; then this machine's clock is the better one.
  const fresh = body.dataset.now && navigation?.type !== "back_forward";
  const skewMs = fresh ? Date.parse(body.dataset.now) - Date.now() : 0;
  const words = body.dataset.words ? JSON.parse(body.dataset.words) : null;
  const serverNow = () => new Date(Date.now() + skewMs);
  const fill = (template, values) => template.replace(/%\((\w+)\)[sd]/g, (_, key) => values[key]);
  const write = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };

  function span(minutes) {
    const n = Math.floor(minutes / 1440);
    const h = Math.floor((minutes % 1440) / 60);
    const m = minutes % 60;
    if (n) {
      const days = fill(n === 1 ? words.day : words.days, { n });
      return h ? fill(words.dh, { days, h }) : days;
    }
    if (h) return fill(m ? words.hm : words.h, { h, m });
    return fill(words.m, { m });
  }

  function tickCountdown(element, now) {
    if (element.closest("[lang]") !== root) return; // in another language than the words that we have
    const leftMin = (Date.parse(element.dataset.due) - now) / 60000;
    const level = leftMin < 0 ? "over" : leftMin < Number(element.dataset.nearMin) ? "near" : "far";
    write(find("[data-words]", element), fill(leftMin < 0 ? words.over : words.left, { span: span(Math.floor(Math.abs(leftMin))) }));
    if (element.classList.contains(`countdown-${level}`)) return;
    element.classList.remove("countdown-far", "countdown-near", "countdown-over");
    element.classList.add(`countdown-${level}`);
    const use = find("use", element);
    if (use) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, level === "over" ? "#i-st-late" : "#i-clock"));
    const line = find("[data-over]", element);
    if (level === "over" && line) write(line, line.dataset.over);
  }

  let dayShown = "";
  function tick() {
    const now = serverNow();
    for (const clock of all("[data-clock]")) {
      const in_ = (options) => new Intl.DateTimeFormat(root.lang, { timeZone: clock.dataset.zone, ...options }).format(now);
      write(find("[data-clock-hour]", clock), in_({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }));
      const today = in_({ dateStyle: "short" });
      // "today" on this page means the day on which it was made.
      if (dayShown && today !== dayShown) say("info", body.dataset.newDay);
      dayShown = today;
    }
    if (words) all("[data-due]").forEach((element) => tickCountdown(element, now));
  }

  /* ---------- notices ---------- */
  function say(level, text, link) {
    const region = find("#toasts");
    const template = find(`template[data-toast="${level}"]`) || find('template[data-toast="info"]');
    if (!region || !template || !text) return;
    if (all("[data-toast-text]", region).some((old) => old.textContent === text)) return;
    const toast = template.content.firstElementChild.cloneNode(true);
    find("[data-toast-text]", toast).textContent = text;
    if (link) {
      const way = document.createElement("a");
      Object.assign(way, { href: link.href, target: "_blank", textContent: link.text });
      find("[data-toast-text]", toast).after(" ", way);
    }
    region.append(toast);
    // What went well may leave by itself; what went wrong stays until it is read.
    if (level === "ok") setTimeout(() => toast.remove(), 8000);
  }

  /* ---------- htmx: a failed request says why, and nothing typed is lost ---------- */
  function reason(xhr) {
    const type = xhr.getResponseHeader("Content-Type") || "";
    if (type.includes("json")) {
      try {
        const answer = JSON.parse(xhr.responseText);
        if (answer.message) return answer.message;
      } catch (error) { /* fall through to the general words */ }
    } else if (type.includes("html")) {
      const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
      const said = find("[data-error-message]", page);
      if (said) return said.textContent.trim();
    } else if (type.includes("text/plain") && xhr.responseText.length < 500) {
      return xhr.responseText;
    }
    return xhr.status === 403 ? body.dataset.errorForbidden : body.dataset.errorServer;
  }

  body.addEventListener("htmx:responseError", (event) => say("block", reason(event.detail.xhr)));
  body.addEventListener("htmx:sendError", () => say("block", body.dataset.errorOffline));
  body.addEventListener("htmx:timeout", () => say("block", body.dataset.errorOffline));
  body.addEventListener("portal:say", (event) => say(event.detail.level, event.detail.text));

  // htmx follows a redirect to the sign-in page without a word; never paste that page into this one.
  body.addEventListener("htmx:beforeSwap", (event) => {
    const url = event.detail.xhr.responseURL;
    if (url && body.dataset.login && new URL(url).pathname === body.dataset.login && location.pathname !== body.dataset.login) {
      event.detail.shouldSwap = false;
      say("block", body.dataset.errorSession, { href: body.dataset.login, text: body.dataset.signIn });
    }
  });

  // Signing in again, in a second window, renews the token: what this page sends then carries the new one.
  const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  body.addEventListener("htmx:configRequest", (event) => {
    const now = token();
    if (!now) return;
    event.detail.headers["X-CSRFToken"] = now;
    if ("csrfmiddlewaretoken" in event.detail.parameters) event.detail.parameters.csrfmiddlewaretoken = now;
  });
  document.addEventListener("formdata", (event) => {
    const now = token();
    if (now && event.formData.has("csrfmiddlewaretoken")) event.formData.set("csrfmiddlewaretoken", now);
  });

  // What was typed or chosen before the scripts had come counts like what is typed after: say it once more.
  // (When the reader comes back to a page, the browser fills its fields again: that is nothing new.)
  function changed(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (!field.options) return field.value !== field.defaultValue;
    const options = [...field.options];
    return field.selectedIndex !== Math.max(0, options.findIndex((one) => one.defaultSelected));
  }
  body.addEventListener("htmx:load", (event) => {
    if (event.target !== body || navigation?.type !== "navigate") return;
    for (const field of all("input:not([type=hidden], [type=file]), select:not([multiple]), textarea").filter(changed)) {
      for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  });

  /* ---------- focus ---------- */
  // Who sent something wrong is led to the first field that is wrong.
  function focusWrong(within) {
    const wrong = find("form :is(.is-invalid, [aria-invalid=true])", within)
      || find("form .field-error", within)?.closest(".field, fieldset, div")?.querySelector("input:not([type=hidden]), select, textarea");
    wrong?.focus();
  }
  if ((navigation?.responseStatus ?? 422) === 422) focusWrong(find("main") || document);
  let refusedForm = false;
  body.addEventListener("htmx:beforeSwap", (event) => { refusedForm = event.detail.xhr.status === 422; });

  let home = null;
  body.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    home = target && target.contains(document.activeElement) ? target.closest("[data-focus-home], section, main") : null;
  });
  body.addEventListener("htmx:afterSettle", () => {
    // The element that had the focus is gone: stay in its section instead of falling to the top of the page.
    if (home && home.isConnected && document.activeElement === body) {
      home.setAttribute("tabindex", "-1");
      home.focus({ preventScroll: true });
    }
    home = null;
    tick();
  });
  body.addEventListener("htmx:load", (event) => {
    const brought = event.detail.elt;
    if (brought === body) return;
    const dialog = brought.matches("dialog[data-open]") ? brought : find("dialog[data-open]", brought);
    if (dialog && !dialog.open) dialog.showModal();
    (brought.matches("[data-focus]") ? brought : find("[data-focus]", brought))?.focus();
    if (refusedForm) focusWrong(brought.parentElement || brought);
  });

  /* ---------- dialogs and questions ---------- */
  function ask(source) {
    const dialog = find("#confirm");
    const yes = find("[data-confirm-yes]", dialog);
    write(find("[data-confirm-text]", dialog), source.dataset.confirm);
    write(yes, source.dataset.confirmAction || yes.dataset.otherwise);
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  body.addEventListener("htmx:confirm", (event) => {
    const source = [event.detail.triggeringEvent?.submitter, event.detail.elt].find((element) => element?.dataset?.confirm);
    if (!source) return;
    event.preventDefault();
    ask(source).then((yes) => yes && event.detail.issueRequest(true));
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]") || form.method === "dialog") return;
    const button = event.submitter;
    const source = [button, form].find((element) => element?.dataset?.confirm);
    if (source && !form.dataset.confirmed) {
      event.preventDefault();
      ask(source).then((yes) => {
        if (!yes) return;
        form.dataset.confirmed = "1";
        form.requestSubmit(button);
      });
      return;
    }
    delete form.dataset.confirmed;
    // A second click must not send twice; only after this event, or the button's own value would be left out.
    pressed = form.method === "post" ? button : null;
    if (pressed) setTimeout(() => { button.disabled = true; });
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) all("form[method=post] :disabled[type=submit]").forEach((button) => { button.disabled = false; });
  });

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-theme-toggle]")) switchTheme();
    const opener = at("[data-dialog]");
    if (opener) find(opener.dataset.dialog)?.showModal();
    if (at("[data-dialog-close]")) at("dialog")?.close();
    if (event.target.matches("dialog[data-light]")) event.target.close();
    if (at("[data-print]")) window.print();
    if (at("[data-toast-close]")) at("[data-toast-item]")?.remove();
    const copier = at("[data-copy]");
    if (copier) copy(copier);
  });

  async function copy(button) {
    const place = find("[data-copy-words]", button) || button;
    const before = place.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      write(place, button.dataset.copied);
      setTimeout(() => write(place, before), 2000);
    } catch (error) {
      say("info", button.dataset.copy); // no clipboard here: show it, so that it can be taken by hand
    }
  }

  // A dialog whose deed is done, and whose answer brings nothing to show, closes.
  body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr.status === 204) event.detail.elt.closest("dialog")?.close();
  });

  /* ---------- what is typed and not sent: the browser asks before the page is left ---------- */
  const sends = (form) => !form.matches("[data-leave-freely]")
    && (form.method === "post" || form.matches("[hx-post], [hx-put], [hx-patch]"));
  const kept = new WeakMap(); // each form as it was served, or as htmx has saved it
  const edited = new WeakSet(); // somebody changed something in it
  let sending = null; // the form that is being sent, and the button that sent it
  let pressed = null;

  // What a form holds, as lines; `served`: as the server wrote it. (Buttons, tokens and files are nothing typed.)
  function holds(form, served = false) {
    const fields = [...form.elements].filter((one) => one.name && !one.closest("[data-leave-freely]")
      && one.matches("select, textarea, input:not([type=hidden], [type=submit], [type=button], [type=file])"));
    return fields.map((one) => {
      let value = served ? one.defaultValue : one.value;
      if (one.matches("[type=checkbox], [type=radio]")) value = one.value + (served ? one.defaultChecked : one.checked);
      if (one.options) {
        const chosen = [...one.options].filter((option) => (served ? option.defaultSelected : option.selected));
        if (!chosen.length && !one.multiple && one.options.length) chosen.push(one.options[0]);
        value = chosen.map((option) => option.value).join();
      }
      return `${one.name}=${value}`;
    }).join("\n");
  }

  function look(within, refused) {
    for (const form of [...(within.matches("form") ? [within] : []), ...all("form", within)].filter(sends)) {
      if (kept.has(form)) continue;
      const wrong = refused && find(".is-invalid, [aria-invalid=true], .field-error", form);
      kept.set(form, wrong ? null : holds(form, true)); // a form that came back refused is still unsaved
      if (wrong) edited.add(form);
    }
  }

  function edit(form) {
    if (!form) return;
    edited.add(form);
    if (sending === form) sending = null; // it was sent, and the page stayed
  }
  const unsaved = (form) => form !== sending && edited.has(form) && kept.has(form) && kept.get(form) !== holds(form)
    && !form.closest("dialog:not([open])");

  look(body, navigation?.responseStatus === 422);
  for (const kind of ["input", "change"]) document.addEventListener(kind, ({ target }) => edit(target.form || target.closest("form")));
  body.addEventListener("htmx:load", (event) => look(event.detail.elt, refusedForm));
  body.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt, xhr, requestConfig } = event.detail;
    const form = elt.closest("form");
    if (!form || requestConfig.verb === "get" || xhr.status >= 400) return;
    if (elt === form) {
      kept.set(form, holds(form));
      edited.delete(form);
    } else if (elt.matches("button")) edit(form); // a line was added to it, or taken out
  });
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) sending = event.target; });
  window.addEventListener("beforeunload", (event) => {
    if (!all("form").some(unsaved)) return;
    event.preventDefault();
    const button = pressed;
    if (button) setTimeout(() => { button.disabled = false; }, 500); // who stays must be able to press it once more
  });

  /* ---------- ticked rows ---------- */
  const boxesOf = (form) => all(`input[type=checkbox][form="${form.id}"]`);
  function countTicked() {
    for (const form of all("form[data-ticked]")) {
      const boxes = boxesOf(form);
      const n = boxes.filter((box) => box.checked).length;
      form.hidden = n === 0;
      const place = find("[data-ticked-words]", form);
      write(place, n ? fill(place.dataset.tickedWords, { n }) : "");
      for (const box of boxes) box.closest("tr")?.setAttribute("aria-selected", box.checked);
      const whole = find("[data-tick-all]");
      if (whole) {
        whole.checked = n > 0 && n === boxes.length;
        whole.indeterminate = n > 0 && n < boxes.length;
      }
    }
  }
  document.addEventListener("change", (event) => {
    const whole = event.target.closest("[data-tick-all]");
    if (whole) all("tbody input[type=checkbox][form]", whole.closest("table")).forEach((box) => { box.checked = whole.checked; });
    if (whole || event.target.form?.matches("[data-ticked]")) countTicked();
    if (event.target.matches("[data-keys-switch]")) switchKeys(event.target.checked);
  });
  document.addEventListener("click", (event) => {
    const none = event.target.closest("[data-tick-none]");
    if (!none) return;
    boxesOf(none.form).forEach((box) => { box.checked = false; });
    countTicked();
    find("[data-tick-all]")?.focus();
  });
  body.addEventListener("htmx:afterSettle", countTicked);

  /* ---------- keys ---------- */
  const typing = (element) => element.closest("input, textarea, select, [contenteditable], dialog[open]");

  function moveCursor(list, step) {
    const rows = all("[data-row]", list);
    const now = rows.findIndex((row) => row.classList.contains("is-cursor"));
    const next = rows[Math.min(Math.max(now + step, 0), rows.length - 1)];
    if (!next) return;
    rows.forEach((row) => row.classList.toggle("is-cursor", row === next));
    const link = find("a[href]", next);
    (link || next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    if (body.dataset.keys === "off") return;
    if (event.key === "?") { find("#help")?.showModal(); return; }
    if (event.key === "/") {
      const search = find("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
      return;
    }
    const list = find("[data-rows]");
    if (!list) return;
    if (event.key === "j") moveCursor(list, 1);
    if (event.key === "k") moveCursor(list, -1);
    if (event.key === "x") find(".is-cursor input[type=checkbox]", list)?.click();
  });

  // Enter presses the first button of a form. Where there are several, it must not choose between them: buttons send.
  document.addEventListener("keydown", (event) => {
    const line = event.target;
    if (event.key !== "Enter" || event.isComposing || !line.matches?.("input:not([type=submit], [type=button])")) return;
    const buttons = [...(line.form?.elements || [])].filter((one) => one.matches("button[type=submit], input[type=submit]"));
    if (buttons.length > 1) event.preventDefault();
  });

  if (navigation?.type !== "back_forward") find("form[data-send-at-once]")?.requestSubmit();

  tick();
  setInterval(tick, 10000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
})();
