#!/usr/bin/env python3
"""Go on from exported weights: an interpreter's GGUF becomes WORK/tokenizer.json and WORK/checkpoint.pt, without
optimiser state. Then prepare.py --keep-tokenizer, teacher.py and pretrain.py --resume, with another --seed.

    restore.py --work DIR --gguf paw-mini-2.gguf [--encoder paw-mini-2.encoder.gguf --mapper paw-mini-2.mapper.gguf]

With the two files of its neural compiler WORK/compiler.pt is written as well, for compiler.py --resume. A scale that
export_compiler.py was given is in the weights already; a temperature is not kept.
"""
import argparse, os, struct
import torch
import compiler, export, model as gpt, tokenizer

SIZES = {export.U32: 'I', export.I32: 'i', export.F32: 'f', export.BOOL: '?'}


def read(path):
    """(metadata, {name: array}) of a GGUF as export.py writes them."""
    data, at = open(path, 'rb').read(), 24
    magic, version, count, pairs = struct.unpack_from('<4sIQQ', data)
    if (magic, version) != (b'GGUF', 3):
        raise SystemExit(f'{path} is no GGUF of version 3')

    def take(form):
        nonlocal at
        out = struct.unpack_from('<' + form, data, at)
        at += struct.calcsize('<' + form)
        return out if len(out) > 1 else out[0]

    def text():
        nonlocal at
        n = take('Q')
        at += n
        return data[at - n:at].decode()

    def one(kind):
        return text() if kind == export.STR else take(SIZES[kind])

    meta, table, out = {}, [], {}
    for _ in range(pairs):
        key, kind = text(), take('I')
        if kind == export.ARR:
            sub, n = take('IQ')
            meta[key] = [one(sub) for _ in range(n)]
        else:
            meta[key] = one(kind)
    for _ in range(count):
        name, dims = text(), take('I')
        shape = [take('Q') for _ in range(dims)][::-1]
        table.append((name, shape, take('I'), take('Q')))
    start = -(-at // 32) * 32
    for name, shape, kind, offset in table:
        n = 1
        for x in shape:
            n *= x
        raw = data[start + offset:start + offset + (n // 32 * 34 if kind == export.T_Q8 else 4 * n)]
        out[name] = torch.from_numpy(export.dequantise(raw, shape)) if kind == export.T_Q8 else torch.frombuffer(bytearray(raw), dtype=torch.float32).view(shape)
    return meta, out


def restored(m, encoder, mapper):
    """What compiler.py saves, from the files that export_compiler.py wrote for the interpreter m."""
    meta, weights = read(mapper)
    if meta.get('general.architecture') != 'paw-mapper':
        raise SystemExit(f'{mapper} is no mapper of export_compiler.py')
    settings = {k: meta['paw.mapper.' + k] for k in ('prefix', 'bases', 'rank')}
    c = compiler.Compiler(m, argparse.Namespace(**settings))
    if meta['paw.mapper.alpha'] != c.mapper.alpha:
        raise SystemExit(f'alpha is {meta["paw.mapper.alpha"]} in {mapper}, here {c.mapper.alpha}')
    c.fixed.data = weights.pop('fixed_coefficients').view_as(c.fixed)
    c.mapper.load_state_dict(weights)
    c.encoder.gpt.load_state_dict(read(encoder)[1])
    return dict(cfg=m.cfg, model=m.state_dict(), encoder_cfg=c.encoder.gpt.cfg, compiler=c.modules().state_dict(), fixed=c.fixed.detach(), step=0, spent=0.0, settings=settings)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work', required=True)
    p.add_argument('--gguf', required=True)
    p.add_argument('--encoder')
    p.add_argument('--mapper')
    a = p.parse_args()
    if bool(a.encoder) != bool(a.mapper):
        p.error('--encoder and --mapper belong together')
    meta, weights = read(a.gguf)
    number = {t: i for i, t in enumerate(meta['tokenizer.ggml.tokens'])}
    tok = tokenizer.Tokenizer([tuple(number[x] for x in m.split(' ')) for m in meta['tokenizer.ggml.merges']])
    if list(tok.strings()[0]) != meta['tokenizer.ggml.tokens']:
        raise SystemExit(f'the tokens of {a.gguf} do not follow from its merges: it was not written by export.py')
    os.makedirs(a.work, exist_ok=True)
    tok.save(os.path.join(a.work, 'tokenizer.json'))
    m = gpt.GPT(tok.size, meta['gpt2.embedding_length'], meta['gpt2.block_count'], meta['gpt2.attention.head_count'], meta['gpt2.feed_forward_length'], meta['gpt2.context_length'], planted=False)
    m.load_state_dict(weights)
    torch.save(dict(cfg=m.cfg, model=m.state_dict(), meaning=None, opts=[], step=0, tokens=0, spent=0.0), os.path.join(a.work, 'checkpoint.pt'))
    if a.encoder:
        torch.save(restored(m, a.encoder, a.mapper), os.path.join(a.work, 'compiler.pt'))
    print(f'{tok.size} tokens, {sum(x.numel() for x in m.parameters()) / 1e6:.2f} M parameters')


if __name__ == '__main__':
    main()
