/* Autosave of a section: unsaved text is marked and stays in this browser across a closed tab and an ended session; a
   colleague's text saved meanwhile is shown beside one's own. Needs app.js and editor.js. */
(() => {
  "use strict";
  const { make, ask, user, tabs, texts, words } = window.CCHC ?? {};
  const form = document.getElementById("loi-van");
  if (!form || !words || !user) return;
  const heading = form.elements.heading;
  const fields = { heading, body: form.elements.body };
  const line = document.getElementById("trang-thai");
  const main = form.querySelector("[type=submit].btn--main");
  const title = document.querySelector("h1").textContent.trim();
  const clock = (at) => new Date(at).toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit" });
  let version = form.elements.version.value;
  // A page returned after a refused save does not show the stored text.
  let saved = form.querySelector(".msg--err, .wrong") ? { heading: null, body: null } : { heading: heading.defaultValue, body: words.stored };
  let [timer, sending, leaving, last] = [0, false, false, ""];
  const now = () => ({ heading: heading.value, body: words.text() });
  const same = (one, other) => one.heading === other.heading && one.body === other.body;
  const dirty = () => !same(now(), saved);
  const tell = (state, text) => { line.dataset.state = state; if (line.textContent !== text) line.textContent = text; };

  // Into the browser -----------------------------------------------------------------------------------------------------
  const keep = () => {
    clearTimeout(timer);
    if (!dirty()) { texts.drop(location.pathname); return true; }
    return texts.put(location.pathname, { ...now(), version, title, at: Date.now() });
  };
  const changed = () => {
    if (dirty()) tell("changed", "Chưa lưu");
    else tell("saved", last);
    clearTimeout(timer);
    timer = setTimeout(keep, 300);
  };
  words.changed(changed);
  heading.addEventListener("input", changed);
  window.addEventListener("pagehide", () => { if (!leaving) keep(); });
  window.addEventListener("beforeunload", (event) => {
    if (leaving || !dirty()) return;
    keep();
    event.preventDefault();
  });

  // Messages at fields
  const wrong = (errors) => {
    for (const one of form.querySelectorAll("ul.wrong")) one.remove();
    for (const [name, told] of Object.entries(errors)) {
      const list = make("ul", { className: "wrong", id: `id_${name}_error` }, ...told.map((text) => make("li", { textContent: text })));
      const box = fields[name]?.closest(".field") ?? form;
      box.append(list);
      list.scrollIntoView({ block: "nearest" });
    }
    const at = document.querySelector("#soan [contenteditable]");
    for (const [name, field] of [["heading", heading], ["body", at]]) {
      if (errors[name]) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      if (errors[name]) field.setAttribute("aria-describedby", `id_${name}_error`);
    }
    if (errors.heading) heading.focus();
    else if (errors.body) words.focus();
  };

  // To the server ----------------------------------------------------------------------------------------------------------
  const post = async (text, over) => {
    const body = new URLSearchParams({ ...text, version, ...(over ? { over } : {}) });
    const headers = { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
    try {
      const answer = await fetch(location.pathname, { method: "POST", headers, body });
      return [answer.status, await answer.json().catch(() => ({}))];
    } catch {
      return [0, {}];
    }
  };
  const box = make("div", { className: "words-said" });
  form.querySelector(".field").before(box);
  const save = async (over = "", again = true) => {
    const sent = now();
    keep();
    tell("saving", "Đang lưu…");
    const [status, answer] = await post(sent, over);
    if (status === 403 && answer.code === "csrf" && again && (await renewed(answer.token))) return save(over, false);
    if (status === 200) return took(sent, answer);
    if (status === 401 || (status === 403 && answer.code === "csrf")) return expired();
    if (status === 422) { tell("error", "Chưa lưu, có chỗ cần sửa"); return wrong(answer.errors ?? {}); }
    if (status === 409 && answer.code === "stale") return clash(answer);
    const kept = keep() ? " Lời văn bạn gõ đã giữ trên máy này." : " Đừng đóng trang: máy này không giữ lại được.";
    const why = status === 0 ? "Mất mạng." : answer.detail ?? "Hệ thống đang bận.";
    return tell("error", `Chưa lưu được. ${why}${kept}`);
  };
  const took = (sent, answer) => {
    version = answer.version;
    form.elements.version.value = version;
    saved = sent;
    last = `Đã lưu lúc ${clock(answer.at)}`;
    wrong({});
    box.replaceChildren();
    for (const one of form.querySelectorAll(".msg--err, .words-theirs")) one.remove();
    keep();
    changed();
  };
  // Signed in again in another tab: a new token, if it is still the same person.
  const renewed = async (token) => {
    const page = await fetch(location.pathname, { headers: { Accept: "text/html" } }).then((one) => one.text()).catch(() => "");
    if (!token || !page.includes(`data-user="${user}"`)) return false;
    for (const one of document.querySelectorAll("[name=csrfmiddlewaretoken]")) one.value = token;
    return true;
  };
  const expired = () => {
    tell("error", "Phiên làm việc đã hết hạn. Lời văn bạn gõ còn nguyên");
    const link = make("a", { className: "btn btn--main", href: `${form.dataset.login}?next=${encodeURIComponent(location.pathname)}`, textContent: "Đăng nhập lại" });
    link.addEventListener("click", () => { leaving = keep(); });
    const told = make("p", { textContent: "Lời văn bạn gõ đã giữ trên máy này. Đăng nhập lại bằng đúng tài khoản của bạn, trang này mở ra với lời văn đó." });
    return ask("Phiên làm việc đã hết hạn", [told, make("div", { className: "btns" }, link)], [["later", "Để sau"]]);
  };
  const clash = ({ by, at, heading: title_, body, version: theirs }) => {
    tell("error", "Chưa lưu: người khác vừa lưu mục này");
    const head = make("h2", { id: "h-theirs", textContent: `Bản đang lưu${by ? `, ${by}${at ? `, lúc ${clock(at)}` : ""}` : ""}` });
    const shown = words.draw(body);
    const mine = make("button", { type: "button", className: "btn", textContent: "Lưu bản của tôi, thay bản kia" });
    const other = make("button", { type: "button", className: "btn", textContent: "Lấy bản kia, bỏ bản của tôi" });
    mine.addEventListener("click", () => save(theirs));
    other.addEventListener("click", () => {
      heading.value = title_;
      words.show(body);
      saved = now();
      version = theirs;
      form.elements.version.value = theirs;
      last = "Đã lấy bản đang lưu; Ctrl+Z lấy lại lời văn của bạn";
      box.replaceChildren();
      keep();
      changed();
      words.focus();
    });
    const told = make("div", { className: "msg msg--err" }, make("b", { textContent: "Chưa lưu: người khác vừa lưu mục này." }), " Những gì bạn gõ còn nguyên bên dưới. Chép phần cần giữ của bản kia sang, rồi bấm “Lưu bản của tôi, thay bản kia”.");
    told.setAttribute("role", "alert");
    const part = make("section", { className: "words-theirs" }, head, make("p", {}, make("b", { textContent: title_ })), ...(shown.length ? shown : [make("p", { className: "note", textContent: "Chưa có nội dung." })]), make("div", { className: "btns" }, mine, other));
    part.setAttribute("aria-labelledby", "h-theirs");
    for (const one of form.querySelectorAll(":scope > .msg--err, :scope > .words-theirs")) one.remove();
    box.replaceChildren(told, part);
    box.scrollIntoView({ block: "nearest" });
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    main.setAttribute("aria-disabled", "true");
    await save(event.submitter?.name === "over" ? event.submitter.value : "");
    sending = false;
    main.removeAttribute("aria-disabled");
  });

  // Reopened with unsaved text in the browser --------------------------------------------------------------------------
  const left = texts.get(location.pathname);
  if (left && !same(left, now()) && !dirty()) {
    const stored = now();
    const first = version;
    heading.value = left.heading;
    words.show(left.body);
    version = left.version; // a colleague's newer text is not overwritten
    form.elements.version.value = version;
    const back = make("button", { type: "button", className: "btn btn--small", textContent: "Bỏ, lấy bản đang lưu" });
    back.addEventListener("click", () => {
      heading.value = stored.heading;
      words.show(stored.body);
      version = first;
      form.elements.version.value = first;
      box.replaceChildren();
      keep();
      changed();
      words.focus();
    });
    const told = make("div", { className: "msg msg--info" }, make("b", { textContent: `Đã lấy lại lời văn bạn gõ lúc ${clock(left.at)} mà chưa lưu. ` }), back);
    told.setAttribute("role", "status");
    box.replaceChildren(told);
    changed();
  } else if (left) {
    texts.drop(location.pathname);
  }
  changed(); // somebody may have typed before this file had loaded

  window.CCHC.leaving = () => { leaving = true; }; // signing out, already confirmed

  // Somebody else has signed in here: hide this page's text.
  tabs?.addEventListener("message", ({ data }) => {
    if (data.user === user || !("user" in data)) return;
    leaving = true;
    location.reload();
  });
})();
