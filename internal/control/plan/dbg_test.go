package plan
import ("fmt";"testing")
func (d *drive) dump() {
	d.m.root.each(func(in *instance){
		fmt.Printf("%-10s %-8s phase %d out %q again %v closing %v must %v due %v ans %v", in.id, in.node.Kind, in.phase, in.outcome, in.life.again, in.closing(), in.must, in.life.due, in.answer)
		if in.step!=nil { for _,w:=range in.step.units { fmt.Printf(" [%s %s a%d begun %v miss %d room %v]", w.unit.ID, w.state, w.attempt, w.begun, w.missing, w.lane.room()) } }
		if in.loop!=nil { l:=in.loop; fmt.Printf(" loop known %v n %d next %d open %d kept %d active %d lost %d", l.known, l.items.len(), l.next, len(l.open), len(l.kept), l.active, l.lost)}
		fmt.Println()
	})
	fmt.Println("run", d.m.run, d.now, d.turn)
}
func TestDbg(t *testing.T) { }
