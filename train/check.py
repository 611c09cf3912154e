#!/usr/bin/env python3
"""Check a GGUF against llama.cpp, if llama-cpp-python is installed (exit 0 with a note if it is not).

    check.py ids    --work DIR --gguf FILE [--strings 3000] [--dump FILE]   tokenizer: same ids on mixed Unicode
    check.py greedy --work DIR --gguf FILE --corpus DIR [--prompts 12]      weights: same greedy output as PyTorch

--dump writes strings and ids as JSON lines ({"text", "ids"}) for tests of other implementations; it needs no llama.cpp.
"""
import argparse, json, os, random
import tokenizer

RANGES = [(0x20, 0x7e), (0x20, 0x7e), (0x20, 0x7e), (0x9, 0xd), (0xa0, 0x17f), (0x370, 0x3ff), (0x400, 0x4ff), (0x590, 0x5f4), (0x600, 0x6ff), (0x900, 0x97f), (0x0e00, 0x0e5b), (0x1100, 0x11ff),
          (0x2000, 0x206f), (0x2070, 0x209c), (0x2150, 0x218b), (0x2460, 0x24ff), (0x3000, 0x30ff), (0x4e00, 0x9fff), (0xac00, 0xd7a3), (0xfe00, 0xfe0f), (0xff01, 0xff5e), (0x1d400, 0x1d7ff), (0x1f300, 0x1f6ff), (0x1f900, 0x1f9ff), (0x10330, 0x1034a)]
PIECES = ["'s", "'t", "'re", "'LL", "don't", '  ', '\n\n', '\r\n', ' \t', '123', '4.56', '[INPUT]', '[END_INPUT]', '<|endoftext|>', '[PSEUDO_PROGRAM]', '{"a": 1}', 'e\u0301', '\u200b', '\u200d', '\ufeff', '\x00', '\x1c', '\x85',
          '\u2028', '\u3000', '👩‍👩‍👧', '🇩🇪', '½', '²', 'Ⅷ', '١٢', 'ß', 'İ', 'fi', ' and', ' the', 'Output:', '_', '__x', '--', '...', 'http://a.b/c?d=e&f']


def strings(n, seed=1):
    r = random.Random(seed)
    for _ in range(n):
        out = []
        for _ in range(r.randint(1, 14)):
            if r.random() < .3:
                out.append(r.choice(PIECES))
            else:
                lo, hi = r.choice(RANGES)
                out.append(''.join(chr(r.randint(lo, hi)) for _ in range(r.randint(1, 5))))
            if r.random() < .4:
                out.append(r.choice([' ', ' ', ' ', '  ', '\n', '\t', '   ']))
        yield ''.join(out)


def llama(path, **kw):
    try:
        from llama_cpp import Llama
    except ImportError:
        return None
    return Llama(model_path=path, verbose=False, n_threads=1, **kw)


def ids(a):
    tok = tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json'))
    items = [(s, tok.encode(s), tok.encode_template(s)) for s in strings(a.strings)]
    if a.dump:
        with open(a.dump, 'w', encoding='utf-8') as f:
            for s, x, _ in items:
                f.write(json.dumps(dict(text=s, ids=x), ensure_ascii=False) + '\n')
    lossless = sum(tok.decode(x) == s for s, x, _ in items)
    print(f'{lossless} of {len(items)} strings survive encode and decode')
    ref = llama(a.gguf, vocab_only=True)
    if ref is None:
        print('llama-cpp-python is not installed: ids not compared')
        return 0 if lossless == len(items) else 1
    bad = 0
    for s, plain, template in items:
        for mine, special in ((plain, False), (template, True)):
            theirs = ref.tokenize(s.encode(), add_bos=False, special=special)
            if list(theirs) != mine:
                bad += 1
                if bad <= 5:
                    print(f'differs (special={special}): {s!r}\n  ours  {mine}\n  theirs {theirs}')
    print(f'{len(items)} strings, plain and with control tokens: {bad} differ from llama.cpp')
    return 1 if bad else 0


def greedy(a):
    import numpy as np, torch
    import export, prompts, tasks
    ref = llama(a.gguf, n_ctx=512, n_batch=512, logits_all=True)
    if ref is None:
        print('llama-cpp-python is not installed: outputs not compared')
        return 0
    tok, m, pools = tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json')), export.rounded(export.load(a.work)), tasks.Pools(a.corpus)
    same, worst = 0, 0.0
    for i in range(a.prompts):
        t = tasks.sample(tasks.rng('greedy', i), pools, 'seen')
        p = prompts.prefix(tok, t)[0] + prompts.case(tok, t['cases'][0][0])
        ours, theirs = [], []
        with torch.no_grad():
            for _ in range(12):
                z = torch.tensor([p + ours])
                ours.append(int(m.logits(m.hidden(z, torch.arange(z.shape[1])[None])[0, -1]).argmax()))
                if ours[-1] == tokenizer.EOS:
                    break
            z = m.logits(m.hidden(torch.tensor([p]), torch.arange(len(p))[None])[0]).numpy()
        ref.reset()
        ref.eval(p)
        worst = max(worst, float(np.abs(ref.scores[:len(p)] - z).max()))
        for _ in range(12):
            theirs.append(int(np.argmax(ref.scores[ref.n_tokens - 1])))
            if theirs[-1] == tokenizer.EOS:
                break
            ref.eval(theirs[-1:])
        same += ours == theirs
        print(f'{"same   " if ours == theirs else "DIFFERS"} {t["family"]}: {tok.decode(ours)!r} {tok.decode(theirs)!r} (wanted {t["cases"][0][1]!r})')
    print(f'{same} of {a.prompts} greedy outputs equal llama.cpp; largest difference of a logit {worst:.3f} (llama.cpp rounds activations to 8 bits)')
    return 0 if same >= a.prompts - 1 else 1


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('what', choices=['ids', 'greedy'])
    p.add_argument('--work', required=True)
    p.add_argument('--gguf')
    p.add_argument('--corpus')
    p.add_argument('--dump')
    p.add_argument('--strings', type=int, default=3000)
    p.add_argument('--prompts', type=int, default=12)
    a = p.parse_args()
    raise SystemExit(ids(a) if a.what == 'ids' else greedy(a))


if __name__ == '__main__':
    main()
