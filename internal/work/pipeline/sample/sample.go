// Package sample leaves records out, the same ones each time. Start at Of.
package sample

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/record"

	"github.com/zeebo/xxh3"
)

// Of gives a share of a reader's records, by the hash of their key; 0 is all.
// Count stays that of all.
func Of(r connector.RecordReader, share float64) connector.RecordReader {
	if share == 0 {
		return r
	}
	return &sampled{r, share}
}

type sampled struct {
	connector.RecordReader
	share float64
}

// Next is the connector.RecordReader's.
func (s *sampled) Next(ctx context.Context) (*record.Page, error) {
	page, err := s.RecordReader.Next(ctx)
	if err != nil {
		return page, err
	}
	in := page.Records[:0]
	for _, r := range page.Records {
		if float64(xxh3.HashString(r.Key)>>11)/(1<<53) < s.share {
			in = append(in, r)
		}
	}
	page.Records = in
	return page, nil
}
