/* Replaces a section's text box with an editor (ProseMirror): a figure is an atom that shows its source on hover and when
   selected, and stays bound while the words around it change. The box remains the form's field and gets the stored text, with a
   figure as [[key|text]] (reports/review_text/bound_text.py).

   Sets CCHC.words. Needs app.js and ProseMirror; without them the box stays. */
(() => {
  "use strict";
  const { Schema, Slice, Fragment, EditorState, EditorView, NodeSelection, TextSelection, keymap, baseKeymap, history, undo, redo } = window.ProseMirror ?? {};
  const form = document.getElementById("loi-van");
  if (!form || !Schema || !window.CCHC?.make) return;
  const { make } = window.CCHC;
  const area = form.elements.body;
  const place = document.getElementById("soan");
  const facts = new Map(JSON.parse(document.getElementById("so-lieu").textContent).map((fact) => [fact.key, fact]));
  const TYPE = "application/x-cchc-words"; // copying and pasting here keeps figures
  const TOKEN = /\[\[([A-Za-z0-9_.:@-]+)\|([^[\]|]*)\]\]/g;

  // Stored text and document ---------------------------------------------------------------------------------------------
  const schema = new Schema({
    nodes: {
      doc: { content: "paragraph+" },
      paragraph: { content: "(text | figure)*", parseDOM: [{ tag: "p" }], toDOM: () => ["p", 0] },
      figure: {
        inline: true, atom: true, draggable: true, attrs: { key: {}, text: {} },
        leafText: (node) => node.attrs.text,
        toDOM: ({ attrs }) => ["span", { class: `fact fact--${stateOf(attrs)}`, "data-key": attrs.key }, attrs.text],
      },
      text: {},
    },
  });
  const stateOf = ({ key, text }) => (!facts.has(key) ? "lost" : facts.get(key).text === text ? "fresh" : "stale");
  const single = (text) => text.replace(/\s+/g, " ");
  const inline = (text) => {
    const nodes = [];
    let end = 0;
    const words = (piece) => { if (piece) nodes.push(schema.text(piece)); };
    for (const found of text.matchAll(TOKEN)) {
      words(text.slice(end, found.index));
      end = found.index + found[0].length;
      if (found[2].trim()) nodes.push(schema.nodes.figure.create({ key: found[1], text: single(found[2]).trim() }));
    }
    words(text.slice(end));
    return nodes;
  };
  const paragraphs = (texts) => texts.map((text) => schema.nodes.paragraph.create(null, inline(single(text))));
  const split = (body) => body.replace(/\r\n?/g, "\n").split(/\n[^\S\n]*\n\s*/);
  const read = (body) => {
    const texts = split(body).map((text) => text.trim()).filter(Boolean);
    return schema.nodes.doc.create(null, paragraphs(texts.length ? texts : [""]));
  };
  const stored = (node) => (node.isText ? node.text : node.type === schema.nodes.figure ? `[[${node.attrs.key}|${node.attrs.text}]]` : "");
  const lines = (content, write) => {
    const found = [];
    content.forEach((block) => {
      let text = "";
      if (block.isBlock) block.forEach((node) => { text += write(node); });
      else text = write(block);
      if (block.isBlock || !found.length) found.push(text);
      else found[found.length - 1] += text;
    });
    return found;
  };
  const write = (doc) => lines(doc.content, stored).map((text) => single(text).trim()).filter(Boolean).join("\n\n");

  // Keys ---------------------------------------------------------------------------------------------------------------------
  const chosen = (state) => (state.selection instanceof NodeSelection && state.selection.node.type === schema.nodes.figure ? state.selection : null);
  // The first Backspace or Delete at a figure selects it and shows its source, the second deletes it.
  const hold = (side) => (state, dispatch) => {
    const { $from, empty } = state.selection;
    const node = empty && (side < 0 ? $from.nodeBefore : $from.nodeAfter);
    if (!node || node.type !== schema.nodes.figure) return false;
    dispatch?.(state.tr.setSelection(NodeSelection.create(state.doc, side < 0 ? $from.pos - node.nodeSize : $from.pos)));
    return true;
  };
  const renew = (state, dispatch) => {
    const held = chosen(state);
    if (!held) return false;
    const { key } = held.node.attrs;
    if (stateOf(held.node.attrs) === "stale") {
      const tr = state.tr.replaceWith(held.from, held.to, schema.nodes.figure.create({ key, text: facts.get(key).text }));
      dispatch?.(tr.setSelection(NodeSelection.create(tr.doc, held.from)));
    }
    return true; // otherwise a new paragraph would replace the figure
  };
  // Beside a selected figure, not instead of it.
  const beside = (tr) => {
    const held = chosen(tr);
    return held ? tr.setSelection(TextSelection.create(tr.doc, held.to)) : tr;
  };
  const save = () => { form.requestSubmit(form.querySelector("[data-save]")); return true; };
  const insert = () => { pick.open(); return true; };
  const keys = {
    Backspace: hold(-1), Delete: hold(1), Enter: renew, "Mod-z": undo, "Mod-y": redo, "Shift-Mod-z": redo,
    "Mod-s": save, "Mod-k": insert,
  };

  // The browser may report a moved caret only with the next frame: read the selection first.
  const settle = () => {
    const { anchorNode, anchorOffset, focusNode, focusOffset } = document.getSelection();
    if (view.composing || chosen(view.state) || !anchorNode || !view.dom.contains(anchorNode) || !view.dom.contains(focusNode)) return;
    const [anchor, head] = [view.posAtDOM(anchorNode, anchorOffset), view.posAtDOM(focusNode, focusOffset)];
    const { doc, selection, tr } = view.state;
    if (anchor === selection.anchor && head === selection.head) return;
    view.dispatch(tr.setSelection(TextSelection.between(doc.resolve(anchor), doc.resolve(head))));
  };

  // Clipboard: plain words, and figures copied here -----------------------------------------------------------------
  const copy = (view, event) => {
    settle();
    if (view.state.selection.empty) return false;
    const { content } = view.state.selection.content();
    event.preventDefault();
    event.clipboardData.setData("text/plain", lines(content, (node) => (node.isText ? node.text : node.attrs.text)).join("\r\n"));
    event.clipboardData.setData(TYPE, lines(content, stored).join("\n\n"));
    if (event.type === "cut") view.dispatch(view.state.tr.deleteSelection().scrollIntoView());
    return true;
  };
  // Pasted text has one line per paragraph, unless blank lines separate them.
  const sliceOf = (text, ours) => {
    const plain = text.replace(/\r\n?/g, "\n").replace(/^\n+|\n+$/g, "");
    const texts = ours || /\n[^\S\n]*\n/.test(plain) ? split(plain) : plain.split("\n");
    return new Slice(Fragment.from(paragraphs(texts)), 1, 1);
  };
  const put = (view, data, tr) => {
    const ours = data.getData(TYPE);
    const slice = sliceOf(ours || data.getData("text/plain"), Boolean(ours));
    view.dispatch(beside(tr).replaceSelection(slice).scrollIntoView());
    learn();
    return true;
  };
  const paste = (view, event) => { event.preventDefault(); settle(); return put(view, event.clipboardData, view.state.tr); };
  const drop = (view, event) => {
    if (view.dragging) return false;
    event.preventDefault();
    const at = view.posAtCoords({ left: event.clientX, top: event.clientY });
    return at ? put(view, event.dataTransfer, view.state.tr.setSelection(TextSelection.near(view.state.doc.resolve(at.pos)))) : true;
  };
  const compose = (view) => { if (chosen(view.state)) view.dispatch(beside(view.state.tr)); return false; };
  const typed = (view, from, to, text) => {
    if (!chosen(view.state)) return false;
    view.dispatch(beside(view.state.tr).insertText(text).scrollIntoView());
    return true;
  };

  // The editor -------------------------------------------------------------------------------------------------------------------
  const acts = [];
  const fresh = (body) => EditorState.create({ doc: read(body), plugins: [history(), keymap(keys), keymap(baseKeymap)] });
  area.hidden = true;
  place.hidden = false;
  form.querySelector(".words-bar").hidden = false;
  document.getElementById("id_body_helptext").hidden = true;
  for (const one of document.querySelectorAll(".words-keys")) one.hidden = false;
  for (const one of document.querySelectorAll(".words-tokens")) one.hidden = true; // figures are picked, not copied
  const named = { role: "textbox", "aria-multiline": "true", "aria-labelledby": "nhan-noi-dung", "aria-describedby": "cach-soan", spellcheck: "false", lang: "vi" };
  const view = new EditorView(place, {
    state: fresh(area.value),
    attributes: named,
    dispatchTransaction: (tr) => {
      view.updateState(view.state.apply(tr));
      if (tr.docChanged) changed();
      tip.follow();
    },
    handleKeyDown: () => { settle(); return false; },
    handleTextInput: typed,
    handleDOMEvents: { copy, cut: copy, paste, drop, compositionstart: compose },
  });
  const changed = () => { area.value = write(view.state.doc); for (const act of acts) act(); };
  document.getElementById("nhan-noi-dung").addEventListener("click", (event) => { event.preventDefault(); view.focus(); });
  // Pasted figures whose source this page does not know yet.
  const asked = new Set();
  const learn = async () => {
    const unknown = new Set();
    view.state.doc.descendants((node) => { if (node.attrs.key && !facts.has(node.attrs.key) && !asked.has(node.attrs.key)) unknown.add(node.attrs.key); });
    if (!unknown.size) return;
    unknown.forEach((key) => asked.add(key));
    for (const fact of (await ask({ keys: [...unknown].join(",") })).facts) facts.set(fact.key, fact);
    redraw();
  };
  const redraw = () => { for (const one of place.querySelectorAll(".fact")) one.className = one.className.replace(/fact--\w+/, `fact--${stateOf({ key: one.dataset.key, text: one.textContent })}`); };
  const ask = async (what) => {
    const answer = await fetch(`${form.dataset.facts}?${new URLSearchParams(what)}`, { headers: { Accept: "application/json" } }).catch(() => null);
    return answer?.ok ? answer.json() : { total: 0, facts: [], failed: true };
  };

  // The source of a figure: shown under it while selected or hovered ---------------------------------------------------
  const tip = (() => {
    const box = make("div", { className: "words-tip", hidden: true });
    const said = make("div", { className: "vh" });
    said.setAttribute("role", "status");
    place.after(box, said);
    let [at, timer] = [null, 0];
    const told = ({ key, text }) => {
      const fact = facts.get(key);
      if (!fact) return [make("b", { textContent: `${text}: không còn tìm thấy nguồn` }), make("span", { textContent: "Số này không còn gắn với số liệu nào. Hãy chọn lại bằng “Chèn số liệu”, hoặc xóa." })];
      const parts = [make("b", { textContent: fact.name }), make("span", { textContent: fact.source })];
      if (fact.formula) parts.push(make("span", { textContent: fact.formula }));
      if (fact.text !== text) parts.unshift(make("strong", { textContent: `Số đã đổi sau khi soạn câu: ${text} → ${fact.text}` }));
      return parts;
    };
    const buttons = (attrs) => {
      const found = [];
      const button = (words, act) => { const one = make("button", { type: "button", className: "btn btn--small", textContent: words }); one.addEventListener("click", act); found.push(one); };
      const fact = facts.get(attrs.key);
      if (stateOf(attrs) === "stale") button(`Lấy số ${fact.text}`, () => { hold_(); renew(view.state, view.dispatch); view.focus(); });
      if (fact?.link) found.push(make("a", { className: "btn btn--small", href: fact.link, target: "_blank", rel: "noopener", textContent: "Xem số liệu gốc" }));
      button("Xóa số này", () => { hold_(); view.dispatch(view.state.tr.deleteSelection()); view.focus(); });
      return make("div", { className: "btns" }, ...found);
    };
    const hold_ = () => { if (at !== null && view.state.doc.nodeAt(at)?.type === schema.nodes.figure) view.dispatch(view.state.tr.setSelection(NodeSelection.create(view.state.doc, at))); };
    const show = (pos) => {
      const node = view.state.doc.nodeAt(pos);
      const dom = view.nodeDOM(pos);
      if (!node || !dom?.getBoundingClientRect) return hide();
      at = pos;
      box.replaceChildren(...told(node.attrs), buttons(node.attrs));
      box.hidden = false;
      const [here, around] = [dom.getBoundingClientRect(), box.offsetParent.getBoundingClientRect()];
      box.style.left = `${Math.max(0, Math.min(here.left - around.left, around.width - box.offsetWidth))}px`;
      // Below the figure, or above where there is more room.
      const below = here.bottom + box.offsetHeight + 60 < window.innerHeight || here.top < box.offsetHeight + 60;
      box.style.top = `${(below ? here.bottom + 4 : here.top - box.offsetHeight - 4) - around.top}px`;
    };
    const hide = () => { at = null; box.hidden = true; };
    const follow = () => {
      clearTimeout(timer);
      const held = chosen(view.state);
      if (!held) { hide(); said.textContent = ""; return; }
      show(held.from);
      said.textContent = `Số ${held.node.attrs.text}. ${told(held.node.attrs).map((one) => one.textContent).join(". ")}`;
    };
    const over = (event) => {
      clearTimeout(timer);
      const figure = event.target.closest?.(".fact");
      if (figure && place.contains(figure)) timer = setTimeout(() => show(view.posAtDOM(figure, 0)), 150);
    };
    const out = () => { clearTimeout(timer); timer = setTimeout(follow, 300); };
    place.addEventListener("mouseover", over);
    place.addEventListener("mouseout", out);
    box.addEventListener("mouseover", () => clearTimeout(timer));
    box.addEventListener("mouseout", out);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || box.hidden) return;
      if (box.contains(document.activeElement)) view.focus();
      hide();
    });
    return { follow };
  })();

  // Inserting a figure from the list of facts ------------------------------------------------------------------------------------------
  const pick = (() => {
    const dialog = document.getElementById("chon-so");
    const [field, list, told] = ["tim-so", "ds-so", "dem-so"].map((id) => document.getElementById(id));
    let [found, here, timer, turn] = [[], 0, 0, 0];
    const mark = (to) => {
      here = Math.max(0, Math.min(found.length - 1, to));
      [...list.children].forEach((one, index) => one.setAttribute("aria-selected", String(index === here)));
      const one = list.children[here];
      field.setAttribute("aria-activedescendant", one?.id ?? "");
      one?.scrollIntoView({ block: "nearest" });
    };
    const search = async () => {
      const mine = (turn += 1);
      const answer = await ask({ q: field.value });
      if (mine !== turn) return;
      found = answer.facts;
      list.replaceChildren(...found.map((fact, index) => {
        const one = make("li", { id: `so-${index}` }, make("span", { textContent: fact.name }), make("b", { textContent: fact.text }));
        one.setAttribute("role", "option");
        one.addEventListener("click", () => choose(index));
        return one;
      }));
      told.textContent = answer.failed ? "Chưa tìm được, hệ thống không trả lời. Hãy thử lại." : found.length ? `${answer.total.toLocaleString("vi-VN")} số liệu${answer.total > found.length ? `, đang hiện ${found.length}; gõ thêm chữ để thu hẹp` : ""}` : "Không có số liệu nào khớp. Thử từ ngắn hơn.";
      mark(0);
    };
    const choose = (index) => {
      const fact = found[index];
      if (!fact) return;
      facts.set(fact.key, fact);
      dialog.close();
      const tr = beside(view.state.tr);
      const before = tr.selection.$from.nodeBefore;
      const glued = before && (before.type === schema.nodes.figure || /[\p{L}\p{N},.;:%)]$/u.test(before.text));
      const figure = schema.nodes.figure.create({ key: fact.key, text: fact.text });
      tr.replaceSelection(new Slice(Fragment.from(glued ? [schema.text(" "), figure] : [figure]), 0, 0));
      view.dispatch(tr.scrollIntoView());
      view.focus();
    };
    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 150); });
    field.addEventListener("keydown", (event) => {
      const to = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + 8, PageUp: here - 8 }[event.key];
      if (to !== undefined) mark(to);
      else if (event.key === "Enter") choose(here);
      else if (event.key === "Escape") dialog.close(); // otherwise the first Esc only clears the field
      else return;
      event.preventDefault();
    });
    dialog.addEventListener("close", () => view.focus());
    const open = () => { field.value = ""; found = []; list.replaceChildren(); dialog.showModal(); field.focus(); search(); };
    return { open };
  })();

  const doing = { insert: () => pick.open(), undo: () => undo(view.state, view.dispatch), redo: () => redo(view.state, view.dispatch) };
  for (const button of form.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => { doing[button.dataset.do](); if (button.dataset.do !== "insert") view.focus(); });
  }
  changed();
  redraw();
  window.CCHC.words = {
    text: () => write(view.state.doc),
    stored: write(read(area.defaultValue)), // as loaded
    // Replace the content as one step for Ctrl+Z.
    show: (body) => {
      const { tr, doc } = view.state;
      view.dispatch(tr.replaceWith(0, doc.content.size, read(body).content).setTime(Date.now() + 1000));
      learn();
    },
    changed: (act) => acts.push(act),
    focus: () => view.focus(),
    // Renders another person's text, figures included.
    draw: (body) => split(body).filter((text) => text.trim()).map((text) => make("p", {}, ...inline(single(text)).map((node) => (node.isText ? node.text : make("span", { className: "fact", textContent: node.attrs.text }))))),
  };
})();
