// The front end of `Controls`: native controls; each is one value of the model.
const element = (tag, name = "", properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), { className: name, ...properties });
  node.append(...children);
  return node;
};
const button = (text, title, onclick, name = "sw-small") =>
  element("button", name, { type: "button", textContent: text, title, onclick, ariaLabel: title });
const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
const rounded = (value) => Number(value.toPrecision(12)); // 0.1 + 0.2
const AREAS = { text: 3, messages: 3, lines: 3, yaml: 2 }; // rows
const ROWS = "";

// Each control is {main: the labelled element, parts: all elements, set(raw)}; `send(raw)` reports
// a change.

function area(field, send) {
  const main = element("textarea", field.kind === "yaml" ? "sw-mono" : "", {
    placeholder: field.hint, spellcheck: field.kind === "text",
    onchange: () => send(main.value || null),
  });
  main.style.setProperty("--sw-rows", field.advanced ? 2 : AREAS[field.kind]);
  return { main, parts: [main], set: (raw) => { main.value = raw ?? ""; } };
}

function line(field, send) {
  const main = element("input", "", {
    type: "text", placeholder: field.hint, onchange: () => send(main.value || null),
  });
  return { main, parts: [main], set: (raw) => { main.value = raw ?? ""; } };
}

function toggle(field, send) {
  const main = element("input", "", {
    type: "checkbox", onchange: () => send(main.checked === field.default ? null : main.checked),
  });
  return { main, parts: [main], set: (raw) => { main.checked = raw ?? field.default; } };
}

function choice(field, send) {
  const none = field.required && !field.hint ? "choose…" : field.hint ? `default (${field.hint})` : "default";
  const unset = field.kind === "open" && !("default" in field) ? "default" : none;
  const other = element("input", "", { type: "text", hidden: true, ariaLabel: `${field.label}, other` });
  const main = element("select");
  let values = [];
  const fill = (more) => {
    const listed = field.choices.some(([, value]) => same(value, more)) || more === null;
    const shown = listed ? field.choices : [...field.choices, [String(more), more]];
    values = [null, ...shown.map(([, value]) => value)];
    const labels = [unset, ...shown.map(([label]) => label), ...(field.kind === "open" ? ["Other…"] : [])];
    main.replaceChildren(...labels.map((label, index) => element("option", "", { value: index, textContent: label })));
  };
  main.onchange = () => {
    other.hidden = Number(main.value) < values.length;
    if (other.hidden) send(values[main.value]);
    else { other.value = ""; other.focus(); }
  };
  other.onchange = () => { if (other.value.trim()) { send(other.value.trim()); set(other.value.trim()); } };
  const set = (raw) => {
    fill(raw);
    main.value = values.findIndex((value) => same(value, raw));
    other.hidden = true;
  };
  return { main, parts: [main, other], set };
}

function number(field, send, model, listen) {
  const { min, max, step } = field;
  const bounds = { min: min ?? "", max: max ?? "", step: step ?? "any" };
  const parts = [];
  const main = element("input", "", { type: "number", placeholder: field.hint, ...bounds });
  const slider = element("input", "", { type: "range", ariaLabel: `${field.label}, slider`, ...bounds });
  const slide = () => {
    const unset = main.value === "";
    slider.value = unset ? field.default ?? (min + max) / 2 : main.value;
    slider.classList.toggle("sw-unset", unset && !("default" in field));
    const share = (slider.value - slider.min) / (slider.max - slider.min);
    slider.style.setProperty("--sw-share", `${100 * share}%`);
  };
  const set = (raw) => { main.value = raw ?? ""; slide(); };
  const put = (raw) => { set(raw); send(raw); };
  main.oninput = slide;
  main.onchange = () => send(main.value === "" ? null : rounded(main.valueAsNumber));
  slider.oninput = () => { main.value = rounded(slider.valueAsNumber); slide(); };
  slider.onchange = () => put(rounded(slider.valueAsNumber));
  slider.onclick = () => { if (main.value === "") slider.onchange(); }; // a click that does not move the slider
  if (field.slider) parts.push(slider);
  parts.push(main);
  if (field.seed) parts.push(...seed(field, put, model, listen));
  return { main, parts: [element("div", "sw-number", {}, ...parts)], set };
}

function seed(field, put, model, listen) {
  const any = (field.min ?? -1) <= -1;
  const most = Math.min(field.max ?? 2 ** 31 - 1, 2 ** 31 - 1);
  const pick = () => put(any ? -1 : Math.floor(field.min + Math.random() * (most - field.min + 1)));
  const keep = button("", "Keep the seed of the last run", () => put(model.get("last_seed")));
  const show = () => {
    keep.hidden = model.get("last_seed") === null;
    keep.textContent = `keep ${model.get("last_seed")}`;
  };
  listen("change:last_seed", show);
  show();
  return [button("⚄", any ? "A new seed each time (-1)" : "Another seed", pick, "sw-small sw-dice"), keep];
}

const MAKERS = { switch: toggle, choice, open: choice, number, line, value: line };

export default {
  render({ model, el }) {
    const prefix = `sw-${Math.random().toString(36).slice(2)}`;
    const controls = new Map(); // name → {set, raw, note}
    const root = element("div", "sw-fields");
    const more = element("div", "sw-fields");
    const summary = element("summary", "", { textContent: "Advanced" });
    const fold = element("details", "sw-advanced sw-wide", {}, summary, more);

    const listeners = [];
    const listen = (event, call) => { model.on(event, call); listeners.push(() => model.off(event, call)); };
    let waiting = 0; // changes that the kernel has not read yet
    const put = (changes) => { // a message, since a trait would be saved before the kernel reads it
      waiting += 1;
      model.send({ type: "values", changes });
    };
    const taken = ({ type }) => {
      if (type !== "taken") return;
      waiting = Math.max(0, waiting - 1);
      showValues();
    };

    function draw(field) {
      const id = `${prefix}-${field.name}`;
      const control = { raw: undefined };
      const send = (raw) => { control.raw = raw; put({ [field.name]: raw }); };
      const { main, parts, set } = (MAKERS[field.kind] ?? area)(field, send, model, listen);
      const star = field.required ? [element("span", "", { textContent: " *", ariaHidden: "true" })] : [];
      const unit = field.unit ? [element("span", "sw-unit", { textContent: ` ${field.unit}` })] : [];
      const label = element("label", "sw-label", { htmlFor: id, title: field.tip }, field.label, ...star, ...unit);
      const note = element("div", "sw-note", { id: `${id}-note` });
      note.setAttribute("role", "status");
      note.setAttribute("aria-live", "polite");
      Object.assign(main, { id, title: field.tip, name: field.name });
      main.setAttribute("aria-describedby", note.id);
      if (field.required) main.setAttribute("aria-required", "true");
      control.set = (raw) => { if (!same(raw, control.raw) || control.raw === undefined) { control.raw = raw; set(raw); } };
      control.note = (message) => {
        note.textContent = message?.text ?? "";
        note.classList.toggle("sw-error", Boolean(message?.error));
        main.ariaInvalid = message?.error ? "true" : null;
      };
      controls.set(field.name, control);
      const wide = field.kind in AREAS ? "sw-wide" : "";
      const inside = field.kind === "switch" ? [element("div", "sw-switch", {}, ...parts, label)] : [label, ...parts];
      return element("div", `sw-field ${wide}`, {}, ...inside, note);
    }

    function pair(fields, { names, sizes }) {
      const shapes = sizes.map(([ratio, width, height]) =>
        button(ratio, `${width} × ${height} pixels`, () => put({ [names[0]]: width, [names[1]]: height })));
      const chips = element("div", "sw-shapes", {}, ...shapes);
      const group = element("div", "sw-pair sw-wide", { ariaLabel: "Width and height" }, ...fields.map(draw), chips);
      group.setAttribute("role", "group");
      return group;
    }

    function freeRows() {
      const list = element("div", "sw-free-list");
      const control = { raw: undefined, note: () => {} };
      const report = () => {
        const raw = [...list.children].map((row) => [...row.querySelectorAll("input")].map((input) => input.value));
        control.raw = raw.length ? raw : null;
        put({ [ROWS]: control.raw });
      };
      const add = ([name, text]) => {
        const row = element("div", "sw-free", { onchange: report },
          element("input", "", { type: "text", value: name, placeholder: "name", ariaLabel: "Name of the input" }),
          element("input", "", { type: "text", value: text, placeholder: "value", ariaLabel: "Value of the input" }),
          button("×", "Remove this input", () => { row.remove(); report(); plus.focus(); }),
          element("div", "sw-note", { role: "status", ariaLive: "polite" }));
        list.append(row);
        return row;
      };
      const plus = button("+ Another input", "Add an input of any name", () => add(["", ""]).firstChild.focus());
      control.set = (raw) => {
        if (same(raw, control.raw) && control.raw !== undefined) return;
        control.raw = raw;
        list.replaceChildren();
        (raw ?? []).forEach(add);
      };
      control.notes = (notes) => {
        for (const row of list.children) {
          const message = notes[row.firstChild.value];
          row.lastChild.textContent = message?.text ?? "";
          row.lastChild.classList.toggle("sw-error", Boolean(message?.error));
          row.children[1].ariaInvalid = message?.error ? "true" : null;
        }
      };
      controls.set(ROWS, control);
      return element("div", "sw-rows sw-wide", {}, list, plus);
    }

    function showValues() {
      if (waiting) return; // older values would overwrite newer text
      const values = model.get("values");
      for (const [name, control] of controls) control.set(values[name] ?? null);
      const names = model.get("fields").filter(({ advanced }) => advanced).map(({ name }) => name);
      const set = names.filter((name) => name in values).length;
      summary.textContent = set ? `Advanced (${set} set)` : "Advanced";
    }

    function showNotes() {
      const notes = model.get("notes");
      for (const [name, control] of controls) control.note(notes[name]);
      controls.get(ROWS)?.notes(notes);
      if (more.querySelector(".sw-note.sw-error")) fold.open = true;
    }

    function build() {
      const shapes = model.get("shapes");
      const rows = model.get("rows");
      controls.clear();
      for (const box of [root, more]) box.replaceChildren();
      const fields = model.get("fields");
      for (const field of fields) {
        const box = field.advanced ? more : root;
        if (!shapes?.names.includes(field.name)) box.append(draw(field));
        else if (field.name === shapes.names[0]) {
          box.append(pair(shapes.names.map((name) => fields.find((other) => other.name === name)), shapes));
        }
      }
      if (rows) (rows.folded ? more : root).append(freeRows());
      if (more.children.length) root.append(fold);
      showValues();
      showNotes();
    }

    build();
    listen("change:values", showValues);
    listen("msg:custom", taken);
    listen("change:notes", showNotes);
    el.append(root);
    return () => listeners.forEach((stop) => stop());
  },
};
