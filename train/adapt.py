#!/usr/bin/env python3
"""The use the mini is made for: a LoRA from 20 examples, prompt shown, on label sets it never saw. Prints accuracy
(best label by summed log-probability) before and after, beside TF-IDF nearest centroid over the same 20 examples.

    adapt.py --work DIR --corpus DIR [--tasks 10] [--rounds 40] [--lr 0.003]
"""
import argparse, collections, math, os, re
import torch
import evaluate, export, model as gpt, pack, tasks, tokenizer
from prompts import W_OUT


class LoRA(torch.nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear, self.scale = linear, alpha / rank
        self.a = torch.nn.Parameter(torch.randn(rank, linear.in_features) / math.sqrt(linear.in_features))
        self.b = torch.nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x):
        return self.linear(x) + self.scale * (x @ self.a.T) @ self.b.T


NAMES = ('attn_qkv', 'attn_output', 'ffn_up', 'ffn_down')


def attach(m, rank=32, alpha=16):
    params = []
    for b in m.blk:
        for n in NAMES:
            lora = LoRA(getattr(b, n), rank, alpha)
            setattr(b, n, lora)
            params += [lora.a, lora.b]
    return params


def detach(m):
    for b in m.blk:
        for n in NAMES:
            setattr(b, n, getattr(b, n).linear)


def rows(tok, task, examples):
    """All examples as cases, in as many rows as they need."""
    out, rest = [], list(examples)
    while rest:
        row = pack.task_row(tok, dict(task, cases=rest), 512)
        if row is None:
            break
        out.append((row[0], row[1], row[2], [x if s and x == W_OUT else 0 for x, s in zip(row[3], row[1])]))
        rest = rest[max(row[1]):]
    return out


def centroid(examples, labels):
    """TF-IDF over words and pairs; the label's words are one more example of it."""
    def grams(s):
        w = re.findall(r'\w+', s.lower().replace('_', ' '))
        return w + [' '.join(p) for p in zip(w, w[1:])]
    docs = [(grams(x), y) for x, y in examples] + [(grams(l), l) for l in labels]
    df = collections.Counter(g for d, _ in docs for g in set(d))
    def vector(d):
        v = {g: c * math.log((1 + len(docs)) / (1 + df[g]) + 1) for g, c in collections.Counter(d).items() if g in df}
        n = math.sqrt(sum(x * x for x in v.values())) or 1
        return {g: x / n for g, x in v.items()}
    mean = {l: collections.Counter() for l in labels}
    for d, y in docs:
        for g, x in vector(d).items():
            mean[y][g] += x
    def norm(c):
        n = math.sqrt(sum(x * x for x in c.values())) or 1
        return {g: x / n for g, x in c.items()}
    mean = {l: norm(c) for l, c in mean.items()}
    def best(text):
        v = vector(grams(text))
        return max(labels, key=lambda l: sum(x * mean[l].get(g, 0) for g, x in v.items()))
    return best


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work', required=True)
    p.add_argument('--corpus', required=True)
    p.add_argument('--tasks', type=int, default=10)
    p.add_argument('--rounds', type=int, default=40)
    p.add_argument('--lr', type=float, default=0.003)
    p.add_argument('--examples', type=int, default=20)
    p.add_argument('--cases', type=int, default=24)
    p.add_argument('--split', default='labels')
    a = p.parse_args()
    gpt.AUTOCAST = os.path.exists('/proc/cpuinfo') and 'avx512_bf16' in open('/proc/cpuinfo').read()
    tok, m, pools = tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json')), export.rounded(export.load(a.work)), tasks.Pools(a.corpus)
    total = collections.Counter()
    i = done = 0
    while done < a.tasks:
        i += 1
        t = tasks.sample(tasks.rng('adapt', i), pools, a.split, n=a.examples + a.cases + 8)
        if not t['labels'] and a.split == 'labels' or len(t['examples'] + t['cases']) < a.examples + a.cases:
            continue
        every = t['examples'] + t['cases']
        t['examples'] = every[:6]
        train, t['cases'] = every[:a.examples], every[a.examples:a.examples + a.cases]
        before = evaluate.score(m, tok, t, a.cases)
        if before is None:
            continue
        torch.manual_seed(i)
        for q in m.parameters():
            q.requires_grad_(False)
        params = attach(m)
        o = torch.optim.AdamW(params, a.lr, weight_decay=0.01)
        packed = rows(tok, t, train)
        batch = [torch.from_numpy(x) for x in pack.batch(packed, max(len(r[0]) for r in packed))]
        for k in range(a.rounds):
            for g in o.param_groups:
                g['lr'] = a.lr * min(1, (k + 1) / 5) * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * k / a.rounds)))
            nll, w = m.loss(*batch)
            loss = (nll * w).sum() / w.sum()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0)
            o.step()
            o.zero_grad()
        after = evaluate.score(m, tok, t, a.cases)
        detach(m)
        best = centroid(train, t['labels']) if t['labels'] else None
        tfidf = sum(best(x) == y for x, y in t['cases']) / len(t['cases']) if best else float('nan')
        done += 1
        con = lambda s: s[2] if s[2] is not None else s[1]
        for name, v in (('exact before', before[1]), ('before', con(before)), ('exact after', after[1]), ('after', con(after)), ('tf-idf', tfidf), ('chance', before[3] or 0)):
            total[name] += v
        print(f'{t["family"]}: before {con(before):.2f} after {con(after):.2f} tf-idf {tfidf:.2f} (loss {loss.item():.3f}, {t["labels"]})', flush=True)
    print(f'{done} tasks of {a.cases} cases: ' + ', '.join(f'{k} {v / done:.3f}' for k, v in total.items()))


if __name__ == '__main__':
    main()
