// The front end of `Head`: a panel's heading and CSS. It also keeps keys from the notebook, runs the
// form at Ctrl+Enter, and restores the keyboard focus: when the focused element is removed, hidden or
// redrawn, the focus moves to an equal or a preceding element of the panel.
const STOPS = "button, input, select, textarea, summary, a[href], [tabindex]";
const SAVES = ({ key, ctrlKey, metaKey, altKey }) => (ctrlKey || metaKey) && !altKey && key.toLowerCase() === "s";
const RUNS = ({ key, ctrlKey, metaKey }) => (ctrlKey || metaKey) && key === "Enter";
const WAIT = 80; // ms, for redrawn elements to appear
const usable = (node) => node.isConnected && !node.disabled && node.tabIndex >= 0 && node.checkVisibility();
const waits = (node) => node.isConnected && node.disabled && node.checkVisibility();
const nameOf = (node) => `${node.tagName} ${node.ariaLabel ?? node.labels?.[0]?.textContent ?? node.textContent}`;

const WRONG = ".sw-form [aria-invalid=true], .sw-form .sw-mono textarea";
const PATIENCE = 2000; // ms, for messages of other models and for redrawn elements

// Call `act` with the first value of `find` that is not empty.
function when(find, act, until = Date.now() + PATIENCE) {
  const found = find();
  if (found) act(found);
  else if (Date.now() < until) requestAnimationFrame(() => when(find, act, until));
}

function scrollTo(list) { // `scrollIntoView` would scroll the page, too
  const [option] = list.selectedOptions;
  const [inner, outer] = [option.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop += inner.top - outer.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}

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
      const stops = panel.contains(target) ? stopsOf(panel) : [];
      last = stops.length ? { node: target, name: nameOf(target), stops, at: stops.indexOf(target) } : null;
    }
    // For all elements of the panel. Front ends look for the mark on the focused element alone, Notebook 7 in
    // the document's capture phase. Without it their shortcuts take keys, such as the arrows of a slider.
    function shield(event) {
      const { target } = event;
      const panel = el.closest(".sw-panel");
      if (!panel?.contains(target)) return;
      if (SAVES(event)) delete target.dataset.lmSuppressShortcuts;
      else target.dataset.lmSuppressShortcuts = "true";
      const run = RUNS(event) && [...panel.querySelectorAll(".sw-act .sw-primary")].find(usable);
      if (!run) return;
      event.preventDefault();
      event.stopPropagation();
      target.dispatchEvent(new Event("change", { bubbles: true })); // sends the typed text first
      run.click();
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

    const panelOf = () => el.closest(".sw-panel");
    const lists = () => when(
      () => [...(panelOf()?.querySelectorAll("select[size]") ?? [])].find((list) => list.selectedOptions.length),
      (list) => requestAnimationFrame(() => scrollTo(list)),
    );
    const hear = ({ type, politely }) => {
      if (type === "lists") lists();
      if (type !== "error") return;
      const { activeElement: now } = document;
      if (politely && now !== document.body && !now.closest(".sw-act")) return;
      when(
        () => [...(panelOf()?.querySelectorAll(WRONG) ?? [])].find(usable),
        (field) => field.focus(),
      );
    };
    model.on("msg:custom", hear);
    lists();

    const watcher = new MutationObserver(() => {
      if (!last) return;
      if (waits(last.node)) last.waited = true;
      if (document.activeElement === document.body && (last.waited || !usable(last.node))) check();
    });
    window.addEventListener("keydown", shield, true);
    document.addEventListener("focusin", note);
    document.addEventListener("focusout", left);
    return () => {
      clearTimeout(timer);
      model.off("msg:custom", hear);
      watcher.disconnect();
      window.removeEventListener("keydown", shield, true);
      document.removeEventListener("focusin", note);
      document.removeEventListener("focusout", left);
    };
  },
};
