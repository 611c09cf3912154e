package pawfile

import (
	"bytes"
	"errors"
	"io"
)

// limits of the members. The sum is bounded by MaxExpanded.
var limits = map[string]int64{memberMeta: maxMeta, memberTemplate: maxText, memberPseudo: maxText, memberAdapter: MaxArchive}

// Read reads and checks a program archive of size bytes.
func Read(r io.ReaderAt, size int64) (*Program, error) {
	if size > MaxArchive {
		return nil, fail("", ErrTooLarge, "%d bytes, at most %d are read", size, int64(MaxArchive))
	}
	z, err := directory(r, size)
	if errors.Is(err, ErrMember) {
		return nil, err
	}
	if err != nil {
		return nil, fail("", ErrArchive, "%v: download or compile it again", err)
	}
	members := map[string][]byte{}
	expanded := int64(0)
	for _, f := range z {
		b, err := readMember(r, f, members, MaxExpanded-expanded)
		if err != nil {
			return nil, err
		}
		members[f.name] = b
		expanded += int64(len(b))
	}
	for _, name := range []string{memberMeta, memberTemplate, memberAdapter} {
		if _, ok := members[name]; !ok {
			return nil, fail(name, ErrArchive, "the member is missing: download or compile it again")
		}
	}
	p := &Program{Template: string(members[memberTemplate]), PseudoProgram: string(members[memberPseudo]), Adapter: members[memberAdapter]}
	if p.Meta, err = parseMeta(members[memberMeta]); err != nil {
		return nil, err
	}
	return p, p.Check()
}

// readMember reads one member, counting: sizes that the archive states are not believed.
func readMember(r io.ReaderAt, f zipped, have map[string][]byte, left int64) ([]byte, error) {
	limit, ok := limits[f.name]
	if !ok {
		return nil, fail("", ErrMember, "%.80q: only meta.json, prompt_template.txt, pseudo_program.txt and adapter.gguf belong there", f.name)
	}
	if _, twice := have[f.name]; twice {
		return nil, fail(f.name, ErrMember, "it is there twice")
	}
	if !f.regular {
		return nil, fail(f.name, ErrMember, "it is no plain file")
	}
	if f.method != methodStore && f.method != methodDeflate || f.encrypted {
		return nil, fail(f.name, ErrMember, "its compression or encryption is not supported")
	}
	limit = min(limit, left)
	content, err := f.open(r)
	if err != nil {
		return nil, fail(f.name, ErrArchive, "%v: download or compile it again", err)
	}
	var b bytes.Buffer
	if f.method == methodStore {
		// Stored bytes are all in the archive, so its size bounds what is announced: room for them at
		// once. Growing step by step doubles the time it takes a browser to open a program.
		b.Grow(int(min(f.packed, limit)) + bytes.MinRead)
	}
	if _, err = b.ReadFrom(io.LimitReader(content, limit+1)); err != nil {
		return nil, fail(f.name, ErrArchive, "%v: download or compile it again", err)
	}
	if int64(b.Len()) > limit {
		return nil, fail(f.name, ErrTooLarge, "more than %d bytes", limit)
	}
	if err := f.whole(b.Bytes()); err != nil {
		return nil, fail(f.name, ErrArchive, "%v: download or compile it again", err)
	}
	return b.Bytes(), nil
}
