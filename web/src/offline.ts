// Keeps the shell of the page for reloads without a network.
import { scriptURL } from "./trusted";

export function registerShell(): void {
  if (!("serviceWorker" in navigator)) return; // an insecure origin: the page works, offline it does not
  navigator.serviceWorker.register(scriptURL("/sw.js") as unknown as string).catch((e) => console.warn("no offline use:", e));
}
