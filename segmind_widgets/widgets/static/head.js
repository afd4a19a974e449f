// The front end of `Head`: a panel's heading and CSS. It also restores the keyboard focus: when the
// focused element is removed, hidden or redrawn, the focus moves to an equal or a preceding element
// of the panel.
const STOPS = "button, input, select, textarea, summary, a[href], [tabindex]";
const OWN_KEYS = "select, [type=checkbox]"; // JupyterLab would handle their keys as cell shortcuts
const WAIT = 80; // ms, for redrawn elements to appear
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

    let last = null; // {node, name, stops: all focusable elements, at: the index of node}
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
    function left() { // focusout fires for the user's own moves, and not for a button that becomes disabled
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
      if (usable(last.node)) { // if the node was never disabled, the user clicked elsewhere
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
