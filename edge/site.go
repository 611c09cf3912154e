package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"paw/rest"
	"paw/web/site"
)

// file answers a file of the site.
func (d *door) file(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p := rest.NewProblem(http.StatusMethodNotAllowed, "method_not_allowed", "only GET and HEAD")
		p.Header = map[string]string{"Allow": "GET, HEAD"}
		return p
	}
	name, ok := site.File(r.URL.Path)
	if !ok {
		return rest.NotFound("page")
	}
	text, err := d.Records.Get(r.Context(), SiteRecord)
	if errors.Is(err, ErrMissing) {
		return rest.NewProblem(http.StatusNotFound, "not_found", "no site is published here yet: run edge/publish and upload what it writes (docs/edge.md)")
	}
	if err != nil {
		return fmt.Errorf("record %s: %w", SiteRecord, err)
	}
	var list Site
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("record %s: %w", SiteRecord, err)
	}
	forms := list.Files[name]
	if forms == nil {
		return rest.NotFound("page")
	}
	encoding := site.Negotiate(join(r.Header.Values("Accept-Encoding")))
	blob, ok := forms[encoding.Name]
	if !ok {
		encoding, blob = site.Encoding{}, forms[""]
	}
	h := w.Header()
	for k, v := range site.Headers(name) {
		h.Set(k, v)
	}
	if len(blob.SHA256) == 64 { // otherwise send refuses it
		h.Set("ETag", site.Tag(blob.SHA256))
	}
	if encoding.Name != "" {
		h.Set("Content-Encoding", encoding.Name)
	}
	return d.send(w, r, blob, whole)
}
