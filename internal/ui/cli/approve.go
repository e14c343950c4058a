package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (s *session) approveCommand() *cobra.Command {
	reason := ""
	c := &cobra.Command{
		Use:   "approve RUN [STEP]",
		Short: "Answer yes to what a run asks: it goes on",
		Long: `Answers the question of a step approve, from any process on this ledger. Who
answers is recorded (GODWIT_ACTOR, else user@host), with the reason. Without STEP
it is the only question that the run asks. To answer no: godwit cancel RUN.`,
		Example: `  godwit status cutover-1
  godwit approve cutover-1 --reason "checked by sales"
  godwit approve rollout-3 go[north]`,
		Args: takes("RUN", "[STEP]"),
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	c.RunE = func(c *cobra.Command, args []string) error {
		runs, done, err := s.existing(c.Context())
		if err != nil {
			return err
		}
		defer done()
		step := ""
		if len(args) == 2 {
			step = args[1]
		}
		q, alone, err := runs.Approve(c.Context(), args[0], step, actor(), reason)
		if err != nil {
			return err
		}
		if s.json {
			s.events().Value("approve", map[string]any{"run": args[0], "step": q.Step, "question": q.Text, "owned": !alone})
			return s.stream.Err()
		}
		fmt.Fprintf(s.Out, "%s %s: approved by %s.\n", args[0], q.Step, actor())
		if alone {
			fmt.Fprintf(s.Out, "Nobody drives it: godwit resume %s\n", args[0])
		}
		return nil
	}
	return c
}
