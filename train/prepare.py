#!/usr/bin/env python3
"""Train the tokenizer on generated tasks and prose, and write the prose as token ids.

    prepare.py --corpus DIR --work DIR [--vocab 8192] [--keep-tokenizer]
"""
import argparse, os
import numpy as np
import prompts, tasks, tokenizer


def task_text(r, pools):
    t = tasks.sample(r, pools)
    return prompts.pseudo(t['task'], t['labels'], t['examples'])[len('[PSEUDO_PROGRAM]'):-len('[END_PSEUDO_PROGRAM]')] + '\n'.join(f'{a}\n {b}' for a, b in t['cases'])


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--corpus', required=True)
    p.add_argument('--work', required=True)
    p.add_argument('--vocab', type=int, default=8192)
    p.add_argument('--tasks', type=int, default=7000)
    p.add_argument('--old', type=int, default=9_000_000, help='characters of the old prose')
    p.add_argument('--modern', type=int, default=14_000_000, help='characters of the modern prose')
    p.add_argument('--keep-tokenizer', action='store_true', help='use WORK/tokenizer.json as it is (see restore.py)')
    a = p.parse_args()
    os.makedirs(a.work, exist_ok=True)
    path = os.path.join(a.work, 'tokenizer.json')
    prose = [tasks.prose(a.corpus, 'prose_modern', a.modern), tasks.prose(a.corpus, 'prose', a.old)]
    if a.keep_tokenizer:
        tok = tokenizer.Tokenizer.load(path)
    else:
        pools, r = tasks.Pools(a.corpus), tasks.rng('tokenizer')
        texts = [task_text(r, pools) for _ in range(a.tasks)]
        tok = tokenizer.train(texts + [prose[0][:1_500_000], prose[1][:700_000]], a.vocab)
        tok.save(path)
    print(f'{tok.size} tokens', flush=True)
    ids = [i for text in prose for k in range(0, len(text), 65536) for i in tok.encode(text[k:k + 65536])]
    np.save(os.path.join(a.work, 'prose.npy'), np.array(ids, np.uint16))
    print(f'{len(ids) / 1e6:.2f} M tokens of prose', flush=True)


if __name__ == '__main__':
    main()
