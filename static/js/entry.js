/* The entry sheet while somebody types: sums, balance, errors and warnings follow each key, the keyboard moves between
   cells, the panes below describe the focused cell. Ranges, paste, copy and undo are in blocks.js, storing and sending in
   drafts.js, the rules in rules.js. Without scripts the form is submitted whole and the server computes the sums.

   Sets CCHC.sheet. A cell: {row, measure, input, box, name, place, value (null: blank or unread), fault}; a row has
   the data of the page's script element "sheet", and {line, cells: measure → cell, faults, odd}.
   Events on the form: "cchc:typed" for each key and "cchc:settled" for finished cells; detail: [cell]. */
(() => {
  "use strict";
  const form = document.getElementById("entry");
  const table = form?.querySelector(".sheet .g");
  const holder = document.getElementById("sheet");
  const rules = window.CCHC?.rules;
  if (!table || !holder || !rules) return;
  const facts = JSON.parse(holder.textContent);
  const { sums } = rules.data;
  const took = "tookOver" in table.closest(".sheet").dataset;
  const wholesOf = (measure) => Object.keys(sums).filter((whole) => sums[whole].includes(measure));
  const put = (place, text) => { if (place && place.textContent !== text) place.textContent = text; };
  const place = (name, index) => document.querySelector(`[${name}="${index}"]`);
  const byId = (id) => document.getElementById(id);

  // Rows and cells -----------------------------------------------------------------------------------------------
  const cells = new Map();
  const rows = facts.rows.map((fact, index) => {
    const [line, moved] = [place("data-row", index), place("data-moved", index)];
    const row = { ...fact, index, line, cells: new Map(), faults: [], odd: [], gap: null, told: "" };
    row.balance = line.querySelector("[data-balance]");
    row.sums = new Map([...line.querySelectorAll("[data-sum]")].map((one) => [one.dataset.sum, one]));
    for (const part of [line, moved]) {
      for (const input of part?.querySelectorAll("input[data-m]") ?? []) {
        const [measure, box] = [input.dataset.m, input.closest(".c")];
        const name = input.getAttribute("aria-label");
        const cell = { row, measure, input, box, name: input.name, place: name, side: part === moved, original: input.value };
        row.cells.set(measure, cell);
        cells.set(input.name, cell);
      }
    }
    return row;
  });
  const cellOf = (input) => cells.get(input?.name);
  const totals = new Map([...table.querySelectorAll("[data-total]")].map((one) => [one.dataset.total, one]));
  const values = (row) => Object.fromEntries([...row.cells].map(([measure, cell]) => [measure, cell.value]));

  const read = (cell) => {
    const text = cell.input.value;
    const { value } = rules.read(text, cell.measure);
    if (cell.refused?.text !== text) cell.refused = null;
    cell.fault = rules.checkCell(cell.measure, text, cell.row) ?? cell.refused;
    cell.value = cell.fault ? null : value;
  };

  // Rendering changed numbers ---------------------------------------------------------
  const show = (cell, state, text, more = "") => {
    cell.classList.toggle("bal--off", state === "off");
    cell.classList.toggle("bal--na", state === "na");
    const word = cell.querySelector(".bal__word");
    word.classList.toggle("bal__word--ok", state === "ok");
    put(word, text);
    put(cell.querySelector(".bal__more"), more);
  };

  const recount = (row) => {
    const now = values(row);
    for (const [whole, out] of row.sums) put(out, rules.write(rules.sum(now, sums[whole])));
    const wrong = [...row.cells.values()].filter((cell) => cell.fault);
    const { gap, text } = rules.balance(now, row);
    row.told = text;
    row.faults = wrong.length ? [] : rules.checkRow(now, row);
    row.odd = rules.warnings(now, row);
    row.state = wrong.length ? "off" : row.faults.length ? "off" : gap === null ? "na" : "ok";
    const over = row.faults.some((fault) => fault.code === "over_whole");
    const lacks = gap ? `lệch ${gap > 0 ? "+" : "−"}${rules.write(Math.abs(gap))}` : over ? "vượt" : "chưa đủ";
    row.short = wrong.length ? "có lỗi" : row.state === "ok" ? "khớp" : lacks;
    show(row.balance, row.state, row.short, row.state === "na" || wrong.length ? "" : `: ${text}`);
    for (const [whole, out] of row.sums) {
      out.closest("td").classList.toggle("is-warn-c", row.odd.some((fault) => fault.measure === whole));
    }
  };

  const total = (name) => {
    const parts = sums[name] ?? [name];
    const column = rows.flatMap((row) => parts.filter((part) => row.cells.has(part)).map((part) => row.cells.get(part).value));
    put(totals.get(name), rules.write(rules.added(column)) + (column.includes(null) ? "*" : ""));
  };
  const overall = () => {
    const off = rows.filter((row) => row.state === "off").length;
    const short = rows.some((row) => row.state === "na");
    const all = table.querySelector("[data-balance-all]");
    show(all, off ? "off" : short ? "na" : "ok", off ? `${off} dòng` : short ? "chưa đủ" : "khớp");
  };

  // Hide a fault while its cell is being typed: "1.2" may become "1.240".
  const mark = (cell) => {
    const odd = cell.row.odd.find((fault) => fault.measure === cell.measure);
    const fault = cell.quiet ? null : cell.fault;
    cell.box.classList.toggle("is-err", Boolean(fault));
    cell.box.classList.toggle("is-warn", !fault && Boolean(odd || cell.box.dataset.marked));
    cell.box.classList.toggle("is-changed", cell.input.value !== cell.original);
    cell.box.classList.toggle("is-theirs", Boolean(cell.theirs) && !cell.typing);
    const told = fault?.message ?? odd?.message ?? (cell.box.dataset.marked ? "Ô được đánh dấu cần sửa" : "");
    let words = byId(`${cell.input.id}-loi`);
    if (told && !words) {
      words = Object.assign(document.createElement("span"), { id: `${cell.input.id}-loi`, className: "vh" });
      cell.box.append(words);
    }
    put(words, told);
    if (fault) cell.input.setAttribute("aria-invalid", "true");
    else cell.input.removeAttribute("aria-invalid");
    if (told) cell.input.setAttribute("aria-describedby", words.id);
    else cell.input.removeAttribute("aria-describedby");
  };

  // Called for every change: recomputes the rows and columns of these cells.
  const refresh = (changed) => {
    const touched = new Set(changed.map((cell) => cell.row));
    const columns = new Set(changed.flatMap((cell) => [cell.measure, ...wholesOf(cell.measure)]));
    changed.forEach(read);
    touched.forEach(recount);
    columns.forEach((name) => { if (totals.has(name)) total(name); });
    overall();
    judge();
    for (const row of touched) for (const cell of row.cells.values()) if (changed.includes(cell) || cell.measure === "opening") mark(cell);
    if (sheet.here) look(sheet.here);
    count();
  };

  // Warnings about the whole report, once no cell is blank; shown at the first cell.
  let whole = null;
  const judge = () => { whole = blanks().length ? null : (rules.checkReport(rows.map((row) => [values(row), row]))[0] ?? null); };
  const start = () => cells.values().next().value;

  // The panes below, and remaining problems ---------------------------------------------------------------------
  const say = (text) => put(byId("bao"), text);
  const beside = (cell) => [...cell.box.querySelectorAll(".prev > span")].map((one) => one.lastChild.textContent.trim());
  // The first month of a successor is compared only with what its predecessors left open.
  const before = (cell) => {
    const [last, year] = beside(cell);
    if (!took) return `Tháng trước ${last ?? "—"}, cùng kỳ ${year ?? "—"}`;
    if (cell.measure === "opening") {
      const { proposed } = cell.row;
      return proposed === null ? "Các đơn vị cũ không có số cuối kỳ của dòng này" : `Nhận từ các đơn vị cũ: ${rules.write(proposed)}`;
    }
    return last ? `Cuối kỳ các đơn vị cũ: ${last}` : "Tháng đầu của đơn vị mới: không có tháng trước để so";
  };
  const look = (cell) => {
    const { row } = cell;
    const told = (cell.quiet ? null : cell.fault) ?? row.odd.find((one) => one.measure === cell.measure || sums[one.measure]?.includes(cell.measure)) ?? (cell === start() ? whole : null);
    put(byId("look-name"), cell.place);
    put(byId("look-past"), before(cell));
    const usual = cell.input.value.trim() ? "Không có gì phải xem lại ở ô này." : "Chưa báo. Nếu trong kỳ không có hồ sơ nào thì nhập 0.";
    put(byId("look-word"), told?.message ?? (cell.box.dataset.marked ? "Người duyệt đánh dấu ô này cần sửa." : usual));
    byId("look-word").classList.toggle("look__err", told?.severity === "error");
    put(byId("look-row"), `Cân đối dòng ${row.label}: ${row.short}`);
    const lack = [...row.cells.values()].filter((one) => one.value === null && !rules.data.optional.includes(one.measure)).length;
    put(byId("look-balance"), row.faults[0]?.message ?? (row.state === "ok" ? `${row.told}.` : `Còn ${lack} ô chưa có số.`));
    put(byId("look-theirs"), cell.theirs ?? "");
    put(byId("look-reason"), row.reason ? `Lý do đã ghi: “${row.reason}”` : "");
  };

  const first = (row, test) => [...row.cells.values()].find(test) ?? row.cells.values().next().value;
  const things = () => {
    const found = [];
    for (const row of rows) {
      for (const cell of row.cells.values()) if (cell.fault) found.push([0, cell]);
      if (row.faults.length) found.push([0, first(row, (cell) => cell.measure.startsWith("pending"))]);
      const parts = (fault) => sums[fault.measure] ?? [fault.measure];
      for (const fault of row.odd) if (!row.reason) found.push([1, first(row, (cell) => parts(fault).includes(cell.measure))]);
    }
    if (whole && !rows.some((row) => row.reason)) found.push([1, start()]);
    return found;
  };
  const blanks = () => [...cells.values()].filter((cell) => !cell.input.value.trim() && !rules.data.optional.includes(cell.measure));
  const count = () => {
    const found = things();
    const errors = found.filter(([rank]) => !rank).length;
    const empty = blanks().length;
    const told = [errors && `${errors} lỗi`, found.length - errors && `${found.length - errors} điều cần xem`, empty && `${empty} ô chưa báo`];
    put(byId("xem-tiep").querySelector("span"), told.filter(Boolean).join(", ") || "Đã đủ số, không có điều cần xem");
  };
  // F8: errors, then warnings, then blanks, in sheet order, after the focused cell.
  const next = () => {
    const found = [...things().sort(([a], [b]) => a - b).map(([, cell]) => cell)];
    const list = [...new Set(found.length ? found : blanks())];
    const at = list.indexOf(cellOf(document.activeElement) ?? sheet.here);
    if (list.length) go(list[(at + 1) % list.length]);
    else say("Không còn ô nào cần xem.");
  };

  // The reason of a row, required by its warnings.
  const ask = (cell) => {
    const text = dialog.querySelector("textarea");
    const { row } = cell;
    put(dialog.querySelector("h2"), `Lý do, ghi chú của dòng ${row.label}`);
    put(dialog.querySelector("p"), row.odd.map((fault) => fault.message).join(" "));
    text.value = row.reason;
    text.readOnly = cell.input.readOnly;
    dialog.returnValue = "";
    dialog.onclose = () => {
      go(cell);
      if (dialog.returnValue !== "keep" || text.value.trim() === row.reason) return;
      reason(row, text.value.trim());
      form.dispatchEvent(new CustomEvent("cchc:reason", { detail: row }));
    };
    dialog.showModal();
  };
  const reason = (row, text) => {
    row.reason = text;
    const box = form.elements[`${row.code}-reason`];
    if (box) box.value = text;
    if (sheet.here) look(sheet.here);
    count();
  };
  for (const row of rows) row.reason = form.elements[`${row.code}-reason`]?.value ?? row.reason ?? "";
  form.addEventListener("input", (event) => {
    const row = rows.find((one) => event.target.name === `${one.code}-reason`);
    if (!row) return;
    row.reason = event.target.value.trim();
    form.dispatchEvent(new CustomEvent("cchc:reason", { detail: row }));
  });
  const dialog = byId("ghi-ly-do");
  dialog.addEventListener("click", ({ target }) => { if (target.matches("button")) dialog.close(target.value); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) dialog.close("keep");
  });

  // Typing ------------------------------------------------------------------------------------------------------------
  let pause;
  const settle = (cell) => {
    clearTimeout(pause);
    if (!cell.typing) return;
    cell.typing = cell.quiet = false;
    read(cell);
    if (cell.value !== null) cell.input.value = rules.write(cell.value);
    refresh([cell]);
    form.dispatchEvent(new CustomEvent("cchc:settled", { detail: [cell] }));
  };
  form.addEventListener("input", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    cell.typing = cell.quiet = true;
    refresh([cell]);
    form.dispatchEvent(new CustomEvent("cchc:typed", { detail: [cell] }));
    clearTimeout(pause);
    pause = setTimeout(() => { cell.quiet = false; refresh([cell]); }, 600);
  });
  form.addEventListener("focusin", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    sheet.here = cell;
    cell.held = cell.input.value;
    cell.input.select();
    look(cell);
  });
  form.addEventListener("focusout", (event) => { const cell = cellOf(event.target); if (cell) settle(cell); });
  // A click into another cell selects its text, as a spreadsheet does; a second click sets the caret.
  let entered = null;
  form.addEventListener("pointerdown", (event) => { entered = event.target === document.activeElement ? null : event.target; });
  form.addEventListener("mouseup", (event) => { if (entered && event.target === entered && cellOf(entered)) event.preventDefault(); });

  // Moving --------------------------------------------------------------------------------------------------------------
  // Columns in screen order; transfer columns are in a separate table.
  const sides = new Set([...cells.values()].filter((cell) => cell.side).map((cell) => cell.measure));
  const columns = [
    [...totals.keys()].filter((name) => !(name in sums)),
    Object.keys(rules.data.measures).filter((name) => sides.has(name)),
  ];
  const columnsOf = (cell) => columns[Number(cell.side)];
  const at = (row, measure) => rows[row]?.cells.get(measure);
  const go = (cell) => {
    if (!cell) return;
    cell.input.closest("details")?.setAttribute("open", "");
    cell.input.focus();
    cell.input.select();
  };
  const down = (cell, step) => {
    for (let row = cell.row.index + step; rows[row]; row += step) if (at(row, cell.measure)) return at(row, cell.measure);
    return null;
  };
  const across = (cell, step) => {
    const order = columnsOf(cell);
    for (let to = order.indexOf(cell.measure) + step; order[to]; to += step) {
      if (cell.row.cells.has(order[to])) return cell.row.cells.get(order[to]);
    }
    return null;
  };
  const edge = (row, order, last) => (last ? [...order].reverse() : order).map((name) => row.cells.get(name)).find(Boolean);
  const corner = (cell, last) => edge(rows.at(last ? -1 : 0), columnsOf(cell), last);
  // Enter at the end of a column goes to the top of the next; after Tabs, back to where they began.
  let run = null;
  const enter = (cell, step) => {
    const from = run && rows[cell.row.index + step] && at(cell.row.index + step, run);
    if (from || down(cell, step)) return from || down(cell, step);
    const order = columnsOf(cell);
    const name = order[order.indexOf(cell.measure) + step];
    const column = rows.map((row) => row.cells.get(name)).filter(Boolean);
    return column.at(step > 0 ? 0 : -1) ?? null;
  };

  const sheet = { form, facts, rows, cells, columns, cellOf, columnsOf, refresh, look, say, go, down, across, settle, reason, put, here: null };
  const steps = {
    ArrowUp: (cell) => down(cell, -1), ArrowDown: (cell) => down(cell, 1),
    ArrowLeft: (cell) => across(cell, -1), ArrowRight: (cell) => across(cell, 1),
    Enter: (cell, event) => enter(cell, event.shiftKey ? -1 : 1),
    Home: (cell, event) => (event.ctrlKey ? corner(cell, false) : edge(cell.row, columnsOf(cell), false)),
    End: (cell, event) => (event.ctrlKey ? corner(cell, true) : edge(cell.row, columnsOf(cell), true)),
  };
  // Move within the text first: only a caret at its end, or a full selection, leaves the cell.
  sheet.leaves = ({ key, target, ctrlKey }) => {
    const { selectionStart: start, selectionEnd: end, value: { length } } = target;
    const whole = start === 0 && end === length;
    if (key === "ArrowLeft" || (key === "Home" && !ctrlKey)) return whole || end === 0;
    return key === "ArrowRight" || (key === "End" && !ctrlKey) ? whole || start === length : true;
  };
  form.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    if (!cell || event.defaultPrevented || event.altKey || event.isComposing) return;
    if (event.key === "Tab") run ??= cell.measure;
    else if (event.key !== "Enter" && event.key in steps) run = null;
    if (event.code === "NumpadDecimal" && ".,".includes(event.key)) {
      // On a Vietnamese keyboard the keypad types a comma; thousands have dots.
      event.preventDefault();
      cell.input.setRangeText(".", cell.input.selectionStart, cell.input.selectionEnd, "end");
      cell.input.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (event.key === "F2") {
      event.preventDefault();
      ask(cell);
    } else if (event.key in steps && (event.key === "Home" || event.key === "End" || !(event.ctrlKey || event.metaKey))) {
      if (!sheet.leaves(event)) return;
      event.preventDefault();
      const to = steps[event.key](cell, event);
      settle(cell);
      if (event.key === "Enter") run = null;
      go(to ?? cell);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F8" || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    next();
  });
  byId("xem-tiep").addEventListener("click", next);
  byId("look-ask").addEventListener("click", () => ask(sheet.here ?? cells.values().next().value));

  // Whether numbers of last month and last year are shown, as last chosen in this browser.
  const past = byId("xem-truoc");
  const remember = () => { for (const one of document.querySelectorAll(".sheet")) one.dataset.prev = past.checked ? "on" : "off"; };
  const memory = (act) => { try { return act(localStorage); } catch { return null; } }; // a browser may refuse it
  past.checked = memory((kept) => kept.getItem("cchc-past")) !== "off";
  past.addEventListener("change", () => { memory((kept) => kept.setItem("cchc-past", past.checked ? "on" : "off")); remember(); });
  remember();

  for (const hint of document.querySelectorAll(".js-only")) hint.hidden = false;
  window.CCHC.sheet = sheet;
  refresh([...cells.values()]);

  // With a keyboard, focus the first faulty or marked cell, else the first blank.
  const begin = () => {
    const inputs = [...cells.values()].map((cell) => cell.input);
    const first = inputs.find((input) => input.closest(".is-err, .is-warn")) ?? inputs.find((input) => !input.value) ?? inputs[0];
    if (first) go(cellOf(first));
  };
  if (!location.hash && document.activeElement === document.body && matchMedia("(pointer: fine)").matches) begin();
})();
