#!/usr/bin/env python3
"""Train the mini interpreter against a wall clock: the learning rate follows the share of --minutes that has passed.

    OMP_NUM_THREADS=1 MALLOC_MMAP_THRESHOLD_=2000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=200000000 \\
    nice -n 19 python3 pretrain.py --corpus DIR --work DIR --minutes 60 [--resume]

The time during which the process is stopped (kill -STOP) counts: the end stays where it is. --smoke runs smoke.py.
"""
import argparse, csv, math, os, sys, time
import numpy as np
import torch
import evaluate, export, model as gpt, optim, pack, ranks, tasks, tokenizer
from tasks import topics
from prompts import W_OUT, W_PROMPT, W_PROSE


def rate(share, warm=0.03, floor=0.02):
    """Warm-up, plateau, then cosine: full rate until 35 % of the budget."""
    if share < warm:
        return 0.1 + 0.9 * share / warm
    if share < 0.35:
        return 1.0
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, (share - 0.35) / 0.65)))


class Stream:
    """Batches of rows: mostly 256-token rows, every fifth batch 512 so that all positions are trained."""

    def __init__(self, a, pools, tok, prose):
        self.a, self.pools, self.tok, self.prose = a, pools, tok, prose
        self.meaning = pools.teacher.row if pools.teacher else None

    def row(self, r, length):
        if r.random() < self.a.prose:
            i = r.randrange(len(self.prose) - length)
            return self.prose[i:i + length], [0] * length, list(range(length)), [W_PROSE] * length, [-1] * length, [0] * length, [0] * length, [0] * length
        while True:
            row = pack.task_row(self.tok, tasks.sample(r, self.pools, n=9 if length < 400 else 22), length, self.meaning)
            if row is not None:
                return row

    def batch(self, step):
        r = tasks.rng(self.a.seed, step, ranks.rank())
        length = 512 if step % 5 == 4 else self.a.length
        rows = [self.row(r, length) for _ in range(self.a.tokens // length)]
        ids, seg, pos, w, *rest = pack.batch(rows, length, marks=True)
        # Logits cost as much as the blocks: most prompt and prose targets are skipped.
        at, weight = pack.targets(w, int(self.a.keep * self.a.tokens), np.random.default_rng([self.a.seed, step, ranks.rank()]))
        return ids, seg, pos, at, weight, *rest


def save(path, **state):
    torch.save(state, path + '.part')
    os.replace(path + '.part', path)


def main():
    if '--smoke' in sys.argv[1:]:
        import smoke
        sys.argv.remove('--smoke')
        return smoke.main()
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--corpus', required=True)
    p.add_argument('--work', required=True)
    p.add_argument('--minutes', type=float, required=True)
    p.add_argument('--steps', type=int, default=1 << 60)
    for name, value in (('width', 192), ('layers', 4), ('heads', 6), ('ffn', 768), ('context', 512), ('length', 256), ('tokens', 4096), ('seed', 1), ('eval-tasks', 20)):
        p.add_argument('--' + name, type=int, default=value)
    for name, value in (('lr-matrix', 0.015), ('lr', 0.003), ('prose', 0.10), ('keep', 0.4), ('meaning', 1.0), ('pointer', 0.3), ('copy', 0.3), ('eval-minutes', 7.0), ('save-minutes', 3.0)):
        p.add_argument('--' + name, type=float, default=value)
    p.add_argument('--snapshot', help='write a GGUF here at every evaluation')
    p.add_argument('--resume', action='store_true')
    p.add_argument('--curve', help='CSV of the curve')
    p.add_argument('--ranks', type=int, default=1, help='processes, one a core')
    p.add_argument('--no-compile', action='store_true', help='do without torch.compile')
    p.add_argument('--no-plant', action='store_true', help='start from noise alone')
    a = p.parse_args()
    ranks.start(a.ranks)
    torch.manual_seed(a.seed)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    flags = open('/proc/cpuinfo').read() if os.path.exists('/proc/cpuinfo') else ''
    gpt.AUTOCAST = optim.BF16 = device == 'cuda' or 'avx512_bf16' in flags
    pools, tok = tasks.Pools(a.corpus), tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json'))
    prose = np.load(os.path.join(a.work, 'prose.npy'))
    m = gpt.GPT(tok.size, a.width, a.layers, a.heads, a.ffn, a.context, not a.no_plant).to(device)
    pools.teacher = topics.load(a.work)
    opts = optim.build(m, a.lr_matrix, a.lr)
    meaning = None
    if pools.teacher:
        gpt.lend(m, pools.teacher.tokens)
        meaning = gpt.Meaning(a.width, torch.from_numpy(pools.teacher.vectors)).to(device)
        opts.append(torch.optim.AdamW(meaning.parameters(), a.lr))
    learned = list(m.parameters()) + (list(meaning.parameters()) if meaning else [])
    base = [[g['lr'] for g in o.param_groups] for o in opts]
    kind = torch.tensor(tok.kinds()).to(device)
    stream, step, tokens, spent = Stream(a, pools, tok, prose), 0, 0, 0.0
    path = os.path.join(a.work, 'checkpoint.pt')
    if a.resume and os.path.exists(path):
        s = torch.load(path, map_location=device)
        m.load_state_dict(s['model'])
        if meaning and s.get('meaning'):
            meaning.load_state_dict(s['meaning'])
        for o, state in zip(opts, s['opts']):  # none in a checkpoint that restore.py made
            o.load_state_dict(state)
        step, tokens, spent = s['step'], s['tokens'], s['spent']
    say = print if ranks.rank() == 0 else lambda *a, **k: None
    say(f'{sum(x.numel() for x in m.parameters()) / 1e6:.2f} M parameters, {device}, bf16 {gpt.AUTOCAST}', flush=True)
    held, start = evaluate.sets(pools, a.eval_tasks), time.time() - spent
    log, seen, logged, measured, saved = {}, tokens, time.time(), time.time() - 60 * (a.eval_minutes - 2), time.time()
    curve = open(a.curve, 'a', newline='') if a.curve and ranks.rank() == 0 else None
    table = csv.writer(curve) if curve else None
    if curve and curve.tell() == 0:
        table.writerow('minutes tokens out prompt prose set nll exact constrained chance'.split())

    def state():
        return dict(cfg=m.cfg, model=m.state_dict(), meaning=meaning.state_dict() if meaning else None, opts=[o.state_dict() for o in opts], step=step, tokens=tokens, spent=time.time() - start)

    def measure():
        if ranks.rank():
            return
        m.eval()
        for name, items in held.items():
            r, _ = evaluate.evaluate(m, tok, items)
            print(f'   {name:7} nll {r["nll"]:.3f} exact {r["exact"]:.3f} constrained {r["constrained"]:.3f} chance {r["chance"]:.3f} ({r["n"]})', flush=True)
            if table:
                table.writerow([f'{(time.time() - start) / 60:.1f}', tokens, '', '', '', name] + [f'{r[k]:.4f}' for k in ('nll', 'exact', 'constrained', 'chance')])
                curve.flush()
        m.train()
        if a.snapshot:
            export.write(m, tok, a.snapshot, 'paw-mini-snapshot')

    share, compiling, study = 0.0, True, gpt.compiled(m.study, not a.no_compile)
    while step < a.steps and share < 1:
        for o, lrs in zip(opts, base):
            for g, lr in zip(o.param_groups, lrs):
                g['lr'] = lr * rate(share)
        ids, seg, pos, at, weight, mark, key, ask, copy = (torch.from_numpy(x).to(device) for x in stream.batch(step))
        with m.autocast():
            nll, middle, attention = study(ids, seg, pos, at)
        loss = (nll * weight).sum() / weight.sum()
        points, mass = gpt.pointer_loss(attention, key[:, :-1], ask[:, :-1])
        loss = loss + a.pointer * points
        log.setdefault('pointing', []).append(mass)
        copies, mass = gpt.copy_loss(attention, copy[:, :-1], seg[:, :-1], ids, kind)
        loss = loss + a.copy * copies
        log.setdefault('copying', []).append(mass)
        if meaning:
            distance, cosine = meaning(middle, mark[:, :-1])
            loss = loss + a.meaning * distance
            log.setdefault('cosine', []).append(cosine)
        loss.backward()
        share = ranks.average(learned, (time.time() - start) / (60 * a.minutes))
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        for o in opts:
            o.step()
            o.zero_grad()
        step, tokens = step + 1, tokens + ids.numel() * a.ranks
        if compiling:  # its minutes are not training
            start, compiling = time.time() - spent, False
        for name, value in (('out', W_OUT), ('prompt', W_PROMPT), ('prose', W_PROSE)):
            s = (weight - value).abs() < 1e-3
            if s.any():
                log.setdefault(name, []).append(nll.detach()[s].mean().item())
        now = time.time()
        if now - logged > 60 or step in (10, 40):
            v = {k: float(np.mean(x)) for k, x in log.items()}
            say(f'{(now - start) / 60:5.1f} min step {step} {tokens / 1e6:.2f} M tokens {(tokens - seen) / (now - logged):.0f}/s rate {rate(share):.2f} ' + ' '.join(f'{k} {x:.3f}' for k, x in v.items()), flush=True)
            if table:
                table.writerow([f'{(now - start) / 60:.1f}', tokens] + [f'{v.get(k, float("nan")):.4f}' for k in ('out', 'prompt', 'prose')] + [''] * 5)
                curve.flush()
            log, seen, logged = {}, tokens, now
        if now - saved > 60 * a.save_minutes and ranks.rank() == 0:
            save(path, **state())
            saved = now
        if now - measured > 60 * a.eval_minutes:
            measure()
            measured = time.time()
    if ranks.rank() == 0:
        save(path, **state())
    measure()
    say('done', flush=True)
    ranks.stop()


if __name__ == '__main__':
    main()
