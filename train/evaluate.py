"""Held-out measurements that need no decoding: greedy decoding writes the target if and only if every target token
and EOS is the argmax under teacher forcing; a labelled case is right if its label has the highest summed log-probability."""
import numpy as np
import torch, torch.nn.functional as F
import model as gpt, pack, tasks
from prompts import W_OUT

SPLITS = ('seen', 'labels', 'family')


def sets(pools, n, seed='evaluation'):
    return {s: [tasks.sample(tasks.rng(seed, s, i), pools, s) for i in range(n)] for s in SPLITS}


@torch.no_grad()
def score(model, tok, task, cases=6, length=512):
    """(NLL per token, exact match, label accuracy or None, chance or None) of one task; None if nothing fits."""
    rows, cand, results = [], [], []
    kept = task['cases'][:cases]
    for a, b in kept:  # one row a case: its labels are segments behind the same prefix
        options = list(dict.fromkeys(task['labels'])) if task['labels'] and b in task['labels'] else [b]
        row = pack.task_row(tok, dict(task, cases=[(a, l) for l in options]), length)
        if row is None or max(row[1]) != len(options):
            return None
        cand.append([l == b for l in options])
        rows.append(row)
    if not rows:
        return None
    size, device = max(len(r[0]) for r in rows), next(model.parameters()).device
    ids, seg, pos, w = (torch.from_numpy(x).to(device) for x in pack.batch(rows, size))
    with torch.autocast(device.type, torch.bfloat16, enabled=gpt.AUTOCAST):
        h = model.hidden(ids[:, :-1], pos[:, :-1], seg[:, :-1])
        for j, options in enumerate(cand):
            for k in range(1, len(options) + 1):
                m = (w[j, 1:] == W_OUT) & (seg[j, 1:] == k)
                z, y = model.logits(h[j][m]).float(), ids[j, 1:][m]
                results.append((F.cross_entropy(z, y, reduction='sum').item(), len(y), bool((z.argmax(-1) == y).all())))
    at, nll, n, exact, right = 0, 0.0, 0, 0, 0
    for options in cand:
        part = results[at:at + len(options)]
        at += len(options)
        t = part[options.index(True)]
        nll, n, exact = nll + t[0], n + t[1], exact + t[2]
        right += options[min(range(len(part)), key=lambda i: part[i][0])]
    k = len(cand[0])
    return nll / n, exact / len(kept), right / len(kept) if k > 1 else None, 1 / k if k > 1 else None


def evaluate(model, tok, tasks_, cases=6):
    out = [(t['family'], *s) for t in tasks_ for s in [score(model, tok, t, cases)] if s]
    mean = lambda c, f=lambda x: True: float(np.mean([x[c] for x in out if x[c] is not None and f(x)] or [float('nan')]))
    return dict(n=len(out), nll=mean(1), exact=mean(2), constrained=mean(3), chance=mean(4)), out
