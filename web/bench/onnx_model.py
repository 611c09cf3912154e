"""Writes the model that ONNX Runtime Web is measured with: GPT-2 124M geometry, random weights.

    python3 onnx_model.py OUT.onnx [--fp32] [--check]        needs numpy, onnx, onnxruntime

The graph is what transformers.js is given for GPT-2: a KV cache as inputs and outputs, weights quantised by
quantize_dynamic to 8 bits (MatMulInteger). Two things are kinder to the peer than most exports: normalisation
and GELU are single operators, and the head sees only the last position. Development only: the benchmark runs
without this peer where the file is missing.
"""

import argparse
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

LAYERS, WIDTH, HEADS, VOCAB, CONTEXT = 12, 768, 12, 50257, 1024
HEAD = WIDTH // HEADS


class Graph:
    """Nodes and weights in the order in which they are asked for."""

    def __init__(self, seed: int):
        self.nodes, self.weights, self.random = [], [], np.random.default_rng(seed)

    def op(self, kind: str, *inputs: str, to: str = "", **attributes) -> str:
        out = to or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(h.make_node(kind, inputs, [out], name=f"{kind}_{len(self.nodes)}", **attributes))
        return out

    def split(self, x: str, sizes: str, n: int) -> list[str]:
        outs = [f"split_{len(self.nodes)}_{i}" for i in range(n)]
        self.nodes.append(h.make_node("Split", [x, sizes], outs, name=f"Split_{len(self.nodes)}", axis=-1))
        return outs

    def const(self, name: str, value) -> str:
        if all(w.name != name for w in self.weights):
            self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, name: str, *shape: int) -> str:
        return self.const(name, (self.random.standard_normal(shape) * 0.02).astype(np.float32))

    def norm(self, name: str, x: str) -> str:
        scale = self.const(name + ".weight", np.ones(WIDTH, np.float32))
        bias = self.const(name + ".bias", np.zeros(WIDTH, np.float32))
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)

    def linear(self, name: str, x: str, rows: int, columns: int) -> str:
        return self.op("Add", self.op("MatMul", x, self.weight(name + ".weight", rows, columns)), self.weight(name + ".bias", columns))


def build(seed: int) -> onnx.ModelProto:
    g = Graph(seed)
    integer = lambda name, *v: g.const(name, np.array(v, np.int64))
    scalar = lambda name, v: g.const(name, np.int64(v))
    zero, one = scalar("zero", 0), scalar("one", 1)
    past = g.op("Gather", g.op("Shape", "past_key_values.0.key"), scalar("two", 2))
    new = g.op("Gather", g.op("Shape", "input_ids"), one)
    total = g.op("Add", past, new)
    positions = g.op("Range", past, total, one)
    # Row i may look at columns up to past + i.
    later = g.op("Greater", g.op("Range", zero, total, one), g.op("Unsqueeze", positions, integer("one_axis", 1)))
    mask = g.op("Where", later, g.const("minus", np.float32(-1e9)), g.const("nothing", np.float32(0)))

    table = g.weight("wte", VOCAB, WIDTH)
    x = g.op("Add", g.op("Gather", table, "input_ids"), g.op("Gather", g.weight("wpe", CONTEXT, WIDTH), positions))
    heads, flat = integer("heads", 0, 0, HEADS, HEAD), integer("flat", 0, 0, WIDTH)
    scale = g.const("scale", np.float32(HEAD**-0.5))
    for i in range(LAYERS):
        q, k, v = g.split(g.linear(f"h.{i}.attn", g.norm(f"h.{i}.ln_1", x), WIDTH, 3 * WIDTH), integer("thirds", WIDTH, WIDTH, WIDTH), 3)
        q, k, v = (g.op("Transpose", g.op("Reshape", t, heads), perm=[0, 2, 1, 3]) for t in (q, k, v))
        k = g.op("Concat", f"past_key_values.{i}.key", k, to=f"present.{i}.key", axis=2)
        v = g.op("Concat", f"past_key_values.{i}.value", v, to=f"present.{i}.value", axis=2)
        scores = g.op("Mul", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), scale)
        seen = g.op("MatMul", g.op("Softmax", g.op("Add", scores, mask), axis=-1), v)
        seen = g.op("Reshape", g.op("Transpose", seen, perm=[0, 2, 1, 3]), flat)
        x = g.op("Add", x, g.linear(f"h.{i}.proj", seen, WIDTH, WIDTH))
        inner = g.op("Gelu", g.linear(f"h.{i}.fc", g.norm(f"h.{i}.ln_2", x), WIDTH, 4 * WIDTH), approximate="tanh")
        x = g.op("Add", x, g.linear(f"h.{i}.out", inner, 4 * WIDTH, WIDTH))
    last = g.op("Gather", x, integer("last", -1), axis=1)
    # The head is tied, but a quantised matrix product wants its weights the other way round: a copy.
    head = g.const("head", np.ascontiguousarray(numpy_helper.to_array(next(w for w in g.weights if w.name == "wte")).T))
    g.op("MatMul", g.norm("ln_f", last), head, to="logits")

    cache = lambda prefix, length: [
        h.make_tensor_value_info(f"{prefix}.{i}.{part}", T.FLOAT, [1, HEADS, length, HEAD]) for i in range(LAYERS) for part in ("key", "value")
    ]
    graph = h.make_graph(
        g.nodes, "gpt2-random",
        [h.make_tensor_value_info("input_ids", T.INT64, [1, "new"]), *cache("past_key_values", "past")],
        [h.make_tensor_value_info("logits", T.FLOAT, [1, 1, VOCAB]), *cache("present", "total")],
        g.weights,
    )
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def check(path: str) -> None:
    """One pass over 30 tokens must say the same as 20 and then 10 behind their cache."""
    import onnxruntime as ort

    session = ort.InferenceSession(path)
    empty = {i.name: np.zeros((1, HEADS, 0, HEAD), np.float32) for i in session.get_inputs() if i.name != "input_ids"}
    ids = np.arange(30, dtype=np.int64)[None] * 37
    whole = session.run(None, {"input_ids": ids, **empty})
    first = session.run(None, {"input_ids": ids[:, :20], **empty})
    names = [o.name.replace("present", "past_key_values") for o in session.get_outputs()[1:]]
    second = session.run(None, {"input_ids": ids[:, 20:], **dict(zip(names, first[1:]))})
    difference = float(np.abs(whole[0] - second[0]).max())
    print(f"logits {whole[0].shape}, deviation {whole[0].std():.3f}; with the cache they differ by at most {difference:.5f}")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--fp32", action="store_true", help="leave the weights as they are")
    p.add_argument("--check", action="store_true", help="run the model and compare a cached with an uncached pass")
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    model = build(a.seed)
    if a.fp32:
        onnx.save(model, a.out)
    else:
        sys.path.pop(0)  # this folder: a module of onnxruntime's has this file's name
        from onnxruntime.quantization import QuantType, quantize_dynamic

        with tempfile.TemporaryDirectory() as d:
            plain = os.path.join(d, "plain.onnx")
            onnx.save(model, plain)
            # MatMulConstBOnly: products of two activations stay as they are, as transformers.js does it.
            quantize_dynamic(plain, a.out, weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True})
    print(a.out, f"{os.path.getsize(a.out) / 1e6:.1f} MB")
    if a.check:
        check(a.out)


if __name__ == "__main__":
    main()
