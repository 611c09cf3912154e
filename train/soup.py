#!/usr/bin/env python3
"""The mean of several checkpoints, for export.py or to go on from with pretrain.py --resume ("model soups", Wortsman et al. 2022).

    soup.py --out WORK/checkpoint.pt A.pt B.pt ... [--weights 1 1 ...]

The files come from one run, or from runs that began from the same weights: checkpoint.pt of pretrain.py or compiler.pt of
compiler.py. Their optimisers are not averaged, the last file's goes on; steps, tokens and minutes begin at nought.
"""
import argparse, os
import torch
from pretrain import save

AVERAGED = ('model', 'meaning', 'compiler', 'fixed')


def mean(values, weights):
    """Of tensors, or of dictionaries of them."""
    first = values[0]
    if isinstance(first, dict):
        if any(v.keys() != first.keys() for v in values):
            raise SystemExit('the checkpoints hold other weights than each other')
        return {k: mean([v[k] for v in values], weights) for k in first}
    if any(v.shape != first.shape for v in values):
        raise SystemExit(f'shapes {[tuple(v.shape) for v in values]} cannot be averaged')
    if not first.is_floating_point():
        return first
    return (sum(w * v.double() for w, v in zip(weights, values)) / sum(weights)).to(first.dtype)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('files', nargs='+')
    p.add_argument('--out', required=True)
    p.add_argument('--weights', nargs='+', type=float)
    a = p.parse_args()
    weights = a.weights or [1.0] * len(a.files)
    if len(weights) != len(a.files):
        p.error(f'{len(weights)} weights for {len(a.files)} files')
    states = [torch.load(f, map_location='cpu') for f in a.files]
    out = dict(states[-1], step=0, spent=0.0)
    if 'tokens' in out:
        out['tokens'] = 0
    for k in AVERAGED:
        if all(s.get(k) is not None for s in states):
            out[k] = mean([s[k] for s in states], weights)
    os.makedirs(os.path.dirname(os.path.abspath(a.out)), exist_ok=True)
    save(a.out, **out)
    print(f'{a.out}: the mean of {len(a.files)} checkpoints')


if __name__ == '__main__':
    main()
