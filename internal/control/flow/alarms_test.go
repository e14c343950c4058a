package flow

import (
	"encoding/json"
	"strings"
	"testing"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/secret"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const nightly = twoConnections + `
environments:
  test: {rehearsal: true, vars: {hook: null, ops: dev@example.com, most: 5}}
  prod: {vars: {hook: OPS_HOOK, ops: ops@example.com, most: 100}}
owners: {north: {mail: north@example.com}}
mail: {server: smtp.internal, from: a@example.com, user: mover, password: {env: MAIL}, ca: ca.pem}
alarms:
  - {when: [dead.first, "dead > ${env.most}", "issues>2.5%"], send: {webhook: {env: "${env.hook}"}}}
  - {when: [run.failed], send: {command: [ops/page, "${env.name}"]}}
  - {when: [run.stalled], send: {mail: ["${env.ops}"]}}
  - {when: [run.finished], send: owners, attach: report}
`

func TestAlarms(t *testing.T) {
	dir := write(t, map[string]string{"godwit.yaml": nightly, "flows/main.yaml": "steps:\n  - copy: {from: old, to: new}\n"})
	_, f, ds := Open(dir+"/flows/main.yaml", language())
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	prod, ds := f.Bind(nil, "prod")
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	finished := alarm.Alarm{When: []alarm.Condition{{Event: "run.finished"}}, To: alarm.Receiver{Owners: true}, Report: true}
	want := &alarm.Set{
		Alarms: []alarm.Alarm{
			{When: []alarm.Condition{{Event: "dead.first"}, {Metric: "dead", More: 100}, {Metric: "issues", More: 2.5, Share: true}},
				To: alarm.Receiver{Webhook: &alarm.Webhook{Secret: secret.Source{Env: "OPS_HOOK"}}}},
			{When: []alarm.Condition{{Event: "run.failed"}}, To: alarm.Receiver{Command: []string{dir + "/ops/page", "prod"}}},
			{When: []alarm.Condition{{Event: "run.stalled"}}, To: alarm.Receiver{Mail: []string{"ops@example.com"}}},
			finished,
		},
		Mail: &alarm.Mail{Server: "smtp.internal:25", From: "a@example.com", User: "mover", Password: secret.Source{Env: "MAIL"}, TLS: alarm.Offered, CA: dir + "/ca.pem"},
	}
	same := func(what string, got *alarm.Set) {
		t.Helper()
		if d := cmp.Diff(want, got, cmpopts.EquateComparable(secret.String{})); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
	same("bound", prod.Alarms)
	text, err := json.Marshal(prod)
	if err != nil {
		t.Fatal(err)
	}
	thawed, err := Thaw(text, language())
	if err != nil {
		t.Fatal(err)
	}
	same("thawed", thawed.Alarms)
	meant := string(prod.Meaning())
	if strings.Contains(meant, "ops@example.com") || strings.Contains(meant, "run.stalled") {
		t.Error("who is told makes another flow")
	}
	// A receiver that is null in the environment is none.
	test, ds := f.Bind(nil, "test")
	if err := ds.Err(); err != nil || len(test.Alarms.Alarms) != 3 || test.Alarms.Alarms[1].To.Mail[0] != "dev@example.com" {
		t.Errorf("in test: %+v %v", test.Alarms, err)
	}
	plain, f, _ := Open(write(t, map[string]string{"godwit.yaml": twoConnections, "flows/main.yaml": "steps:\n  - copy: {from: old, to: new}\n"})+"/flows/main.yaml", language())
	if b, ds := f.Bind(nil, ""); len(ds) > 0 || b.Alarms != nil || len(plain.Owners) > 0 {
		t.Errorf("without alarms: %+v %v", b, ds)
	}
}
