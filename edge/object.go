package edge

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"paw/store/digest"
)

// partly tells whether clients may ask for parts.
type partly bool

const (
	whole  partly = false
	ranged partly = true
)

// send answers with an object, or the part of it that the client asks for, or that nothing has
// changed. Headers are set already, ETag among them. The conditions are net/http's own, so that they
// are those of our server; the bytes never pass through it, since a worker may hand them on unread.
func (d *door) send(w http.ResponseWriter, r *http.Request, b Blob, parts partly) error {
	name, err := digest.Parse(b.SHA256)
	if err != nil || b.Size < 0 {
		return fmt.Errorf("a record names the object %q of %d bytes: publish again", b.SHA256, b.Size)
	}
	ask := r.Clone(r.Context())
	ask.Method = http.MethodHead
	for _, h := range []string{"If-None-Match", "If-Match", "If-Range", "Range"} {
		if v := r.Header.Values(h); len(v) > 0 {
			ask.Header.Set(h, join(v))
		}
	}
	if parts == whole || strings.Contains(ask.Header.Get("Range"), ",") {
		ask.Header.Del("Range") // several parts at once: the whole is a right answer too
	}
	verdict := &verdict{header: w.Header().Clone(), status: http.StatusOK}
	http.ServeContent(verdict, ask, "", time.Time{}, &sized{size: b.Size})

	if parts == whole {
		verdict.header.Del("Accept-Ranges")
	}
	offset, length := int64(0), b.Size
	switch verdict.status {
	case http.StatusOK:
	case http.StatusPartialContent:
		var last int64
		if _, err := fmt.Sscanf(verdict.header.Get("Content-Range"), "bytes %d-%d/", &offset, &last); err != nil {
			return fmt.Errorf("range %q: %w", verdict.header.Get("Content-Range"), err)
		}
		length = last - offset + 1
	default: // 304, 412, 416: no body
		replace(w.Header(), verdict.header)
		w.Header().Del("Content-Length")
		w.Header().Del("Content-Type")
		w.WriteHeader(verdict.status)
		return nil
	}
	verdict.header.Set("Content-Length", strconv.FormatInt(length, 10)) // net/http leaves it out of encoded answers
	if r.Method == http.MethodHead || length == 0 {
		replace(w.Header(), verdict.header)
		w.WriteHeader(verdict.status)
		return nil
	}
	body, err := d.Objects.Get(r.Context(), name, offset, length)
	if errors.Is(err, ErrMissing) {
		return fmt.Errorf("object %s is named by a record but not there: upload the objects before the records", name)
	}
	if err != nil {
		return fmt.Errorf("object %s: %w", name, err)
	}
	defer body.Close()
	replace(w.Header(), verdict.header)
	w.WriteHeader(verdict.status)
	if _, err := io.Copy(w, body); err != nil {
		d.Log("object %s: %v", name, err) // the answer has begun: it ends short
	}
	return nil
}

func replace(h, by http.Header) {
	clear(h)
	for k, v := range by {
		h[k] = v
	}
}

// verdict takes what net/http would answer, without the body.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) Write(b []byte) (int, error) { return len(b), nil }
func (v *verdict) WriteHeader(status int)      { v.status = status }

// sized is content of which only the size is asked.
type sized struct{ size int64 }

func (s *sized) Read([]byte) (int, error) { return 0, io.EOF }

func (s *sized) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return s.size + offset, nil
	}
	return offset, nil
}
