package warehouse

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"godwit/data"

	"github.com/jackc/pgx/v5"
)

// Documents reads a file of documents below data/: a JSON array, GeoJSON, or
// lines in bulk form, of which every second one is a document.
func Documents(name string) ([]json.RawMessage, error) {
	path, err := data.Path(name)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	var geo struct{ Features []json.RawMessage }
	switch {
	case json.Unmarshal(text, &list) == nil:
	case json.Unmarshal(text, &geo) == nil && geo.Features != nil:
		list = geo.Features
	default:
		for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
			if i%2 == 1 {
				list = append(list, line)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no documents", name)
	}
	return list, nil
}

// LoadDocuments puts a file of documents into a table with the columns id,
// from 1 in the order of the file, and doc.
func LoadDocuments(ctx context.Context, url string, table pgx.Identifier, name string) error {
	list, err := Documents(name)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.CopyFrom(ctx, table, []string{"id", "doc"}, pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
		return []any{int32(i + 1), []byte(list[i])}, nil
	}))
	if err != nil {
		return fmt.Errorf("load %s into %s: %w", name, table.Sanitize(), err)
	}
	return nil
}
