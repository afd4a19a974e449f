// The front end of `JobTable`: updates rows in place, so that focus and pictures stay.
const element = (tag, name = "", properties = {}) =>
  Object.assign(document.createElement(tag), { className: name, ...properties });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]]; // updated once a minute: no seconds
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const LABELS = { open: "Open", stop: "Stop watching", resume: "Resume" };

function ago(moment) {
  const seconds = Math.max(0, (Date.now() - Date.parse(moment)) / 1000);
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? [];
  if (!unit) return "just now";
  return WORDS.format(-Math.floor(seconds / size), unit);
}

function put(node, text = "") {
  if (node.textContent !== text) node.textContent = text;
}

export default () => { // called once per model
  const pictures = new Map(); // key → URL of a thumbnail, "" while it is requested
  const clear = new Set(); // the keys of transparent ones: the kernel sends PNG only for these
  const views = new Set(); // functions that draw the open views
  let extra, take; // promise of lightbox.js, which places the details; the kernel sends it

  function makeLine(model, key) {
    const box = element("li", "sw-job");
    const names = ["status", "message", "sandbox", "model", "prompt", "time", "age", "cost"];
    const parts = Object.fromEntries(names.map((name) => [name, element("span", `sw-job-${name}`)]));
    const picture = element("span", "sw-job-picture");
    const bar = element("progress", "", { max: 1 });
    const id = element("button", "sw-job-id", { type: "button" });
    const head = element("div", "sw-job-head");
    const facts = element("div", "sw-job-facts");
    const actions = element("div", "sw-job-actions");
    head.append(parts.status, parts.model, parts.sandbox, parts.message);
    facts.append(bar, parts.time, parts.cost, parts.age, id);
    box.append(picture, head, parts.prompt, facts, actions);
    id.onclick = async () => {
      try {
        await navigator.clipboard.writeText(id.textContent);
        id.dataset.said = "copied";
      } catch { // pages over plain http have no clipboard API
        getSelection().selectAllChildren(id);
        id.dataset.said = "now press Ctrl+C";
      }
      setTimeout(() => delete id.dataset.said, 2000);
    };

    function act(name) {
      const button = element("button", "sw-button", { type: "button", textContent: LABELS[name] });
      button.dataset.name = name;
      button.onclick = () => model.send({ type: "act", name, key });
      return button;
    }

    function update(row) {
      for (const name of names) put(parts[name], row[name]);
      put(parts.age, row.created && ago(row.created));
      parts.age.title = row.created && new Date(row.created).toLocaleString();
      put(id, row.id);
      id.title = `Copy the id ${row.id}`;
      box.dataset.status = row.status;
      bar.hidden = !row.live;
      bar.setAttribute("aria-label", `Progress of ${row.model}`);
      if (row.progress == null) bar.removeAttribute("value");
      else bar.value = row.progress;
      const current = [...actions.children].map((one) => one.dataset.name);
      if (current.join() !== row.actions.join()) {
        const focused = actions.contains(document.activeElement);
        actions.replaceChildren(...row.actions.map(act));
        if (focused) actions.firstChild.focus();
      }
      for (const one of actions.children) {
        one.setAttribute("aria-label", `${one.textContent}: ${row.model}, ${row.prompt || row.id}`);
      }
      const url = pictures.get(key);
      if (url && picture.firstChild?.src !== url) {
        const name = clear.has(key) ? "sw-clear" : "";
        picture.replaceChildren(element("img", name, { src: url, alt: row.prompt || row.model }));
      }
    }

    const open = (yes) => box.setAttribute("aria-current", yes);
    return { box, update, open, thumb: { focus: () => actions.firstChild?.focus() } };
  }

  function initialize({ model }) {
    const hear = (message, [bytes]) => {
      if (message.type === "extra") {
        const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
        import(url).then(take).finally(() => URL.revokeObjectURL(url));
      } else if (message.type === "seen") {
        const { key, media_type: type } = message;
        if (type !== "image/jpeg") clear.add(key);
        pictures.set(key, URL.createObjectURL(new Blob([bytes], { type })));
        views.forEach((draw) => draw()); // no event of the model: anywidget's has no `trigger`
      } else { // a patch: changed facts by row key
        const rows = model.get("content").rows.map((row) => ({ ...row, ...message.rows[row.key] }));
        model.set("content", { rows, summary: message.summary });
      }
    };
    model.on("msg:custom", hear);
    return () => pictures.forEach((url) => url && URL.revokeObjectURL(url));
  }

  function render({ model, el }) {
    const root = element("div", "sw-jobs");
    const summary = element("div", "sw-jobs-summary");
    const list = element("ol", "sw-jobs-list");
    const empty = element("p", "sw-jobs-empty");
    summary.setAttribute("role", "status");
    list.setAttribute("aria-label", "Jobs, the newest first");
    root.append(summary, list, empty);
    el.append(root);
    const lines = new Map();
    let details, opened;
    extra ??= new Promise((resolve) => { take = resolve; model.send({ type: "extra" }); });
    extra.then(({ under }) => {
      details = under(root, list, () => lines.get(model.get("open_key")));
      details.place();
    });

    function draw() {
      const { rows, summary: text } = model.get("content");
      const keys = new Set(rows.map(({ key }) => key));
      for (const [key, { box }] of lines) if (!keys.has(key)) { box.remove(); lines.delete(key); }
      for (const [key, url] of pictures) {
        if (!keys.has(key)) { URL.revokeObjectURL(url); pictures.delete(key); }
      }
      let next = list.firstElementChild;
      rows.forEach((row) => {
        if (!lines.has(row.key)) lines.set(row.key, makeLine(model, row.key));
        const { box, update, open } = lines.get(row.key);
        update(row);
        open(row.key === model.get("open_key"));
        if (next?.className === "sw-room") next = next.nextElementSibling;
        if (next === box) next = next.nextElementSibling;
        else list.insertBefore(box, next);
      });
      const missing = rows.filter(({ key, picture }) => picture && !pictures.has(key));
      missing.forEach(({ key }) => pictures.set(key, ""));
      if (missing.length) model.send({ type: "look", keys: missing.map(({ key }) => key) });
      put(summary, rows.length ? text : "");
      put(empty, rows.length ? "" : model.get("empty"));
      list.hidden = !rows.length;
      if (model.get("open_key") === opened) return details?.place();
      const before = lines.get(opened);
      opened = model.get("open_key");
      details?.follow(before);
    }

    model.on("change:content change:open_key change:empty", draw);
    views.add(draw);
    draw();
    const clock = setInterval(draw, 60_000); // updates "5 minutes ago"
    return () => {
      clearInterval(clock);
      details?.close();
      model.off("change:content change:open_key change:empty", draw);
      views.delete(draw);
    };
  }

  return { initialize, render };
};
