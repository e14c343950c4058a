package alarms

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/notify"
	"godwit/internal/ui/view"
)

// Desk is what the command works on and answers to: the command line's session.
type Desk interface {
	// Known is what projects may hold.
	Known() flow.Language
	// Actor is who asks.
	Actor() string
	// Show answers, as a screen or as one JSON object.
	Show(name string, s view.Screen, value any) error
	// Failed ends a command that has answered, with exit code 1.
	Failed() error
}

// Command is alarms, with test.
func Command(d Desk) *cobra.Command {
	env := ""
	test := &cobra.Command{
		Use: "test", Short: "Send one test message to each receiver, and say how each went",
		Long: `Sends one message, marked as a test, to each receiver that alarms in godwit.yaml
name: webhooks, commands, mail addresses, and the owners who have a mail address.
Each is tried once. Exit code 1 says that some did not get it.`,
		Example: "  godwit alarms test\n  godwit alarms test --env prod --json",
	}
	test.Flags().StringVar(&env, "env", "", "environment of godwit.yaml; needed when there are several")
	test.RunE = func(c *cobra.Command, _ []string) error {
		project, wrong := flow.Load(".", d.Known())
		if len(wrong) > 0 {
			return wrong
		}
		set, e, wrong := project.Alarms(env)
		if len(wrong) > 0 {
			return wrong
		}
		if set == nil || len(set.Alarms) == 0 {
			return fault.New(fault.Config, "alarm.none", "godwit.yaml tells nobody of anything").Hint("alarms: - {when: [run.failed], send: {webhook: {env: NAME}}}")
		}
		var owners []notify.Owner
		for _, name := range slices.Sorted(maps.Keys(project.Owners)) {
			if o := project.Owners[name]; o.Mail != "" {
				owners = append(owners, notify.Owner{Name: name, Mail: o.Mail})
			}
		}
		t := tried{notify.Trial(c.Context(), *set, owners, notify.TestMessage(rand.Text(), e.Name, e.Rehearsal, d.Actor()))}
		if err := d.Show("alarms.test", t, t); err != nil || t.all() {
			return err
		}
		return d.Failed()
	}
	c := &cobra.Command{Use: "alarms", Short: "Try who is told of what happens in a run", Example: "  godwit alarms test --env prod"}
	c.AddCommand(test)
	return c
}

// tried is how the test went.
type tried struct {
	Receivers []notify.Tried `json:"receivers"`
}

func (t tried) all() bool {
	return !slices.ContainsFunc(t.Receivers, func(r notify.Tried) bool { return !r.Delivered })
}

// Draw is Screen's.
func (t tried) Draw(int) []string {
	var rows [][]string
	var next []string
	for _, r := range t.Receivers {
		how, name := "delivered", r.Receiver
		if r.To != "" {
			name += " " + r.To
		}
		if r.Fault != nil {
			how = "not delivered: " + r.Fault.String()
			for _, n := range r.Fault.Next {
				next = append(next, fmt.Sprintf("%s: %s", name, n))
			}
		}
		rows = append(rows, []string{name, how})
	}
	return append(layout.Table([]layout.Column{{Head: "receiver", Most: 60}, {Head: "test message", Most: 200}}, rows), next...)
}
