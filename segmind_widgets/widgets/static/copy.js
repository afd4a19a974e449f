// A button that copies a text, which only the browser can do, and tells the kernel that it did.
export default {
  render({ model, el }) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "sw-button jupyter-button" });
    el.append(made);
    const dress = () => {
      made.textContent = model.get("label");
      made.title = model.get("title");
    };
    made.onclick = async () => {
      const value = model.get("text");
      let done = true;
      try {
        await navigator.clipboard.writeText(value);
      } catch { // no clipboard on a page that came by plain http
        const area = Object.assign(document.createElement("textarea"), { value });
        el.append(area);
        area.select();
        done = document.execCommand("copy");
        area.remove();
        made.focus();
      }
      model.send({ type: "copied", done });
    };
    model.on("change:label change:title", dress);
    dress();
  },
};
