// A React page with the element: window.app renders it, changes its props, removes it.
import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";

const events = [];
const note = (e) => events.push({ type: e.type, text: e.detail?.text });
let root;

function App(props) {
  return createElement("form", { id: "form" }, createElement("paw-function", {
    ...props, label: "Message", "onpaw-ready": note, "onpaw-result": note, "onpaw-error": note, "onpaw-progress": note,
  }));
}

window.app = {
  events,
  render(props) {
    root ??= createRoot(document.getElementById("app"));
    root.render(createElement(StrictMode, null, createElement(App, props)));
  },
  unmount() {
    root.unmount();
    root = undefined;
  },
};
