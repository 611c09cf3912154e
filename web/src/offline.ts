// Keeps the shell of the page for reloads without a network, and says when a newer one has come.
import { scriptURL } from "./trusted";

/** updated is called when a newer version has taken over: this page still shows the old one. */
export function registerShell(updated: () => void): void {
  if (!("serviceWorker" in navigator)) return; // an insecure origin: the page works, offline it does not
  let old = navigator.serviceWorker.controller; // null on the first visit: then nothing is replaced
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (old) updated();
    old = navigator.serviceWorker.controller;
  });
  navigator.serviceWorker.register(scriptURL("/sw.js") as unknown as string).catch((e) => console.warn("no offline use:", e));
}
