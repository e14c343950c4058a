package call

import (
	"context"
	"io"
	"path"
	"sync"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit/calls"
)

// parts are those of a request, with their files opened: what is not there is found
// before anything is sent. Close must be called once it is.
func (d *delivering) parts(ctx context.Context, list []calls.FilledPart) (parts []connector.RequestPart, done func(), err error) {
	var opened []*once
	done = func() {
		for _, o := range opened {
			o.close()
		}
	}
	for _, p := range list {
		if p.At == "" {
			parts = append(parts, connector.RequestPart{Name: p.Name, JSON: p.JSON})
			continue
		}
		from, err := connector.Capable[connector.ObjectOpener](ctx, d.open, p.At, "be read file by file")
		if err != nil {
			return nil, done, err
		}
		o := &once{again: func(ctx context.Context) (io.ReadCloser, error) { return from.OpenObject(ctx, p.Object) }}
		if o.first, err = o.again(ctx); err != nil {
			return nil, done, fault.Wrap(err, "multipart.%s", p.Name)
		}
		opened = append(opened, o)
		parts = append(parts, connector.RequestPart{Name: p.Name, Open: o.open, File: path.Base(p.Object), Type: p.Type})
	}
	return parts, done, nil
}

// once gives the file that is open already to the first who asks.
type once struct {
	mu    sync.Mutex
	first io.ReadCloser
	again func(context.Context) (io.ReadCloser, error)
}

func (o *once) take() io.ReadCloser {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.first
	o.first = nil
	return f
}

func (o *once) open(ctx context.Context) (io.ReadCloser, error) {
	if f := o.take(); f != nil {
		return f, nil
	}
	return o.again(ctx)
}

func (o *once) close() {
	if f := o.take(); f != nil {
		_ = f.Close() // nobody has read it
	}
}
