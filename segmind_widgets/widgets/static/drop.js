// The front end of `Drop`: sends files to the kernel in pieces, each acknowledged before the next.
const element = (tag, name, properties = {}) => {
  const node = Object.assign(document.createElement(tag), { className: name, ...properties });
  node.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the keys as its own
  return node;
};
const mb = (bytes) => (bytes / 1e6).toFixed(1);

function accepted(file, accept) {
  const rules = accept.toLowerCase().split(",").map((rule) => rule.trim()).filter(Boolean);
  if (!rules.length || !file.type) return true; // the kernel checks the content
  return rules.some((rule) =>
    rule.startsWith(".") ? file.name.toLowerCase().endsWith(rule)
      : rule.endsWith("/*") ? file.type.startsWith(rule.slice(0, -1)) : file.type === rule);
}

export default () => { // called once per model: its views share the transfer
  const views = new Set();
  const waiting = []; // lists of files
  let sending = null; // {id, bytes, size, names, stopped, slow, answer}
  const draw = () => views.forEach((view) => view());

  function say(model, error) {
    model.set({ note: "", error });
    model.save_changes();
  }

  function ask(model, content, buffers) {
    return new Promise((answer) => {
      const batch = sending;
      batch.answer = answer;
      if (batch.stopped) return answer();
      model.send({ ...content, batch: batch.id }, undefined, buffers);
      const slow = setTimeout(() => { batch.slow = true; draw(); }, 2000);
      batch.answer = () => { clearTimeout(slow); batch.slow = false; answer(); };
    });
  }

  function cancel(model, reason = "") {
    if (!sending || sending.stopped) return;
    waiting.length = 0;
    sending.stopped = true;
    model.send({ type: "cancel", batch: sending.id, reason });
    sending.answer?.();
  }

  async function pieces(model, files) {
    const piece = model.get("piece");
    await ask(model, { type: "begin", files: files.map(({ name, size }) => ({ name, size })) });
    for (const [file, source] of files.entries()) {
      for (let offset = 0; offset < source.size && !sending.stopped; offset += piece) {
        const bytes = await source.slice(offset, offset + piece).arrayBuffer();
        await ask(model, { type: "piece", file, offset }, [bytes]);
      }
    }
  }

  async function send(model, files) {
    waiting.push(files);
    if (sending) return;
    while (waiting.length) {
      const next = waiting.shift();
      sending = {
        id: Math.random().toString(36).slice(2),
        bytes: 0,
        size: next.reduce((sum, file) => sum + file.size, 0),
        names: next.length === 1 ? next[0].name : `${next.length} files`,
      };
      draw();
      try {
        await pieces(model, next);
      } catch {
        cancel(model, `${sending.names} could not be read. Was it moved or deleted?`);
      }
    }
    sending = null;
    draw();
  }

  function take(model, data) { // data of a drop, a paste, or a file dialog
    if (model.get("disabled")) return false;
    const files = [...(data.files ?? [])];
    if (!files.length) return takeText(model, data.getData?.("text/plain").trim());
    const folder = [...(data.items ?? [])].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
    const wrong = files.find((file) => !accepted(file, model.get("accept")));
    if (folder) say(model, "A folder cannot be sent: drop its files instead.");
    else if (wrong) say(model, `${wrong.name} is not accepted here (${model.get("accept")}).`);
    else if (files.length > 1 && !model.get("multiple")) say(model, "Only one file can be dropped here at a time.");
    else send(model, files);
    return true;
  }

  function takeText(model, text) {
    if (!text) return false;
    if (!model.get("takes_text")) say(model, "Only files can be dropped here.");
    else if (text.length > 500_000) say(model, "The text is too long. Save it as a file.");
    else model.send({ type: "text", text });
    return true;
  }

  function initialize({ model }) {
    const hear = ({ type, batch, bytes }) => {
      if (!sending || batch !== sending.id) return;
      if (type === "stopped") sending.stopped = true;
      if (type === "got") sending.bytes = bytes;
      draw();
      sending.answer?.();
    };
    model.on("msg:custom", hear);
    return () => cancel(model);
  }

  function render({ model, el }) {
    const root = element("div", "sw-drop", { tabIndex: 0 });
    root.setAttribute("role", "group");
    const input = element("input", "", { type: "file", hidden: true });
    const choose = element("button", "sw-button", { type: "button", textContent: "Choose…" });
    const label = element("span", "sw-drop-label");
    const typed = element("input", "sw-drop-text", { type: "text", spellcheck: false });
    const row = element("div", "sw-drop-row");
    const progress = element("progress", "sw-drop-bar");
    const count = element("span", "sw-drop-count");
    const stop = element("button", "sw-button", { type: "button", textContent: "Cancel" });
    const transfer = element("div", "sw-drop-row");
    const note = element("div", "sw-note");
    const error = element("div", "sw-error");
    note.setAttribute("role", "status");
    error.setAttribute("role", "alert");
    row.append(choose, label, typed, input);
    transfer.append(progress, count, stop);
    root.append(row, transfer, note, error);
    el.append(root);

    const show = () => {
      const off = model.get("disabled");
      label.textContent = model.get("label");
      root.setAttribute("aria-label", `${model.get("label")}. Ctrl+V pastes.`);
      root.setAttribute("aria-disabled", off);
      root.setAttribute("aria-busy", model.get("busy"));
      root.classList.toggle("sw-compact", model.get("compact"));
      choose.disabled = typed.disabled = off;
      typed.hidden = !model.get("placeholder");
      typed.placeholder = model.get("placeholder");
      typed.setAttribute("aria-label", `${model.get("label")}, or a ${model.get("placeholder")}`);
      Object.assign(input, { accept: model.get("accept"), multiple: model.get("multiple") });
      note.textContent = model.get("note");
      error.textContent = model.get("error");
      typed.ariaInvalid = error.textContent ? "true" : null;
      transfer.hidden = !sending;
      if (!sending) return;
      Object.assign(progress, { max: sending.size || 1, value: sending.bytes });
      progress.setAttribute("aria-label", `Sending ${sending.names}`);
      const sum = `${sending.names}: ${mb(sending.bytes)} of ${mb(sending.size)} MB`;
      count.textContent = sending.slow ? `${sum}, waiting for the kernel…` : sum;
    };
    choose.onclick = () => input.click();
    let last = ""; // the text that was sent
    const sendTyped = () => {
      const text = typed.value.trim();
      if (text !== last) takeText(model, text);
      last = text;
    };
    const taken = ({ type }) => { if (type === "taken" && typed.value.trim() === last) typed.value = last = ""; };
    typed.onchange = sendTyped;
    typed.onkeydown = ({ key }) => {
      if (key !== "Enter") return;
      last = ""; // again, even if it was refused
      sendTyped();
    };
    stop.onclick = () => { cancel(model); root.focus(); };
    input.onchange = () => { take(model, input); input.value = ""; };
    root.onpaste = (event) => {
      event.stopPropagation();
      if (event.target === typed && !event.clipboardData.files.length) {
        if (!typed.value) setTimeout(sendTyped);
      } else if (take(model, event.clipboardData)) event.preventDefault();
    };
    const over = (on) => (event) => {
      event.preventDefault();
      event.stopPropagation();
      root.classList.toggle("sw-over", on && !model.get("disabled"));
    };
    root.ondragenter = root.ondragover = over(true);
    root.ondragleave = over(false);
    root.ondrop = (event) => { over(false)(event); take(model, event.dataTransfer); };

    const traits = ["label", "accept", "multiple", "compact", "placeholder", "disabled", "busy", "note", "error"];
    const events = traits.map((name) => `change:${name}`).join(" ");
    model.on(events, show);
    const focus = () => {
      if (!model.get("wants_focus")) return;
      model.set("wants_focus", false); // once, in one view
      model.save_changes();
      requestAnimationFrame(() => { root.scrollIntoView({ block: "nearest" }); root.focus(); });
    };
    model.on("change:wants_focus", focus);
    model.on("msg:custom", taken);
    views.add(show);
    show();
    focus();
    return () => { views.delete(show); model.off(events, show); model.off("change:wants_focus", focus); model.off("msg:custom", taken); };
  }

  return { initialize, render };
};
