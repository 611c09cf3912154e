#!/usr/bin/env python3
"""Held-out measurements that need no decoding: greedy decoding writes the target if and only if every target token
and EOS is the argmax under teacher forcing; a labelled case is right if its label has the highest summed log-probability.

    evaluate.py --work DIR --corpus DIR [--tasks 80] [--json FILE]     the weights as the GGUF holds them (Q8_0)
"""
import argparse, collections, json, os
import numpy as np
import torch, torch.nn.functional as F
import model as gpt, pack, tasks
from prompts import W_OUT

SPLITS = ('seen', 'labels', 'dev')


def sets(pools, n, seed='evaluation'):
    return {s: [tasks.sample(tasks.rng(seed, s, i), pools, s) for i in range(n)] for s in SPLITS}


@torch.no_grad()
def score(model, tok, task, cases=6, length=512, loras=None):
    """loras: one adapter for all cases, as model.hidden takes it with one row. (NLL per token, exact match, label accuracy or None, chance or None) of one task; None if nothing fits."""
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
        if loras is not None:
            loras = [{k: tuple(x.expand(len(rows), -1, -1) for x in v) for k, v in l.items()} for l in loras]
        h = model.hidden(ids[:, :-1], pos[:, :-1], seg[:, :-1], loras=loras)
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


def evaluate(model, tok, tasks_, cases=6, adapter=None):
    """adapter: a function of a task, if the program has one."""
    out = [(t['family'], *s) for t in tasks_ for s in [score(model, tok, t, cases, loras=adapter and adapter(t))] if s]
    mean = lambda c, f=lambda x: True: float(np.mean([x[c] for x in out if x[c] is not None and f(x)] or [float('nan')]))
    return dict(n=len(out), nll=mean(1), exact=mean(2), constrained=mean(3), chance=mean(4)), out


def main():
    import export, tokenizer
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work', required=True)
    p.add_argument('--corpus', required=True)
    p.add_argument('--tasks', type=int, default=80)
    p.add_argument('--seed', default='report')
    p.add_argument('--json')
    a = p.parse_args()
    gpt.AUTOCAST = os.path.exists('/proc/cpuinfo') and 'avx512_bf16' in open('/proc/cpuinfo').read()
    tok, m, pools = tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json')), export.rounded(export.load(a.work)), tasks.Pools(a.corpus)
    report = {}
    for name, items in sets(pools, a.tasks, a.seed).items():
        r, rows = evaluate(m, tok, items)
        by = collections.defaultdict(list)
        for family, *v in rows:
            by[family].append(v)
        labelled = {f: [x[2] for x in v if x[2] is not None] for f, v in by.items()}
        r['families'] = {f: dict(tasks=len(v), exact=float(np.mean([x[1] for x in v])), constrained=float(np.mean(labelled[f])) if labelled[f] else None) for f, v in sorted(by.items())}
        report[name] = r
        print(f'{name}: {r["n"]} tasks, nll {r["nll"]:.3f}, exact {r["exact"]:.3f}, constrained {r["constrained"]:.3f}, chance {r["chance"]:.3f}')
        for f, v in r['families'].items():
            print(f'   {f:22} {v["tasks"]:3} exact {v["exact"]:.2f}' + (f' constrained {v["constrained"]:.2f}' if v['constrained'] is not None else ''), flush=True)
    if a.json:
        json.dump(report, open(a.json, 'w'), indent=1)


if __name__ == '__main__':
    main()
