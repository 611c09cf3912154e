"""GPT-2's byte-level BPE with its own merges: train, encode, decode.

Pre-tokenisation is GPT-2's regular expression to the letter (written for `re`, which lacks \\p{L}
and \\p{N}: the classes are spelled out from unicodedata). Ids: 7 control markers, 256 bytes, merges.
Merges never contain a digit, so a number is always written digit by digit.
"""
import collections, functools, json, re, sys, unicodedata

CONTROL = ['<|endoftext|>', '[PSEUDO_PROGRAM]', '[END_PSEUDO_PROGRAM]', '[INPUT]', '[END_INPUT]', '[SPEC]', '[END_SPEC]']
EOS, PP, END_PP, IN, END_IN, SPEC, END_SPEC = range(7)
FIRST_BYTE = len(CONTROL)
FIRST_MERGE = FIRST_BYTE + 256
SPACE = r'\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000'


def char_class(*majors):
    """The inside of a [...] for all characters whose general category starts with one of majors."""
    out, start = [], None
    for c in range(sys.maxunicode + 2):
        inside = c <= sys.maxunicode and unicodedata.category(chr(c))[0] in majors
        if inside and start is None:
            start = c
        elif not inside and start is not None:
            out.append((start, c - 1))
            start = None
    return ''.join(f'\\U{a:08x}-\\U{b:08x}' for a, b in out)


@functools.lru_cache(None)
def pattern():
    l, n = char_class('L'), char_class('N')
    return re.compile(rf"'s|'t|'re|'ve|'m|'ll|'d| ?[{l}]+| ?[{n}]+| ?[^{SPACE}{l}{n}]+|[{SPACE}]+(?![^{SPACE}])|[{SPACE}]+")


@functools.lru_cache(None)
def byte_chars():
    """GPT-2's printable character for each byte."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in keep]
    return {**{b: chr(b) for b in keep}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


class Tokenizer:
    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.rank = {m: i for i, m in enumerate(self.merges)}
        self.bytes = [c.encode() for c in CONTROL] + [bytes([b]) for b in range(256)]
        for a, b in self.merges:
            self.bytes.append(self.bytes[a] + self.bytes[b])
        self.size, self.cache = len(self.bytes), {}

    @staticmethod
    def load(path):
        return Tokenizer(json.load(open(path)))

    def save(self, path):
        json.dump(self.merges, open(path, 'w'))

    def word(self, w):
        s = [FIRST_BYTE + b for b in w.encode('utf-8', 'surrogatepass')]
        while len(s) > 1:
            r, j = min((self.rank.get(p, 1 << 30), j) for j, p in enumerate(zip(s, s[1:])))
            if r == 1 << 30:
                break
            s[j:j + 2] = [FIRST_MERGE + r]
        return s

    def encode(self, text):
        """Plain text: never yields a control token."""
        out, cache = [], self.cache
        for w in pattern().findall(text):
            ids = cache.get(w)
            if ids is None:
                ids = self.word(w)
                if len(cache) < 200_000:
                    cache[w] = ids
            out += ids
        return out

    def encode_template(self, text):
        """As encode, with the control markers recognised."""
        out = []
        for part in re.split('(' + '|'.join(map(re.escape, CONTROL)) + ')', text):
            out += [CONTROL.index(part)] if part in CONTROL else self.encode(part)
        return out

    def decode(self, ids):
        return b''.join(self.bytes[i] for i in ids if i >= FIRST_BYTE).decode('utf-8', 'replace')

    def kinds(self):
        """A number for each token, the same for tokens that differ in case or in the space before them only."""
        seen = {}
        return [seen.setdefault(b.strip().lower() or (i,), i) for i, b in enumerate(self.bytes)]

    def strings(self):
        """Token strings and merges as a GGUF file writes them."""
        c = byte_chars()
        tok = CONTROL + [''.join(c[b] for b in x) for x in self.bytes[FIRST_BYTE:]]
        return tok, [f'{tok[a]} {tok[b]}' for a, b in self.merges]


def train(texts, size):
    """Most frequent pair first, ties by the lower ids (so that the result does not hang on hash order)."""
    words = collections.Counter(w for t in texts for w in pattern().findall(t))
    seqs = [([FIRST_BYTE + b for b in w.encode()], c) for w, c in words.items() if c > 2 and len(w) < 40]
    digits = {FIRST_BYTE + b for b in b'0123456789'}
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for i, (s, c) in enumerate(seqs):
        for p in zip(s, s[1:]):
            if not digits.intersection(p):
                pairs[p] += c
                where[p].add(i)
    merges = []
    while FIRST_MERGE + len(merges) < size and pairs:
        top = max(pairs.values())
        best = min(p for p, c in pairs.items() if c == top)
        new = FIRST_MERGE + len(merges)
        merges.append(best)
        for i in list(where[best]):
            s, c = seqs[i]
            for p in zip(s, s[1:]):
                if not digits.intersection(p):
                    pairs[p] -= c
                    where[p].discard(i)
            t, j = [], 0
            while j < len(s):
                if j + 1 < len(s) and (s[j], s[j + 1]) == best:
                    t.append(new)
                    j += 2
                else:
                    t.append(s[j])
                    j += 1
            s[:] = t
            for p in zip(s, s[1:]):
                if not digits.intersection(p):
                    pairs[p] += c
                    where[p].add(i)
        pairs.pop(best, None)
        if len(merges) % 500 == 0:
            pairs = collections.Counter({p: c for p, c in pairs.items() if c > 0})
    return Tokenizer(merges)
