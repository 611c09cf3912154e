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

// with are labels after a change that somebody asked for.
func (l labels) with(c change) labels {
	if c.Name != nil {
		l.Name = *c.Name
	}
	if c.Slug != nil {
		l.Slug = *c.Slug
	}
	if c.Tags != nil {
		l.Tags = slices.Clone(*c.Tags)
	}
	if c.Public != nil {
		l.Public = *c.Public
	}
	return l
}

func (l labels) equal(o labels) bool {
	return l.Name == o.Name && l.Slug == o.Slug && l.Public == o.Public && slices.Equal(l.Tags, o.Tags)
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
	slug := e.Slug
	e.labels = e.labels.with(to)
	if to.Slug == nil {
		return
	}
	if e.Slug == "" {
		e.Version = 0
		return
	}
	newest := 0 // among the others
	for _, o := range c.entries {
		if o.ID != e.ID && o.Slug == e.Slug {
			newest = max(newest, o.Version)
		}
	}
	// Who gives a program a slug means that the slug is this program from now on.
	if e.Slug != slug || e.Version <= newest {
		e.Version = newest + 1
	}
}
