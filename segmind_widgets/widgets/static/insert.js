// The front end of `InsertButton`. The widget manager of JupyterLab and Notebook 7 has the notebook's
// document; other front ends (Voilà) have none, and the button is hidden there.
const VIEW = "application/vnd.jupyter.widget-view+json";

function indexOf(book, id) { // of the cell with the widget among its outputs
  for (let index = 0; index < book.cells.length; index += 1) {
    const outputs = book.cells.get(index).outputs;
    for (let at = 0; at < (outputs?.length ?? 0); at += 1) {
      if (outputs.get(at).data?.[VIEW]?.model_id === id) return index;
    }
  }
  return -1;
}

export default {
  render({ model, el }) {
    const button = document.createElement("button");
    Object.assign(button, {
      type: "button", className: "sw-button jupyter-button",
      textContent: "Insert below", title: "Insert this text as a cell below the panel",
    });
    const book = model.widget_manager?.context?.model;
    const at = book?.sharedModel?.insertCell && !book.readOnly ? indexOf(book, model.get("panel_id")) : -1;
    el.hidden = at < 0;
    if (el.hidden) return;
    el.append(button);
    button.onclick = () => {
      const now = indexOf(book, model.get("panel_id")); // cells may have been moved
      if (now < 0) return;
      const cell = { cell_type: "code", source: model.get("text"), metadata: { trusted: true } };
      book.sharedModel.insertCell(now + 1, cell);
      model.send({ type: "inserted" });
    };
  },
};
