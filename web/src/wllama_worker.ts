// Stands for the global Worker in the bundle of @wllama/wllama (web/bundle/wllama.go): the package starts
// its worker from a blob with generated code, which strict pages forbid; this starts the same code from
// a file of this build. Elsewhere in the bundle nothing makes a worker.
import { workerURL } from "./trusted";

declare const __WLLAMA_WORKER__: string;

class LlamaWorker extends globalThis.Worker {
  constructor() {
    super(workerURL(__WLLAMA_WORKER__) as string, { type: "module", name: "wllama" });
  }
}

export { LlamaWorker as Worker };
