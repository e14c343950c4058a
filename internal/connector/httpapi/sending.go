package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// sending is one request on its way.
type sending struct {
	method  string
	target  target
	headers map[string]string
	body    []byte // JSON; nil = none
	parts   []connector.RequestPart
	success string // expression; "" = the connection's
	leave   func(context.Context) error

	begun    time.Time // when the limits let it go
	unwanted error     // what leave said once it had a connection
	left     bool      // it had a connection: all that is not answered may have arrived
}

// Call is the connector.Caller's.
func (e *Endpoint) Call(ctx context.Context, r connector.Request) (*connector.Answer, error) {
	s := &sending{method: r.Method, target: target{path: r.Path, params: r.Params, as: r.ParamsAs}, headers: r.Headers, parts: r.Parts, success: r.Success, leave: r.Leave}
	if why := badPath(r.Path); why != "" {
		return nil, fault.New(fault.Data, "http.path", "%s %s: %s", r.Method, r.Path, why)
	}
	if r.Body != record.Missing && len(r.Parts) == 0 {
		var err error
		if s.body, err = record.EncodeJSON(r.Body); err != nil {
			return nil, fault.New(fault.Data, "http.body", "%s %s: %w", r.Method, r.Path, err)
		}
	}
	a, err := e.do(ctx, s)
	if a == nil {
		return nil, err
	}
	return a.shown(), err
}

// request makes it.
func (s *sending) request(ctx context.Context, u *url.URL) (*http.Request, error) {
	var body io.Reader = http.NoBody
	kind := ""
	switch {
	case len(s.parts) > 0:
		body, kind = multipartBody(ctx, s.parts)
	case s.body != nil:
		body, kind = bytes.NewReader(s.body), "application/json"
	}
	r, err := http.NewRequestWithContext(ctx, s.method, "", body)
	if err != nil {
		return nil, err
	}
	r.URL, r.Host = u, u.Host // it is parsed once
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r, nil
}

// doubt says of an error without an answer whether the request may have taken
// effect. One that only reads never has.
func (s *sending) doubt(err error) error {
	if s.method == http.MethodGet || !s.left {
		return err
	}
	return &connector.DoubtError{Err: err}
}

// multipartBody writes the parts (RFC 7578) as they are read.
func multipartBody(ctx context.Context, parts []connector.RequestPart) (body io.Reader, kind string) {
	r, w := io.Pipe()
	m := multipart.NewWriter(w)
	go func() {
		var err error
		for _, p := range parts {
			if err = writePart(ctx, m, p); err != nil {
				break
			}
		}
		if err == nil {
			err = m.Close()
		}
		w.CloseWithError(err)
	}()
	return r, m.FormDataContentType()
}

func writePart(ctx context.Context, m *multipart.Writer, p connector.RequestPart) error {
	h := textproto.MIMEHeader{}
	disposition := fmt.Sprintf(`form-data; name="%s"`, quoteParameter(p.Name))
	if p.Open == nil {
		text, err := record.EncodeJSON(p.JSON)
		if err != nil {
			return fault.New(fault.Data, "http.body", "multipart.%s: %w", p.Name, err)
		}
		h.Set("Content-Disposition", disposition)
		h.Set("Content-Type", "application/json")
		w, err := m.CreatePart(h)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	content, err := p.Open(ctx)
	if err != nil {
		return fault.Wrap(err, "multipart.%s", p.Name)
	}
	defer content.Close()
	h.Set("Content-Disposition", disposition+fmt.Sprintf(`; filename="%s"`, quoteParameter(p.File)))
	h.Set("Content-Type", "application/octet-stream")
	if p.Type != "" {
		h.Set("Content-Type", p.Type)
	}
	w, err := m.CreatePart(h)
	if err != nil {
		return err
	}
	if _, err = io.Copy(w, content); err != nil {
		return fault.Wrap(err, "multipart.%s", p.Name)
	}
	return nil
}

// quoteParameter writes what would end a quoted parameter as browsers do.
func quoteParameter(text string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(text)
}
