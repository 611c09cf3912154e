// The page: builds its rooms and starts the interpreter. Each room is in a file of its own.
import { registerShell } from "../offline";
import { s } from "../strings";
import { makeCases } from "./cases";
import { makeCompile } from "./compile";
import { makeEditor } from "./editor";
import { makeInterpreters } from "./interpreters";
import { makePrograms, openProgram } from "./programs";
import { makeRun } from "./run";
import { makeStorage } from "./storage";
import { byId, h } from "./dom";
import { alertUser, words } from "./state";

addEventListener("unhandledrejection", (e) => alertUser(words(e.reason)));

makeCompile(makeEditor(), makeRun());
makeCases();
makePrograms();
makeStorage();
void makeInterpreters(openProgram);
registerShell(() => {
  const reload = h("button", { type: "button", class: "small", "data-testid": "reload", onclick: () => location.reload() }, s.reload);
  byId("update").replaceChildren(s.updated, " ", reload); // nothing reloads by itself: somebody may be writing
  byId("update").hidden = false;
});
