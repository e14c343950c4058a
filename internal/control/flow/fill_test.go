package flow

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFill(t *testing.T) {
	t.Parallel()
	var got copySpec
	ds := Fill(&got, map[string][]string{"from": {"a"}, "to": {"x", "b"}, "include": {"sales.*", "13.10"}, "workers": {"07", "7"},
		"existing": {"replace"}, "roles": {"etl=mover", "x=a=b"}, "delete_extra": {"5%"}, "where": {"a.b=id > 3 # ${no}"}})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	want := copySpec{From: "a", To: "b", Include: []string{"sales.*", "13.10"}, Existing: "replace", Workers: 7, BadRows: "stop",
		Where: map[string]string{"a.b": "id > 3 # ${no}"}, Roles: map[string]string{"etl": "mover", "x": "a=b"}, DeleteExtra: 0.05, SnapshotLost: "reconcile"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("spec (-want +got):\n%s", d)
	}
}

func TestFillRefuses(t *testing.T) {
	t.Parallel()
	ds := Fill(&copySpec{}, map[string][]string{"from": {"a"}, "existing": {"trunc"}, "workers": {"many"}, "wrokers": {"5"}, "include": {"a.b.c"}})
	want := `--existing: unknown value "trunc" [flow.value]
  next did you mean truncate? (fail, skip, append, truncate, replace)
--include: pattern "a.b.c" is not schema.table [pattern.invalid]
  next write it as sales.orders, sales.* or "odd.name".table
--to: the command needs to [flow.required]
  next to: connection to copy to
--workers: "many" is no whole number [flow.type]
  next write a whole number, without quotes
--wrokers: there is no --wrokers [flow.unknown-key]
  next did you mean workers? (from, to, include, exclude, existing, workers, bad_rows, where, roles, delete_extra, snapshot_lost)
`
	if d := cmp.Diff(want, shown(ds)); d != "" {
		t.Errorf("diagnostics (-want +got):\n%s", d)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	var got []string
	for _, k := range Keys(&copySpec{}) {
		got = append(got, k.Name+" "+string(k.Kind)+" "+k.Default)
	}
	want := []string{"from name ", "to place ", "include pattern ", "exclude pattern ", "existing enum fail", "workers int 4",
		"bad_rows enum stop", "where sql ", "roles text ", "delete_extra share ", "snapshot_lost enum reconcile"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
}
