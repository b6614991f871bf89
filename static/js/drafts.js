/* Autosave: each change is stored in this browser first, then sent, one request at a time, and repeated until answered. A
   colleague's changes are taken over or asked about, cell by cell.
   Needs app.js and entry.js. Sets CCHC.flush: sends what can be sent; true when nothing is left.

   `waiting` is what the server does not have yet, by box name: {text, stamp}. A request keeps its key and body until it is
   answered, also across a closed tab, so that repeating it changes nothing. */
(() => {
  "use strict";
  const { sheet, kept, ask, make, user, rules, tabs } = window.CCHC ?? {};
  if (!sheet || !user) return;
  const { form, facts, cells, rows, say } = sheet;
  const { submission } = facts;
  const home = new URL("..", new URL(facts.urls.cells, location.href)).pathname;
  const title = document.querySelector("h1").textContent.trim();
  const PAUSE = 400;
  const LONGEST = 30000;
  let { revision } = facts;
  let [under, sending, halted, failed, timer, storing, typed] = [null, null, "", 0, 0, false, 0];
  const waiting = new Map();
  // Without https the browser has no randomUUID.
  const uuid = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const clock = (at) => at?.slice(11, 16) ?? "";
  const rowOf = (name) => rows.find((row) => name === `${row.code}-reason`);
  const placeOf = (name) => cells.get(name)?.place ?? `Lý do, ${rowOf(name)?.label}`;

  // The status line beside the heading ------------------------------------------------------------------------------
  const line = document.getElementById("trang-thai");
  const tell = (state, text) => { line.dataset.state = state; sheet.put(line, text); };
  const unread = () => [...waiting.keys()].filter((name) => cells.get(name)?.fault).length;
  let last = line.textContent.trim();
  const saved = (at) => {
    if (at) last = `Đã lưu lúc ${clock(at)}`;
    const wrong = unread() && `${unread()} ô có lỗi chưa lưu, số bạn gõ còn nguyên`;
    tell(wrong ? "error" : "saved", [last, wrong].filter(Boolean).join("; "));
  };
  const held = () => (waiting.size ? `Mất mạng, đã giữ trên máy này (${waiting.size} ô)` : "Mất mạng. Cứ nhập tiếp: số được giữ trên máy này");
  const cut = () => tell("offline", storing ? held() : "Mất mạng. Máy này không giữ lại được: đừng đóng trang");

  // "1240" and "1.240" are one number.
  const same = (name, one, other) => {
    if (one === other || !cells.has(name)) return one === other;
    const [a, b] = [rules.read(one), rules.read(other ?? "")];
    return !a.fault && !b.fault && a.value === b.value;
  };

  const tidy = (text) => { const { value, fault } = rules.read(text); return fault || value === null ? text : rules.write(value); };

  // Into the browser -----------------------------------------------------------------------------------------------------
  const keep = (entries) => {
    const records = [];
    const gone = [];
    for (const [name, text, stored] of entries) {
      if (same(name, text, stored) && !under?.stamps[name]) {
        waiting.delete(name);
        gone.push([user, submission, name]);
        continue;
      }
      const now = waiting.get(name);
      const stamp = now && same(name, now.text, text) ? now.stamp : uuid();
      waiting.set(name, { text, stamp });
      records.push({ user, submission, name, text, stamp, revision, title, place: placeOf(name), address: home });
    }
    if (gone.length) kept.drop("cells", gone);
    if (records.length && !failed && !halted) tell("saving", "Đang lưu…");
    if (records.length) write(records);
  };
  const write = async (records) => { storing = Boolean(await kept.put("cells", records)); };
  write([]);
  const entry = (cell) => [cell.name, cell.input.value, cell.input.defaultValue];
  const stored = new Map(rows.map((row) => [`${row.code}-reason`, row.reason]));
  const plan = (pause) => { clearTimeout(timer); timer = setTimeout(send, pause); };
  form.addEventListener("cchc:typed", ({ detail }) => { typed = Date.now(); keep(detail.map(entry)); plan(PAUSE); });
  form.addEventListener("cchc:settled", ({ detail }) => { keep(detail.map(entry)); plan(0); });
  form.addEventListener("cchc:reason", ({ detail }) => {
    const name = `${detail.code}-reason`;
    keep([[name, detail.reason, stored.get(name)]]);
    plan(PAUSE);
  });

  // To the server ----------------------------------------------------------------------------------------------------------
  const ready = () => [...waiting].filter(([name]) => !cells.get(name)?.fault);
  const body = () => {
    const found = ready();
    if (!found.length) return null;
    const sent = { cells: {}, reasons: {} };
    for (const [name, { text }] of found) {
      if (cells.has(name)) sent.cells[name] = text;
      else sent.reasons[rowOf(name).code] = text;
    }
    const stamps = Object.fromEntries(found.map(([name, { stamp }]) => [name, stamp]));
    return { user, submission, stamps, text: JSON.stringify({ key: uuid(), revision, ...sent }) };
  };
  const post = async () => {
    const patience = new AbortController();
    const tired = setTimeout(() => patience.abort(), 20000);
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
    try {
      const answer = await fetch(facts.urls.cells, { method: "POST", headers, body: under.text, keepalive: under.text.length < 60000, signal: patience.signal });
      return [answer.status, await answer.json().catch(() => ({}))];
    } catch {
      return [0, {}];
    } finally {
      clearTimeout(tired);
    }
  };
  const turn = async () => {
    if (halted) return false;
    under ??= body();
    if (!under) {
      saved();
      return false;
    }
    kept.put("sends", [under]);
    tell("saving", "Đang lưu…");
    const [status, answer] = await post();
    if (status === 0 || status >= 500 || status === 429 || status === 408) return later(status);
    failed = 0;
    if (status === 200) return Array.isArray(answer.saved) ? took(answer) : later(status);
    if (status === 401) return expired();
    if (status === 403 && answer.code === "csrf") return renew(answer.token);
    if (status === 409 && answer.code === "stale") return choose(answer);
    forget();
    if (status === 422) return true;
    if (status === 400) { tell("error", `Chưa lưu được: ${answer.detail ?? "hệ thống không đọc được yêu cầu"} Số bạn gõ còn nguyên`); return false; }
    return freeze(answer.detail ?? "Không mở được báo cáo này nữa.");
  };
  const send = () => {
    clearTimeout(timer);
    const tab = (act) => (navigator.locks ? navigator.locks.request(`cchc-${submission}`, act) : act());
    sending ??= tab(async () => { while (await turn()); }).finally(() => { sending = null; });
    return sending;
  };
  const flush = async () => {
    if (sheet.here) sheet.settle(sheet.here);
    await send();
    if (ready().length && !halted && !failed) await send();
    return !ready().length && !under;
  };
  const forget = () => { under = null; kept.drop("sends", [[user, submission]]); };
  const later = (status) => {
    failed += 1;
    if (status) tell("error", "Chưa lưu được, hệ thống đang bận. Số bạn gõ còn nguyên");
    else cut();
    timer = setTimeout(send, Math.min(LONGEST, 1000 * 2 ** failed));
    return false;
  };

  // A dialog waits for a pause in typing: key presses would be lost.
  const calm = async () => { while (Date.now() - typed < 1000) await new Promise((done) => { setTimeout(done, 200); }); };

  // Handling the answers ------------------------------------------------------------------------------------------------------
  const move = (to) => { revision = to; form.elements.revision.value = to; };
  const shown = (name, text) => {
    const cell = cells.get(name);
    if (cell) cell.input.defaultValue = text;
    else stored.set(name, text);
  };
  const took = (answer) => {
    const { stamps, text } = under;
    const sent = JSON.parse(text);
    const texts = { ...sent.cells, ...Object.fromEntries(Object.entries(sent.reasons).map(([code, why]) => [`${code}-reason`, why])) };
    forget();
    move(answer.revision);
    for (const name of answer.saved) shown(name, texts[name] ?? cells.get(name)?.input.value ?? "");
    const gone = answer.saved.filter((name) => waiting.get(name)?.stamp === stamps[name]);
    gone.forEach((name) => waiting.delete(name));
    kept.drop("cells", gone.map((name) => [user, submission, name]));
    const wrong = Object.entries(answer.faults ?? {}).map(([name, fault]) => {
      const cell = cells.get(name);
      if (cell) cell.refused = { ...fault, severity: "error", text: texts[name] };
      return cell;
    });
    if (wrong.some(Boolean)) sheet.refresh(wrong.filter(Boolean));
    tabs?.postMessage({ user, submission, before: sent.revision, revision, texts: Object.fromEntries(answer.saved.map((name) => [name, texts[name]])) });
    if (ready().length) return true;
    saved(answer.saved_at);
    return false;
  };
  // Show others' values in the cells, marked.
  const takeOver = (texts, words) => {
    const changed = [];
    for (const [name, text] of Object.entries(texts)) {
      const cell = cells.get(name);
      shown(name, text);
      waiting.delete(name);
      if (!cell) { if (rowOf(name)) sheet.reason(rowOf(name), text); continue; }
      cell.input.value = cell.held = tidy(text);
      cell.theirs = words;
      changed.push(cell);
    }
    kept.drop("cells", Object.keys(texts).map((name) => [user, submission, name]));
    sheet.refresh(changed);
  };
  const choose = async (answer) => {
    await calm();
    const clashes = { ...answer.cells };
    // Typed since the request was sent and changed by somebody else too: also a conflict.
    for (const [name, { value, ...who }] of Object.entries(answer.others ?? {})) {
      const mine = waiting.get(name)?.text;
      if (mine === undefined) takeOver({ [name]: value }, `${who.by} vừa sửa ô này lúc ${clock(who.at)}.`);
      else if (!same(name, mine, value)) clashes[name] = { mine, theirs: value, ...who };
    }
    const names = Object.keys(clashes).filter((name) => cells.has(name) || rowOf(name));
    const others = Object.entries(answer.others ?? {}).filter(([name]) => !clashes[name]);
    if (others.length) say(`${others[0][1].by} vừa sửa ${others.length} ô; bảng đã lấy số mới.`);
    if (names.length) {
      tell("error", `Chưa lưu: ${names.length} ô người khác vừa sửa. Số bạn gõ còn nguyên`);
      const boxes = names.map((name, index) => clash(name, clashes[name], index));
      const words = make("p", { textContent: "Chọn số đúng cho từng ô. Chưa số nào bị ghi đè." });
      const chosen = await ask("Người khác vừa sửa cùng ô với bạn", [words, ...boxes], [["chosen", "Lưu lựa chọn"]]);
      if (chosen !== "chosen") { under = null; return false; }
      const theirs = names.filter((name, index) => boxes[index].querySelector(":checked").value === "theirs");
      takeOver(Object.fromEntries(theirs.map((name) => [name, clashes[name].theirs])), "Bạn đã lấy số người khác sửa.");
    }
    forget();
    move(answer.revision);
    return ready().length > 0;
  };
  const clash = (name, { mine, theirs, by, at }, index) => {
    const option = (value, words) => make("label", { className: "check" }, make("input", { type: "radio", name: `chon-${index}`, value, required: true }), ` ${words}`);
    const who = make("p", { className: "note", textContent: `${by} sửa lúc ${clock(at)}` });
    const choice = make("div", { className: "clash__choice" }, option("mine", `Giữ ${mine || "để trống"}`), option("theirs", `Lấy ${theirs || "để trống"}`));
    return make("fieldset", { className: "group" }, make("legend", { textContent: placeOf(name) }), who, choice);
  };

  // The session expired: signing in leads back here, then sends what waits.
  const expired = async () => {
    halted = "expired";
    await calm();
    tell("error", `Phiên làm việc đã hết hạn. Số bạn gõ còn nguyên (${waiting.size} ô)`);
    const words = make("p", { textContent: `Số bạn gõ đã giữ trên máy này (${waiting.size} ô chưa gửi). Đăng nhập lại bằng đúng tài khoản của bạn, các số đó được gửi tiếp.` });
    const link = make("a", { className: "btn btn--main", href: `${facts.urls.login}?next=${encodeURIComponent(home)}`, textContent: "Đăng nhập lại" });
    ask("Phiên làm việc đã hết hạn", [words, make("div", { className: "btns" }, link)], [["later", "Để sau"]]);
    return false;
  };
  // Signed in again in another tab: a new token, if it is still the same person.
  let renewed = "";
  const renew = async (token) => {
    const page = await fetch(home, { headers: { Accept: "text/html" } }).then((one) => one.text()).catch(() => "");
    if (!page.includes(`data-user="${user}"`)) return expired();
    if (!token || token === renewed) return later(403);
    renewed = token;
    for (const one of document.querySelectorAll("[name=csrfmiddlewaretoken]")) one.value = token;
    return true;
  };
  // Make the sheet read-only; typed values stay visible.
  const freeze = (message) => {
    halted = "frozen";
    for (const cell of cells.values()) cell.input.readOnly = true;
    for (const button of document.querySelectorAll('[form="entry"], #entry button[formaction]')) button.disabled = true;
    const more = waiting.size ? ` ${waiting.size} số bạn vừa gõ chưa được ghi vào báo cáo, vẫn còn trên trang này để bạn chép lại.` : "";
    form.before(make("div", { className: "msg msg--err" }, make("b", { textContent: message }), more));
    form.previousElementSibling.setAttribute("role", "alert");
    tell("error", "Không nhập được nữa. Số bạn gõ còn nguyên");
    return false;
  };

  // Synchronize two tabs of one person; stop a tab whose person has signed out.
  tabs?.addEventListener("message", ({ data }) => {
    if (data.user !== user) {
      halted = "left";
      waiting.clear();
      location.reload();
    } else if (data.submission === submission && data.before === revision) {
      move(data.revision);
      takeOver(Object.fromEntries(Object.entries(data.texts).filter(([name]) => !waiting.has(name) || waiting.get(name).restored)), "Bạn vừa sửa ô này ở thẻ khác.");
    }
  });

  // Reopened pages ------------------------------------------------------------------------------------------------
  const restore = async () => {
    const before = await kept.get("sends", [user, submission]);
    under ??= before ?? null;
    const records = (await kept.of(user, submission)).filter(({ name }) => !waiting.has(name) && (cells.has(name) || rowOf(name)));
    const back = [];
    for (const { name, text, stamp, revision: seen } of records) {
      waiting.set(name, { text, stamp, restored: true });
      revision = Math.min(revision, seen);
      if (rowOf(name)) { sheet.reason(rowOf(name), text); continue; }
      cells.get(name).input.value = tidy(text);
      back.push(cells.get(name));
    }
    if (back.length) {
      sheet.refresh(back);
      say(`Đã lấy lại ${back.length} số bạn gõ lần trước mà chưa gửi được.`);
    }
    // Delayed: another tab of the same person may be about to send the same.
    if (waiting.size || under) plan(1500);
  };
  // Typed before this file had loaded: store it before anything older is restored.
  const early = [...cells.values()].filter(({ input }) => input.value !== input.defaultValue);
  if (early.length) {
    keep(early.map(entry));
    plan(PAUSE);
  }
  restore();
  window.addEventListener("online", () => { failed = 0; send(); });
  window.addEventListener("offline", cut);
  const resume = () => { if (halted === "expired") halted = ""; if (waiting.size || under) send(); };
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") resume(); else leave(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  const leave = () => { if (sheet.here?.typing) sheet.settle(sheet.here); if (ready().length && !failed) send(); };
  window.addEventListener("pagehide", leave);
  window.addEventListener("beforeunload", (event) => { if (waiting.size && !storing) event.preventDefault(); });

  // Submit the form only after everything is sent, so that both have the same revision.
  let passing = false;
  form.addEventListener("submit", async (event) => {
    if (passing) return;
    event.preventDefault();
    const button = event.submitter;
    const calm = await flush();
    if (halted === "expired") { expired(); return; }
    if (!button?.hasAttribute("formaction")) return;
    if (!calm) { say("Chưa gửi báo cáo được vì còn số chưa lưu. Số bạn gõ còn nguyên; hãy thử lại khi có mạng."); return; }
    passing = true;
    form.requestSubmit(button);
  });
  window.CCHC.flush = flush;
})();
