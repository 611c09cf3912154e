//go:build !js

package pawfile

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"time"
)

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
