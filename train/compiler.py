#!/usr/bin/env python3
"""Train the neural compiler: spec -> encoder -> coefficients -> LoRA, by the loss of the interpreter that carries it.

    OMP_NUM_THREADS=1 ... nice -n 19 python3 compiler.py --corpus DIR --work DIR --minutes 60 --ranks 2 [--joint 0.25] [--resume]

Starts from WORK/checkpoint.pt (the interpreter) and writes WORK/compiler.pt. With --joint S the interpreter goes on
learning beside the compiler, at S times its own learning rate, and is frozen when the run ends; with 0 it is frozen
from the start. Each row of a batch is one program and takes one of five roles:

    own     its adapter, its pseudo-program shown               what a user runs
    hidden  its adapter, an empty pseudo-program                without these the adapters forget the spec
    bare    no adapter, pseudo-program shown                    the control "pseudo-program only" stays trained
    fixed   one learned adapter for all programs, shown         the control "one multi-task LoRA"
    prose   no adapter, running text
"""
import argparse, copy, csv, os, sys, time
import numpy as np
import torch
import evaluate, export, mapper, model as gpt, optim, pack, ranks, tasks, tokenizer
from pretrain import rate, save
from prompts import W_OUT, prefix
from tasks import specs, topics

ROLES = ('own', 'hidden', 'bare', 'fixed')
EMPTY = dict(task='', labels=None, examples=[])


def draw(r, pools, tok, encoder, a, meaning):
    """(interpreter row, encoder row or None, role)."""
    role = r.choices(ROLES, [a.own, a.hidden, a.bare, a.fixed])[0]
    while True:
        task = tasks.sample(r, pools, n=10)
        row = pack.task_row(tok, dict(task, **EMPTY) if role == 'hidden' else task, 192 if role == 'hidden' else 256, meaning)
        if row is None:
            continue
        if role in ('bare', 'fixed'):
            return row, None, role
        ids = encoder.ids(tok, specs.spec(r, task), pseudo_ids(tok, task))
        if len(ids) <= a.spec:
            return row, ids, role


def pseudo_ids(tok, task):
    return prefix(tok, task, 216)[0][:-len(tok.encode_template('\n\n[INPUT]\n'))]


class Compiler:
    """Encoder, mapper and the coefficients of the fixed adapter, for training and for evaluation."""

    def __init__(self, interpreter, a):
        self.encoder = mapper.Encoder(copy.deepcopy(interpreter), a.prefix)
        self.mapper = mapper.Mapper(interpreter.cfg['d'], interpreter.cfg, a.bases, a.rank)
        self.fixed = torch.nn.Parameter(self.mapper.coeff_head.bias.detach().clone().view(1, interpreter.cfg['layers'], -1, a.bases, 2))
        self.layers = interpreter.cfg['layers']

    def modules(self):
        return torch.nn.ModuleDict(dict(encoder=self.encoder, mapper=self.mapper))

    def coefficients(self, rows, device='cpu'):
        with torch.autocast(device, torch.bfloat16, enabled=gpt.AUTOCAST):
            states = self.encoder.states(rows, self.layers)
        return self.mapper.coefficients(states)

    @torch.no_grad()
    def adapter(self, tok, task):
        """loras of one task's program."""
        return self.mapper.loras(self.coefficients([self.encoder.ids(tok, specs.canonical(task), pseudo_ids(tok, task))]))


def measure(m, c, tok, held, say, table, when):
    """Every set as: own adapter, no adapter, the fixed one, another program's."""
    m.eval()
    for name, items in held.items():
        other = items[1:] + items[:1]
        swap = {id(t): o for t, o in zip(items, other)}
        for role, adapter in (('own', lambda t: c.adapter(tok, t)), ('none', None), ('fixed', lambda t: c.mapper.loras(c.fixed.detach())), ('other', lambda t: c.adapter(tok, swap[id(t)]))):
            r, _ = evaluate.evaluate(m, tok, items, adapter=adapter)
            say(f'   {name:7} {role:6} nll {r["nll"]:.3f} exact {r["exact"]:.3f} constrained {r["constrained"]:.3f} chance {r["chance"]:.3f} ({r["n"]})', flush=True)
            if table:
                table.writerow([*when, '', '', '', '', name + ' ' + role] + [f'{r[k]:.4f}' for k in ('nll', 'exact', 'constrained', 'chance')])
    m.train()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--corpus', required=True)
    p.add_argument('--work', required=True)
    p.add_argument('--minutes', type=float, required=True)
    p.add_argument('--steps', type=int, default=1 << 60)
    for name, value in (('ranks', 1), ('seed', 2), ('rows', 12), ('spec', 440), ('prefix', 16), ('bases', 32), ('rank', 32), ('eval-tasks', 24)):
        p.add_argument('--' + name, type=int, default=value)
    for name, value in (('joint', 0.0), ('own', .5), ('hidden', .25), ('bare', .15), ('fixed', .1), ('lr-matrix', 0.006), ('lr', 0.001), ('lr-mapper', 0.002), ('meaning', 0.5), ('eval-minutes', 9.0), ('save-minutes', 4.0)):
        p.add_argument('--' + name, type=float, default=value)
    p.add_argument('--resume', action='store_true')
    p.add_argument('--curve')
    a = p.parse_args()
    ranks.start(a.ranks)
    torch.manual_seed(a.seed)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    gpt.AUTOCAST = optim.BF16 = device == 'cuda' or os.path.exists('/proc/cpuinfo') and 'avx512_bf16' in open('/proc/cpuinfo').read()
    say = print if ranks.rank() == 0 else lambda *a, **k: None
    pools, tok = tasks.Pools(a.corpus), tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json'))
    pools.teacher = topics.load(a.work)
    first = torch.load(os.path.join(a.work, 'checkpoint.pt'), map_location='cpu')
    m = gpt.GPT(**first['cfg'], planted=False)
    m.load_state_dict(first['model'])
    c, path = Compiler(m, a), os.path.join(a.work, 'compiler.pt')
    meaning = None
    if pools.teacher:
        meaning = gpt.Meaning(m.cfg['d'], torch.from_numpy(pools.teacher.vectors))
        if first.get('meaning'):
            meaning.load_state_dict(first['meaning'])
    step, spent = 0, 0.0
    if a.resume and os.path.exists(path):
        s = torch.load(path, map_location='cpu')
        m.load_state_dict(s['model'])
        c.modules().load_state_dict(s['compiler'])
        c.fixed.data = s['fixed']
        step, spent = s['step'], s['spent']
    both = torch.nn.ModuleList([m, c.encoder, c.mapper] + ([meaning] if meaning else [])).to(device)
    c.fixed.data = c.fixed.data.to(device)
    opts = optim.build(c.encoder.gpt, a.lr_matrix, a.lr) + [torch.optim.AdamW([*c.mapper.parameters(), c.fixed], a.lr_mapper, weight_decay=0.01)]
    learned = [*c.encoder.parameters(), *c.mapper.parameters(), c.fixed]
    if a.joint > 0:
        opts += optim.build(m, 0.015 * a.joint, 0.003 * a.joint)
        learned += list(m.parameters())
        if meaning:
            opts.append(torch.optim.AdamW(meaning.parameters(), 0.003 * a.joint))
            learned += list(meaning.parameters())
    else:
        m.requires_grad_(False)
    base = [[g['lr'] for g in o.param_groups] for o in opts]
    say(f'encoder {sum(x.numel() for x in c.encoder.parameters()) / 1e6:.2f} M, mapper {sum(x.numel() for x in c.mapper.parameters()) / 1e6:.2f} M parameters, bf16 {gpt.AUTOCAST}', flush=True)
    held, start = evaluate.sets(pools, a.eval_tasks), time.time() - spent
    curve = open(a.curve, 'a', newline='') if a.curve and ranks.rank() == 0 else None
    table = csv.writer(curve) if curve else None
    if curve and curve.tell() == 0:
        table.writerow('minutes programs own hidden bare fixed set nll exact constrained chance'.split())
    log, logged, measured, saved, share = {}, time.time(), time.time(), time.time(), 0.0

    def state():
        return dict(cfg=m.cfg, model=m.state_dict(), encoder_cfg=c.encoder.gpt.cfg, compiler=c.modules().state_dict(), fixed=c.fixed.detach(), step=step,
                    spent=time.time() - start, settings=vars(a))

    while step < a.steps and share < 1:
        for o, lrs in zip(opts, base):
            for g, lr in zip(o.param_groups, lrs):
                g['lr'] = lr * rate(share)
        r = tasks.rng('compiler', a.seed, step, ranks.rank())
        rows = [draw(r, pools, tok, c.encoder, a, pools.teacher.row if pools.teacher else None) for _ in range(a.rows)]
        rows.sort(key=lambda x: ROLES.index(x[2]))
        size = max(len(x[0][0]) for x in rows)
        ids, seg, pos, w, mark = (torch.from_numpy(x).to(device) for x in pack.batch([x[0] for x in rows], size, marks=True))
        w[w != W_OUT] *= (torch.rand(w.shape, device=device) < 0.2)[w != W_OUT] if a.joint > 0 else 0
        n, bare = sum(x[1] is not None for x in rows), sum(x[2] == 'bare' for x in rows)
        parts = [c.coefficients([x[1] for x in rows[:n]], device)] if n else []
        if bare:
            parts.append(c.fixed.detach().expand(bare, -1, -1, -1, -1) * 0)
        if len(rows) - n - bare:
            parts.append(c.fixed.expand(len(rows) - n - bare, -1, -1, -1, -1))
        taps = []
        nll, weight = m.loss(ids, seg, pos, w, taps, c.mapper.loras(torch.cat(parts)))
        loss = (nll * weight).sum() / weight.sum()
        if meaning and a.joint > 0:
            loss = loss + a.meaning * meaning(taps[(m.cfg['layers'] - 1) // 2], mark[:, :-1])[0]
        loss.backward()
        share = ranks.average(learned, (time.time() - start) / (60 * a.minutes))
        for group in ([*c.encoder.parameters()], [*c.mapper.parameters(), c.fixed], [*m.parameters()] if a.joint > 0 else []):
            torch.nn.utils.clip_grad_norm_(group, 1.0)
        for o in opts:
            o.step()
            o.zero_grad()
        step += 1
        with torch.no_grad():
            where = (w[:, 1:] > 0).nonzero()[:, 0]
            for k, role in enumerate(ROLES):
                mine = torch.tensor([x[2] == role for x in rows], device=device)[where] & (weight == W_OUT)
                if mine.any():
                    log.setdefault(role, []).append(nll[mine].mean().item())
        now = time.time()
        if now - logged > 60 or step in (5, 20):
            v = {k: float(np.mean(log[k])) if k in log else float('nan') for k in ROLES}
            say(f'{(now - start) / 60:5.1f} min step {step} {step * a.rows * a.ranks} programs rate {rate(share):.2f} ' + ' '.join(f'{k} {x:.3f}' for k, x in v.items()), flush=True)
            if table:
                table.writerow([f'{(now - start) / 60:.1f}', step * a.rows * a.ranks] + [f'{v[k]:.4f}' for k in ROLES] + [''] * 5)
                curve.flush()
            log, logged = {}, now
        if ranks.rank() == 0 and now - saved > 60 * a.save_minutes:
            save(path, **state())
            saved = now
        if ranks.rank() == 0 and now - measured > 60 * a.eval_minutes:
            measure(m, c, tok, held, say, table, (f'{(now - start) / 60:.1f}', step * a.rows * a.ranks))
            measured = time.time()
    if ranks.rank() == 0:
        save(path, **state())
        measure(m, c, tok, held, say, table, (f'{(time.time() - start) / 60:.1f}', step * a.rows * a.ranks))
    say('done', flush=True)
    ranks.stop()


if __name__ == '__main__':
    main()
