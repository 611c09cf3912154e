// What wllama.ts uses of @wllama/wllama, which is here only after "make wllama".
interface Candidate {
  id: number;
  prob?: number;
  logprob?: number;
}

export interface Completion {
  choices: { logprobs: { content: (Candidate & { top_probs?: Candidate[]; top_logprobs?: Candidate[] })[] | null } | null }[];
  usage: { prompt_tokens: number };
}

export class Wllama {
  constructor(paths: { default: string }, o: object);
  setCompat(compat: null): void;
  loadModel(files: Blob[], o: object): Promise<void>;
  createCompletion(request: object): Promise<Completion | null>;
  exit(): Promise<void>;
}
