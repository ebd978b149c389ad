/* Runs before the first paint: where the server knew no choice, take the cookie's or the system's. */
(() => {
  "use strict";
  const root = document.documentElement;
  if (root.dataset.bsTheme) return;
  const chosen = /(?:^|;\s*)theme=(light|dark)/.exec(document.cookie);
  root.dataset.bsTheme = chosen ? chosen[1] : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})();
