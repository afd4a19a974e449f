// The front end of `LiveLine`, which is never displayed: it fills the elements of its class, which
// are plain HTML in the output of a cell. So the saved notebook holds a sentence and no widget.
const STALE = 10_000; // ms without a change: the kernel has ended, or cannot be reached
const LOOK = `
.sw-live-row { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; max-width: 920px; margin: 2px 0;
  font: 13px/1.5 var(--jp-ui-font-family, system-ui, sans-serif); color: var(--jp-ui-font-color1, CanvasText); }
.sw-live-bar { flex: 0 0 160px; height: 8px; border-radius: 4px; overflow: hidden;
  background: var(--jp-layout-color2, #ddd); border: 1px solid var(--jp-border-color1, #999); }
.sw-live-bar > div { height: 100%; width: 0; background: var(--jp-brand-color1, #1976d2); transition: width .3s linear; }
.sw-live-bar.success > div { background: var(--jp-success-color1, #2e7d32); }
.sw-live-bar.warning > div { background: var(--jp-warn-color1, #b26a00); }
.sw-live-bar.danger > div { background: var(--jp-error-color1, #c62828); }
.sw-live-text { flex: 1 1 220px; min-width: 0; overflow-wrap: anywhere; }
.sw-live-row button { font: inherit; padding: 2px 10px; min-height: 28px; border-radius: 4px; cursor: pointer;
  border: 1px solid var(--jp-border-color0, #767676); background: var(--jp-layout-color1, Canvas); color: inherit; }
.sw-live-row button:hover:enabled { background: var(--jp-layout-color2, #eee); }
.sw-live-row button:disabled { opacity: .6; cursor: default; }
.sw-live-row button:focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
#sw-live-said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { .sw-live-bar > div { transition: none; } }`;

const TAGS = new Set(`A AUDIO B BR BUTTON CODE DD DETAILS DIV DL DT EM FIGCAPTION FIGURE H1 H2 H3 H4 HR I IMG LI OL P
  PRE SMALL SOURCE SPAN STRONG SUMMARY TABLE TBODY TD TH THEAD TR UL VIDEO WBR`.split(/\s+/));
const ATTRIBUTES = /^(alt|class|colspan|controls|download|loop|rel|role|scope|style|tabindex|target|title|aria-.*|data-.*)$/;
const ADDRESSES = { href: /^(https?|mailto|data):/i, src: /^(https?|data|blob):/i, poster: /^data:/i };

// Copies the elements that the kernel's builder of HTML makes, and of any other only the text. The parsed page is
// inert: it runs no scripts and loads nothing.
function nodes(html) {
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    if (!TAGS.has(node.tagName)) return document.createTextNode(node.textContent);
    const element = document.createElement(node.tagName);
    for (const { name, value } of node.attributes) {
      if (ATTRIBUTES.test(name) || ADDRESSES[name]?.test(value)) element.setAttribute(name, value);
    }
    element.append(...[...node.childNodes].map(copy));
    return element;
  };
  return [...new DOMParser().parseFromString(html, "text/html").body.childNodes].map(copy);
}

function make(tag, className, parent) {
  const node = Object.assign(document.createElement(tag), { className });
  parent?.append(node);
  return node;
}

export default {
  initialize({ model }) {
    const name = model.get("name");
    const lines = new Map(); // element of the output → the parts of its line
    let changed = Date.now();
    let announced = "";
    let focused = false; // a button of ours has the focus, while the front end draws the output anew

    if (!document.getElementById("sw-live-look")) {
      Object.assign(make("style", "", document.head), { id: "sw-live-look", textContent: LOOK });
      const said = Object.assign(make("div", "", document.body), { id: "sw-live-said" });
      said.setAttribute("role", "status"); // one for the page: it outlives the lines
    }

    function line(element) {
      const row = make("div", "sw-live-row", null);
      const bar = make("div", "sw-live-bar", row);
      bar.setAttribute("role", "progressbar");
      bar.setAttribute("aria-label", "Progress");
      const parts = {
        row, bar, fill: make("div", "", bar), text: make("span", "sw-live-text", row),
        buttons: make("span", "", row), still: [...element.childNodes],
      };
      element.replaceChildren(row);
      lines.set(element, parts);
      return parts;
    }
    function showBar({ bar, fill }) {
      const share = model.get("share");
      bar.className = `sw-live-bar ${model.get("look")}`;
      if (share < 0) { // unknown
        bar.removeAttribute("aria-valuenow");
        fill.style.width = "30%";
        if (!fill.getAnimations().length && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
          fill.animate([{ transform: "translateX(-100%)" }, { transform: "translateX(340%)" }],
            { duration: 1800, iterations: Infinity });
        }
        return;
      }
      fill.getAnimations().forEach((motion) => { if (!(motion instanceof CSSTransition)) motion.cancel(); });
      fill.style.width = `${100 * share}%`;
      bar.setAttribute("aria-valuenow", Math.round(100 * share));
    }
    function showButton({ buttons }) {
      const label = model.get("button");
      if ((buttons.firstChild?.dataset.label ?? "") === label) return;
      buttons.replaceChildren();
      if (!label) return;
      const button = make("button", "", buttons);
      Object.assign(button, { type: "button", textContent: label, title: model.get("hint") });
      Object.assign(button.dataset, { label, lmSuppressShortcuts: "true" });
      button.onclick = () => {
        button.disabled = true;
        model.send({ type: "press" });
      };
      button.onfocus = () => { focused = true; };
      button.onblur = () => { // a removal takes the focus first: the element is still connected here
        queueMicrotask(() => { focused = !button.isConnected; });
      };
      if (focused) button.focus({ preventScroll: true });
    }
    function show() {
      for (const element of lines.keys()) if (!element.isConnected) lines.delete(element);
      for (const element of document.getElementsByClassName(name)) {
        let parts = lines.get(element);
        if (!parts || !element.contains(parts.row)) parts = line(element);
        showBar(parts);
        showButton(parts);
        if (parts.html !== model.get("text")) parts.text.replaceChildren(...nodes(parts.html = model.get("text")));
      }
      if (announced !== model.get("announced")) {
        announced = model.get("announced");
        document.getElementById("sw-live-said").textContent = announced;
      }
    }
    function restore() { // the sentence that the output has without a kernel
      for (const [element, parts] of lines) element.replaceChildren(...parts.still);
      lines.clear();
    }
    function look() { // the front end may draw outputs at any time
      if (Date.now() - changed < STALE) show();
      else if (lines.size) restore();
    }
    function change() {
      changed = Date.now();
      show();
    }
    function end({ type, html }) { // outputs that no display_id reaches, such as those within an Output widget
      if (type !== "end") return;
      restore();
      const until = Date.now() + 5_000; // `interact` shows what a cell waited for after the cell's end
      const replace = () => {
        for (const element of [...document.getElementsByClassName(name)]) element.replaceWith(...nodes(html));
        if (Date.now() < until) setTimeout(replace, 500);
      };
      setTimeout(replace, 500);
    }

    const timer = setInterval(look, 100); // sooner than a person reads the sentence in its place
    model.on("change", change);
    model.on("msg:custom", end);
    model.on("comm_live_update", restore);
    show();
    model.send({ type: "ready" });
    return () => {
      clearInterval(timer);
      restore();
    };
  },
};
