#!/usr/bin/env python3
"""The whole road on a toy scale, under a minute on one core: tokenizer, teacher, interpreter, neural compiler, export, checks.

    smoke.py [--work DIR]      also: python3 pretrain.py --smoke

Uses the sample in sample/ and proves only that the parts fit together: the loss falls, a resumed run goes on, also from exported
weights alone or from the mean of two checkpoints, and two exports of one checkpoint are equal.
"""
import argparse, filecmp, hashlib, os, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def run(script, *args):
    cmd = [sys.executable, os.path.join(HERE, script), *args]
    print('$', script, *args, flush=True)
    out = subprocess.run(cmd, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'}).stdout
    print(out, end='', flush=True)
    return out


def first(out, name):
    return [float(line.split(name + ' ')[1].split()[0]) for line in out.splitlines() if ' step ' in line and name + ' ' in line]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work')
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as tmp:
        work, corpus = a.work or tmp, os.path.join(HERE, 'sample')
        files = [os.path.join(work, f'{n}.gguf') for n in 'ab']
        run('prepare.py', '--corpus', corpus, '--work', work, '--vocab', '1024', '--tasks', '300')
        run('teacher.py', '--corpus', corpus, '--work', work, '--texts', '1500', '--smoke')
        train = ['--corpus', corpus, '--work', work, '--minutes', '1', '--tokens', '1024', '--width', '64', '--heads', '4', '--ffn', '256', '--layers', '2', '--eval-tasks', '4', '--eval-minutes', '99']
        out = run('pretrain.py', *train, '--steps', '40') + run('pretrain.py', *train, '--steps', '50', '--resume')
        losses, copying = first(out, 'out'), first(out, 'copying')
        run('export.py', '--work', work, '--out', files[0])
        run('export.py', '--work', work, '--out', files[1])
        run('check.py', 'ids', '--work', work, '--gguf', files[0], '--strings', '300')
        # Another work folder goes on from the exported file alone.
        again = os.path.join(work, 'again')
        run('restore.py', '--work', again, '--gguf', files[0])
        run('prepare.py', '--corpus', corpus, '--work', again, '--keep-tokenizer')
        restored = first(run('pretrain.py', *[again if x == work else x for x in train], '--steps', '10', '--resume', '--seed', '2'), 'out')
        # The mean of two runs that began from the same weights is worth going on from.
        parts = [os.path.join(d, 'checkpoint.pt') for d in (work, again)]
        run('soup.py', '--out', parts[1], *parts)
        mixed = first(run('pretrain.py', *[again if x == work else x for x in train], '--steps', '10', '--resume', '--seed', '3'), 'out')
        learn = ['--corpus', corpus, '--work', work, '--minutes', '1', '--own', '2', '--hidden', '1', '--fixed', '1', '--bare', '1', '--prefix', '4', '--bases', '4', '--eval-tasks', '3', '--eval-minutes', '99', '--joint', '0.25']
        learned = run('compiler.py', *learn, '--steps', '20')
        run('export.py', '--work', work, '--out', files[0])
        run('export.py', '--work', work, '--out', files[1])
        made, twice = (os.path.join(work, d) for d in ('compiler-files', 'compiler-files-twice'))
        run('export_compiler.py', '--work', work, '--interpreter', files[0], '--out', made, '--name', 'smoke', '--fixture', os.path.join(work, 'fixture.jsonl'))
        # The compiler, too, goes on from its files alone: written once more they are the same.
        pair = [os.path.join(made, f'smoke.{k}.gguf') for k in ('encoder', 'mapper')]
        run('restore.py', '--work', again, '--gguf', files[0], '--encoder', pair[0], '--mapper', pair[1])
        run('export_compiler.py', '--work', again, '--interpreter', files[0], '--out', twice, '--name', 'smoke')
        same = all(filecmp.cmp(f, os.path.join(twice, os.path.basename(f)), shallow=False) for f in pair)
        # An interpreter that is newer than a compiler which left it as it was is the one that counts.
        run('soup.py', '--out', parts[1], parts[1], parts[0])
        run('export.py', '--work', again, '--out', files[1] + '.newer')
        stale = filecmp.cmp(files[0], files[1] + '.newer', shallow=False)
        learned += run('compiler.py', *[again if x == work else x for x in learn], '--steps', '5', '--resume')
        written = [os.path.getsize(os.path.join(made, f)) for f in ('smoke.encoder.gguf', 'smoke.mapper.gguf', 'published/lora_mapper.pt', 'published/compiler/model.safetensors', 'published/meta.json')]
        sums = [hashlib.sha256(open(f, 'rb').read()).hexdigest() for f in files]
    if len(losses) < 2 or losses[-1] >= losses[0]:
        raise SystemExit(f'the loss did not fall: {losses}')
    if not all(0 < x <= 1 for x in copying) or not copying:
        raise SystemExit(f'the copying heads saw nothing to copy: {copying}')
    if not restored or restored[0] >= losses[0]:
        raise SystemExit(f'a run from exported weights starts at {restored}, one from noise at {losses[0]}')
    if not mixed or mixed[0] >= losses[0]:
        raise SystemExit(f'the mean of two checkpoints starts at {mixed}, noise at {losses[0]}')
    own = first(learned, 'own')
    if len(own) < 2 or not all(x == x and x < 12 for x in own) or min(written) < 50:
        raise SystemExit(f'the neural compiler did not train or export: {own}, {written}')
    if not same:
        raise SystemExit('a restored compiler gives other files than those it was restored from')
    if stale:
        raise SystemExit('export.py wrote the interpreter of an old compiler.pt instead of the newer checkpoint.pt')
    if sums[0] != sums[1]:
        raise SystemExit('two exports of one checkpoint differ')
    print(f'smoke: loss {losses[0]:.2f} -> {losses[-1]:.2f}, export {sums[0][:12]} twice')


if __name__ == '__main__':
    main()
