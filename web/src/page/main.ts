// The page: builds its rooms and starts the interpreter. Each room is in a file of its own.
import { registerShell } from "../offline";
import { makeCases } from "./cases";
import { makeCompile } from "./compile";
import { makeEditor } from "./editor";
import { makeInterpreters } from "./interpreters";
import { makePrograms } from "./programs";
import { makeRun } from "./run";
import { alertUser, words } from "./state";

addEventListener("unhandledrejection", (e) => alertUser(words(e.reason)));

makeCompile(makeEditor());
makeRun();
makeCases();
makePrograms();
void makeInterpreters();
registerShell();
