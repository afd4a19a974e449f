// The part of `Pictures` that is loaded before the first click: the enlarged view, downloads and the
// clipboard.
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const LARGE = 1600; // px

function say(model, note, error = "") {
  model.set({ note, error });
  model.save_changes();
}

async function whole({ model, ask }, from, told) {
  const parts = [];
  for (let offset = 0; ;) {
    const [answer, bytes] = await ask(model, { ...from, type: "part", offset });
    const { name, size, media_type: type } = answer;
    parts.push(new Blob([bytes]));
    offset += bytes.byteLength;
    told(`${name}: ${(offset / 1e6).toFixed(1)} of ${(size / 1e6).toFixed(1)} MB`);
    if (offset >= size || !bytes.byteLength) return { name, blob: new Blob(parts, { type }) };
  }
}

async function save(kit, from) {
  const { model } = kit;
  const { name, blob } = await whole(kit, from, (note) => model.set({ note, error: "" }));
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
  say(model, `${name} downloaded.`);
}

async function copy(model, value = "") {
  try {
    await navigator.clipboard.writeText(value);
  } catch { // pages over plain http have no clipboard API
    const area = Object.assign(document.createElement("textarea"), { value });
    const focused = document.activeElement;
    (document.querySelector("dialog[open].sw-light") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    if (!done) return say(model, "", `The browser does not let pages copy. Copy this: ${value}`);
  }
  say(model, "Copied.");
}

export async function act(kit, name, item) {
  const { token, key } = item;
  if (name === "download") await save(kit, token ? { token } : { key });
  else if (name === "copy") await copy(kit.model, item.url);
  else kit.model.send({ type: "action", name, key });
}

async function fill(kit, item, stage, urls) {
  const { model, look, ask, element, altOf, sideOf } = kit;
  const kind = item.kind ?? "image";
  if (kind === "image") {
    const img = element("img", "", { alt: altOf(item) });
    stage.replaceChildren(img);
    const small = await look(model, item.key, sideOf(model)).catch(() => ({}));
    img.classList.toggle("sw-clear", Boolean(small.clear));
    if (small.url) img.src = small.url;
    const large = await look(model, item.key, LARGE);
    if (large.url) img.src = large.url;
  } else if (kind === "text") {
    const [, bytes] = await ask(model, { type: "part", key: item.key, offset: 0 });
    const textContent = new TextDecoder().decode(bytes).slice(0, 200_000);
    stage.replaceChildren(element("pre", "", { textContent, tabIndex: 0 }));
  } else if (kind === "file") {
    stage.textContent = "This kind of file cannot be shown here.";
  } else {
    const { blob } = await whole(kit, { key: item.key }, (text) => { stage.textContent = text; });
    if (!stage.isConnected) return;
    urls.push(URL.createObjectURL(blob));
    const player = element(kind, "", { controls: true, src: urls.at(-1) });
    player.setAttribute("aria-label", altOf(item));
    stage.replaceChildren(player);
  }
}

export function open(kit) { // returns a promise of the last key
  const { model, buttons, element, altOf } = kit;
  let { key } = kit;
  if (document.querySelector("dialog.sw-light")) return key; // the second half of a double click
  const dialog = element("dialog", "sw-light", { tabIndex: -1 });
  const [back, next, close] = [["‹", "Previous"], ["›", "Next"], ["×", "Close"]].map(
    ([textContent, title]) => element("button", "sw-button", { type: "button", textContent, title, ariaLabel: title }));
  const count = element("span", "sw-count");
  const actions = element("div", "sw-actions");
  const bar = element("div", "sw-bar");
  const note = element("div", "sw-note");
  const caption = element("div", "sw-caption");
  caption.setAttribute("aria-live", "polite");
  bar.append(back, count, next, actions, close);
  let stage = element("div");
  dialog.append(bar, stage, caption, note);
  const urls = [];
  const free = () => urls.splice(0).forEach((url) => URL.revokeObjectURL(url));
  const place = () => model.get("items").findIndex((item) => item.key === key);

  function show() {
    const items = model.get("items");
    const item = items[place()];
    const before = stage; // late answers of the previous item go to its removed stage
    stage = element("div", "sw-stage");
    before.replaceWith(stage);
    free();
    dialog.setAttribute("aria-label", altOf(item));
    caption.textContent = [item.caption || item.alt, item.note].filter(Boolean).join(" · ");
    count.textContent = `${place() + 1} of ${items.length}`;
    back.disabled = item === items[0];
    next.disabled = item === items.at(-1);
    const stays = ["download", "copy"];
    actions.replaceChildren(...buttons(model, item, (name) => stays.includes(name) || dialog.close()));
    const now = stage;
    fill(kit, item, now, urls).catch((error) => {
      now.textContent = `${altOf(item)}: ${error.message}`;
    });
    if (document.activeElement.disabled || !dialog.contains(document.activeElement)) dialog.focus();
  }
  function step(by) {
    const item = model.get("items")[place() + by];
    if (item) { key = item.key; show(); }
  }
  const tell = () => { note.textContent = model.get("error") || model.get("note"); };
  const follow = () => { if (place() < 0) dialog.close(); };
  back.onclick = () => step(-1);
  next.onclick = () => step(1);
  close.onclick = () => dialog.close();
  dialog.onclick = (event) => { if (event.target === dialog && event.detail < 2) dialog.close(); };
  dialog.onkeydown = (event) => {
    event.stopPropagation();
    if (STEPS[event.key] && !event.target.matches("video, audio, pre")) step(STEPS[event.key]);
  };
  model.on("change:items", follow);
  model.on("change:note change:error", tell);
  document.body.append(dialog);
  show();
  dialog.showModal();
  dialog.focus();
  return new Promise((closed) => {
    dialog.onclose = () => {
      free();
      model.off("change:items", follow);
      model.off("change:note change:error", tell);
      dialog.remove();
      closed(key);
    };
  });
}
