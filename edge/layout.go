package edge

import "paw/pawfile"

// The records, which edge/publish writes. Answers are those of a server, word for word.
const (
	SiteRecord         = "site"         // Site
	InterpretersRecord = "interpreters" // the answer of GET /interpreters
	CatalogueRecord    = "catalogue"    // the answer of GET /catalogue
	programRecord      = "program/"     // + id: the answer of GET /programs/{id}
	slugRecord         = "slug/"        // + slug: the answer of GET /programs/{slug}/versions
	runtimeRecord      = "runtime/"     // + id: the answer of GET /models/runtimes/{id}, HostMark for this host
	modelRecord        = "model/"       // + SHA-256: Model
)

// ProgramRecord, SlugRecord, RuntimeRecord and ModelRecord name records. Their arguments are checked.
func ProgramRecord(id string) string   { return programRecord + id }
func SlugRecord(slug string) string    { return slugRecord + slug }
func RuntimeRecord(id string) string   { return runtimeRecord + id }
func ModelRecord(sha256 string) string { return modelRecord + sha256 }

// ObjectPrefix and the SHA-256 of its bytes are an object's key.
const ObjectPrefix = "sha256/"

// HostMark stands in a runtime's record where the address of the host that answers belongs.
const HostMark = "http://paw-edge.invalid"

// Blob is an object.
type Blob struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Site lists the files of the site: name → encoding ("" for the file itself) → object. All in one
// record, so that a page is never half of one release and half of another.
type Site struct {
	Files map[string]map[string]Blob `json:"files"`
}

// Model is an interpreter's file and its list of chunks.
type Model struct {
	File   Blob `json:"file"`
	Chunks Blob `json:"chunks"`
}

// ValidRuntime tells whether a text may be a runtime id: what interpreters of ours are called.
func ValidRuntime(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// validJob: a job has the id of the program that it makes.
func validJob(id string) bool { return pawfile.ValidID(id) }
