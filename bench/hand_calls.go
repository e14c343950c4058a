package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// handRecord is a record as it is sent, its names in order.
type handRecord struct {
	Amount  json.Number `json:"amount"`
	At      time.Time   `json:"at"`
	City    string      `json:"city"`
	Code    string      `json:"code"`
	Country string      `json:"country"`
	Day     string      `json:"day"`
	Email   string      `json:"email"`
	Flag    bool        `json:"flag"`
	ID      int64       `json:"id"`
	Kind    string      `json:"kind"`
	N1      int32       `json:"n1"`
	N2      int64       `json:"n2"`
	Name    string      `json:"name"`
	Note    string      `json:"note"`
	Price   json.Number `json:"price"`
	Qty     int32       `json:"qty"`
	Score   float64     `json:"score"`
	Source  string      `json:"source"`
	Total   json.Number `json:"total"`
	Zip     string      `json:"zip"`
}

const handWorkers = 32

// handCalls sends each record by one request, 32 at a time.
func handCalls(ctx context.Context, from *pgx.Conn, url string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	records := make(chan *handRecord, 1000)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: handWorkers}}
	var workers sync.WaitGroup
	for range handWorkers {
		workers.Go(func() {
			for r := range records {
				if err := handPost(ctx, client, url, r); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	err := handRead(ctx, from, records)
	close(records)
	workers.Wait()
	return errors.Join(err, context.Cause(ctx))
}

func handRead(ctx context.Context, from *pgx.Conn, into chan<- *handRecord) error {
	rows, err := from.Query(ctx, `select id, code, name, note, kind, amount::text, price::text, qty, at, day, flag, email, city, country, zip, score, n1, n2 from r.good order by id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var day, flag string
		var city *string
		r := &handRecord{City: "unknown", Source: "bench"}
		if err := rows.Scan(&r.ID, &r.Code, &r.Name, &r.Note, &r.Kind, &r.Amount, &r.Price, &r.Qty, &r.At, &day, &flag, &r.Email, &city, &r.Country, &r.Zip,
			&r.Score, &r.N1, &r.N2); err != nil {
			return err
		}
		date, err := time.Parse("02.01.2006", day)
		if err != nil {
			return err
		}
		var amount pgtype.Numeric
		if err := amount.Scan(r.Amount.String()); err != nil {
			return err
		}
		total, err := times(amount, r.Qty).MarshalJSON()
		if err != nil {
			return err
		}
		if city != nil {
			r.City = *city
		}
		r.Code, r.Name, r.Kind, r.Email, r.Zip = handCode(r.Code), handName(r.Name), handKinds[r.Kind], strings.ToLower(r.Email), handZip(r.Zip)
		r.At, r.Day, r.Flag, r.Total = r.At.UTC(), date.Format(time.DateOnly), flag == "J", json.Number(total)
		select {
		case into <- r:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return rows.Err()
}

func handPost(ctx context.Context, client *http.Client, url string, r *handRecord) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json")
	res, err := client.Do(q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct{ ID int64 }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return err
	}
	if res.StatusCode != http.StatusCreated || answer.ID == 0 {
		return fmt.Errorf("record %d: %s", r.ID, res.Status)
	}
	return nil
}
