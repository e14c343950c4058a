package answers

import (
	"github.com/spf13/cobra"

	"godwit/internal/fault"
)

func answer(d Desk) *cobra.Command {
	took, again, reason := false, false, ""
	c := &cobra.Command{
		Use:   "answer RUN STEP",
		Short: "Say whether a request took effect whose answer was lost (in_doubt: ask)",
		Example: `  godwit answer rollout-3 create --took-effect --reason "it is there as 4711"
  godwit answer rollout-3 create --send-again`,
	}
	f := c.Flags()
	f.BoolVar(&took, "took-effect", false, "it did: it is not sent again, and its answer stays unknown to later steps")
	f.BoolVar(&again, "send-again", false, "it did not: it is sent again")
	f.StringVar(&reason, "reason", "", "how that is known, for the record")
	c.RunE = func(c *cobra.Command, args []string) error {
		if took == again {
			return fault.New(fault.Config, "usage", "say --took-effect or --send-again")
		}
		runs, done, err := d.Existing(c.Context())
		if err != nil {
			return err
		}
		defer done()
		if err := runs.Answer(c.Context(), args[0], args[1], took, d.Actor(), reason); err != nil {
			return err
		}
		return d.Show("answer", said{"noted: godwit resume " + args[0] + " goes on"}, map[string]any{"run": args[0], "step": args[1], "took": took})
	}
	return c
}
