// The front end of `CopyButton`: copies a text and reports the result to the kernel.
export default {
  render({ model, el }) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "sw-button jupyter-button" });
    el.append(button);
    const update = () => {
      button.textContent = model.get("label");
      button.title = model.get("title");
    };
    button.onclick = async () => {
      const value = model.get("text");
      let done = true;
      try {
        await navigator.clipboard.writeText(value);
      } catch { // pages over plain http have no clipboard API
        const area = Object.assign(document.createElement("textarea"), { value });
        el.append(area);
        area.select();
        done = document.execCommand("copy");
        area.remove();
        button.focus();
      }
      model.send({ type: "copied", done });
    };
    model.on("change:label change:title", update);
    update();
  },
};
