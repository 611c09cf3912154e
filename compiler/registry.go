package compiler

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Info describes a compiler that may not be loaded yet.
type Info struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Kind        string `json:"compiler_kind"` // "finetune_lora", "mapper_lora"
	RuntimeID   string `json:"runtime_id"`    // of the interpreter it compiles for
}

// Registry finds compilers by name. The zero value is empty and ready to use;
// it is safe for concurrent use.
type Registry struct {
	mu      sync.Mutex
	order   []Info
	entries map[string]*entry
}

type entry struct {
	open func(context.Context) (Compiler, error)

	mu     sync.Mutex
	opened Compiler
}

// The names that meta files, URLs and command lines take without quoting.
var name = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$`)

// Add registers a compiler under info.Name. open loads it when it is first
// wanted. The first compiler added is the default.
func (r *Registry) Add(info Info, open func(context.Context) (Compiler, error)) error {
	if !name.MatchString(info.Name) {
		return fmt.Errorf("%w %q: use lower case letters, digits, dots and hyphens", ErrName, info.Name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.entries[info.Name] != nil {
		return fmt.Errorf("%w: %s", ErrDuplicate, info.Name)
	}
	if r.entries == nil {
		r.entries = map[string]*entry{}
	}
	r.entries[info.Name] = &entry{open: open}
	r.order = append(r.order, info)
	return nil
}

// List returns the compilers in the order they were added, the default first.
func (r *Registry) List() []Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Info(nil), r.order...)
}

// Open returns the compiler with a name, or the default for "". It is loaded
// once; a failure is not remembered, so a later call can succeed.
func (r *Registry) Open(ctx context.Context, name string) (Compiler, error) {
	r.mu.Lock()
	if name == "" && len(r.order) > 0 {
		name = r.order[0].Name
	}
	e := r.entries[name]
	var known []string
	for _, i := range r.order {
		known = append(known, i.Name)
	}
	r.mu.Unlock()
	if e == nil {
		if len(known) == 0 {
			return nil, fmt.Errorf("%w %q: no compiler is registered", ErrUnknown, name)
		}
		return nil, fmt.Errorf("%w %q: choose one of %s", ErrUnknown, name, strings.Join(known, ", "))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opened == nil {
		c, err := e.open(ctx)
		if err != nil {
			return nil, fmt.Errorf("compiler %s: %w", name, err)
		}
		e.opened = c
	}
	return e.opened, nil
}
