"""GPT-2 in PyTorch: pre-norm, biases, learned positions, tanh GELU, tied output. Nothing a GPT-2 GGUF cannot hold.

`plant` starts the model with two working circuits instead of noise alone: in block 0 a head that looks at the
previous token, in block 1 heads that look for "what followed this token before" and repeat it. Both are ordinary
GPT-2 weights, free to change; small models otherwise spend most of a short run finding them.
"""
import math
import torch, torch.nn as nn, torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, d, heads, ffn):
        super().__init__()
        self.heads = heads
        self.attn_norm, self.ffn_norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attn_qkv, self.attn_output = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.ffn_up, self.ffn_down = nn.Linear(d, ffn), nn.Linear(ffn, d)

    def forward(self, x, mask, lora=None):
        """lora: {module: (A (rows, rank, in), B (rows, out, rank))}, one pair a row, the scale inside B."""
        r, t, d = x.shape
        h, e = self.heads, d // self.heads

        def linear(name, x):
            y = getattr(self, name)(x)
            if lora is not None:
                a, b = lora[name]
                y = y + torch.bmm(torch.bmm(x, a.transpose(1, 2).to(x.dtype)), b.transpose(1, 2).to(x.dtype)).to(y.dtype)
            return y

        q, k, v = linear('attn_qkv', self.attn_norm(x)).view(r, t, 3, h, e).permute(2, 0, 3, 1, 4)
        a = torch.softmax((q * e ** -0.5) @ k.transpose(-1, -2) + mask, -1).to(v.dtype) @ v
        x = x + linear('attn_output', a.transpose(1, 2).reshape(r, t, d))
        return x + linear('ffn_down', gelu(linear('ffn_up', self.ffn_norm(x))))


class FastGELU(torch.autograd.Function):
    """tanh GELU as x·sigmoid(2u): a third of the time of torch's own in bfloat16 on the CPU."""

    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x * (1.5957691216 + 0.0713548163 * x * x))
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * s * (1 + x * (1 - s) * (1.5957691216 + 0.2140644488 * x * x))


def gelu(x):
    if x.dtype == torch.bfloat16 and x.device.type == 'cpu':
        return FastGELU.apply(x)
    try:
        return F.gelu(x, approximate='tanh')
    except TypeError:  # torch before 1.12
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


class GPT(nn.Module):
    def __init__(self, vocab=8192, d=192, layers=4, heads=6, ffn=768, ctx=512, planted=True):
        super().__init__()
        self.cfg = dict(vocab=vocab, d=d, layers=layers, heads=heads, ffn=ffn, ctx=ctx)
        self.token_embd, self.position_embd = nn.Embedding(vocab, d), nn.Embedding(ctx, d)
        self.blk = nn.ModuleList(Block(d, heads, ffn) for _ in range(layers))
        self.output_norm = nn.LayerNorm(d)
        for n, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, 0.02 / math.sqrt(2 * layers) if 'output' in n or 'down' in n else 0.02)
            elif n.endswith('bias'):
                nn.init.zeros_(p)
        if planted and layers > 1 and d >= 160 and d // heads == 32:
            plant(self)

    def hidden(self, ids, pos, seg=None, tap=None, loras=None):
        """Last hidden states; seg: cases see segment 0 and themselves. tap: a list that receives every block's output.
        loras: one {module: (A, B)} a block."""
        x = self.token_embd(ids) + self.position_embd(pos)
        t = ids.shape[1]
        ok = torch.ones(t, t, dtype=torch.bool, device=ids.device).tril()[None]
        if seg is not None:
            ok = ok & ((seg[:, None, :] == 0) | (seg[:, None, :] == seg[:, :, None]))
        mask = torch.zeros(ok.shape, device=ids.device).masked_fill_(~ok, -1e4)[:, None]
        for i, b in enumerate(self.blk):
            x = b(x, mask, loras[i] if loras else None)
            if tap is not None:
                tap.append(x)
        return self.output_norm(x)

    def logits(self, h):
        return h @ self.token_embd.weight.T

    def loss(self, ids, seg, pos, w, tap=None, loras=None):
        """NLL of every position with weight (only those cost logits), and their weights."""
        y, w = ids[:, 1:], w[:, 1:]
        m = w > 0
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=AUTOCAST):
            z = self.logits(self.hidden(ids[:, :-1], pos[:, :-1], seg[:, :-1], tap, loras)[m])
        return F.cross_entropy(z.float(), y[m], reduction='none'), w[m]


class Meaning(nn.Module):
    """Distillation: the state after the middle block, where a text ends, should know the teacher's vector of the text.
    Cosine and in-batch contrast. Training only; nothing of it is exported."""

    def __init__(self, d, vectors):
        super().__init__()
        self.read = nn.Linear(d, vectors.shape[1])
        self.vectors = vectors  # half precision, unit rows

    def forward(self, states, mark):
        at = mark >= 0
        if at.sum() < 2:
            return states.sum() * 0, 0.0
        number, back = torch.unique(mark[at], return_inverse=True)
        want = self.vectors[number].to(states.device, torch.float32)
        have = F.normalize(self.read(states[at].float()), dim=-1)
        like = have @ want.T
        cosine = like.gather(1, back[:, None]).mean()
        return 1 - cosine + 0.25 * F.cross_entropy(like * 16, back), cosine.item()


AUTOCAST = False  # bf16 forward; parameters and optimiser stay float32


@torch.no_grad()
def plant(m, scale=0.045, wave=0.09):
    """Dimensions 0..31 carry the position as waves, 32..63 the previous token, the rest the token."""
    d, e = m.cfg['d'], 32
    m.token_embd.weight.normal_(0, scale)
    m.token_embd.weight[:, :64] *= 0.05
    g = torch.Generator().manual_seed(5)
    f = torch.cat([torch.tensor([0.006, 0.03, 0.12, 0.35]), 0.5 + 2.6 * torch.rand(12, generator=g)])
    a = torch.arange(m.cfg['ctx'])[:, None] * f[None]
    m.position_embd.weight.normal_(0, 0.002)
    m.position_embd.weight[:, 0:32:2] = wave * torch.cos(a)
    m.position_embd.weight[:, 1:32:2] = wave * torch.sin(a)

    def rotation(rows, cols):
        return torch.linalg.qr(torch.randn(cols, rows, generator=g))[0].T

    # Block 0, head 0: the query is the position turned back by one, the key the position.
    q, k, v = m.blk[0].attn_qkv.weight.view(3, d, d)
    turn = torch.zeros(32, 32)
    for i, x in enumerate(f.tolist()):
        c, s = math.cos(x), math.sin(x)
        turn[2 * i:2 * i + 2, 2 * i:2 * i + 2] = torch.tensor([[c, s], [-s, c]])
    q[:e, :], k[:e, :] = 0, 0
    q[:e, :32], k[:e, :32] = turn, torch.eye(32)
    look = rotation(e, d - 64)
    v[:e, :] = 0
    v[:e, 64:] = look
    m.blk[0].attn_output.weight[:, :e] = 0
    m.blk[0].attn_output.weight[32:64, :e] = 0.05 * torch.eye(32)
    # Block 1, heads 0..2: find places whose previous token is the present one; repeat the token there.
    q, k, v = m.blk[1].attn_qkv.weight.view(3, d, d)
    whole = rotation(96, d - 64)
    for h in range(3):
        s = slice(h * e, h * e + e)
        q[s, :], k[s, :], v[s, :] = 0, 0, 0
        q[s, 64:], k[s, 32:64] = 1.4 * look, 1.4 * torch.eye(32)
        v[s, 64:] = whole[s]
        m.blk[1].attn_output.weight[:, s] = 0
        m.blk[1].attn_output.weight[64:, s] = 0.1 * whole[s].T


@torch.no_grad()
def lend(m, tokens, scale=0.045):
    """Starts the token part of the token embedding from the teacher's: two thirds of the variance, the rest stays noise."""
    d = m.cfg['d'] - 64
    if d < 1:
        return
    e = torch.as_tensor(tokens)[:, :d]
    e = e / e.std().clamp(min=1e-9)
    m.token_embd.weight[:, 64:64 + e.shape[1]] = scale * (0.82 * e.clamp(-4, 4) + 0.57 * torch.randn(e.shape))
