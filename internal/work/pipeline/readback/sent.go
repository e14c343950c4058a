package readback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// sent is what a call sends: its body, or its parts by their names. Of a file its
// name, type, size and sha256, where they are compared: it is read for that.
func (r *comparing) sent(ctx context.Context, c *calls.Compiled) (record.Object, error) {
	f, err := c.Fill(r.m, r.docs)
	if err != nil {
		return nil, err
	}
	if len(f.Parts) == 0 {
		body, _ := f.Body.(record.Object)
		return body, nil
	}
	all := record.Object{}
	for _, p := range f.Parts {
		if p.At == "" {
			all[p.Name] = p.JSON
			continue
		}
		if !c.Reading.Wants(p.Name) {
			continue
		}
		if all[p.Name], err = r.file(ctx, p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *comparing) file(ctx context.Context, p calls.FilledPart) (record.Object, error) {
	from, err := connector.Capable[connector.ObjectOpener](ctx, r.c.open, p.At, "be read file by file")
	if err != nil {
		return nil, err
	}
	content, err := from.OpenObject(ctx, p.Object)
	if err != nil {
		return nil, fault.Wrap(err, "multipart.%s", p.Name)
	}
	defer content.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, content)
	if err != nil {
		return nil, fault.Wrap(err, "multipart.%s", p.Name)
	}
	return record.Object{"name": path.Base(p.Object), "type": p.Type, "size": n, "sha256": hex.EncodeToString(sum.Sum(nil))}, nil
}
