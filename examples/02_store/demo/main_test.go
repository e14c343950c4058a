package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"godwit/rig/built"
	"godwit/rig/demo"

	"github.com/google/go-cmp/cmp"
)

// planted is every fault of source/faults.sql, and what is wrong in the data
// itself: step, key, outcome, field and value as a user reads them.
const planted = `
customers 5 rejected lookup country "Bohemia"
customers 60 rejected too-long company "Very Long Very Long Very Long Very Long Very Long Very Long Very Long Company"
customers 61 dead data.unique email "leonekohler@surfeu.de"
buyers NONAM rejected required name null
buyers X1 rejected match customer_id "X1"
people N10 rejected hired_when_grown hired 1964-01-12T00:00:00Z
products 78 rejected min unit_price -0.25
products 79 rejected convert active 7
invoices 77 rejected enum customer_id "C5"
invoices 100 rejected enum customer_id "C5"
invoices 122 rejected enum customer_id "C5"
invoices 174 rejected enum customer_id "C5"
invoices 295 rejected enum customer_id "C5"
invoices 306 rejected enum customer_id "C5"
invoices 361 rejected enum customer_id "C5"
orders 10266 dead data.foreign-key product_id "N999"
orders 10300 rejected shipped_later shipped 1996-09-06T00:00:00Z
titles s101 rejected required name null
titles s102 rejected lookup kind "Podcast"
titles s103 dead data.check title_has_seasons
titles s5542 rejected in rating "74 min"
titles s5795 rejected in rating "84 min"
titles s5814 rejected in rating "66 min"
purchases 5 rejected convert ordered "20140230"
purchases 9 rejected missing requestor missing
purchases 11 rejected type doc.LineItems[1].quantity "two"
purchases 14 rejected precision doc.LineItems[0].unit_price 19.9512
purchases 34 dead data.unique reference "TGATES-20140503"
purchases 38 dead data.unique reference "TGATES-20140514"
purchases 60 dead data.unique reference "KPARTNER-20140906"
quakes ci38101128 rejected max lat hidden
quakes ci38101136 rejected max magnitude 99.9
`

// warned are records that are loaded with an issue; those without a date are
// counted by SQL.
const warned = `
customers 7 match email "astrid.gruber(at)apple.at"
invoices 20 adds_up total hidden
purchases 2 match reference "MSULLIVA(-20141113"
`

// TestShow is the whole demo: every fault is named, and after mending all is
// loaded as plain SQL over the source says.
func TestShow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	godwit := build(t)
	s, err := parse([]string{"-godwit", godwit}, &out)
	if err != nil {
		t.Fatal(err)
	}
	s.Folder = t.TempDir()
	told := map[string]bool{}
	s.after = func(both *demo.Pair, args []string) {
		told[args[0]] = true
		switch strings.Join(args, " ") {
		case "run store":
			s.named(t)
			s.warned(t, both)
			s.counted(t, both)
		case "dead stats " + loadID:
			if told["redrive"] { // and what was put right by hand is right at the source, too
				same(t, both)
				s.closed(t)
			}
		case "run prove":
			s.proved(t, both)
		}
	}
	code, err := s.show(t.Context())
	if code != 0 || err != nil || t.Failed() {
		t.Fatalf("exit code %d, %v:\n%s", code, err, &out)
	}
	for _, command := range []string{"plan", "run", "dead", "issues", "redrive", "record", "ledger"} {
		if !told[command] {
			t.Errorf("%s was not shown", command)
		}
	}
	for _, text := range []string{"Bohemia,CZ", "3 runs checked, 0 breaches.", "The report: " + s.Report()} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q was not said:\n%s", text, &out)
		}
	}
	noServers(t, out.String())
}

// TestNotAsPlanted is a godwit that finds nothing wrong: the demo fails.
func TestNotAsPlanted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	godwit := filepath.Join(dir, "godwit")
	if err := os.WriteFile(godwit, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s, err := parse([]string{"-godwit", godwit}, &out)
	if err != nil {
		t.Fatal(err)
	}
	s.Folder = dir
	if code, err := s.show(t.Context()); code == 0 || err == nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	noServers(t, out.String())
}

func build(t *testing.T) string {
	t.Helper()
	path, err := built.Program("godwit-plain", "./cmd/godwit")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// issue is what is wrong with a field, in a rejected record or a refused one.
type issue struct{ Rule, Code, Step, Key, Field, Value, Where, Severity string }

// said is the answer of a look with --json.
func (s *store) said(t *testing.T, into any, args ...string) {
	t.Helper()
	cmd := exec.Command(s.Godwit, append(args, "--json", "--ledger", s.Ledger())...)
	cmd.Dir = s.Project
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], into); err != nil {
		t.Fatalf("%v: %v: %s", args, err, text)
	}
}

// hidden are values that the map does not call printable: a hash stands there.
var hidden = regexp.MustCompile(`^[a-z]+, .*#[0-9a-f]{8}$`)

func shown(value string) string { return hidden.ReplaceAllString(value, "hidden") }

// named compares the exceptions with the faults.
func (s *store) named(t *testing.T) {
	t.Helper()
	var list struct {
		Exceptions []struct {
			Step, Key, Outcome string
			Issues             []issue
			Refusal            *issue
		}
	}
	s.said(t, &list, "dead", "list", loadID, "--limit", "0")
	got := "\n"
	for _, e := range list.Exceptions {
		if r := e.Refusal; r != nil && r.Field == "" {
			got += fmt.Sprintln(e.Step, e.Key, e.Outcome, r.Code, r.Where)
		} else if r != nil {
			got += fmt.Sprintln(e.Step, e.Key, e.Outcome, r.Code, r.Field, shown(r.Value))
		}
		for _, i := range e.Issues {
			if e.Refusal == nil && i.Severity == "error" {
				got += fmt.Sprintln(e.Step, e.Key, e.Outcome, i.Rule, i.Field, shown(i.Value))
			}
		}
	}
	if d := cmp.Diff(planted, got); d != "" {
		t.Errorf("exceptions (-planted +named):\n%s", d)
	}
}

// closed expects how the records ended that the maps had no part in.
func (s *store) closed(t *testing.T) {
	t.Helper()
	for key, want := range map[string]string{
		"purchases 5": "applied by redrive-1", "purchases 11": "applied by redrive-1",
		"products 78": "dismissed by", "quakes ci38101128": "dismissed by", "quakes ci38101136": "dismissed by",
	} {
		var list struct{ Exceptions []struct{ Closed string } }
		step, id, _ := strings.Cut(key, " ")
		s.said(t, &list, "dead", "list", loadID, "--closed", "--step", step, "--key", id)
		if len(list.Exceptions) != 1 || !strings.HasPrefix(list.Exceptions[0].Closed, want) {
			t.Errorf("%s: %+v, want %s", key, list.Exceptions, want)
		}
	}
}

// proved compares what was mapped again with the rows that are there: all but
// the product that was never listed.
func (s *store) proved(t *testing.T, both *demo.Pair) {
	t.Helper()
	var report struct {
		Proof []struct {
			Entity, Result string
			Rows           int
		}
	}
	cmd := exec.Command(s.Godwit, "report", "prove-1", "--json", "--ledger", s.Ledger())
	cmd.Dir = s.Project
	if text, err := cmd.Output(); err != nil || json.Unmarshal(text, &report) != nil {
		t.Fatalf("%v: %.1000s", err, text)
	}
	got := map[string]int{}
	for _, p := range report.Proof {
		if got[p.Entity] += p.Rows; p.Result != "equal" {
			t.Errorf("%s is %s", p.Entity, p.Result)
		}
	}
	want := map[string]int{}
	for _, table := range []string{"customer", "person", "product", "orders", "order_line", "title", "purchase", "purchase_line", "quake"} {
		want["store."+table] = count(t, both.To(), "store."+table)
	}
	want["store.product"]--
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-there +proved):\n%s", d)
	}
}

// warned compares the warnings with the faults that keep no record out.
func (s *store) warned(t *testing.T, both *demo.Pair) {
	t.Helper()
	var list struct{ Issues []issue }
	s.said(t, &list, "issues", "list", loadID, "--each", "--severity", "warn", "--limit", "0")
	got, undated := "\n", 0
	for _, i := range list.Issues {
		if i.Rule == "dated" {
			undated++
			continue
		}
		got += fmt.Sprintln(i.Step, i.Key, i.Rule, i.Field, shown(i.Value))
	}
	if d := cmp.Diff(warned, got); d != "" {
		t.Errorf("warnings (-planted +named):\n%s", d)
	}
	if want := ask[int](t, both.From(), "select count(*) from netflix.netflix_shows where date_added is null and release_year >= 1940"); undated != want || want == 0 {
		t.Errorf("%d titles without a date, want %d", undated, want)
	}
}

// counted compares the accounts with plain SQL over both databases.
func (s *store) counted(t *testing.T, both *demo.Pair) {
	t.Helper()
	var status struct {
		Accounts []struct {
			Step                                    string
			Read, Applied, Filtered, Rejected, Dead int
		}
	}
	s.said(t, &status, "status", loadID)
	for _, a := range status.Accounts {
		sql, ok := map[string][3]string{ // read, filtered, applied
			"customers": {"chinook.customer", "", "store.customer where source = 'chinook'"},
			"buyers":    {"northwind.customers", "", "store.customer where source = 'northwind'"},
			"people":    {"(select 1 from chinook.employee union all select 1 from northwind.employees) e", "", "store.person"},
			"tracks":    {"chinook.track", "", "store.product where product_id like 'C%'"},
			"products":  {"northwind.products", "", "store.product where product_id like 'N%'"},
			"invoices":  {"chinook.invoice", "", "store.orders where order_id like 'C%'"},
			"orders":    {"northwind.orders", "", "store.orders where order_id like 'N%'"},
			"titles":    {"netflix.netflix_shows", "netflix.netflix_shows where release_year < 1940", "store.title"},
			"purchases": {"staging.purchase_order", "", "store.purchase"},
			"quakes":    {"staging.quake", "staging.quake where doc #>> '{properties,type}' <> 'earthquake'", "store.quake"},
		}[a.Step]
		if !ok {
			t.Errorf("step %s is not known", a.Step)
			continue
		}
		want := a
		want.Read, want.Applied = count(t, both.From(), sql[0]), count(t, both.To(), sql[2])
		if want.Filtered = 0; sql[1] != "" {
			want.Filtered = count(t, both.From(), sql[1])
		}
		want.Dead = len(regexp.MustCompile(`(?m)^`+a.Step+` \S+ dead `).FindAllString(planted, -1))
		want.Rejected = strings.Count(planted, "\n"+a.Step+" ") - want.Dead
		if a != want {
			t.Errorf("%s: %+v, want %+v", a.Step, a, want)
		}
	}
	if len(status.Accounts) != 10 {
		t.Errorf("%d accounts, want 10", len(status.Accounts))
	}
}

// same compares what is in the new model at the end with what plain SQL makes
// of the old databases. Nothing of godwit's has a part in it.
func same(t *testing.T, both *demo.Pair) {
	t.Helper()
	for what, sql := range map[string][2]string{
		"customers": {`select 'C' || customer_id, trim(first_name || ' ' || last_name), nullif(trim(company), ''), lower(trim(email)) from chinook.customer
			union all select customer_id, coalesce(contact_name, nullif(trim(company_name), ''), 'Customer ' || customer_id), nullif(trim(company_name), ''), null from northwind.customers`,
			"select customer_id, name, company, email from store.customer"},
		"people": {`select 'C' || employee_id, first_name || ' ' || last_name, least(birth_date, hire_date)::date, greatest(birth_date, hire_date)::date from chinook.employee
			union all select 'N' || employee_id, first_name || ' ' || last_name, least(birth_date, hire_date), greatest(birth_date, hire_date) from northwind.employees`,
			"select person_id, name, born, hired from store.person"},
		"products": {`select 'C' || track_id, regexp_replace(trim(name), '\s+', ' ', 'g'), unit_price, round(milliseconds / 1000.0)::int from chinook.track
			union all select 'N' || product_id, regexp_replace(trim(product_name), '\s+', ' ', 'g'), unit_price::text::numeric(10,2), null from northwind.products where unit_price >= 0
			union all select 'N999', 'Unlisted', 0.00, null`,
			"select product_id, name, unit_price, seconds from store.product"},
		"orders": {`select 'C' || invoice_id, 'C' || customer_id, invoice_date::date, null::date from chinook.invoice
			union all select 'N' || order_id, customer_id, order_date, case when shipped_date >= order_date then shipped_date end from northwind.orders`,
			"select order_id, customer_id, ordered, shipped from store.orders"},
		"lines": {`select 'C' || invoice_id, 'C' || track_id, quantity, unit_price, 0::numeric(4,2) from chinook.invoice_line
			union all select 'N' || order_id, 'N' || product_id, quantity, unit_price::text::numeric(10,2), discount::text::numeric(4,2) from northwind.order_details`,
			"select order_id, product_id, quantity, unit_price, discount from store.order_line"},
		"titles": {`select show_id, string_to_array(cast_members, ', '), string_to_array(country, ', '), string_to_array(trim(listed_in), ', '), date_added, release_year,
			case when coalesce(duration, rating) ~ ' min$' then split_part(coalesce(duration, rating), ' ', 1) end,
			case when duration ~ 'Season' and duration !~ '^0 ' then split_part(duration, ' ', 1) end, description from netflix.netflix_shows where release_year >= 1940`,
			"select title_id, cast_members, countries, genres, added, year, minutes, seasons, description from store.title"},
		"purchases": {`select doc->>'PONumber', doc->>'Reference', coalesce(doc->>'Requestor', doc->>'User'), doc #>> '{ShippingInstructions,Address,zipCode}',
			doc #>> '{ShippingInstructions,Phone,0,number}', doc->>'Special Instructions',
			to_date(substring(doc->>'Reference' from '[0-9]+$'), 'YYYYMMDD') from staging.purchase_order`,
			"select po_number, reference, requestor, zip, phone, instructions, ordered from store.purchase"},
		"purchase lines": {`select doc->>'PONumber', l->>'ItemNumber', l #>> '{Part,Description}', l #>> '{Part,UPCCode}', round((l #>> '{Part,UnitPrice}')::numeric, 2),
			(l->>'Quantity')::numeric::int from staging.purchase_order, jsonb_array_elements(doc->'LineItems') l`,
			"select po_number, line_no, description, upc, unit_price, quantity from store.purchase_line"},
		"quakes": {`select doc->>'id', to_timestamp((doc #>> '{properties,time}')::numeric / 1000), (doc #>> '{properties,mag}')::numeric(4,2),
			(doc #>> '{geometry,coordinates,0}')::float8, coalesce((doc #>> '{properties,felt}')::int, 0), doc #>> '{properties,tsunami}' = '1',
			string_to_array(trim(doc #>> '{properties,sources}', ','), ',') from staging.quake
			where doc #>> '{properties,type}' = 'earthquake' and (doc #>> '{properties,mag}')::numeric <= 10 and (doc #>> '{geometry,coordinates,1}')::numeric <= 90`,
			"select quake_id, at, magnitude, lon, felt, tsunami, sources from store.quake"},
	} {
		const sum = "select count(*) || ' ' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) from (%s) r"
		want, got := ask[string](t, both.From(), fmt.Sprintf(sum, sql[0])), ask[string](t, both.To(), fmt.Sprintf(sum, sql[1]))
		if want != got {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
}

func count(t *testing.T, url, from string) int {
	t.Helper()
	return ask[int](t, url, "select count(*) from "+from)
}

func ask[T any](t *testing.T, url, sql string) T {
	t.Helper()
	var v T
	if err := demo.Ask(context.Background(), url, sql, &v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// noServers checks that the servers the demo told of are gone.
func noServers(t *testing.T, out string) {
	t.Helper()
	told := regexp.MustCompile(`(?m)^  (?:old|new): postgres://godwit@(\S+?)/`).FindAllStringSubmatch(out, -1)
	if len(told) != 2 {
		t.Fatalf("%d servers told of, want 2:\n%s", len(told), out)
	}
	for _, server := range told {
		if conn, err := net.Dial("tcp", server[1]); err == nil {
			conn.Close()
			t.Errorf("%s still answers", server[1])
		}
	}
}
