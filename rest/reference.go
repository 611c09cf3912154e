package rest

import (
	"strconv"
	"strings"

	"paw/pawfile"
)

// Owner is the user that all slugs of a server of ours belong to.
const Owner = "local"

// ValidSlug: docs/formats.md §1.
func ValidSlug(s string) bool {
	if len(s) < 2 || len(s) > 50 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// Reference names a program: by ID, or by Slug and version.
type Reference struct {
	ID      string
	Slug    string
	Version int // 0: the newest
}

// ParseReference reads an id, slug or user/slug, a slug with or without @vN. What it gives is a plain
// name: no path, whatever the text was.
func ParseReference(text string) (Reference, bool) {
	if pawfile.ValidID(text) {
		return Reference{ID: text}, true
	}
	name, version, versioned := strings.Cut(text, "@v")
	var r Reference
	if versioned {
		n, err := strconv.Atoi(version)
		if err != nil || n < 1 || version[0] == '+' {
			return r, false
		}
		r.Version = n
	}
	if user, slug, two := strings.Cut(name, "/"); two {
		if user != Owner {
			return r, false // nobody else has programs here
		}
		name = slug
	}
	r.Slug = name
	return r, ValidSlug(name)
}
