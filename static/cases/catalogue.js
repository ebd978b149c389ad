/* The catalogue's editor: a control beside which a mistake stands is marked as invalid, also for those who listen. */
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

  mark();
  document.body.addEventListener("htmx:afterSettle", mark);
})();
