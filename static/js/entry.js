/* The entry sheet: totals and balance follow the typing, arrows and Enter move between cells, changed cells show a
   stripe, and leaving with unsaved numbers is asked about. Without this file the server does the sums on saving. */
(() => {
  "use strict";
  const sheet = document.querySelector(".sheet .g");
  const form = document.getElementById("entry");
  if (!sheet || !form) return;

  const SUMS = {
    received: ["received_direct", "received_online_partial", "received_online_full", "received_postal"],
    resolved: ["resolved_early", "resolved_on_time", "resolved_late"],
    returned: ["returned_direct", "returned_online", "returned_postal"],
  };
  const COMES_IN = ["opening", ...SUMS.received, "transferred_in"];
  const GOES_OUT = [...SUMS.resolved, "withdrawn", "transferred_out", "pending_in_time", "pending_late", "awaiting"];
  const MOVED = ["transferred_in", "transferred_out"];

  // A typed count: a number, null for a blank, NaN for what is no count (as the server reads it).
  const read = (text) => {
    const typed = text.replace(/[\u200b-\u200d\u2060\ufeff]/g, "").trim();
    if (!typed) return null;
    const plain = /^[1-9]\d{0,2}([. \u00a0\u2009\u202f])\d{3}(\1\d{3})*$/.test(typed) ? typed.replace(/\D/g, "") : typed;
    return /^\d{1,9}$/.test(plain) ? Number(plain) : NaN;
  };
  const write = (number) => (number === null ? "—" : String(number).replace(/\B(?=(\d{3})+$)/g, "."));
  const put = (place, text) => { if (place && place.textContent !== text) place.textContent = text; };
  const added = (numbers) => {
    const known = numbers.filter((one) => one !== null && !Number.isNaN(one));
    return known.length ? known.reduce((a, b) => a + b, 0) : null;
  };

  const rows = [...sheet.querySelectorAll("tr[data-row]")].map((line) => {
    const moved = document.querySelector(`tr[data-moved="${line.dataset.row}"]`);
    const inputs = [...line.querySelectorAll("input[data-m]"), ...(moved ? moved.querySelectorAll("input[data-m]") : [])];
    return { line, cells: new Map(inputs.map((input) => [input.dataset.m, input])) };
  });

  const show = (cell, state, text) => {
    cell.classList.toggle("bal--off", state === "off");
    cell.classList.toggle("bal--na", state === "na");
    const word = cell.querySelector(".bal__word");
    word.classList.toggle("bal__word--ok", state === "ok");
    put(word, text);
    cell.querySelector(".vh")?.remove();
  };

  const balance = (row) => {
    const value = (name) => (row.cells.has(name) ? read(row.cells.get(name).value) : 0);
    const all = [...COMES_IN, ...GOES_OUT].map((name) => (MOVED.includes(name) ? value(name) ?? 0 : value(name)));
    if ([...row.cells.values()].some((input) => Number.isNaN(read(input.value)))) return ["off", "có lỗi"];
    if (all.includes(null)) return ["na", "chưa đủ"];
    const gap = COMES_IN.reduce((sum, name) => sum + (value(name) ?? 0), 0) - GOES_OUT.reduce((sum, name) => sum + (value(name) ?? 0), 0);
    return gap ? ["off", `lệch ${gap > 0 ? "+" : "−"}${write(Math.abs(gap))}`] : ["ok", "khớp"];
  };

  const recount = (row) => {
    for (const [whole, parts] of Object.entries(SUMS)) {
      const numbers = parts.filter((name) => row.cells.has(name)).map((name) => read(row.cells.get(name).value));
      put(row.line.querySelector(`[data-sum="${whole}"]`), write(added(numbers)));
    }
    row.state = balance(row);
    show(row.line.querySelector("[data-balance]"), ...row.state);
  };

  const total = () => {
    for (const cell of sheet.querySelectorAll("[data-total]")) {
      const parts = SUMS[cell.dataset.total] ?? [cell.dataset.total];
      const numbers = rows.flatMap((row) => parts.filter((name) => row.cells.has(name)).map((name) => read(row.cells.get(name).value)));
      put(cell, write(added(numbers)) + (numbers.some((one) => one === null || Number.isNaN(one)) ? "*" : ""));
    }
    const off = rows.filter((row) => row.state[0] === "off").length;
    const short = rows.some((row) => row.state[0] === "na");
    show(sheet.querySelector("[data-balance-all]"), off ? "off" : short ? "na" : "ok", off ? `${off} dòng` : short ? "chưa đủ" : "khớp");
  };

  for (const row of rows) row.state = balance(row);

  let unsaved = false;
  form.addEventListener("input", (event) => {
    const input = event.target;
    unsaved = true;
    if (!input.dataset.m) return;
    const box = input.closest(".c");
    box.classList.toggle("is-changed", input.value !== input.defaultValue);
    const wrong = Number.isNaN(read(input.value));
    box.classList.toggle("is-err", wrong);
    input.toggleAttribute("aria-invalid", wrong);
    const row = rows.find((one) => one.cells.get(input.dataset.m) === input);
    if (row) { recount(row); total(); }
  });
  form.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  // Up, down, Enter: the same column of the next row that has the cell. Left, right: once the caret is at the edge.
  const go = (input) => { if (input) { input.focus(); input.select(); } };
  const vertical = (input, step) => {
    let at = rows.findIndex((row) => row.cells.get(input.dataset.m) === input) + step;
    for (; at >= 0 && at < rows.length; at += step) if (rows[at].cells.has(input.dataset.m)) return go(rows[at].cells.get(input.dataset.m));
    return undefined;
  };
  const horizontal = (input, step) => {
    const inputs = [...form.querySelectorAll("input[data-m]")];
    go(inputs[inputs.indexOf(input) + step]);
  };
  form.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.dataset?.m || event.ctrlKey || event.altKey || event.metaKey) return;
    const whole = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    const caret = input.selectionStart === input.selectionEnd ? input.selectionStart : -1;
    const moves = {
      ArrowUp: () => vertical(input, -1),
      ArrowDown: () => vertical(input, 1),
      Enter: () => vertical(input, event.shiftKey ? -1 : 1),
      ArrowLeft: () => horizontal(input, -1),
      ArrowRight: () => horizontal(input, 1),
    };
    if (!(event.key in moves)) return;
    if (event.key === "ArrowLeft" && !(whole || caret === 0)) return;
    if (event.key === "ArrowRight" && !(whole || caret === input.value.length)) return;
    event.preventDefault();
    moves[event.key]();
  });

  // A block copied from a sheet fills the cells to the right and below, in the order of the screen.
  form.addEventListener("paste", (event) => {
    const block = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "").split(/\r?\n/).map((line) => line.split("\t"));
    if (!event.target.dataset.m || (block.length === 1 && block[0].length === 1)) return;
    const at = rows.findIndex((row) => row.cells.get(event.target.dataset.m) === event.target);
    if (at < 0) return;
    event.preventDefault();
    const order = [...sheet.querySelectorAll("[data-total]")].map((cell) => cell.dataset.total).filter((name) => !(name in SUMS));
    const from = order.indexOf(event.target.dataset.m);
    if (from < 0) return;
    block.forEach((texts, down) => texts.forEach((text, right) => {
      const input = rows[at + down]?.cells.get(order[from + right]);
      if (!input) return;
      input.value = text.trim();
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }));
  });
  for (const hint of document.querySelectorAll(".js-only")) hint.hidden = false;
})();
