// The front end of `Pictures`: requests thumbnails from the kernel as they come into view.
const element = (tag, name, properties = {}) =>
  Object.assign(document.createElement(tag), { className: name, ...properties });
const SIGNS = { video: "▶", audio: "♫", text: "¶", file: "▤" };
const sideOf = (model) => model.get("side") * (devicePixelRatio > 1 ? 2 : 1);
const altOf = (item) => item.alt || item.caption || item.key;

export default () => { // called once per model: its views share the thumbnails
  const page = Math.random().toString(36).slice(2);
  const pending = new Map(); // id of a request → {resolve, reject}
  const looks = new Map(); // "side key" → promise of {url} or {text}
  let views = 0;

  const ask = (model, content) => new Promise((resolve, reject) => {
    const id = `${page}-${Math.random()}`;
    pending.set(id, { resolve, reject });
    model.send({ ...content, id });
  });

  function look(model, key, side) {
    const name = `${side} ${key}`;
    const read = ([{ media_type: type }, bytes]) => {
      if (type.startsWith("text/")) return { text: new TextDecoder().decode(bytes) };
      if (bytes.byteLength) {
        const url = URL.createObjectURL(new Blob([bytes], { type }));
        return { url, clear: type !== "image/jpeg" }; // the kernel sends JPEG where it is opaque
      }
      looks.delete(name); // no thumbnail yet: ask again later
      return {};
    };
    if (!looks.has(name)) looks.set(name, ask(model, { type: "look", key, side }).then(read));
    looks.get(name).catch(() => looks.delete(name));
    return looks.get(name);
  }

  function poster(model, item, side) { // a frame of a video and its duration, drawn by the browser
    const name = `${side} ${item.key}`;
    const make = (module) => module.poster({ model, ask }, item, side);
    if (!looks.has(name)) looks.set(name, extra(model).then(make));
    return looks.get(name);
  }

  function forget(keys) { // frees all thumbnails but these
    for (const [name, found] of looks) {
      if (keys.has(name.slice(name.indexOf(" ") + 1))) continue;
      looks.delete(name);
      found.then(({ url }) => url && URL.revokeObjectURL(url), () => {});
    }
  }

  let more; // promise of lightbox.js, which the kernel sends: a saved notebook does not need it
  function extra(model) {
    const read = ([, bytes]) => {
      const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
      return import(url).finally(() => URL.revokeObjectURL(url));
    };
    more ??= ask(model, { type: "part", token: "lightbox", offset: 0 }).then(read);
    more.catch(() => { more = null; });
    return more;
  }

  const say = (model, failure) => model.set({ note: "", error: failure.message });
  const act = (model, name, item) => extra(model)
    .then((module) => module.act({ model, ask }, name, item))
    .catch((failure) => say(model, failure));

  function buttons(model, item, done) {
    const wanted = model.get("actions").filter(({ name }) => (item.actions ?? [name]).includes(name));
    return wanted.map(({ name, label, title }) => {
      const onclick = () => { act(model, name, item); done?.(name); };
      return element("button", "sw-button", { type: "button", textContent: label, title: title ?? "", onclick });
    });
  }

  function thumbnail(model, key, on) {
    const box = element("div", "sw-item", { role: "listitem" });
    const thumb = element("button", "sw-thumb", { type: "button", tabIndex: -1 });
    const badge = element("span", "sw-badge");
    const length = element("span", "sw-length");
    const [caption, note, error] = ["caption", "note", "error"].map((n) => element("div", `sw-${n}`));
    const actions = element("div", "sw-actions");
    thumb.dataset.key = key;
    thumb.onclick = () => on.click(key);
    thumb.ondblclick = () => model.get("selectable") && on.open(key);
    box.addEventListener("focusin", () => on.focus(key));
    box.append(thumb, caption, note, error, actions);
    let item, picture, wanted;
    const image = (src) => element("img", "", { alt: altOf(item), src, draggable: false });
    const fail = (text) => { error.textContent = item.error || text; };

    async function load() {
      wanted = true;
      if (picture || item.kind === "file") return;
      if (["video", "audio"].includes(item.kind)) return loadPoster().catch(() => {});
      try {
        const { url, text, clear } = await look(model, key, sideOf(model));
        picture = url ? image(url) : text && element("span", "sw-text", { textContent: text });
        if (clear) picture.className = "sw-clear";
        if (picture) thumb.replaceChildren(picture, badge);
        fail("");
      } catch (failure) {
        thumb.replaceChildren(element("span", "sw-text", { textContent: altOf(item) }), badge);
        fail(failure.message);
      }
    }

    async function loadPoster() {
      const { sign, time } = await extra(model);
      thumb.replaceChildren(sign({ element }, item), badge, length);
      const { url, duration } = await poster(model, item, sideOf(model));
      length.textContent = time(duration);
      picture = url && image(url);
      if (picture) thumb.replaceChildren(picture, badge, length);
    }

    function update(now, anyway) {
      if (!anyway && JSON.stringify(now) === JSON.stringify(item)) return;
      item = now;
      if (!picture) {
        const sign = element("span", "sw-sign", { textContent: SIGNS[item.kind] ?? "", ariaHidden: true });
        thumb.replaceChildren(sign, badge, length);
      }
      thumb.ariaLabel = thumb.title = altOf(item);
      badge.textContent = item.badge ?? "";
      caption.textContent = item.caption ?? "";
      note.textContent = item.note ?? "";
      fail("");
      box.ariaBusy = Boolean(item.busy);
      const focused = [...actions.children].indexOf(document.activeElement);
      actions.replaceChildren(...buttons(model, item));
      actions.children[focused]?.focus();
      if (wanted) load();
    }

    function mark(current, selected) {
      for (const stop of [thumb, ...actions.children]) stop.tabIndex = current ? 0 : -1;
      box.classList.toggle("sw-selected", selected);
      if (model.get("selectable")) thumb.ariaPressed = selected;
    }

    return { box, thumb, update, load, mark };
  }

  function initialize({ model }) {
    const hear = (message, buffers) => {
      if (message.type === "save") return act(model, "download", { token: message.token });
      const asker = pending.get(message.id);
      pending.delete(message.id);
      if (message.type === "failed") asker?.reject(new Error(message.text));
      else asker?.resolve([message, buffers[0]]);
    };
    model.on("msg:custom", hear);
    return () => forget(new Set());
  }

  function render({ model, el }) {
    const root = element("div", "sw-pictures");
    const list = element("div", "sw-list", { role: "list" });
    const note = element("div", "sw-note", { role: "status" });
    const error = element("div", "sw-error", { role: "alert" });
    root.append(list, note, error);
    el.append(root);
    const cells = new Map();
    let current;
    let details, selected; // `details` is made by lightbox.js
    const observer = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        cells.get(target.dataset.key)?.load();
      }
    });
    const mark = () => cells.forEach((cell, key) => cell.mark(key === current, key === model.get("selected")));
    const on = {
      focus: (key) => { current = key; mark(); },
      open: (key) => extra(model)
        .then(({ open }) => open({ model, key, look, ask, buttons, element, altOf, sideOf }))
        .then((last) => cells.get(last)?.thumb.focus())
        .catch((failure) => say(model, failure)),
      click: (key) => {
        if (!model.get("selectable")) return on.open(key);
        model.set("selected", key);
        model.save_changes();
      },
    };

    function steer(event) {
      if (!list.contains(event.target) || !event.target.matches(".sw-thumb")) return;
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const all = [...list.querySelectorAll(".sw-thumb")];
      const at = all.indexOf(event.target);
      const tops = all.map((thumb) => thumb.getBoundingClientRect().top);
      const columns = tops.filter((top) => top === tops[0]).length;
      const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -at, End: all.length - 1 - at };
      if (event.key === "Enter") on.open(current);
      else if (event.key === " ") on.click(current);
      else if (event.key in steps) all[at + steps[event.key]]?.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    window.addEventListener("keydown", steer, true); // before JupyterLab, whose arrow keys select cells

    function show(anyway) {
      const items = model.get("items");
      const keys = new Set(items.map(({ key }) => key));
      details?.clear();
      for (const [key, { box }] of cells) if (!keys.has(key)) { box.remove(); cells.delete(key); }
      forget(keys);
      items.forEach((item, index) => {
        let cell = cells.get(item.key);
        if (!cell) {
          cell = thumbnail(model, item.key, on);
          cells.set(item.key, cell);
          observer.observe(cell.thumb);
        }
        cell.update(item, anyway);
        if (list.children[index] !== cell.box) list.insertBefore(cell.box, list.children[index] ?? null);
      });
      if (!cells.has(current)) current = items[0]?.key;
      mark();
      dress();
      details?.place();
      if (items.length) extra(model).then(dock, () => {}); // load it before the first click
    }
    function dock({ under }) {
      if (!details && model.get("selectable")) {
        details = under(root, list, () => cells.get(model.get("selected")), model);
      }
    }
    function dress() {
      root.style.setProperty("--sw-side", `${model.get("side")}px`);
      root.classList.toggle("sw-row", !model.get("wrap"));
      list.ariaLabel = model.get("label");
      note.textContent = model.get("note") || (cells.size ? "" : model.get("empty"));
      error.textContent = model.get("error");
    }
    const looksLike = ["side", "wrap", "label", "note", "error", "empty"].map((n) => `change:${n}`).join(" ");
    model.on("change:items", () => show());
    model.on("change:actions change:selectable", () => show(true));
    model.on("change:selected", () => {
      mark();
      details?.follow(cells.get(selected));
      selected = model.get("selected");
    });
    model.on(looksLike, dress);
    views += 1;
    show();
    return () => {
      observer.disconnect();
      details?.close();
      window.removeEventListener("keydown", steer, true);
      views -= 1;
      if (!views) forget(new Set());
    };
  }

  return { initialize, render };
};
