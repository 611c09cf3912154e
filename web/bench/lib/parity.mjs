// Parity with wllama: the same given tokens, the likeliest next token after each.
import { ids, pick, text } from "./words.mjs";

export async function parity(ask, peer, steps) {
  const out = {};
  for (const adapter of [false, true]) {
    const list = pick(40 + steps, 4242);
    const mine = (await ask({ op: "forced", adapter, tokens: ids(list).slice(0, 40 + steps - 1), first: 40, top: 20 })).steps;
    // same: the likeliest token agrees. gap: by how much ours prefers its own to theirs where they differ,
    // in nats: random weights leave many near-ties, which the peer's coarser activations decide by chance.
    const r = { steps, same: 0, clear: 0, clearSame: 0, worstGap: 0, worstLogProb: 0 };
    for (let i = 0; i < steps; i++) {
      const theirs = await peer.run("top", text(list.slice(0, 40 + i)), +adapter);
      const ours = new Map();
      for (let k = 0; k < mine[i].length; k += 2) ours.set(mine[i][k], mine[i][k + 1]);
      const agree = theirs[0][0] === mine[i][0];
      const clear = mine[i][1] - mine[i][3] > 0.05;
      if (agree) r.same++;
      if (clear) r.clear++;
      if (clear && agree) r.clearSame++;
      const at = ours.get(theirs[0][0]) ?? -Infinity;
      r.worstGap = Math.max(r.worstGap, mine[i][1] - at);
      r.worstLogProb = Math.max(r.worstLogProb, Math.abs(theirs[0][1] - at));
    }
    out[adapter ? "with adapter" : "bare"] = r;
  }
  return out;
}
