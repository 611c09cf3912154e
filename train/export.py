#!/usr/bin/env python3
"""Write a checkpoint as a GPT-2 GGUF: matrices Q8_0, norms, biases and positions F32, the tokenizer inside.
The same weights give the same bytes.

    export.py --work DIR --out FILE [--name paw-mini-7] [--random]
"""
import argparse, os, struct
import numpy as np
import torch
import model as gpt, tokenizer

U32, F32, BOOL, STR, ARR, I32 = 4, 6, 7, 8, 9, 5
T_F32, T_Q8 = 0, 8


def quantise(x):
    """Q8_0 as the reference: d = amax/127 in float32, rounding half away from zero with 1/d, d stored as float16."""
    x = np.ascontiguousarray(x, np.float32).reshape(-1, 32)
    d = (np.abs(x).max(1) / np.float32(127)).astype(np.float32)
    inv = np.divide(np.float32(1), d, out=np.zeros_like(d), where=d != 0)
    y = x * inv[:, None]
    q = np.sign(y) * np.floor(np.abs(y) + np.float32(0.5))
    out = np.empty((len(x), 34), np.uint8)
    out[:, :2] = d.astype('<f2').view(np.uint8).reshape(-1, 2)
    out[:, 2:] = q.astype(np.int8).view(np.uint8)
    return out.tobytes()


def dequantise(data, shape):
    b = np.frombuffer(data, np.uint8).reshape(-1, 34)
    d = b[:, :2].copy().view('<f2').astype(np.float32)
    return (b[:, 2:].view(np.int8).astype(np.float32) * d).reshape(shape)


def string(s):
    b = s.encode()
    return struct.pack('<Q', len(b)) + b


def value(kind, v):
    if kind == STR:
        return string(v)
    if kind == ARR:
        sub, items = v
        return struct.pack('<IQ', sub, len(items)) + (b''.join(map(string, items)) if sub == STR else struct.pack(f'<{len(items)}i', *items))
    return struct.pack({U32: '<I', F32: '<f', BOOL: '<?'}[kind], v)


def tensors(m):
    """(GGUF name, array, is a Q8_0 matrix), in file order. Linear weights are stored out × in, as PyTorch holds them."""
    w = {k: v.detach().float().cpu().numpy() for k, v in m.state_dict().items()}
    yield 'token_embd.weight', w['token_embd.weight'], True
    yield 'position_embd.weight', w['position_embd.weight'], False
    for i in range(m.cfg['layers']):
        for part in ('attn_norm', 'attn_qkv', 'attn_output', 'ffn_norm', 'ffn_up', 'ffn_down'):
            for leaf in ('weight', 'bias'):
                x = w[f'blk.{i}.{part}.{leaf}']
                yield f'blk.{i}.{part}.{leaf}', x, x.ndim == 2
    for leaf in ('weight', 'bias'):
        yield f'output_norm.{leaf}', w[f'output_norm.{leaf}'], False


def write(m, tok, path, name, licence='cc-by-4.0', more=()):
    """more: control tokens after the tokenizer's own, such as the prefix of a neural compiler's encoder."""
    c = m.cfg
    tokens, merges = tok.strings()
    tokens = list(tokens) + list(more)
    types = [3] * len(tokenizer.CONTROL) + [1] * (len(tokens) - len(tokenizer.CONTROL) - len(more)) + [3] * len(more)
    kvs = [('general.architecture', STR, 'gpt2'), ('general.type', STR, 'model'), ('general.name', STR, name), ('general.license', STR, licence),
           ('gpt2.block_count', U32, c['layers']), ('gpt2.context_length', U32, c['ctx']), ('gpt2.embedding_length', U32, c['d']), ('gpt2.feed_forward_length', U32, c['ffn']),
           ('gpt2.attention.head_count', U32, c['heads']), ('gpt2.attention.layer_norm_epsilon', F32, 1e-5), ('general.file_type', U32, 7), ('general.quantization_version', U32, 2),
           ('tokenizer.ggml.model', STR, 'gpt2'), ('tokenizer.ggml.pre', STR, 'gpt-2'), ('tokenizer.ggml.tokens', ARR, (STR, tokens)), ('tokenizer.ggml.token_type', ARR, (I32, types)),
           ('tokenizer.ggml.merges', ARR, (STR, merges)), ('tokenizer.ggml.bos_token_id', U32, tokenizer.EOS), ('tokenizer.ggml.eos_token_id', U32, tokenizer.EOS), ('tokenizer.ggml.add_bos_token', BOOL, False)]
    items = [(n, x.shape, T_Q8 if q else T_F32, quantise(x) if q else np.ascontiguousarray(x, '<f4').tobytes()) for n, x, q in tensors(m)]
    write_file(path, kvs, items)


def write_file(path, kvs, items):
    """items: (name, shape as NumPy has it, type, bytes)."""
    head, at = b'GGUF' + struct.pack('<IQQ', 3, len(items), len(kvs)), 0
    for k, kind, v in kvs:
        head += string(k) + struct.pack('<I', kind) + value(kind, v)
    for n, shape, kind, data in items:
        head += string(n) + struct.pack(f'<I{len(shape)}Q', len(shape), *reversed(shape)) + struct.pack('<IQ', kind, at)
        at += -(-len(data) // 32) * 32
    with open(path + '.part', 'wb') as f:
        f.write(head + bytes(-len(head) % 32))
        for _, _, _, data in items:
            f.write(data + bytes(-len(data) % 32))
    os.replace(path + '.part', path)


def load(work):
    """The interpreter; as it stood at the end of compiler.py --joint, if that has run."""
    path = os.path.join(work, 'compiler.pt')
    s = torch.load(path, map_location='cpu') if os.path.exists(path) else {}
    if not s.get('settings', {}).get('joint'):  # frozen there: pretrain.py or soup.py may have written a newer one since
        s = torch.load(os.path.join(work, 'checkpoint.pt'), map_location='cpu')
    m = gpt.GPT(**s['cfg'], planted=False)
    m.load_state_dict(s['model'])
    return m.eval()


def rounded(m):
    """The model as the file holds it: matrices through Q8_0 and back."""
    with torch.no_grad():
        for n, p in m.named_parameters():
            if p.dim() == 2 and 'position' not in n:
                p.copy_(torch.from_numpy(dequantise(quantise(p.numpy()), tuple(p.shape))))
    return m


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work', required=True)
    p.add_argument('--out', required=True)
    p.add_argument('--name', default='paw-mini-7')
    p.add_argument('--random', action='store_true', help='random weights of the default geometry, for tests')
    a = p.parse_args()
    tok = tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json'))
    torch.manual_seed(1)
    write(gpt.GPT(tok.size) if a.random else load(a.work), tok, a.out, a.name)
    print(a.out, os.path.getsize(a.out), 'bytes')


if __name__ == '__main__':
    main()
