/* The diagnosis of a form: what Enter does in the search, and a whole code that was typed counts as chosen.

   #codes holds the diagnoses found, as radio buttons; whatever changes there brings the questions of the catalogue. */
(() => {
  "use strict";
  const search = document.querySelector("[name=search]");
  const codes = document.querySelector("#codes");
  if (!search || !codes) return;
  const plain = (code) => code.normalize("NFKC").replace(/[.\s]/g, "").toUpperCase();
  const found = () => [...codes.querySelectorAll("input[type=radio]")];
  let entered = false;

  function choose(radio) {
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // A code that was typed whole is a choice; Enter takes the only one that fits, else it leads into the list.
  function settle() {
    const radios = found();
    const exact = radios.find((radio) => plain(radio.value) === plain(search.value));
    const one = exact || (entered && radios.length === 1 ? radios[0] : null);
    if (one && !one.checked) choose(one);
    if (entered) (one || radios[0])?.focus();
    entered = false;
  }

  document.body.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target === codes) settle(); });

  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    entered = true;
    htmx.trigger(search, "diagnosis:find");
  });
})();
