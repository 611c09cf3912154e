"""Muon for the matrices of the blocks, AdamW for the rest. Plain PyTorch, 1.13 and later."""
import torch

BF16 = False


def orthogonalise(g, steps=5):
    """Newton-Schulz iteration on a stack of matrices: singular values to about 1. In bfloat16 where that is fast:
    Debian's torch has no optimised float32 matrix product on the CPU, and the iteration forgives the rounding."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    x = x.bfloat16() if BF16 else x
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    for _ in range(steps):
        s = x @ x.transpose(1, 2)
        x = a * x + (b * s + c * s @ s) @ x
    return (x.transpose(1, 2) if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised; matrices of one shape are handled as one stack. The query, key and value
    parts of attn_qkv count as three matrices."""

    def __init__(self, params, lr=0.015, momentum=0.95, weight_decay=0.02):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            stacks = {}
            for p in group['params']:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault('m', torch.zeros_like(p))
                m.lerp_(p.grad, 1 - group['momentum'])
                u = p.grad.lerp(m, group['momentum'])
                d = p.shape[1]
                parts = u.split(d) if p.shape[0] == 3 * d else (u,)
                views = p.split(d) if p.shape[0] == 3 * d else (p,)
                for v, part in zip(views, parts):
                    stacks.setdefault(tuple(part.shape), []).append((v, part))
            for (rows, cols), items in stacks.items():
                o = orthogonalise(torch.stack([u for _, u in items]))
                rate = group['lr'] * max(1.0, rows / cols) ** 0.5
                for (v, _), step in zip(items, o):
                    v.mul_(1 - group['lr'] * group['weight_decay']).add_(step, alpha=-rate)


def build(model, lr_matrix, lr_rest):
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and n.startswith('blk.')]
    tables = [p for n, p in model.named_parameters() if 'embd' in n]
    small = [p for p in model.parameters() if p.dim() == 1]
    return [Muon(matrices, lr_matrix),
            torch.optim.AdamW([dict(params=tables, weight_decay=0.01), dict(params=small, weight_decay=0.0)], lr_rest, betas=(0.9, 0.98))]
