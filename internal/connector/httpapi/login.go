package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"godwit/internal/secret"
)

// login is what requests bring, fetched once and again when it was refused.
type login struct {
	header map[string]secret.String
	query  map[string]secret.String
	all    []string // texts that no message may hold
}

func (c *client) login(ctx context.Context) (*login, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known != nil {
		return c.known, nil
	}
	l := &login{header: map[string]secret.String{}, query: map[string]secret.String{}}
	fetch := func(s secret.Source) (secret.String, error) {
		v, err := s.Fetch(ctx)
		if err == nil && !v.Empty() {
			l.all = append(l.all, v.Reveal())
		}
		return v, err
	}
	if b := c.auth.Basic; b != nil {
		user := b.User
		if !b.UserSecret.Empty() {
			v, err := fetch(b.UserSecret)
			if err != nil {
				return nil, err
			}
			user = v.Reveal()
		}
		password, err := fetch(b.Password)
		if err != nil {
			return nil, err
		}
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, password.Reveal())
		l.header["Authorization"] = secret.New(r.Header.Get("Authorization"))
		l.all = append(l.all, strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
	}
	if !c.auth.Bearer.Empty() {
		v, err := fetch(c.auth.Bearer)
		if err != nil {
			return nil, err
		}
		l.header["Authorization"] = secret.New("Bearer " + v.Reveal())
	}
	for into, from := range map[*map[string]secret.String]map[string]secret.Source{&l.header: c.auth.Header, &l.query: c.auth.Query} {
		for name, s := range from {
			v, err := fetch(s)
			if err != nil {
				return nil, err
			}
			(*into)[name] = v
		}
	}
	c.known = l
	return l, nil
}

// forget makes the next request fetch the secrets anew: they may be rotated.
func (c *client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = nil
}

// sign puts the login on a request.
func (l *login) sign(r *http.Request) {
	for name, v := range l.header {
		r.Header.Set(name, v.Reveal())
	}
	if len(l.query) == 0 {
		return
	}
	q := r.URL.Query()
	for name, v := range l.query {
		q.Set(name, v.Reveal())
	}
	r.URL.RawQuery = q.Encode()
}

// clean takes the secrets out of a text that came from outside.
func (l *login) clean(text string) string {
	for _, s := range l.all {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s)} {
			if len(form) > 3 { // what is shorter is part of any text
				text = strings.ReplaceAll(text, form, secret.Mask)
			}
		}
	}
	return text
}
