"""The neural compiler's second half: states of the prefix positions -> coefficients -> one LoRA a layer and module.

The layout is the published one (Program-as-Weights, section 3): mean over layers and positions, a GELU trunk, a
coefficient head, bases shared by all layers of a module type, modules in alphabetical order of their names.
"""
import math
import torch, torch.nn as nn

MODULES = {'attn_c_proj': 'attn_output', 'c_attn': 'attn_qkv', 'c_fc': 'ffn_up', 'mlp_c_proj': 'ffn_down'}


def depths(encoder_layers, layers):
    """The encoder layer whose output serves each interpreter layer."""
    return [(l + 1) * encoder_layers // layers - 1 for l in range(layers)]


class Mapper(nn.Module):
    def __init__(self, d, cfg, bases=32, rank=32, alpha=16):
        super().__init__()
        w, f, self.layers, self.n, self.rank, self.alpha = cfg['d'], cfg['ffn'], cfg['layers'], bases, rank, alpha
        self.trunk = nn.Sequential(nn.Linear(d, d), nn.GELU())
        self.coeff_head = nn.Linear(d, self.layers * len(MODULES) * bases * 2)
        shape = dict(attn_c_proj=(w, w), c_attn=(w, 3 * w), c_fc=(w, f), mlp_c_proj=(f, w))
        for m in MODULES:
            i, o = shape[m]
            self.register_parameter('A_bases_' + m, nn.Parameter(torch.randn(bases, rank, i) / math.sqrt(i)))
            self.register_parameter('B_bases_' + m, nn.Parameter(torch.zeros(bases, o, rank)))
        nn.init.normal_(self.coeff_head.weight, 0, 0.5 / math.sqrt(d))
        nn.init.normal_(self.coeff_head.bias, 0, 1 / math.sqrt(bases))

    def coefficients(self, states):
        """states: one (rows, prefix, width) a layer of the interpreter -> (rows, layers, modules, bases, 2)."""
        h = torch.stack([s.float().mean(1) for s in states]).mean(0)
        return self.coeff_head(self.trunk(h)).view(-1, self.layers, len(MODULES), self.n, 2)

    def loras(self, c):
        """One {module: (A, B)} a layer, the scale alpha/rank inside B."""
        out = []
        for l in range(self.layers):
            pairs = {}
            for i, (m, name) in enumerate(MODULES.items()):
                a, b = getattr(self, 'A_bases_' + m), getattr(self, 'B_bases_' + m)
                pairs[name] = ((c[:, l, i, :, 0] @ a.flatten(1)).view(-1, *a.shape[1:]),
                               (c[:, l, i, :, 1] @ b.flatten(1)).view(-1, *b.shape[1:]) * (self.alpha / self.rank))
            out.append(pairs)
        return out


class Encoder(nn.Module):
    """A copy of the interpreter whose vocabulary has K more tokens: the learned prefix."""

    def __init__(self, gpt, prefix=16):
        super().__init__()
        self.gpt, self.prefix = gpt, prefix
        old = gpt.token_embd.weight.data
        if gpt.cfg['vocab'] == old.shape[0] and not gpt.cfg.get('prefix'):
            gpt.token_embd = nn.Embedding(old.shape[0] + prefix, old.shape[1])
            gpt.token_embd.weight.data = torch.cat([old, torch.randn(prefix, old.shape[1]) * old.std()])
            gpt.cfg = dict(gpt.cfg, vocab=old.shape[0] + prefix, prefix=prefix)

    def ids(self, tok, spec_text, pseudo_ids, limit=480):
        """[SPEC] text [END_SPEC] pseudo-program EOS prefix; a long text loses its end."""
        from prompts import escape
        from tokenizer import EOS
        tail = tok.encode_template('\n[END_SPEC]\n\n') + pseudo_ids + [EOS] + list(range(tok.size, tok.size + self.prefix))
        head = tok.encode_template('[SPEC]\n' + escape(spec_text))
        return head[:limit - len(tail)] + tail

    def states(self, rows, layers, together=5):
        """Rows of ids of any lengths -> one (rows, prefix, width) a layer of the interpreter, the last one normed.
        Rows of like length are computed together, padded to one of a few lengths: padding costs as much as text, and a
        compiled encoder is compiled once a shape."""
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        parts = [self.batch([rows[i] for i in order[at:at + together]], layers) for at in range(0, len(order), together)]
        back = torch.tensor(sorted(range(len(order)), key=order.__getitem__))
        return [torch.cat(x)[back.to(x[0].device)] for x in zip(*parts)]

    def batch(self, rows, layers):
        size = min(-(-max(map(len, rows)) // 128) * 128, self.gpt.cfg['ctx'])
        ids, start = torch.zeros(len(rows), size, dtype=torch.long), []
        for i, r in enumerate(rows):
            ids[i, :len(r)] = torch.tensor(r)
            start.append(len(r) - self.prefix)
        device = self.gpt.token_embd.weight.device
        taps = self.run(ids.to(device))
        at = (torch.tensor(start)[:, None] + torch.arange(self.prefix)).to(device)
        pick = lambda x: x.gather(1, at[..., None].expand(-1, -1, x.shape[-1]))
        return [pick(taps[t]) for t in depths(len(taps), layers)]

    def run(self, ids):
        """Every block's output, the last one normed. A function of tensors alone, so that it can be compiled."""
        taps = []
        last = self.gpt.hidden(ids, torch.arange(ids.shape[1], device=ids.device).expand(ids.shape), tap=taps)
        return taps[:-1] + [last]
