// A panel's heading and look. It also keeps the keyboard's place: when what had the focus is gone,
// hidden or drawn anew, the focus goes to its like or to what stood before it, not to the page.
const STOPS = "button, input, select, textarea, summary, a[href], [tabindex]";
const OWN_KEYS = "select, [type=checkbox]"; // what JupyterLab takes for its own cells otherwise
const WAIT = 80; // ms for what is drawn anew to be there
const usable = (node) => node.isConnected && !node.disabled && node.tabIndex >= 0 && node.checkVisibility();
const waits = (node) => node.isConnected && node.disabled && node.checkVisibility();
const nameOf = (node) => `${node.tagName} ${node.ariaLabel ?? node.labels?.[0]?.textContent ?? node.textContent}`;

export default {
  render({ model, el }) {
    const style = Object.assign(document.createElement("style"), { textContent: model.get("look") });
    const title = Object.assign(document.createElement("span"), {
      className: "sw-title", role: "heading", ariaLevel: "3", textContent: model.get("title"),
    });
    const ended = Object.assign(document.createElement("div"), {
      className: "sw-ended sw-error", textContent: "The kernel of this panel has ended: run its cell again.",
    });
    el.append(style, title, ended);

    let last = null; // {node, name, stops: all there were, at: its place among them}
    let timer;
    const stopsOf = (panel) => [...panel.querySelectorAll(STOPS)].filter(usable);

    function note({ target }) {
      const panel = el.closest(".sw-panel");
      if (!panel) return;
      watcher.observe(panel, { childList: true, subtree: true, attributeFilter: ["style", "hidden", "disabled"] });
      if (panel.contains(target) && target.matches(OWN_KEYS)) target.dataset.lmSuppressShortcuts = "true";
      const stops = panel.contains(target) ? stopsOf(panel) : [];
      last = stops.length ? { node: target, name: nameOf(target), stops, at: stops.indexOf(target) } : null;
    }
    function left() { // by the reader: a button that cannot be pressed for a while tells nobody
      if (last && usable(last.node)) last.waited = false;
      check();
    }
    function check() {
      clearTimeout(timer);
      if (last && document.activeElement === document.body) timer = setTimeout(restore, WAIT);
    }
    function restore() {
      const panel = el.closest(".sw-panel");
      if (!last || !panel || document.activeElement !== document.body) return;
      if (waits(last.node)) return;
      if (usable(last.node)) { // where it did not wait, the reader clicked beside it
        if (last.waited) last.node.focus({ preventScroll: true });
        else last = null;
        return;
      }
      const now = stopsOf(panel);
      const far = (node) => Math.abs(now.indexOf(node) - last.at);
      const alike = now.filter((node) => nameOf(node) === last.name).sort((a, b) => far(a) - far(b));
      const near = [...last.stops.slice(0, last.at).reverse(), ...last.stops.slice(last.at + 1)];
      (alike[0] ?? near.find(usable) ?? now[0])?.focus({ preventScroll: true });
    }

    const watcher = new MutationObserver(() => {
      if (!last) return;
      if (waits(last.node)) last.waited = true;
      if (document.activeElement === document.body && (last.waited || !usable(last.node))) check();
    });
    document.addEventListener("focusin", note);
    document.addEventListener("focusout", left);
    return () => {
      clearTimeout(timer);
      watcher.disconnect();
      document.removeEventListener("focusin", note);
      document.removeEventListener("focusout", left);
    };
  },
};
