#!/usr/bin/env python3
"""Train the neural compiler: spec -> encoder -> coefficients -> LoRA, by the loss of the interpreter that carries it.

    OMP_NUM_THREADS=1 ... nice -n 19 python3 compiler.py --corpus DIR --work DIR --minutes 60 --ranks 2 [--joint 0.6] [--resume]

Starts from WORK/checkpoint.pt (the interpreter) and writes WORK/compiler.pt. With --joint S the interpreter goes on
learning beside the compiler, at S times its own learning rate, and is frozen when the run ends; with 0 it is frozen
from the start. Each row of a batch is one program in one of four roles, whose numbers are options:

    own     its adapter, its pseudo-program shown, often without examples, sometimes without labels
    hidden  its adapter, an empty pseudo-program                without these the adapters forget the spec
    fixed   one learned adapter for all programs, shown         the control "one multi-task LoRA"
    bare    no adapter, pseudo-program shown                    the control "pseudo-program only"
"""
import argparse, copy, csv, os, time
import numpy as np
import torch
import evaluate, mapper, model as gpt, optim, pack, ranks, tasks, tokenizer
from pretrain import rate, save
from prompts import W_OUT, prefix
from tasks import specs, topics

ROLES = ('own', 'hidden', 'fixed', 'bare')
EMPTY = dict(task='', labels=None, examples=[])
LENGTH = 256  # tokens of a row


def draw(r, pools, tok, encoder, a, meaning, role):
    """(interpreter row, encoder row or None, role)."""
    while True:
        task = tasks.sample(r, pools, n=16)
        if r.random() < .35:  # a spec with more examples than a prompt shows
            more = r.randint(0, 6)
            task = dict(task, examples=task['examples'] + task['cases'][:more], cases=task['cases'][more:])
        if task['labels'] and r.random() < .12:  # a list that the parser of specs did not recognise
            task = dict(task, labels=None)
        # What the interpreter sees. The less it sees, the more the adapter has to carry.
        shown = dict(task, **EMPTY) if role == 'hidden' else r.choices(
            [task, dict(task, examples=task['examples'][:3]), dict(task, examples=[]), dict(task, examples=[], labels=None)], [20, 40, 27, 13])[0]
        row = pack.task_row(tok, shown, LENGTH, meaning)
        if row is None:
            continue
        if role in ('bare', 'fixed'):
            return row, None, role
        ids = encoder.ids(tok, specs.spec(r, task), pseudo_ids(tok, task if role == 'hidden' else shown))
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
    for name, value in (('ranks', 1), ('seed', 2), ('own', 8), ('hidden', 2), ('fixed', 2), ('bare', 0), ('spec', 440), ('prefix', 16), ('bases', 32), ('rank', 32), ('eval-tasks', 24)):
        p.add_argument('--' + name, type=int, default=value)
    for name, value in (('joint', 0.0), ('keep', 0.4), ('pointer', 0.3), ('lr-matrix', 0.006), ('lr', 0.001), ('lr-mapper', 0.002), ('meaning', 0.5), ('eval-minutes', 9.0), ('save-minutes', 4.0)):
        p.add_argument('--' + name, type=float, default=value)
    p.add_argument('--resume', action='store_true')
    p.add_argument('--no-compile', action='store_true', help='do without torch.compile')
    p.add_argument('--curve')
    a = p.parse_args()
    a.rows = sum(getattr(a, k) for k in ROLES)
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
    step, spent, before = 0, 0.0, 0.0
    if a.resume and os.path.exists(path):
        s = torch.load(path, map_location='cpu')
        before = s['settings'].get('joint', 0.0)
        if before:  # else it is that of checkpoint.pt, which may be newer
            m.load_state_dict(s['model'])
        c.modules().load_state_dict(s['compiler'])
        c.fixed.data = s['fixed']
        step, spent = s['step'], s['spent']
    torch.nn.ModuleList([m, c.encoder, c.mapper] + ([meaning] if meaning else [])).to(device)
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
        table.writerow('minutes programs own hidden fixed bare set nll exact constrained chance'.split())
    log, logged, measured, saved, share, compiling = {}, time.time(), time.time(), time.time(), 0.0, True

    def state():
        return dict(cfg=m.cfg, model=m.state_dict(), encoder_cfg=c.encoder.gpt.cfg, compiler=c.modules().state_dict(), fixed=c.fixed.detach(), step=step,
                    spent=time.time() - start, settings=dict(vars(a), joint=a.joint or before))

    study, c.encoder.run = gpt.compiled(m.study, not a.no_compile), gpt.compiled(c.encoder.run, not a.no_compile)
    while step < a.steps and share < 1:
        for o, lrs in zip(opts, base):
            for g, lr in zip(o.param_groups, lrs):
                g['lr'] = lr * rate(share)
        r = tasks.rng('compiler', a.seed, step, ranks.rank())
        rows = [draw(r, pools, tok, c.encoder, a, pools.teacher.row if pools.teacher else None, role) for role in ROLES for _ in range(getattr(a, role))]
        arrays = pack.batch([x[0] for x in rows], LENGTH, marks=True)
        at, weight = pack.targets(arrays[3], int(a.keep * arrays[3].size), np.random.default_rng([a.seed, step, ranks.rank()]))
        if a.joint == 0:
            weight = weight * (weight == W_OUT)
        ids, seg, pos, _, mark, key, ask, _, at, weight = (torch.from_numpy(x).to(device) for x in (*arrays, at, weight))
        parts = [c.coefficients([x[1] for x in rows if x[1] is not None], device)] if a.own + a.hidden else []
        parts += [c.fixed.expand(a.fixed, -1, -1, -1, -1), c.fixed.detach().expand(a.bare, -1, -1, -1, -1) * 0]
        with m.autocast():
            nll, middle, attention = study(ids, seg, pos, at, c.mapper.loras(torch.cat(parts)))
        loss = (nll * weight).sum() / weight.sum().clamp(min=1)
        if a.joint > 0:
            loss = loss + a.pointer * gpt.pointer_loss(attention, key[:, :-1], ask[:, :-1])[0]
            if meaning:
                loss = loss + a.meaning * meaning(middle, mark[:, :-1])[0]
        loss.backward()
        share = ranks.average(learned, (time.time() - start) / (60 * a.minutes))
        for group in ([*c.encoder.parameters()], [*c.mapper.parameters(), c.fixed], [*m.parameters()] if a.joint > 0 else []):
            torch.nn.utils.clip_grad_norm_(group, 1.0)
        for o in opts:
            o.step()
            o.zero_grad()
        step += 1
        if compiling:  # its minutes are not training
            start, compiling = time.time() - spent, False
        with torch.no_grad():
            where = at // (LENGTH - 1)
            for role in ROLES:
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
