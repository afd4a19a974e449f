// The part of `Pictures` that is loaded before the first click: the enlarged view, downloads, the
// clipboard, posters, and the place of the details.
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const LARGE = 1600; // px
const STYLE = `
.sw-light .sw-button { padding: 3px 10px; }
.sw-light .sw-button:disabled { cursor: default; opacity: 0.5; }
.sw-light {
  width: min(1200px, 96vw);
  max-width: none;
  max-height: 96vh;
  padding: 12px;
  border: 1px solid var(--jp-border-color1, GrayText);
  border-radius: 6px;
  background: var(--jp-layout-color1, Canvas);
}
.sw-light:focus { outline: none; }
.sw-light::backdrop { background: rgb(0 0 0 / 65%); }
.sw-light .sw-bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.sw-light .sw-actions { flex: 1; justify-content: flex-end; }
.sw-light .sw-stage {
  display: flex;
  align-items: center;
  justify-content: center;
  min-height: 120px;
  margin: 10px 0;
}
.sw-light img,
.sw-light video { width: 100%; max-height: 76vh; object-fit: contain; }
.sw-light audio { width: 100%; }
.sw-light pre {
  width: 100%;
  max-height: 72vh;
  margin: 0;
  overflow: auto;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
.sw-light .sw-caption { max-height: 5.6em; overflow: auto; overflow-wrap: anywhere; }
.sw-light .sw-note { color: var(--jp-ui-font-color2, GrayText); }
`;

function say(model, note, error = "") {
  model.set({ note, error });
  model.save_changes();
}

async function whole({ model, ask }, from, told, limit = Infinity) {
  const parts = [];
  for (let offset = 0; ;) {
    const [answer, bytes] = await ask(model, { ...from, type: "part", offset });
    const { name, size, media_type: type } = answer;
    if (size > limit) return { name };
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

// Keeps the details, a widget beside the grid in `.sw-has-details`, directly under the selected row: the
// grid leaves room there, and the details are placed over it.
export function under(root, list, selected, model) {
  const room = Object.assign(document.createElement("div"), { className: "sw-room" });
  room.setAttribute("role", "presentation");
  let panel, box, reveal;
  const observer = new ResizeObserver(() => place());

  function find() {
    box ??= root.closest(".sw-has-details");
    if (panel || !box) return;
    panel = box.querySelector(".sw-details");
    if (!panel) return;
    observer.observe(panel);
    observer.observe(list);
    panel.addEventListener("keydown", escape);
  }

  function escape(event) { // the same as the button Close
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.stopPropagation();
    panel.querySelector(".sw-close button, button.sw-close")?.click();
  }

  function place() {
    find();
    const cell = selected();
    if (!panel || !cell || !panel.offsetHeight) return room.remove();
    if (!room.parentNode || room.dataset.top !== String(cell.box.offsetTop)) {
      room.remove();
      let last = cell.box;
      while (last.nextElementSibling?.offsetTop === last.offsetTop) last = last.nextElementSibling;
      room.dataset.top = cell.box.offsetTop;
      last.after(room);
    }
    room.style.height = `${panel.offsetHeight}px`;
    panel.style.top = `${room.getBoundingClientRect().top - box.getBoundingClientRect().top}px`;
    if (!reveal) return;
    reveal = false;
    panel.scrollIntoView({ block: "nearest" });
    if (cell.box.getBoundingClientRect().height + panel.offsetHeight < innerHeight / 2) {
      cell.box.scrollIntoView({ block: "nearest" });
    }
  }

  function follow(before) {
    find();
    const focused = document.activeElement;
    reveal = Boolean(selected());
    if (!reveal && before && (focused === document.body || panel?.contains(focused))) before.thumb.focus();
    place();
  }

  function remove(event) { // the Delete key on a tile
    const { target: thumb, key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (key !== "Delete" || ctrlKey || metaKey || altKey || shiftKey) return;
    if (!list.contains(thumb) || !thumb.matches(".sw-thumb") || event.repeat) return;
    if (!model.get("actions").some(({ name }) => name === "delete")) return;
    event.preventDefault();
    event.stopPropagation();
    const all = [...list.querySelectorAll(".sw-thumb")];
    const at = all.indexOf(thumb);
    (all[at + 1] ?? all[at - 1])?.focus({ preventScroll: true }); // until the kernel has answered
    model.send({ type: "action", name: "delete", key: thumb.dataset.key });
  }
  const focus = ({ type, key }) => {
    if (type !== "focus") return;
    [...list.querySelectorAll(".sw-thumb")].find(({ dataset }) => dataset.key === key)?.focus();
  };
  window.addEventListener("keydown", remove, true); // before the notebook, as arrow keys
  model?.on("msg:custom", focus);

  function close() {
    window.removeEventListener("keydown", remove, true);
    model?.off("msg:custom", focus);
    observer.disconnect();
    panel?.removeEventListener("keydown", escape);
  }
  return { place, follow, close, clear: () => room.remove() };
}

// Posters: the browser draws a frame of a video, so that the kernel needs no decoder.
const GLYPHS = { // paths in a square of 24
  video: "M3 5h18v14H3zM7 5v14M17 5v14M3 9.5h4M3 14.5h4M17 9.5h4M17 14.5h4",
  audio: "M3 10v4M6 7v10M9 4v16M12 9v6M15 6v12M18 8v8M21 10v4",
};
export const time = (seconds) => Number.isFinite(seconds) // "0:05", "1:02:03", whole seconds as players show them
  ? new Date(Math.floor(seconds) * 1000).toISOString().slice(11, 19).replace(/^00:0?/, "") : "";
function glyph(kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  path.setAttribute("d", GLYPHS[kind]);
  svg.append(path);
  return svg;
}
export function sign({ element }, { kind, name, caption }) { // what stands for a file without a poster
  const box = element("span", "sw-sign");
  box.append(glyph(kind), element("span", "sw-name", { textContent: name ?? caption ?? "" }));
  box.setAttribute("aria-hidden", "true");
  return box;
}

const POSTER_BYTES = 24e6; // of a video or sound that is read for its poster and duration
const POSTER_TIME = 8000; // ms
let posters = Promise.resolve(); // one at a time

function event(player, name) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("too slow")), POSTER_TIME);
    player.addEventListener(name, () => { clearTimeout(late); resolve(); }, { once: true });
    player.addEventListener("error", () => { clearTimeout(late); reject(new Error("unreadable")); }, { once: true });
  });
}

function frame(player, side) {
  const canvas = document.createElement("canvas");
  const share = Math.min(1, side / Math.max(player.videoWidth, player.videoHeight));
  canvas.width = Math.max(1, Math.round(player.videoWidth * share));
  canvas.height = Math.max(1, Math.round(player.videoHeight * share));
  canvas.getContext("2d").drawImage(player, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
}

async function inspect(kit, { key, kind }, side) {
  const { name, blob } = await whole(kit, { key }, () => {}, POSTER_BYTES);
  if (!blob) return { name };
  const src = URL.createObjectURL(blob);
  const player = Object.assign(document.createElement(kind), { muted: true, preload: "auto" });
  let duration;
  try {
    const ready = event(player, kind === "video" ? "loadeddata" : "loadedmetadata");
    player.src = src;
    await ready;
    duration = player.duration;
    if (kind !== "video" || !player.videoWidth) return { name, duration };
    const sought = event(player, "seeked");
    player.currentTime = Math.min(0.5, (Number.isFinite(duration) ? duration : 0) / 2);
    await sought;
    const picture = await frame(player, side);
    return { name, duration, url: picture && URL.createObjectURL(picture) };
  } catch { // the browser cannot play it: the tile shows the name alone
    return { name, duration };
  } finally {
    player.removeAttribute("src");
    player.load();
    URL.revokeObjectURL(src);
  }
}

export function poster(kit, item, side) { // returns a promise of {name, duration, url}
  const next = posters.then(() => inspect(kit, item, side));
  posters = next.catch(() => {});
  return next;
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
  dialog.append(element("style", "", { textContent: STYLE }), bar, stage, caption, note);
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
