/* Blocks of cells: ranges selected with Shift and arrows, copied as a spreadsheet does, blocks pasted from Excel or Calc, and
   undo by cell (a paste is one step). Needs entry.js. Sets CCHC.blocks: parse, align, write.

   A pasted block goes to the focus, or by its headers and field names where it has them. A blank inside the block clears its
   cell; a line that ends early leaves later cells alone. Values without a cell are listed, not dropped. */
(() => {
  "use strict";
  const sheet = window.CCHC?.sheet;
  if (!sheet) return;
  const { form, rows, cellOf, columnsOf, say } = sheet;
  const { sums } = window.CCHC.rules.data;
  const { write } = window.CCHC.rules;
  const MOST = { characters: 400000, rows: 500, columns: 60 };

  // Copied text to a block --------------------------------------------------------------------------------
  const clean = (text) => text.replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g, "").replace(/\s+/g, " ").trim();
  // Tab-separated, a text with line ends or tabs in quotes; lines may end with CR LF.
  const parse = (text) => {
    const lines = [[]];
    const cell = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/gy;
    while (cell.lastIndex < text.length) {
      const [, quoted, plain, end] = cell.exec(text);
      lines.at(-1).push(clean(quoted?.replaceAll('""', '"') ?? plain));
      if (end === "\t" && cell.lastIndex === text.length) lines.at(-1).push("");
      if (end !== "\t" && cell.lastIndex < text.length) lines.push([]);
    }
    return lines;
  };
  const tooLarge = (text) => {
    let lines = 0;
    for (let start = 0; start >= 0 && start < text.length; start = text.indexOf("\n", start) + 1 || -1) lines += 1;
    const wide = text.slice(0, MOST.characters).split("\n", 1)[0].split("\t").length;
    const many = [lines > MOST.rows && `${write(lines)} dòng`, wide > MOST.columns && `${write(wide)} cột`, text.length > MOST.characters && "quá nhiều chữ"];
    const size = many.find(Boolean);
    return size && `Chưa dán: khối đã sao chép có ${size}. Mỗi lần dán tối đa ${MOST.rows} dòng, ${MOST.columns} cột. Hãy chọn đúng vùng số liệu trong bảng tính rồi sao chép lại.`;
  };

  // Headers and names, compared without case, diacritics and punctuation ----------------------------------------------------------
  const plain = (text) => clean(text).toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  const ADDED = /^(tong( so| cong)?|cong|can doi|stt|tt|so tt|ghi chu)$/;
  const FIELD = /^(linh vuc|ten linh vuc|thu tuc|don vi)$/;
  const heads = (() => {
    const [top, low] = [...form.querySelectorAll(".sheet .g thead tr")].map((line) => [...line.cells]);
    const named = [];
    for (const head of top.slice(1)) {
      const group = plain(head.textContent);
      if (head.rowSpan > 1) { if (group !== "can doi") named.push([group, ""]); continue; }
      for (let span = head.colSpan; span; span -= 1) named.push([group, plain(low.shift().textContent)]);
    }
    const all = [...form.querySelectorAll(".sheet [data-total]")].map((one, index) => {
      const [group, short] = named[index];
      const whole = one.dataset.total in sums;
      const names = new Set([plain(one.dataset.l), plain(one.dataset.total), `${group} ${short}`.trim(), short || group]);
      if (whole) names.add(`tong ${plain(one.dataset.l)}`);
      return { measure: one.dataset.total, whole, group, names };
    });
    const moved = sheet.columns[1].map((measure) => {
      const cell = rows.map((row) => row.cells.get(measure)).find(Boolean);
      return { measure, whole: false, group: "", names: new Set([plain(measure), plain(cell?.place.split(": ").at(-1) ?? "")]) };
    });
    return [...all, ...moved];
  })();
  const groups = new Set(heads.map((head) => head.group));
  const rowNames = new Map(rows.flatMap((row) => [[plain(row.label), row], [plain(row.code), row]]));

  const isNumber = (text) => /^[\d.,\s()-]+$/.test(text) && /\d/.test(text);
  const isHead = (line) => {
    const texts = line.map(plain).filter(Boolean);
    const known = texts.filter((text) => groups.has(text) || ADDED.test(text) || FIELD.test(text) || heads.some((head) => head.names.has(text)));
    const real = texts.filter((text) => groups.has(text) || heads.some((head) => head.names.has(text)));
    return real.length > 0 && known.length * 2 >= texts.length && !line.some((text) => isNumber(text) && !/^\(\d+\)$/.test(text));
  };
  // The measure of each column, by one or two header lines: a name that occurs twice ("Quá hạn") is resolved by the header
  // above it, otherwise by the preceding column.
  const byHeads = (lines) => {
    const [low, top] = [lines.at(-1).map(plain), (lines.length > 1 ? lines[0] : []).map(plain)];
    let [group, last] = ["", -1];
    return Array.from({ length: Math.max(low.length, top.length) }, (_, column) => {
      group = top[column] || group;
      const text = low[column] || top[column] || "";
      const fit = heads.map((head, index) => [head, index]).filter(([head]) => head.names.has(text));
      const near = fit.filter(([head]) => head.group === group);
      const found = (near.length ? near : fit).find(([, index]) => index > last) ?? (near[0] || fit[0]);
      if (!found) return { text, skip: !text || ADDED.test(text) || FIELD.test(text) };
      last = found[1];
      return { ...found[0], text, skip: found[0].whole };
    });
  };
  // Words before numbers are names, even of fields that the sheet does not have.
  const nameColumn = (body) => [0, 1, 2].find((column) => {
    const texts = body.map((line) => plain(line[column] ?? "")).filter((text) => text && !ADDED.test(text));
    const known = texts.filter((text) => rowNames.has(text)).length;
    const worded = texts.every((text) => /^[^\d]*\p{L}{2}[^\d]*$/u.test(text)) && body.every((line) => line.slice(column + 1).some(isNumber) || !line[column]);
    return texts.length > 0 && (worded || (known > 0 && known * 2 >= texts.length));
  }) ?? -1;
  // Transposed: fields across, measures down.
  const onItsSide = (block) => block.slice(0, 3).some((line) => line.filter((text) => rowNames.has(plain(text))).length > 1);
  const turned = (block) => Array.from({ length: Math.max(...block.map((line) => line.length)) }, (_, column) => block.map((line) => line[column] ?? ""));

  // A block without headers that includes the sum columns: recognised when each sum matches its parts.
  const withSums = (body, from, order) => {
    const all = heads.slice(heads.findIndex((head) => head.measure === order[from]));
    const width = Math.max(...body.map((line) => line.length));
    const taken = all.slice(0, width);
    const wholes = taken.map((head, index) => [head, index]).filter(([head]) => head.whole);
    const number = (text) => window.CCHC.rules.read(text ?? "").value;
    const agrees = ([head, index]) => {
      const parts = sums[head.measure].map((part) => taken.findIndex((one) => one.measure === part)).filter((one) => one >= 0);
      const filled = body.filter((line) => number(line[index]));
      return parts.length > 1 && filled.length && filled.every((line) => parts.reduce((sum, part) => sum + (number(line[part]) ?? 0), 0) === number(line[index]));
    };
    return wholes.length && wholes.every(agrees) ? taken : null;
  };

  // {changes: [[cell, text]], left: values without a cell, in words; named: whether headers or names decided}.
  const align = (given, start) => {
    const block = onItsSide(given) ? turned(given) : given;
    let top = block.slice(0, 6).findIndex(isHead);
    if (top >= 0 && block.slice(0, top).some((line) => line.some(isNumber))) top = -1;
    const low = top >= 0 && isHead(block[top + 1] ?? []) ? top + 1 : top;
    let body = block.slice(low + 1);
    if (top >= 0 && body[0]?.some(Boolean) && body[0].every((text) => !text || /^\(\d+\)$|^\([a-z]\)$|^[a-z]$/i.test(text))) body = body.slice(1);
    const names = nameColumn(body);
    const order = columnsOf(start);
    const from = order.indexOf(start.measure);
    const inner = body.map((line) => line.slice(names + 1));
    const named = top >= 0 ? byHeads(block.slice(top, low + 1)) : null;
    const plan = named?.slice(names + 1) ?? withSums(inner, from, order) ?? order.slice(from).map((measure) => ({ measure }));
    const changes = [];
    const left = { rows: new Set(), again: new Set(), columns: new Set(), cells: [], beyond: 0 };
    const seen = new Set();
    const wide = block.some((line) => line.length > 1);
    body.forEach((line, down) => {
      if (wide && line.length < 2 && !line[0]) return; // an empty line of text, not a row
      const name = names < 0 ? "" : plain(line[names] ?? "");
      if (names >= 0 && (ADDED.test(name) || /^(\d*|[a-z])$/.test(name))) return;
      const row = names < 0 ? rows[start.row.index + down] : rowNames.get(name);
      const texts = inner[down];
      if (!row) {
        if (names >= 0) left.rows.add(line[names]);
        else if (texts.some(Boolean)) left.beyond += 1;
        return;
      }
      if (seen.has(row)) { left.again.add(row.label); return; }
      seen.add(row);
      texts.forEach((text, right) => {
        const column = plan[right];
        if (!column || (column.measure === undefined && !column.skip)) {
          if (text) left.columns.add(column?.text ? `“${named[right + names + 1].text}”` : right);
          return;
        }
        if (column.skip || column.whole) return;
        const cell = row.cells.get(column.measure);
        if (cell) changes.push([cell, tidy(cell, text)]);
        else if (text && window.CCHC.rules.read(text).value !== 0) left.cells.push(`${row.label} (${text})`);
      });
    });
    return { changes, left, named: top >= 0 || names >= 0 };
  };
  const tidy = (cell, text) => {
    const { value, fault } = window.CCHC.rules.read(text, cell.measure);
    return fault || value === null ? text : write(value);
  };
  const leftOut = ({ rows: unknown, again: twice, columns, cells, beyond }) => [
    beyond && `${beyond} dòng nằm dưới bảng`,
    unknown.size && `dòng không có trong biểu: ${[...unknown].slice(0, 5).join(", ")}${unknown.size > 5 ? "…" : ""}`,
    twice.size && `dòng lặp lại: ${[...twice].slice(0, 5).join(", ")}${twice.size > 5 ? "…" : ""}`,
    columns.size && `${columns.size} cột không có chỗ trong bảng`,
    cells.length && `ô lĩnh vực không có: ${cells.slice(0, 5).join(", ")}${cells.length > 5 ? "…" : ""}`,
  ].filter(Boolean).join("; ");

  // Undo by cell --------------------------------------------------------------------------------------------------------
  const [done, undone] = [[], []];
  const apply = (batch, side) => {
    for (const one of batch) { one.cell.input.value = one[side]; one.cell.typing = one.cell.quiet = false; one.cell.held = one[side]; }
    const changed = batch.map((one) => one.cell);
    sheet.refresh(changed);
    form.dispatchEvent(new CustomEvent("cchc:settled", { detail: changed, bubbles: false }));
  };
  const change = (pairs) => {
    const batch = pairs.filter(([cell, text]) => cell.input.value !== text && !cell.input.readOnly);
    const entries = batch.map(([cell, text]) => ({ cell, before: cell.input.value, after: text }));
    if (!entries.length) return;
    done.push(entries);
    undone.length = 0;
    apply(entries, "after");
  };
  form.addEventListener("cchc:settled", ({ detail }) => {
    const [cell] = detail;
    if (detail.length > 1 || cell.held === undefined || cell.held === cell.input.value) return;
    done.push([{ cell, before: cell.held, after: cell.input.value }]);
    undone.length = 0;
    cell.held = cell.input.value;
  });
  const again = (from, to, side) => {
    const batch = from.pop();
    if (!batch) return;
    to.push(batch);
    apply(batch, side);
    sheet.go(batch[0].cell);
    say(`${from === done ? "Đã hoàn tác" : "Đã làm lại"} ${batch.length} ô.`);
  };

  // Write as if typed.
  const typed = ({ input }, text) => {
    input.value = text;
    input.select();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // A range: from the focused cell to the one reached with Shift and arrows ----------------------------------------
  let reached = null;
  const range = (from, to = reached) => {
    if (!to || from.side !== to.side) return [[from]];
    const order = columnsOf(from);
    const span = (a, b) => [Math.min(a, b), Math.max(a, b) + 1];
    const names = order.slice(...span(order.indexOf(from.measure), order.indexOf(to.measure)));
    return rows.slice(...span(from.row.index, to.row.index)).map((row) => names.map((name) => row.cells.get(name) ?? null));
  };
  const paint = (from, to) => {
    for (const one of form.querySelectorAll(".is-picked")) one.classList.remove("is-picked");
    if (reached) say("");
    reached = to && to !== from ? to : null;
    if (!reached) return;
    const block = range(from);
    for (const cell of block.flat()) cell?.box.classList.add("is-picked");
    say(`Đang chọn ${block.length} dòng × ${block[0].length} cột.`);
  };
  const empty = (cell) => change(range(cell).flat().filter(Boolean).map((one) => [one, ""]));
  const texts = (block) => block.map((line) => line.map((cell) => cell?.input.value ?? "").join("\t")).join("\n");

  for (const over of ["focusin", "input"]) form.addEventListener(over, (event) => { if (cellOf(event.target)) paint(); });
  form.addEventListener("pointerdown", (event) => {
    const [from, to] = [sheet.here, cellOf(event.target)];
    if (!event.shiftKey || !to || !from || to === from || to.side !== from.side) return;
    event.preventDefault();
    paint(from, to);
  });
  const ways = { ArrowUp: ["down", -1], ArrowDown: ["down", 1], ArrowLeft: ["across", -1], ArrowRight: ["across", 1] };
  form.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    const act = acts(event, cell);
    if (!act) return;
    event.preventDefault();
    act();
  }, { capture: true });
  const acts = (event, cell) => {
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey) return () => { sheet.settle(cell); again(done, undone, "before"); };
      if (key === "y" || key === "z") return () => again(undone, done, "after");
      const last = rows.at(-1);
      const ends = () => columnsOf(cell).map((name) => rows.map((row) => row.cells.get(name)));
      if (key === "a") return () => { sheet.go(ends().flat().find(Boolean)); paint(ends().flat().find(Boolean), { row: last, measure: columnsOf(cell).at(-1), side: cell.side }); };
      return null;
    }
    if (event.shiftKey && event.key in ways && (reached || sheet.leaves(event))) {
      const [how, step] = ways[event.key];
      return () => { const to = sheet[how](reached ?? cell, step); if (to) paint(cell, to); };
    }
    if (reached && (key === "delete" || key === "backspace")) return () => empty(cell);
    if (key === "escape" && reached) return () => paint();
    if (key === "escape" && cell.typing) return () => typed(cell, cell.held);
    return null;
  };
  const copy = (event) => {
    const cell = cellOf(event.target);
    if (!cell || !reached) return;
    event.preventDefault();
    event.clipboardData.setData("text/plain", texts(range(cell)));
    if (event.type === "cut") empty(cell);
  };
  form.addEventListener("copy", copy);
  form.addEventListener("cut", copy);
  form.addEventListener("paste", (event) => {
    const cell = cellOf(event.target);
    if (!cell) return;
    event.preventDefault();
    const text = event.clipboardData.getData("text/plain");
    if (!text) return undefined;
    const refusal = cell.input.readOnly ? "Báo cáo này không còn nhập được." : tooLarge(text);
    if (refusal) return say(refusal);
    sheet.settle(cell);
    const block = parse(text);
    if (block.length === 1 && block[0].length < 2) return single(cell, block[0][0] ?? "");
    const start = range(cell).flat().find(Boolean) ?? cell;
    const { changes, left, named } = align(block, start);
    change(changes);
    cell.input.select();
    const wrong = changes.filter(([one]) => one.fault).length;
    const out = leftOut(left);
    return say([
      `Đã dán ${changes.length} ô${named ? ", đặt theo tên cột và tên lĩnh vực" : ""}.`,
      wrong && `${wrong} ô có lỗi, bấm F8 để xem.`,
      out && `Không dán: ${out}.`,
      changes.length && "Ctrl+Z hoàn tác cả lần dán.",
    ].filter(Boolean).join(" "));
  });
  // A single text: into every cell of a range, over a selected cell, or at the caret.
  const single = (cell, text) => {
    if (reached) return change(range(cell).flat().filter(Boolean).map((one) => [one, tidy(one, text)]));
    const { input } = cell;
    const { selectionStart: from, selectionEnd: to } = input;
    input.setRangeText(text, from, to, to - from === input.value.length ? "select" : "end");
    return input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  window.CCHC.blocks = { parse, align, range, texts };
})();
