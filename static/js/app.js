/* Formulas and definitions (details.how): Esc or a click elsewhere closes them, one is open at a time.
   Everything on the pages works without this file. */
(() => {
  "use strict";
  const open = () => document.querySelectorAll("details.how[open]");

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const how of open()) {
      const held = how.contains(document.activeElement);
      how.open = false;
      if (held) how.querySelector("summary").focus();
    }
    // a figure's source (a.src) is shown while it has the focus
    if (document.activeElement?.matches("a.src")) document.activeElement.blur();
  });

  document.addEventListener("click", (event) => {
    const here = event.target.closest("details.how");
    for (const how of open()) if (how !== here) how.open = false;
  });
})();
