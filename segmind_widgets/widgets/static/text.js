// The front end of `TextBox`: text goes to the kernel as a message; no trait is set here.
const PAUSE = 250; // ms without a key before a live field sends
const MOST = 4_000_000; // characters

export default {
  render({ model, el }) {
    const id = `sw-${Math.random().toString(36).slice(2)}`;
    const create = (tag, className, properties) =>
      Object.assign(document.createElement(tag), { className, ...properties });
    const keeps = model.get("keeps");
    const isLine = model.get("rows") === 1 && keeps; // a line would drop the line breaks of code
    const label = create("label", "widget-label", { htmlFor: id, textContent: model.get("description") });
    const field = create(isLine ? "input" : "textarea", "", {
      id, placeholder: model.get("placeholder"), title: model.get("description"), spellcheck: false,
    });
    if (isLine) field.type = "text";
    else field.rows = model.get("rows");
    const line = create("div", "sw-text-line");
    const note = create("div", "sw-hint", { role: "status", ariaLive: "polite" });
    const error = create("div", "sw-error", { role: "alert" });
    line.append(field);
    el.classList.add("sw-text");
    el.append(label, line, note, error);

    let timer;
    let waiting = 0; // messages that the kernel has not read yet
    let last = model.get("value");
    function send() {
      clearTimeout(timer);
      const text = field.value;
      if (keeps ? text === last : !text.trim()) return;
      if (text.length > MOST) {
        error.textContent = "The text is too long. Save it as a file.";
        return;
      }
      last = text;
      waiting += 1;
      model.send({ type: "text", text });
      if (!keeps) field.value = "";
    }
    const show = () => {
      if (!keeps || waiting) return;
      last = model.get("value");
      if (field.value !== last) field.value = last;
    };
    const say = () => {
      note.textContent = model.get("note");
      error.textContent = model.get("error");
    };
    const taken = (content) => {
      if (content.type !== "taken") return;
      waiting = Math.max(0, waiting - 1);
      if (document.activeElement !== field || model.get("value") === field.value || !model.get("live")) show();
    };

    field.onchange = send;
    if (model.get("live")) field.oninput = () => { clearTimeout(timer); timer = setTimeout(send, PAUSE); };
    if (!keeps) field.onpaste = () => setTimeout(send);
    field.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || (keeps && !isLine)) return;
      event.preventDefault();
      send();
    };
    if (model.get("button")) {
      const button = create("button", "sw-button jupyter-button", { type: "button", textContent: model.get("button") });
      button.onclick = send; // the field's own change has sent its text already
      line.append(button);
    }
    const events = { "change:value": show, "change:note": say, "change:error": say, "msg:custom": taken };
    for (const [name, call] of Object.entries(events)) model.on(name, call);
    field.value = last;
    say();
    return () => {
      clearTimeout(timer);
      for (const [name, call] of Object.entries(events)) model.off(name, call);
    };
  },
};
