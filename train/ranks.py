"""Data-parallel training in plain processes: one single-threaded process a core, gradients averaged over loopback (gloo).

start(2) in the first process starts the second with the same command line. Nothing to do for one process.
"""
import os, socket, subprocess, sys
import torch
import torch.distributed as dist

_children = []


def rank():
    return int(os.environ.get('RANK', 0))


def start(n):
    if n < 2:
        return
    if 'RANK' not in os.environ:
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            port = s.getsockname()[1]
        os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), WORLD_SIZE=str(n), GLOO_SOCKET_IFNAME='lo')
        for i in range(1, n):
            _children.append(subprocess.Popen([sys.executable, *sys.argv], env={**os.environ, 'RANK': str(i)}))
        os.environ['RANK'] = '0'
    dist.init_process_group('gloo')


def average(parameters, value):
    """Averages the gradients over all processes in one message, and a number with them."""
    if not dist.is_initialized():
        return value
    have = [p for p in parameters if p.requires_grad]
    flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in have] + [torch.tensor([value], device=have[0].device)])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    at = 0
    for p in have:
        p.grad = flat[at:at + p.numel()].view_as(p)
        at += p.numel()
    return flat[-1].item()


def stop():
    if dist.is_initialized():
        dist.barrier()
        dist.destroy_process_group()
    for c in _children:
        c.wait()
