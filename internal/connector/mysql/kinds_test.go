package mysql

import (
	"testing"

	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/go-sql-driver/mysql"
)

// A connection's own kinds win over the table's, by number before code.
func TestKinds(t *testing.T) {
	t.Parallel()
	own := kinds(connector.ErrorKinds([]connector.ErrorKind{{Code: "1213", Kind: "data"}, {Code: "conflict.lock", Kind: "throttled"}, {Code: "3100", Kind: "denied"}}))
	for number, want := range map[uint16][2]fault.Kind{
		1213: {fault.Conflict, fault.Data}, 1205: {fault.Conflict, fault.Throttled}, 3100: {fault.Internal, fault.Denied}, 1146: {fault.Config, fault.Config}, 1053: {fault.Unavailable, fault.Unavailable},
	} {
		err := &mysql.MySQLError{Number: number, SQLState: [5]byte{'H', 'Y', '0', '0', '0'}}
		if number == 1146 {
			err.SQLState = [5]byte{'4', '2', 'S', '0', '2'}
		}
		for i, k := range []kinds{nil, own} {
			if got := fault.KindOf(k.translate(t.Context(), err)); got != want[i] {
				t.Errorf("%d is %s, want %s", number, got, want[i])
			}
		}
	}
	wrong := checkErrors(&Settings{Errors: []connector.ErrorKind{{Code: "40001", Kind: "data"}, {Code: "conflict.lok", Kind: "data"}, {Code: "1213", Kind: "data"}}})
	if len(wrong) != 2 || wrong[0].Path[1] != "40001" || wrong[1].Next != "did you mean conflict.lock?" {
		t.Errorf("%+v", wrong)
	}
}
