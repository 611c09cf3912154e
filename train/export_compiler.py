#!/usr/bin/env python3
"""Write a trained neural compiler: two GGUFs that the Go side reads, and the published layout.

    export_compiler.py --work DIR --interpreter paw-mini-7.gguf --out DIR [--name paw-mini-7] [--temperature T] [--scale S] [--fixture FILE]

    OUT/NAME.encoder.gguf   GPT-2, Q8_0, the prefix tokens as the last of its vocabulary
    OUT/NAME.mapper.gguf    trunk and coefficient head F32, bases Q8_0
    OUT/published/          compiler/ (safetensors, config, tokenizer), lora_mapper.pt, meta.json

--fixture writes tokens and coefficients of a few programs, computed in float32 from the weights as the GGUFs hold them.
"""
import argparse, hashlib, json, os, struct
import numpy as np
import torch
import compiler, export, model as gpt, tokenizer
from export import F32, STR, T_F32, T_Q8, U32
from prompts import prefix
from tasks import specs

FIXTURE = [
    dict(task='Classify if this message is urgent. Return ONLY one of: urgent, wait', labels=['urgent', 'wait'], examples=[]),
    dict(task='Classify the ticket: billing, technical or sales.', labels=['billing', 'technical', 'sales'], examples=[('My card was charged twice', 'billing'), ('The app crashes', 'technical'), ('Do you offer a discount?', 'sales')]),
    dict(task='Write the date as YYYY-MM-DD.', labels=None, examples=[('3 May 2024', '2024-05-03')]),
    dict(task='Return [INPUT] the city, é ü.', labels=None, examples=[('from Oslo to <|endoftext|>', 'Oslo')]),
]


def load(work, scale=1.0):
    """(interpreter, Compiler) of a finished run, the adapters scaled."""
    s = torch.load(os.path.join(work, 'compiler.pt'), map_location='cpu')
    m = export.load(work)
    c = compiler.Compiler(m, argparse.Namespace(**s['settings']))
    c.modules().load_state_dict(s['compiler'])
    c.fixed.data = s['fixed']
    with torch.no_grad():
        for n, p in c.mapper.named_parameters():
            if n.startswith('B_bases'):
                p.mul_(scale)
    return m, c


def rounded(m, c):
    """Both as the files hold them."""
    export.rounded(m)
    export.rounded(c.encoder.gpt)
    with torch.no_grad():
        for n, p in c.mapper.named_parameters():
            if 'bases' in n:
                p.copy_(torch.from_numpy(export.dequantise(export.quantise(p.numpy()), tuple(p.shape))))
    return m, c


def safetensors(path, items):
    head, data, at = {'__metadata__': {'format': 'pt'}}, [], 0
    for n, x in items:
        b = np.ascontiguousarray(x, '<f4').tobytes()
        head[n] = dict(dtype='F32', shape=list(x.shape), data_offsets=[at, at + len(b)])
        at += len(b)
        data.append(b)
    h = json.dumps(head, separators=(',', ':')).encode()
    h += b' ' * (-len(h) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(h)) + h + b''.join(data))


def published(folder, name, c, tok):
    """The layout of the published compilers; matrices as GPT-2's Conv1D holds them (in × out)."""
    g, cfg = c.encoder.gpt, c.encoder.gpt.cfg
    os.makedirs(os.path.join(folder, 'compiler'), exist_ok=True)
    w = {k: v.detach().numpy() for k, v in g.state_dict().items()}
    items = [('transformer.wte.weight', w['token_embd.weight']), ('transformer.wpe.weight', w['position_embd.weight'])]
    names = dict(attn_norm='ln_1', ffn_norm='ln_2', attn_qkv='attn.c_attn', attn_output='attn.c_proj', ffn_up='mlp.c_fc', ffn_down='mlp.c_proj')
    for i in range(cfg['layers']):
        for ours, theirs in names.items():
            for leaf in ('weight', 'bias'):
                x = w[f'blk.{i}.{ours}.{leaf}']
                items.append((f'transformer.h.{i}.{theirs}.{leaf}', x.T if x.ndim == 2 else x))
    items += [(f'transformer.ln_f.{leaf}', w[f'output_norm.{leaf}']) for leaf in ('weight', 'bias')]
    safetensors(os.path.join(folder, 'compiler', 'model.safetensors'), items)

    def write(file, value):
        with open(os.path.join(folder, file), 'w', encoding='utf-8') as f:
            f.write(value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False) + '\n')

    tokens, merges = tok.strings()
    tokens = list(tokens) + prefixes(c)
    write('compiler/config.json', dict(architectures=['GPT2LMHeadModel'], model_type='gpt2', vocab_size=len(tokens), n_positions=cfg['ctx'], n_embd=cfg['d'], n_layer=cfg['layers'], n_head=cfg['heads'], n_inner=cfg['ffn'],
                                       activation_function='gelu_new', layer_norm_epsilon=1e-5, tie_word_embeddings=True, bos_token_id=tokenizer.EOS, eos_token_id=tokenizer.EOS))
    write('compiler/vocab.json', {t: i for i, t in enumerate(tokens)})
    write('compiler/merges.txt', '#version: 0.2\n' + '\n'.join(merges) + '\n')
    write('compiler/tokenizer_config.json', dict(tokenizer_class='GPT2Tokenizer', model_max_length=cfg['ctx'], eos_token='<|endoftext|>', bos_token='<|endoftext|>', unk_token='<|endoftext|>', add_prefix_space=False))
    write('compiler/added_tokens.json', {t: i for i, t in enumerate(tokens) if t in tokenizer.CONTROL or t in prefixes(c)})
    torch.save({k: v.detach().clone() for k, v in c.mapper.state_dict().items()}, os.path.join(folder, 'lora_mapper.pt'))
    write('meta.json', dict(interpreter_model=name, lora_rank=c.mapper.rank, lora_alpha=c.mapper.alpha, lora_num_bases=c.mapper.n, prefix_steps=c.encoder.prefix))


def prefixes(c):
    return [f'<prefix_{i + 1}>' for i in range(c.encoder.prefix)]


def write_mapper(path, name, c, digest, temperature=0.0):
    kvs = [('general.architecture', STR, 'paw-mapper'), ('general.type', STR, 'model'), ('general.name', STR, name + ' mapper'), ('general.license', STR, 'cc-by-4.0'), ('general.quantization_version', U32, 2),
           ('paw.mapper.bases', U32, c.mapper.n), ('paw.mapper.rank', U32, c.mapper.rank), ('paw.mapper.alpha', F32, float(c.mapper.alpha)), ('paw.mapper.prefix', U32, c.encoder.prefix), ('paw.mapper.interpreter_sha256', STR, digest)]
    if temperature:
        kvs.append(('paw.mapper.temperature', F32, temperature))
    items = []
    for n, x in [*c.mapper.state_dict().items(), ('fixed_coefficients', c.fixed.detach().flatten())]:
        x = x.numpy()
        q = 'bases' in n
        items.append((n, x.shape, T_Q8 if q else T_F32, export.quantise(x) if q else np.ascontiguousarray(x, '<f4').tobytes()))
    export.write_file(path, kvs, items)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work', required=True)
    p.add_argument('--interpreter', required=True, help='its GGUF, written by export.py')
    p.add_argument('--out', required=True)
    p.add_argument('--name', default='paw-mini-7')
    p.add_argument('--temperature', type=float, default=0.0, help='of the label probabilities, fitted by paw eval --compare on the dev families')
    p.add_argument('--scale', type=float, default=1.0, help='of all adapters; less than 1 keeps them nearer to the interpreter they were trained for')
    p.add_argument('--fixture')
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    tok = tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json'))
    digest = hashlib.sha256(open(a.interpreter, 'rb').read()).hexdigest()
    m, c = load(a.work, a.scale)
    files = [os.path.join(a.out, f'{a.name}.{k}.gguf') for k in ('encoder', 'mapper')]
    export.write(c.encoder.gpt, tok, files[0], a.name + ' encoder', more=prefixes(c))
    write_mapper(files[1], a.name, c, digest, a.temperature)
    published(os.path.join(a.out, 'published'), a.name, c, tok)
    for f in files:
        print(f, os.path.getsize(f), 'bytes', hashlib.sha256(open(f, 'rb').read()).hexdigest())
    if a.fixture:
        gpt.AUTOCAST = False
        rounded(m, c)
        rows = []
        for t in FIXTURE:
            ids = c.encoder.ids(tok, specs.canonical(t), prefix(tok, t)[0][:-len(tok.encode_template('\n\n[INPUT]\n'))])
            with torch.no_grad():
                rows.append(dict(t, tokens=ids, coefficients=[float(f'{x:.7g}') for x in c.coefficients([ids]).flatten().tolist()]))
        with open(a.fixture, 'w') as f:
            for row in rows:
                f.write(json.dumps(row) + '\n')


if __name__ == '__main__':
    main()
