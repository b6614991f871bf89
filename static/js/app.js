/* For every page: closing popovers, focus after a refused form, a dialog, and the store of unsent input in this browser (a
   clerk's numbers, an editor's words). Every page works without this file.

   Sets CCHC.ask (a dialog), CCHC.kept (stored numbers) and CCHC.texts (stored words). */
(() => {
  "use strict";
  // Formulas and definitions (details.how): Esc or a click elsewhere closes them; one is open at a time.
  const open = () => document.querySelectorAll("details.how[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const how of open()) {
      const held = how.contains(document.activeElement);
      how.open = false;
      if (held) how.querySelector("summary").focus();
    }
    // a figure's source is shown while it has the focus or the mouse is over it
    for (const one of document.querySelectorAll(".src:focus-within, .src:hover")) one.classList.add("is-closed");
  });
  document.addEventListener("click", (event) => {
    const here = event.target.closest("details.how");
    for (const how of open()) if (how !== here) how.open = false;
  });

  for (const end of ["focusout", "mouseout"]) document.addEventListener(end, (event) => event.target.closest?.(".src")?.classList.remove("is-closed"));

  // After a refused form: focus the first faulty field, or the message about the whole form.
  const refused = document.querySelector("[data-refused]");
  if (refused && !document.querySelector("[autofocus]")) {
    const first = refused.querySelector("li") ? null : refused.closest("form")?.querySelector("[aria-invalid=true]");
    (first ?? refused).focus();
  }

  const make = (tag, more = {}, ...inside) => {
    const made = Object.assign(document.createElement(tag), more);
    made.append(...inside);
    return made;
  };
  // Modal dialog. buttons: [[answer, label]], the first is the main one; resolves to "" when closed with Esc.
  const ask = (title, body, buttons) => new Promise((answered) => {
    const head = make("h2", { id: "hoi", textContent: title });
    const choices = buttons.map(([value, words], at) => make("button", { value, textContent: words, className: at ? "btn" : "btn btn--main" }));
    const dialog = make("dialog", { className: "card ask" }, make("form", { method: "dialog" }, head, ...body, make("div", { className: "btns" }, ...choices)));
    dialog.setAttribute("aria-labelledby", "hoi");
    dialog.addEventListener("close", () => { dialog.remove(); answered(dialog.returnValue); });
    document.body.append(dialog);
    dialog.showModal();
  });

  // Unsent numbers by person, month and cell (IndexedDB). A record: {user, submission, name, text, revision (of the page),
  // stamp, place, title, address}; "sends" stores the pending request by person and month, to be repeated unchanged.
  // Resolves to undefined where the browser has no store.
  const NAME = "cchc";
  let opened = null;
  const database = () => (opened ??= new Promise((done) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("cells", { keyPath: ["user", "submission", "name"] });
      request.result.createObjectStore("sends", { keyPath: ["user", "submission"] });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => done(null);
    setTimeout(() => done(null), 3000); // a damaged profile may never answer
  }));
  const within = (base, stores, mode, act) => new Promise((done) => {
    const transaction = base.transaction(stores, mode);
    const request = act(...stores.map((name) => transaction.objectStore(name)));
    transaction.oncomplete = () => done(request ? request.result : true);
    transaction.onabort = () => done(undefined);
  });
  const run = async (stores, mode, act) => {
    try {
      const base = await database();
      return base ? await within(base, stores, mode, act) : undefined;
    } catch {
      return undefined;
    }
  };
  const STORES = ["cells", "sends"];
  const from = (...key) => IDBKeyRange.bound(key, [...key, []]);
  const kept = {
    put: (store, records) => run([store], "readwrite", (one) => { for (const record of records) one.put(record); }),
    drop: (store, keys) => run([store], "readwrite", (one) => { for (const key of keys) one.delete(key); }),
    get: (store, key) => run([store], "readonly", (one) => one.get(key)),
    of: async (...key) => (await run(["cells"], "readonly", (one) => one.getAll(from(...key)))) ?? [],
    clear: () => run(STORES, "readwrite", (...stores) => { for (const one of stores) one.clear(); }),
    // Delete another person's data as soon as somebody else is signed in here (acceptance R17).
    keepOnly: (user) => run(STORES, "readwrite", (...stores) => {
      for (const one of stores) {
        one.delete(IDBKeyRange.upperBound([user], true));
        one.delete(IDBKeyRange.lowerBound([user, []], true));
      }
    }),
  };
  window.CCHC = { ...window.CCHC, make, ask, kept };

  const who = document.querySelector(".who[data-user]");
  if (!who) return;
  const user = Number(who.dataset.user);
  const ready = kept.keepOnly(user);

  // Unsaved words of a review (words.js), by person and page: {heading, body, version, title, at}. In localStorage, which is
  // written synchronously before a page closes. Returns false where it is unavailable.
  const ALL = "cchc-words:";
  const MINE = `${ALL}${user}:`;
  const names = (wanted) => Object.keys(localStorage).filter((name) => name.startsWith(ALL) && wanted(name));
  const safely = (act, otherwise) => { try { return act(); } catch { return otherwise; } };
  const texts = {
    put: (page, text) => safely(() => { localStorage.setItem(MINE + page, JSON.stringify(text)); return true; }, false),
    get: (page) => safely(() => JSON.parse(localStorage.getItem(MINE + page)), null),
    drop: (page) => safely(() => localStorage.removeItem(MINE + page)),
    pages: () => safely(() => names((name) => name.startsWith(MINE)).map((name) => name.slice(MINE.length)), []),
    clear: (wanted = () => true) => safely(() => names(wanted).forEach((name) => localStorage.removeItem(name))),
  };
  texts.clear((name) => !name.startsWith(MINE)); // another person's, as above
  const tabs = window.BroadcastChannel ? new BroadcastChannel("cchc") : null; // one per page: it does not receive its own messages
  Object.assign(window.CCHC, { user, tabs, texts });
  tabs?.postMessage({ user });

  // Signing out deletes everything; unsent input is asked about first.
  who.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const leaving = event.target;
    await window.CCHC.flush?.();
    const waiting = await kept.of(user);
    const words = make("p", { textContent: `Còn ${waiting.length} số bạn đã gõ chưa gửi được về hệ thống. Đăng xuất thì các số này bị xóa khỏi máy.` });
    const answer = waiting.length ? await ask("Còn số chưa gửi", [words], [["stay", "Ở lại"], ["leave", "Đăng xuất, xóa các số này"]]) : "leave";
    if (answer !== "leave") return;
    const unsaved = texts.pages().map((page) => make("li", {}, make("a", { href: page, textContent: texts.get(page)?.title ?? page })));
    const lost = [make("p", { textContent: "Lời văn sau chưa lưu. Đăng xuất thì bị xóa khỏi máy." }), make("ul", {}, ...unsaved)];
    if (unsaved.length && (await ask("Còn lời văn chưa lưu", lost, [["stay", "Ở lại"], ["leave", "Đăng xuất, xóa lời văn này"]])) !== "leave") return;
    await kept.clear();
    texts.clear();
    window.CCHC.leaving?.();
    tabs?.postMessage({ user: null });
    leaving.submit();
  });

  // On other pages than the sheet: list unsent numbers and where they belong.
  const tell = async () => {
    await ready;
    const here = document.getElementById("entry") ? document.querySelector("[data-submission]")?.dataset.submission : null;
    const months = new Map();
    for (const one of await kept.of(user)) if (String(one.submission) !== here) months.set(one.submission, [...(months.get(one.submission) ?? []), one]);
    for (const [submission, cells] of months) {
      const link = make("a", { href: cells[0].address, textContent: cells[0].title });
      const list = make("ul", {}, ...cells.map((one) => make("li", { textContent: `${one.place}: ${one.text || "để trống"}` })));
      const forget = make("button", { type: "button", className: "btn btn--small", textContent: "Xóa các số này khỏi máy" });
      const closed = link.pathname === location.pathname;
      const head = make("b", {}, `Trên máy này còn ${cells.length} số chưa gửi của báo cáo `, link, closed ? ", báo cáo không còn nhập được." : ". Mở báo cáo để gửi.");
      const box = make("div", { className: "msg msg--warn kept" }, head, make("details", { className: "show", open: closed }, make("summary", { textContent: "Xem các số" }), list, forget));
      forget.addEventListener("click", async () => {
        await kept.drop("cells", cells.map((one) => [user, submission, one.name]));
        await kept.drop("sends", [[user, submission]]);
        box.remove();
      });
      document.getElementById("noi-dung").prepend(box);
    }
  };
  tell();
  for (const page of texts.pages()) {
    if (page === location.pathname) continue;
    const text = texts.get(page);
    const link = make("a", { href: page, textContent: text?.title ?? page });
    const forget = make("button", { type: "button", className: "btn btn--small", textContent: "Xóa khỏi máy" });
    const box = make("div", { className: "msg msg--warn kept" }, make("b", {}, "Trên máy này còn lời văn chưa lưu: ", link, ". Mở trang đó để lưu. "), forget);
    forget.addEventListener("click", () => { texts.drop(page); box.remove(); });
    document.getElementById("noi-dung").prepend(box);
  }
})();
