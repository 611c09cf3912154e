package server

import (
	"bytes"
	"cmp"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"paw/pawfile"
	"paw/programs"
	"paw/rest"
)

func (s *Server) find(text string) (entry, error) {
	r, ok := rest.ParseReference(text)
	if ok && r.ID != "" {
		if e, found := s.programs.entry(r.ID); found {
			return e, nil
		}
	}
	if ok && r.Slug != "" {
		for _, e := range s.programs.slugged(r.Slug) {
			if r.Version == 0 || e.Version == r.Version {
				return e, nil
			}
		}
	}
	return entry{}, notFound("program " + strconv.Quote(text))
}

func slugOf(e entry) any {
	if e.Slug == "" {
		return nil
	}
	return rest.Owner + "/" + e.Slug
}

func (s *Server) resolve(w http.ResponseWriter, r *http.Request) error {
	e, err := s.find(r.PathValue("slug"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"program_id": e.ID, "slug": slugOf(e)})
}

// program answers …/{id|slug}, …/download, …/versions and …/cases; a slug may hold a slash, so the
// path is taken apart here.
func (s *Server) program(w http.ResponseWriter, r *http.Request) error {
	path := r.PathValue("path")
	if ref, ok := strings.CutSuffix(path, "/download"); ok {
		return s.download(w, r, ref)
	}
	if ref, ok := strings.CutSuffix(path, "/versions"); ok {
		return s.versions(w, ref)
	}
	if strings.HasSuffix(path, "/cases") {
		return notImplemented(w, r)
	}
	e, err := s.find(path)
	if err != nil {
		return err
	}
	f, err := s.programs.open(e)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := pawfile.Read(f, e.Bytes)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{
		"program_id": e.ID, "slug": slugOf(e), "name": e.Name, "tags": e.Tags, "public": e.Public, "version": e.Version,
		"spec": e.Spec, "pseudo_program": p.PseudoProgram, "interpreter": e.Interpreter, "runtime_id": e.RuntimeID,
		"compiler_snapshot": e.Snapshot, "compiler_kind": e.Kind, "created_at": e.Created, "sha256": e.SHA256, "size_bytes": e.Bytes,
		"labels": p.Meta.Labels, "report": p.Meta.Report, "warnings": p.Meta.Warnings, "status": "ready",
	})
}

// download answers pages of other origins too when they know an id, errors included: that is the right to read the
// program. Of slugs only public ones: what is missing and what is private must look the same from there.
func (s *Server) download(w http.ResponseWriter, r *http.Request, ref string) error {
	byID := pawfile.ValidID(ref)
	if byID {
		readable(w)
	}
	e, err := s.find(ref)
	if err != nil {
		if j := s.jobs.find(ref); j != nil {
			now, _, _, _ := s.jobs.look(j, 0)
			switch now.State {
			case Queued, Compiling:
				w.Header().Set("Retry-After", "1")
				return reply(w, http.StatusAccepted, map[string]any{"program_id": ref, "status": Compiling})
			case Failed:
				return problem(http.StatusNotFound, "compile_failed", "the compilation failed: "+now.Error)
			}
		}
		return err
	}
	f, err := s.programs.open(e)
	if err != nil {
		return err
	}
	defer f.Close()
	switch { // a slug may name another program tomorrow
	case byID:
		shareable(w)
	case e.Public:
		readable(w)
		w.Header().Set("Cache-Control", "no-cache")
	default:
		w.Header().Set("Cache-Control", "private, no-cache")
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="`+e.ID+`.paw"`)
	w.Header().Set("ETag", `"`+e.SHA256+`"`)
	http.ServeContent(w, r, "", e.Created, f)
	return nil
}

func (s *Server) versions(w http.ResponseWriter, ref string) error {
	r, ok := rest.ParseReference(ref)
	list := s.programs.slugged(r.Slug)
	if !ok || r.Slug == "" || len(list) == 0 {
		return notFound("slug " + strconv.Quote(ref))
	}
	out := make([]map[string]any, len(list))
	for i, e := range list {
		out[i] = map[string]any{"version": e.Version, "program_id": e.ID, "is_main": i == 0, "created_at": e.Created}
	}
	return reply(w, http.StatusOK, map[string]any{"slug": rest.Owner + "/" + r.Slug, "main_version": list[0].Version, "versions": out})
}

// list answers ?q, ?tag, ?sort (newest, the default; oldest; name), ?page and ?per_page.
func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	number := func(name string, otherwise, most int) int {
		n, err := strconv.Atoi(r.URL.Query().Get(name))
		if err != nil || n < 1 {
			return otherwise
		}
		return min(n, most)
	}
	page, each := number("page", 1, 1e6), number("per_page", 20, 100)
	all := s.programs.all(r.URL.Query().Get("q"))
	if tag := r.URL.Query().Get("tag"); tag != "" {
		all = slices.DeleteFunc(all, func(e entry) bool { return !slices.Contains(e.Tags, tag) })
	}
	switch r.URL.Query().Get("sort") {
	case "oldest":
		slices.Reverse(all)
	case "name":
		slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	}
	from := min((page-1)*each, len(all))
	out := []map[string]any{}
	for _, e := range all[from:min(from+each, len(all))] {
		out = append(out, map[string]any{
			"program_id": e.ID, "slug": slugOf(e), "name": e.Name, "tags": e.Tags, "public": e.Public, "spec": e.Spec,
			"runtime_id": e.RuntimeID, "base_sha256": e.BaseSHA256, "compiler_kind": e.Kind, "created_at": e.Created, "size_bytes": e.Bytes,
		})
	}
	return reply(w, http.StatusOK, map[string]any{"programs": out, "total": len(all), "page": page, "per_page": each})
}

func (s *Server) patch(w http.ResponseWriter, r *http.Request) error {
	e, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	var c change
	if err := read(w, r, &c); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if e, err = s.programs.label(e.ID, c); err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"program_id": e.ID, "slug": slugOf(e), "name": e.Name, "tags": e.Tags, "public": e.Public, "version": e.Version})
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) error {
	e, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.programs.remove(e.ID); err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"program_id": e.ID, "deleted": true})
}

// importProgram keeps a .paw that was made elsewhere.
func (s *Server) importProgram(w http.ResponseWriter, r *http.Request) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/zip" && kind != "application/octet-stream" {
		return problem(http.StatusUnsupportedMediaType, "not_a_program", "send the .paw file, with Content-Type: application/zip")
	}
	data, err := readBody(w, r, pawfile.MaxArchive)
	if err != nil {
		return err
	}
	p, err := pawfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	e, err := s.programs.put(p, data, change{})
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, map[string]any{"program_id": e.ID, "status": "ready", "sha256": e.SHA256, "size_bytes": e.Bytes})
}

// examples are the programs that come with the server, to begin from.
func (s *Server) examples(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, map[string]any{"programs": programs.All()})
}
