package server

import (
	"net/http"
	"slices"
	"unicode/utf8"

	"paw/rest"
)

// labels are what people file a program under.
type labels struct {
	Name   string   `json:"name,omitempty"`
	Slug   string   `json:"slug,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	Public bool     `json:"public,omitempty"`
}

// given are the labels that a compilation names; the others stay as they are.
func (l labels) given() change {
	var c change
	if l.Name != "" {
		c.Name = &l.Name
	}
	if l.Slug != "" {
		c.Slug = &l.Slug
	}
	if l.Tags != nil {
		c.Tags = &l.Tags
	}
	return c
}

// change says which labels become what; nil: as they are. It is read on its own and merged while the
// catalogue is locked, so that two changes at once never undo each other.
type change struct {
	Name   *string   `json:"name"`
	Slug   *string   `json:"slug"`
	Tags   *[]string `json:"tags"`
	Public *bool     `json:"public"`
}

// Limits of what people file programs under.
const (
	maxName = 200
	maxTags = 20
	maxTag  = 50
)

func (c change) check() error {
	bad := func(what string) error { return problem(http.StatusUnprocessableEntity, "invalid_label", what) }
	switch {
	case c.Slug != nil && *c.Slug != "" && !rest.ValidSlug(*c.Slug):
		return bad("slug: 2 to 50 of a-z, 0-9 and -, with a letter or digit first and last")
	case c.Name != nil && (!utf8.ValidString(*c.Name) || utf8.RuneCountInString(*c.Name) > maxName):
		return bad("name: at most 200 characters")
	case c.Tags != nil && (len(*c.Tags) > maxTags || slices.ContainsFunc(*c.Tags, func(t string) bool { return t == "" || len(t) > maxTag })):
		return bad("tags: at most 20, each at most 50 bytes")
	}
	return nil
}

// apply changes an entry that nobody else sees yet. The catalogue is locked.
func (c *catalogue) apply(e *entry, to change) {
	if to.Name != nil {
		e.Name = *to.Name
	}
	if to.Tags != nil {
		e.Tags = slices.Clone(*to.Tags)
	}
	if to.Public != nil {
		e.Public = *to.Public
	}
	if to.Slug == nil || *to.Slug == e.Slug {
		return
	}
	e.Slug, e.Version = *to.Slug, 0
	if e.Slug == "" {
		return
	}
	for _, o := range c.entries {
		if o.ID != e.ID && o.Slug == e.Slug {
			e.Version = max(e.Version, o.Version)
		}
	}
	e.Version++
}
