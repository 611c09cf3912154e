package pawfile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"time"
)

// limits of the members. The sum is bounded by MaxExpanded.
var limits = map[string]int64{memberMeta: maxMeta, memberTemplate: maxText, memberPseudo: maxText, memberAdapter: MaxArchive}

// Read reads and checks a program archive of size bytes.
func Read(r io.ReaderAt, size int64) (*Program, error) {
	if size > MaxArchive {
		return nil, fail("", ErrTooLarge, "%d bytes, at most %d are read", size, int64(MaxArchive))
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fail("", ErrArchive, "%v: download or compile it again", err)
	}
	if len(z.File) > len(limits) {
		return nil, fail("", ErrMember, "%d members, at most %d are possible", len(z.File), len(limits))
	}
	members := map[string][]byte{}
	expanded := int64(0)
	for _, f := range z.File {
		b, err := readMember(f, members, MaxExpanded-expanded, size)
		if err != nil {
			return nil, err
		}
		members[f.Name] = b
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
func readMember(f *zip.File, have map[string][]byte, left, archive int64) ([]byte, error) {
	limit, ok := limits[f.Name]
	if !ok {
		return nil, fail("", ErrMember, "%.80q: only meta.json, prompt_template.txt, pseudo_program.txt and adapter.gguf belong there", f.Name)
	}
	if _, twice := have[f.Name]; twice {
		return nil, fail(f.Name, ErrMember, "it is there twice")
	}
	if !f.Mode().IsRegular() {
		return nil, fail(f.Name, ErrMember, "it is no plain file")
	}
	if f.Method != zip.Store && f.Method != zip.Deflate || f.Flags&1 != 0 {
		return nil, fail(f.Name, ErrMember, "its compression or encryption is not supported")
	}
	r, err := f.Open()
	if err != nil {
		return nil, fail(f.Name, ErrArchive, "%v", err)
	}
	defer r.Close()
	limit = min(limit, left)
	var b bytes.Buffer
	if f.Method == zip.Store {
		// Stored bytes are all in the archive, so its size bounds what is announced: room for them at
		// once. Growing step by step doubles the time it takes a browser to open a program.
		b.Grow(int(min(f.UncompressedSize64, uint64(archive), uint64(limit)) + bytes.MinRead))
		_, err = b.ReadFrom(io.LimitReader(r, limit+1))
	} else {
		var data []byte
		data, err = io.ReadAll(io.LimitReader(r, limit+1))
		b = *bytes.NewBuffer(data)
	}
	if err != nil {
		return nil, fail(f.Name, ErrArchive, "%v: download or compile it again", err)
	}
	if int64(b.Len()) > limit {
		return nil, fail(f.Name, ErrTooLarge, "more than %d bytes", limit)
	}
	return b.Bytes(), nil
}

// Encode writes the archive. The same program gives the same bytes: fixed order, time and method.
func (p *Program) Encode() ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, m := range []struct {
		name   string
		data   []byte
		method uint16
	}{
		{memberMeta, p.Meta.JSON(), zip.Deflate},
		{memberTemplate, []byte(p.Template), zip.Deflate},
		{memberPseudo, []byte(p.PseudoProgram), zip.Deflate},
		{memberAdapter, p.Adapter, zip.Store}, // quantised weights do not shrink
	} {
		if m.name == memberPseudo && len(m.data) == 0 {
			continue
		}
		h := &zip.FileHeader{Name: m.name, Method: m.method}
		h.SetMode(0o644)
		h.Modified = time.Time{}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			return nil, errors.Join(fail(m.name, ErrArchive, "writing"), err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if b.Len() > MaxArchive {
		return nil, fail("", ErrTooLarge, "%d bytes, at most %d are read", b.Len(), int64(MaxArchive))
	}
	return b.Bytes(), nil
}
