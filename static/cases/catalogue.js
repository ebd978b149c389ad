/* The catalogue's editor: a control beside which a mistake stands is marked as invalid, also for those who listen.
   A button that changes the rows brings the rule in words and all mistakes itself: the check of what stood there before
   is taken back, or its answer would come late and mark the wrong rows. */
(() => {
  "use strict";
  const form = document.getElementById("rule-form");
  if (!form) return;

  function mark() {
    for (const control of form.querySelectorAll("[aria-describedby*='wrong-']")) {
      const wrong = control.getAttribute("aria-describedby").split(" ")
        .map((id) => document.getElementById(id))
        .some((place) => place && place.hasAttribute("data-wrong") && place.textContent.trim());
      const marks = control.matches("input, select, textarea");
      if (marks) control.classList.toggle("is-invalid", wrong);
      if (wrong && marks) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  }

  const live = document.getElementById("rule-live");
  let pressed = null; // the request of a button that is under way
  form.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (elt === live) {
      if (pressed) event.preventDefault();
      return;
    }
    htmx.trigger(live, "htmx:abort");
    pressed = xhr;
    xhr.addEventListener("loadend", () => { if (pressed === xhr) pressed = null; });
  });

  mark();
  document.body.addEventListener("htmx:afterSettle", mark);
})();
