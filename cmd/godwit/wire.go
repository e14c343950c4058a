package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"godwit/internal/connector"
	"godwit/internal/connector/file"
	"godwit/internal/connector/httpapi"
	"godwit/internal/connector/mysql"
	"godwit/internal/connector/postgres"
	"godwit/internal/connector/sqlite"
	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/control/run/guards"
	"godwit/internal/control/run/limits"
	"godwit/internal/control/run/past"
	"godwit/internal/ledger"
	"godwit/internal/ui/cli"
	"godwit/internal/unit"
	"godwit/internal/work/action"
	"godwit/internal/work/bulk"
	"godwit/internal/work/call"
	"godwit/internal/work/pipeline"
	"godwit/internal/work/requests"
	"godwit/internal/work/schema"
	"godwit/internal/work/settings"
	"godwit/internal/work/statement"
	"godwit/internal/work/verify"
)

// language is everything that is built in: the verbs of a step and the systems
// of a connection. A new one is one line here.
func language() flow.Language {
	return flow.Language{
		Verbs: []unit.Verb{bulk.Verb(), verify.Verb(), pipeline.VerifyVerb(), pipeline.Verb(), statement.Verb(), settings.Verb(), requests.Verb(),
			action.Verb(), flow.CallVerb(), flow.WaitVerb(), flow.ApproveVerb()},
		Systems: []connector.Connector{postgres.Connector(), mysql.Connector(), sqlite.Connector(), file.Connector(), httpapi.Connector()},
	}
}

// executors are all kinds of units, for one run.
func executors(open connector.Opener, was past.Past) map[string]unit.Executor {
	all := bulk.Executors(open, was)
	maps.Copy(all, schema.Executors(open))
	maps.Copy(all, verify.Executors(open, was))
	maps.Copy(all, pipeline.Executors(open, was))
	maps.Copy(all, pipeline.VerifyExecutors(open, was))
	maps.Copy(all, statement.Executors(open, was))
	maps.Copy(all, action.Executors(open))
	maps.Copy(all, requests.Executors(open, was))
	maps.Copy(all, settings.Executors(open, guards.Room{Own: was.Own, Ledger: was.Ledger, Run: was.Run, Of: was.Guard, Actor: was.Actor, Reason: was.Reason}))
	maps.Copy(all, call.Executors(open, was))
	return all
}

func program(interrupts <-chan os.Signal) *cli.Program {
	lang := language()
	runs := run.Runs{
		Language: lang, Executors: executors, Cores: runtime.NumCPU(),
		Version: version(), Owner: owner(), At: testPoint(),
	}
	return &cli.Program{
		Language: lang, Look: runs, Version: version(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Interrupts: interrupts, Zone: time.Local,
		Open: func(ctx context.Context, path string) (*run.Runs, func() error, error) {
			l, err := ledger.Open(ctx, path)
			if err != nil {
				return nil, nil, err
			}
			own := runs
			own.Ledger, own.Paces = l, limits.New(l.Beside)
			return &own, func() error { return errors.Join(own.Paces.Close(), l.Close()) }, nil
		},
	}
}

func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%s:%d", host, os.Getpid())
}

// version is the module's, as go install stamps it; "dev" in a checkout.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
