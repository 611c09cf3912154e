package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"paw/rest"
)

// What passes between client and origin. Everything else stays on its side: hop-by-hop headers,
// cookies, the client's address, and the marks by which the origin would take a page of the edge for
// a stranger's (the edge has checked that itself).
var (
	onwards = []string{"Accept", "Content-Type", "If-Match", "If-None-Match", "If-Range", "Last-Event-Id", "Range", "X-Api-Key"}
	back    = []string{"Accept-Ranges", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Allow", "Cache-Control", "Content-Disposition", "Content-Range", "Content-Type",
		"Cross-Origin-Resource-Policy", "Etag", "Last-Modified", "Retry-After", "X-Accel-Buffering", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Request-Id"}
)

const maxBody = 1 << 20 // what our server takes

var errNoOrigin = rest.NewProblem(http.StatusServiceUnavailable, "no_origin",
	"nothing compiles here: set the variable PAW_ORIGIN of the worker to the address of a paw serve (docs/edge.md)")

// origin reads PAW_ORIGIN: scheme and host, nothing more.
func (d *door) origin() (string, error) {
	if d.OriginURL == "" {
		return "", errNoOrigin
	}
	u, err := url.Parse(d.OriginURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", rest.NewProblem(http.StatusServiceUnavailable, "bad_origin",
			"PAW_ORIGIN of the worker is no address of a server: set it to something like https://paw.example.org, without path, name or password")
	}
	return u.Scheme + "://" + u.Host, nil
}

// ask sends a request to the origin. path consists of checked parts; of the headers only those in
// onwards go along.
func (d *door) ask(ctx context.Context, method, path string, header http.Header, body []byte) (*http.Response, error) {
	at, err := d.origin()
	if err != nil {
		return nil, err
	}
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	out, err := http.NewRequestWithContext(ctx, method, at+path, in)
	if err != nil {
		return nil, err
	}
	for _, name := range onwards {
		if v := header.Values(name); len(v) > 0 {
			out.Header.Set(name, join(v))
		}
	}
	answer, err := d.Origin.Do(out)
	if err != nil {
		d.Log("origin: %s %s: %v", method, path, err)
		return nil, rest.NewProblem(http.StatusBadGateway, "origin_unreachable", "the server behind the edge does not answer: try again, or look whether the paw serve at PAW_ORIGIN runs")
	}
	if answer.StatusCode >= 300 && answer.StatusCode < 400 && answer.StatusCode != http.StatusNotModified {
		answer.Body.Close()
		return nil, rest.NewProblem(http.StatusBadGateway, "origin_redirects", "the server behind the edge sends elsewhere: set PAW_ORIGIN to its final address")
	}
	return answer, nil
}

// join puts the pieces of a header together again: hosts may cut values at commas.
func join(v []string) string {
	parts := make([]string, len(v))
	for i := range v {
		parts[i] = strings.TrimSpace(v[i])
	}
	return strings.Join(parts, ", ")
}

// forward hands the origin's answer on, without the headers that belong to its connection.
func (d *door) forward(w http.ResponseWriter, r *http.Request, path string, body []byte) error {
	answer, err := d.ask(r.Context(), r.Method, path, r.Header, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for _, name := range back {
		if v := answer.Header.Values(name); len(v) > 0 {
			w.Header().Set(name, join(v))
		}
	}
	w.WriteHeader(answer.StatusCode)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, answer.Body); err != nil {
		d.Log("origin: %s %s: %v", r.Method, path, err) // the answer has begun: it ends short
	}
	return nil
}

// own refuses what a page of another origin asks in its visitor's name.
func (d *door) own(r *http.Request) error {
	if d.cross.Check(r) != nil {
		return rest.NewProblem(http.StatusForbidden, "cross_origin", "pages of other origins may not change anything here")
	}
	return nil
}

// described is what the origin compiles from a request: the description and the compiler's name. What
// would file the program under a name (slug, name, tags) stays here: strangers name nothing at the origin. A body
// that is no JSON object is left to it as it is: it refuses the same.
func described(body []byte) ([]byte, error) {
	var all struct {
		Spec     json.RawMessage `json:"spec,omitempty"`
		Compiler json.RawMessage `json:"compiler,omitempty"`
	}
	if err := json.Unmarshal(body, &all); err != nil {
		return body, nil
	}
	return json.Marshal(all)
}

// compile hands a description to the origin.
func (d *door) compile(w http.ResponseWriter, r *http.Request) error {
	if err := d.own(r); err != nil {
		return err
	}
	if _, err := d.origin(); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	if len(body) > maxBody {
		return rest.NewProblem(http.StatusRequestEntityTooLarge, "too_large", "the request is too large")
	}
	if body, err = described(body); err != nil {
		return err
	}
	path := "/api/v1/compile"
	switch {
	case strings.HasSuffix(r.URL.Path, "/precheck"):
		path += "/precheck"
	case strings.HasSuffix(r.URL.Path, "/async"):
		path += "/async"
	}
	return d.forward(w, r, path, body)
}

// job follows or cancels a compilation.
func (d *door) job(w http.ResponseWriter, r *http.Request) error {
	if err := d.own(r); err != nil {
		return err
	}
	id := r.PathValue("job")
	if !validJob(id) {
		return rest.NotFound("the job is")
	}
	path := "/api/v1/compile/" + id
	if strings.HasSuffix(r.URL.Path, "/events") {
		path += "/events"
	}
	return d.forward(w, r, path, nil)
}

func (d *door) compilers(w http.ResponseWriter, r *http.Request) error {
	return d.forward(w, r, "/api/v1/models/compilers", nil)
}
