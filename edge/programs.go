package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"paw/pawfile"
	"paw/rest"
)

// program is what the edge reads of a program's record.
type program struct {
	ID     string          `json:"program_id"`
	SHA256 string          `json:"sha256"`
	Bytes  int64           `json:"size_bytes"`
	Slug   json.RawMessage `json:"slug"`
}

// versions is what the edge reads of a slug's record; the newest is the first.
type versions struct {
	Versions []struct {
		Version int    `json:"version"`
		ID      string `json:"program_id"`
	} `json:"versions"`
}

// errUnpublished: the reference is an id that nobody published. Knowing a program's id is the right to
// read it, at the origin too, so the origin may have it; slugs are guessed easily and never go there.
var errUnpublished = errors.New("edge: not published")

// find gives the record of a published program.
func (d *door) find(r *http.Request, text string) (record []byte, p program, err error) {
	missing := rest.NotFound("program " + strconv.Quote(text))
	ref, ok := rest.ParseReference(text)
	if !ok {
		return nil, p, missing
	}
	id := ref.ID
	if id == "" {
		if id, err = d.idOf(r, ref); err != nil {
			return nil, p, err
		}
	}
	record, err = d.Records.Get(r.Context(), ProgramRecord(id))
	if errors.Is(err, ErrMissing) {
		if ref.ID != "" {
			return nil, p, errors.Join(errUnpublished, missing)
		}
		return nil, p, missing
	}
	if err == nil {
		err = json.Unmarshal(record, &p)
	}
	if err == nil && p.ID != id {
		err = errors.New("it is another program's")
	}
	if err != nil {
		return nil, p, fmt.Errorf("record %s: %w", ProgramRecord(id), err)
	}
	return record, p, nil
}

func (d *door) idOf(r *http.Request, ref rest.Reference) (string, error) {
	what := "slug " + strconv.Quote(ref.Slug)
	text, err := d.record(r, SlugRecord(ref.Slug), what)
	if err != nil {
		return "", err
	}
	var list versions
	if err := json.Unmarshal(text, &list); err != nil {
		return "", fmt.Errorf("record %s: %w", SlugRecord(ref.Slug), err)
	}
	for _, v := range list.Versions {
		if (ref.Version == 0 || v.Version == ref.Version) && pawfile.ValidID(v.ID) {
			return v.ID, nil
		}
	}
	return "", rest.NotFound(what)
}

func (d *door) resolve(w http.ResponseWriter, r *http.Request) error {
	ref := r.PathValue("slug")
	_, p, err := d.find(r, ref)
	if errors.Is(err, errUnpublished) && d.OriginURL != "" {
		return d.forward(w, r, "/api/v1/programs/resolve/"+ref, nil)
	}
	if err != nil {
		return err
	}
	return rest.Reply(w, http.StatusOK, map[string]any{"program_id": p.ID, "slug": p.Slug})
}

// program answers …/{id|slug}, …/download and …/versions; a slug may hold a slash, so the path is
// taken apart here.
func (d *door) program(w http.ResponseWriter, r *http.Request) error {
	path := r.PathValue("path")
	if ref, ok := strings.CutSuffix(path, "/versions"); ok {
		parsed, ok := rest.ParseReference(ref)
		if !ok || parsed.Slug == "" {
			return rest.NotFound("slug " + strconv.Quote(ref))
		}
		text, err := d.record(r, SlugRecord(parsed.Slug), "slug "+strconv.Quote(ref))
		if err != nil {
			return err
		}
		return verbatim(w, r, text)
	}
	ref, download := strings.CutSuffix(path, "/download")
	if download && pawfile.ValidID(ref) { // errors too
		rest.Readable(w)
	}
	record, p, err := d.find(r, ref)
	if errors.Is(err, errUnpublished) && d.OriginURL != "" {
		return d.forward(w, r, "/api/v1/programs/"+path, nil)
	}
	if err != nil {
		return err
	}
	if !download {
		return verbatim(w, r, record)
	}
	rest.Shareable(w)
	if !pawfile.ValidID(ref) { // a slug may name another program tomorrow
		w.Header().Set("Cache-Control", "no-cache")
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+p.ID+`.paw"`)
	w.Header().Set("ETag", `"`+p.SHA256+`"`)
	return d.send(w, r, Blob{p.SHA256, p.Bytes}, ranged)
}
