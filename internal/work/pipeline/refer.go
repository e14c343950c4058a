package pipeline

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/alias"
	"godwit/internal/work/pipeline/blocked"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/shelf"
	"godwit/internal/work/pipeline/stub"
)

// remember plans what is remembered of the load's records, nil when no map refers
// to them.
func (l *Load) remember(facts catalog.Facts, into catalog.Into) (*parents.Remember, error) {
	p := l.process()
	if !slices.Contains(l.Referred, p.entity()) {
		return nil, nil
	}
	at, err := placed(p.To.At, l.Scope)
	if err != nil {
		return nil, err
	}
	at.Entity, at.Database, at.Made = p.entity(), parents.Database(facts), parents.Made(facts, into.Table)
	// exceptions have the keys that their records were read with
	return parents.Plan(at, facts.Records.Tables[0], into, p.To.Mode, len(facts.Records.Key) > 0 || l.Again != nil)
}

// stand plans what stands in for records that are not there.
func (s *LoadSpec) stand(tables []catalog.TargetTable, facts catalog.Facts) error {
	in, err := s.stubbing(shelf.Values(facts.Records.Lookups))
	if err != nil {
		return err
	}
	at, err := placed(s.To, s.Scope)
	if err != nil {
		return err
	}
	var problems []mapping.Problem
	s.Stubs, problems = stub.Plan(in, tables, func(entity string, table catalog.Name) record.Place {
		p := at
		p.Entity, p.Database, p.Made = entity, s.Database, parents.Made(facts, table)
		return p
	})
	return refused(problems)
}

func (s *LoadSpec) stubbing(lookups map[string]map[string]string) (stub.Input, error) {
	env, err := unit.Frozen(s.Scope)
	return stub.Input{Map: s.Map, Env: env, Lookups: lookups}, err
}

// aliases is the unit that reads them. What old keys lead to is known for the
// entity, at its target.
func (l *Load) aliases(a *alias.Place, step string) (unit.Unit, error) {
	at, err := placed(l.process().To.At, l.Scope)
	if err != nil {
		return unit.Unit{}, err
	}
	at.Entity = l.process().entity()
	return a.Unit(step, at)
}

func placed(at string, frozen []byte) (record.Place, error) {
	p := record.Place{At: at}
	all, err := unit.Frozen(frozen)
	if env, is := all["env"].(record.Object); is {
		p.Env, _ = env["name"].(string)
	}
	return p, err
}

// Release is what is different in a unit of that kind: it processes the blocked
// records of a step, of this run or another, one time.
type Release struct {
	Step  string `json:"step"`
	Level int    `json:"level,omitempty"` // see blocked.Make
	Taken bool   `json:"taken,omitempty"` // a redrive has them in hand, and takes no more
}

// releasing is blocked.Make. Rows that were to give way to what the step read have
// done so: the rest goes to them.
func releasing(load unit.Unit, run string, level int) (*blocked.Made, error) {
	var spec LoadSpec
	if err := json.Unmarshal(load.Spec, &spec); err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", load.ID, err)
	}
	if level > 0 && !spec.Map.Softly() {
		return nil, nil
	}
	again, taken := unit.Redrive{Of: run, Step: load.Step, Schema: spec.Schema}, spec.Again != nil
	if taken {
		again = *spec.Again
	}
	again.Filter = unit.Body(map[string]bool{"waits": true})
	if spec.Calls != nil {
		spec.Calls.Anew = true
	}
	spec.Again, spec.Release, spec.Keys, spec.Query.Since = &again, &Release{Step: load.Step, Level: level, Taken: taken}, nil, nil
	if spec.Mode == connector.ModeReplace {
		spec.Mode = held.Again(spec.Into, spec.Tables)
	}
	made := &blocked.Made{Spec: encode(spec), To: spec.To}
	if spec.Calls != nil {
		made.Kind, made.Then = calls.KindProduce, spec.Calls.Behind
	}
	return made, nil
}

// parents knows the records that those of the load refer to, nil when they do not.
func (s *LoadSpec) parents(book parents.Book, own parents.Own) (*parents.Known, error) {
	if s.Map.References() == nil {
		return nil, nil
	}
	at, err := placed(s.To, s.Scope)
	at.Database = s.Database
	return parents.New(book, at, own), err
}

// refers makes an attempt ready for references.
func (r *loading) refers(lookups map[string]map[string]string) (err error) {
	own := parents.Own{}
	if replaced := r.spec.Mode == connector.ModeReplace; replaced || r.spec.Keys != nil {
		own = parents.Own{Entity: r.unit.Entity, By: r.lease.Run + " " + r.unit.Step + "/", Beside: replaced}
	}
	if r.parents, err = r.spec.parents(r.book, own); err != nil || r.parents == nil {
		return err
	}
	r.worker = r.program.Worker()
	r.worker.Parents = r.parents
	in, err := r.spec.stubbing(lookups)
	if err == nil {
		r.stubs, err = stub.New(in, r.spec.Stubs, r.parents)
	}
	return err
}

// trusts forgets what was known of parents when the target may have lost something
// since, or when tables were emptied. It comes behind the begin of a transaction, which
// waits until it is known what was lost; a later loss ends that transaction.
func (r *loading) trusts(ctx context.Context, c *chunk) error {
	if r.parents == nil {
		return nil
	}
	c.parents = r.parents
	if t, ok := r.target.(connector.Truster); ok && t.Doubt() != r.doubt {
		r.doubt = t.Doubt()
		r.parents.Forget()
	}
	return r.parents.Begin(ctx, parents.Witness(c.records))
}

// anew maps a batch again that was mapped with what is forgotten by now, or what does
// not hold at the target.
func (b *batch) anew(ctx context.Context, known *parents.Known, w *mapping.Worker, target connector.RowWitness) error {
	if known == nil {
		return nil
	}
	for {
		if err := known.Prove(ctx, target); err != nil || b.seen == known.Seen() {
			return err
		}
		b.seen = known.Seen()
		for i := range b.page.Records {
			b.mapped[i], b.claims[i] = mapped(w, b.page, i)
		}
		if _, err := b.refer(ctx, known, w, known.Ask); err != nil {
			return err
		}
	}
}

// step is the one that the records are of.
func (r *loading) step() string {
	if r.spec.Release != nil {
		return r.spec.Release.Step
	}
	return r.unit.Step
}

// refer maps those records of a batch again whose parents are known now, with ask
// asked for before. It gives those that wait no more.
func (b *batch) refer(ctx context.Context, known *parents.Known, w *mapping.Worker, ask func(context.Context, []record.Reference) error) (woken []int, err error) {
	if known == nil {
		return nil, nil
	}
	var waiting []int
	var refs []record.Reference
	for i := range b.mapped {
		if len(b.mapped[i].Waits) > 0 {
			waiting, refs = append(waiting, i), append(refs, b.mapped[i].Waits...)
		}
	}
	if len(waiting) > 0 && ask != nil {
		if err := ask(ctx, refs); err != nil {
			return nil, err
		}
	}
	for _, i := range waiting {
		if !slices.ContainsFunc(b.mapped[i].Waits, func(r record.Reference) bool {
			_, is := known.Kept(r.Entity, r.Key, r.Orphan == mapping.Stand)
			rule, _ := known.Odd(r.Entity, r.Key)
			return is || rule != ""
		}) {
			continue
		}
		if b.mapped[i], b.claims[i] = mapped(w, b.page, i); len(b.mapped[i].Waits) == 0 {
			woken = append(woken, i)
		}
	}
	return woken, nil
}

// wake gives the records of a batch that can be written now and could not before:
// what they refer to is there, or their map says how to do without.
func (r *loading) wake(ctx context.Context, c *chunk, b *batch) ([]int, error) {
	ask := func(ctx context.Context, refs []record.Reference) error {
		if err := r.parents.Ask(ctx, refs); err != nil {
			return err
		}
		return r.parents.Prove(ctx, parents.Witness(c.records))
	}
	for _, ask := range []func(context.Context, []record.Reference) error{nil, ask} { // the ledger is asked when the batch itself gives no more
		woken, err := b.refer(ctx, r.parents, r.worker, ask)
		if err != nil {
			return nil, err
		}
		if ready := writable(b, woken); len(ready) > 0 {
			return ready, nil
		}
	}
	if r.parents == nil {
		return nil, nil
	}
	var decided []int
	var refs []record.Reference
	for i := range b.mapped {
		if waits := b.mapped[i].Waits; len(waits) > 0 && !slices.ContainsFunc(waits, r.mayCome) {
			decided = append(decided, i)
			if !stub.Needless(b.mapped[i]) {
				refs = append(refs, waits...)
			}
		}
	}
	rows, err := r.stubs.Make(ctx, c.records, refs, r.unit.Entity, c.version, &c.stubs)
	if err != nil {
		return nil, err
	}
	c.Account.Written += rows
	r.worker.Decide = true
	for _, i := range decided {
		b.mapped[i], b.claims[i] = mapped(r.worker, b.page, i)
	}
	r.worker.Decide = false
	return writable(b, decided), nil
}

// mayCome reports whether a record has to wait for what it refers to. Records of
// its own entity may come behind it, and what waits itself may come later: what is
// to be done without them is decided when nothing moves any more.
func (r *loading) mayCome(ref record.Reference) bool {
	level := 0
	if r.spec.Release != nil {
		level = r.spec.Release.Level
	}
	switch {
	case ref.Orphan == mapping.Hold:
		return true
	case r.parents.Waits(ref.Entity, ref.Key):
		return level < 2
	}
	return ref.Entity == r.unit.Entity && level < 1
}

func writable(b *batch, some []int) []int {
	return slices.DeleteFunc(some, func(i int) bool {
		m := &b.mapped[i]
		return m.Filtered != "" || m.Reject || len(m.Waits) > 0
	})
}

// known notes a record that was written, for those that refer to it.
func (r *loading) known(m *record.Mapped, back []any) {
	if k := r.spec.Remember; k != nil && r.parents != nil {
		k.Know(r.parents, m, back)
	}
}

// state notes how a record stands once the chunk is settled.
func (c *chunk) state(m record.Mapped, became connector.Became, back []any) error {
	if c.remember == nil || c.release && len(m.Waits) > 0 {
		return nil
	}
	return c.remember.Note(c.States, m, became.Outcome, back)
}
