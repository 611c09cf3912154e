// A Vue page with the element: window.app renders it, changes its props, removes it.
import { createApp, h, shallowRef } from "vue";

const events = [];
const note = (e) => events.push({ type: e.type, text: e.detail?.text });
const props = shallowRef({});
let app;

const App = {
  render: () => h("form", { id: "form" }, h("paw-function", {
    ...props.value, label: "Message", onPawReady: note, onPawResult: note, onPawError: note, onPawProgress: note,
  })),
};

window.app = {
  events,
  render(p) {
    props.value = p;
    if (app) return;
    app = createApp(App);
    app.mount("#app");
  },
  unmount() {
    app.unmount();
    app = undefined;
  },
};
