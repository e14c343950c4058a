package answers

import (
	"fmt"

	"github.com/spf13/cobra"
)

func approve(d Desk) *cobra.Command {
	reason := ""
	c := &cobra.Command{
		Use:   "approve RUN [STEP]",
		Short: "Answer yes to what a run asks: it goes on",
		Long: `Answers the question of a step approve, from any process on this ledger. Who
answers is recorded (GODWIT_ACTOR, else user@host), with the reason. Without STEP
it is the only question that the run asks. To answer no: godwit cancel RUN.`,
		Example: `  godwit status cutover-1
  godwit approve cutover-1 --reason "checked by sales"
  godwit approve rollout-3 'go[north]'`,
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	c.RunE = func(c *cobra.Command, args []string) error {
		runs, done, err := d.Existing(c.Context())
		if err != nil {
			return err
		}
		defer done()
		step := ""
		if len(args) == 2 {
			step = args[1]
		}
		q, alone, err := runs.Approve(c.Context(), args[0], step, d.Actor(), reason)
		if err != nil {
			return err
		}
		text := said{fmt.Sprintf("%s %s: approved by %s.", args[0], q.Step, d.Actor())}
		if alone {
			text = append(text, "Nobody drives it: godwit resume "+args[0])
		}
		return d.Show("approve", text, map[string]any{"run": args[0], "step": q.Step, "question": q.Text, "owned": !alone})
	}
	return c
}
