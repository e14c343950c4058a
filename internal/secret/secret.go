// Package secret keeps passwords and tokens out of every output. A String
// prints as a mask wherever it is formatted, encoded or logged; only Reveal
// gives the text away, and only connectors call it.
package secret

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"

	"godwit/internal/fault"
)

// Mask is what is shown instead of a secret.
const Mask = "******"

// String holds a secret text. The zero value is an empty one. The text stands
// behind a pointer: package fmt cannot call methods of unexported fields and
// would print it.
type String struct{ text *string }

// New wraps a text.
func New(text string) String {
	if text == "" {
		return String{}
	}
	return String{&text}
}

// Reveal returns the text itself.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no secret.
func (s String) Empty() bool { return s.text == nil }

func (s String) String() string {
	if s.Empty() {
		return ""
	}
	return Mask
}

// GoString masks %#v.
func (s String) GoString() string { return "secret.String(" + s.String() + ")" }

// Format masks every verb.
func (s String) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText masks JSON, YAML and text encoders.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue masks slog.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Source says where a secret is to be fetched: exactly one field is set.
// Value is a text written by the user on the command line or in a URL.
type Source struct {
	Value   String   `json:"-"`
	Env     string   `json:"env,omitempty"`
	File    string   `json:"file,omitempty"`
	Command []string `json:"command,omitempty"`
}

// Empty reports whether no source is named.
func (s Source) Empty() bool {
	return s.Value.Empty() && s.Env == "" && s.File == "" && len(s.Command) == 0
}

// Fetch reads the secret. One trailing line break is cut off. The error is of
// kind config and names the source, never the value. It may be called again:
// a rotated secret is then seen.
func (s Source) Fetch(ctx context.Context) (String, error) {
	switch {
	case s.Env != "":
		v, ok := os.LookupEnv(s.Env)
		if !ok {
			return String{}, fault.New(fault.Config, "secret.missing", "environment variable %s is not set", s.Env).
				Hint("export %s=...", s.Env)
		}
		return New(v), nil
	case s.File != "":
		b, err := os.ReadFile(s.File)
		if err != nil {
			return String{}, fault.New(fault.Config, "secret.missing", "secret file: %w", err)
		}
		return New(cut(b)), nil
	case len(s.Command) > 0:
		return s.run(ctx)
	}
	return s.Value, nil
}

func (s Source) run(ctx context.Context) (String, error) {
	cmd := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return String{}, fault.New(fault.Config, "secret.missing", "secret command %s: %w", s.Command[0], err)
	}
	return New(cut(out.Bytes())), nil
}

func cut(b []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
}
