package edge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"paw/rest"
	"paw/store/digest"
)

// model answers {sha256}.gguf and {sha256}.chunks.json.
func (d *door) model(w http.ResponseWriter, r *http.Request) error {
	rest.Readable(w)
	name, kind, _ := strings.Cut(r.PathValue("file"), ".")
	sum, err := digest.Parse(name)
	if err != nil || kind != "gguf" && kind != "chunks.json" {
		return rest.NotFound("the model is")
	}
	text, err := d.record(r, ModelRecord(sum.String()), "the model is")
	if err != nil {
		return err
	}
	var m Model
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("record %s: %w", ModelRecord(sum.String()), err)
	}
	rest.Shareable(w)
	if kind == "chunks.json" {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"`+m.Chunks.SHA256+`"`)
		return d.send(w, r, m.Chunks, ranged)
	}
	if m.File.SHA256 != sum.String() {
		return fmt.Errorf("record %s names another file: publish again", ModelRecord(sum.String()))
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+m.File.SHA256+`"`)
	return d.send(w, r, m.File, ranged)
}

// runtime answers a manifest; files that the edge itself offers get its own address.
func (d *door) runtime(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if !ValidRuntime(id) {
		return rest.NotFound("runtime")
	}
	text, err := d.record(r, RuntimeRecord(id), "runtime")
	if err != nil {
		return err
	}
	scheme := "https"
	if r.TLS == nil && r.URL.Scheme != "https" {
		scheme = "http"
	}
	own, err := json.Marshal(scheme + "://" + r.Host)
	if err != nil {
		return err
	}
	return verbatim(w, r, bytes.ReplaceAll(text, []byte(HostMark), bytes.Trim(own, `"`)))
}

// interpreters answers those that are published; the origin, where there is one, says which of its
// compilers make programs for them.
func (d *door) interpreters(w http.ResponseWriter, r *http.Request) error {
	rest.Readable(w)
	text, err := d.record(r, InterpretersRecord, "the list of interpreters is")
	if err != nil || d.OriginURL == "" {
		if err != nil {
			return err
		}
		return verbatim(w, r, text)
	}
	var list struct {
		Interpreters []map[string]any `json:"interpreters"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("record %s: %w", InterpretersRecord, err)
	}
	for _, c := range d.offered(r) {
		for _, i := range list.Interpreters {
			if i["sha256"] == c.Base {
				have, _ := i["compilers"].([]any)
				i["compilers"] = append(have, c.Name)
			}
		}
	}
	return rest.Reply(w, http.StatusOK, list)
}

const maxList = 1 << 20

// offer is a compiler of the origin and the SHA-256 of its base.
type offer struct {
	Name string `json:"name"`
	Base string `json:"base_sha256"`
}

// offered are the origin's compilers, in its order: pages take the first that suits. A page without them still runs
// programs, so an origin that does not answer is no error.
func (d *door) offered(r *http.Request) []offer {
	var list struct {
		Compilers []offer `json:"compilers"`
	}
	answer, err := d.ask(r.Context(), http.MethodGet, "/api/v1/models/compilers", nil, nil)
	if err == nil {
		defer answer.Body.Close()
		err = json.NewDecoder(io.LimitReader(answer.Body, maxList)).Decode(&list)
	}
	if err != nil {
		d.Log("the origin's compilers: %v", err)
	}
	return list.Compilers
}

func (d *door) catalogue(w http.ResponseWriter, r *http.Request) error {
	text, err := d.record(r, CatalogueRecord, "the catalogue is")
	if err != nil {
		return err
	}
	return verbatim(w, r, text)
}
