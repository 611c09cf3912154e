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

    def forward(self, x, mask, lora=None, watch=None):
        """lora: {module: (A (rows, rank, in), B (rows, out, rank))}, one pair a row, the scale inside B.
        watch: a list that receives the attention (rows, POINT + COPY, length, length) of the first heads."""
        r, t, d = x.shape
        h, e = self.heads, d // self.heads

        def linear(name, x):
            y = getattr(self, name)(x)
            if lora is not None:
                a, b = lora[name]
                y = y + torch.bmm(torch.bmm(x, a.transpose(1, 2).to(x.dtype)), b.transpose(1, 2).to(x.dtype)).to(y.dtype)
            return y

        q, k, v = linear('attn_qkv', self.attn_norm(x)).view(r, t, 3, h, e).permute(2, 0, 3, 1, 4)
        a = torch.softmax((q * e ** -0.5) @ k.transpose(-1, -2) + mask, -1).to(v.dtype)
        if watch is not None:
            watch.append(a[:, :POINT + COPY])
        a = a @ v
        x = x + linear('attn_output', a.transpose(1, 2).reshape(r, t, d))
        return x + linear('ffn_down', gelu(linear('ffn_up', self.ffn_norm(x))))


POINT, COPY = 2, 2  # heads whose attention is supervised, see pointer_loss and copy_loss


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

    @property
    def middle(self):
        """The block whose output is taught the meaning of texts; the one after it points (see pointer_loss)."""
        return (self.cfg['layers'] - 1) // 2

    def hidden(self, ids, pos, seg=None, tap=None, loras=None, watch=None):
        """Last hidden states; seg: cases see segment 0 and themselves. tap: a list that receives every block's output, watch: one
        that receives the attention of the pointing block's supervised heads. loras: one {module: (A, B)} a block."""
        x = self.token_embd(ids) + self.position_embd(pos)
        t = ids.shape[1]
        ok = torch.ones(t, t, dtype=torch.bool, device=ids.device).tril()[None]
        if seg is not None:
            ok = ok & ((seg[:, None, :] == 0) | (seg[:, None, :] == seg[:, :, None]))
        # In the type of the scores: a wider mask would widen them, and with them the softmax.
        narrow = torch.bfloat16 if AUTOCAST and x.device.type == 'cpu' and torch.is_autocast_cpu_enabled() else x.dtype
        mask = torch.zeros(ok.shape, device=ids.device, dtype=narrow).masked_fill_(~ok, -1e4)[:, None]
        for i, b in enumerate(self.blk):
            x = b(x, mask, loras[i] if loras else None, watch if i == min(self.middle + 1, len(self.blk) - 1) else None)
            if tap is not None:
                tap.append(x)
        return self.output_norm(x)

    def logits(self, h):
        return h @ self.token_embd.weight.T

    def study(self, ids, seg, pos, at, loras=None):
        """One training pass over whole rows: (NLL of the targets at the flat places `at`, output of the middle block, attention
        of the pointing heads). A function of tensors alone, so that it can be compiled."""
        taps, watch = [], []
        h = self.hidden(ids[:, :-1], pos[:, :-1], seg[:, :-1], taps, loras, watch)
        z = self.logits(h.reshape(-1, h.shape[-1])[at])
        nll = F.cross_entropy(z.float(), ids[:, 1:].reshape(-1)[at], reduction='none')
        return nll, taps[self.middle], watch[0]

    def loss(self, ids, seg, pos, w):
        """NLL of every target of weight, and the weights."""
        at = (w[:, 1:].reshape(-1) > 0).nonzero()[:, 0]
        with self.autocast():
            return self.study(ids, seg, pos, at)[0], w[:, 1:].reshape(-1)[at]

    def autocast(self):
        return torch.autocast(self.token_embd.weight.device.type, torch.bfloat16, enabled=AUTOCAST)


def compiled(f, wanted=True):
    """f through torch.compile where there is one (PyTorch 2): a step then takes two thirds of the time on the CPU."""
    return torch.compile(f, dynamic=False) if wanted and hasattr(torch, 'compile') else f


def pointer_loss(attention, key, ask):
    """The pointing heads should look from the end of an input to where the right answer stands in the prompt: at its label, or at
    examples that have it. -log of the attention there; key and ask as pack.task_row makes them."""
    row, at = (ask > 0).nonzero(as_tuple=True)
    if not len(row):
        return attention.sum() * 0, 0.0
    right = key[row] == ask[row, at][:, None]
    return looking(attention[:, :POINT], row, at, right)


def looking(attention, row, at, right):
    """(-log of the attention that the places (row, at) pay to what is right, and its mean)."""
    mass = (attention[row, :, at].float() * right[:, None]).sum(-1)
    return -(mass + 1e-3).log().mean(), mass.mean().item()


def copy_loss(attention, copy, seg, ids, kind):
    """The copying heads should look from where an answer goes on to where its next token stands in the case's own input: as the same
    token or its twin of other case or spacing (kind: a number for each token), and after the same token where there is such a place.
    copy as pack.task_row makes it; ids one longer than the rest. Answers that the input does not hold teach nothing here."""
    attention, kinds = attention[:, POINT:], kind[ids]
    row, at = (copy > 1).nonzero(as_tuple=True)
    if not len(row) or not attention.shape[1]:
        return attention.sum() * 0, 0.0
    right = (kinds[row, :-1] == kinds[row, at + 1][:, None]) & (seg[row] == seg[row, at][:, None]) & (copy[row] == 1)
    before = torch.cat([kinds[:, :1] * 0 - 1, kinds[:, :-2]], 1)
    after = right & (before[row] == kinds[row, at][:, None])
    right = torch.where(after.any(1)[:, None], after, right)
    there = right.any(1)
    if not there.any():
        return attention.sum() * 0, 0.0
    return looking(attention, row[there], at[there], right[there])


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
