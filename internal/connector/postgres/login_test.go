package postgres

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/login"
	"godwit/internal/fault"
	"godwit/internal/secret"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// canary stands for a password: nothing printed may show a part of it.
const canary = "kanarie"

func TestPasswords(t *testing.T) {
	server := pgtest.Server(t, postgres.Options{Password: canary})
	bare := strings.Replace(server.URL("postgres"), ":"+canary+"@", "@", 1)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	passfile := file("pgpass", fmt.Sprintf("127.0.0.1:%d:*:%s:%s\n", server.Port, postgres.Superuser, canary))
	t.Setenv("GODWIT_TEST_PASSWORD", canary)
	for name, test := range map[string]struct {
		url  string
		from secret.Source
		env  [2]string
		code string
	}{
		"url":          {url: server.URL("postgres")},
		"environment":  {from: secret.Source{Env: "GODWIT_TEST_PASSWORD"}},
		"file":         {from: secret.Source{File: file("secret", canary+"\n")}},
		"command":      {from: secret.Source{Command: []string{"cat", file("printed", canary)}}},
		"passfile":     {url: bare + "&passfile=" + passfile},
		"PGPASSFILE":   {env: [2]string{"PGPASSFILE", passfile}},
		"PGPASSWORD":   {env: [2]string{"PGPASSWORD", canary}},
		"wrong":        {from: secret.Source{Value: secret.New(canary + "!")}, code: "login.refused"},
		"none at all":  {env: [2]string{"PGPASSFILE", filepath.Join(dir, "none")}, code: "login.refused"},
		"unset source": {from: secret.Source{Env: "GODWIT_TEST_NONE"}, code: "secret.missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PGPASSFILE", filepath.Join(dir, "none"))
			if test.env[0] != "" {
				t.Setenv(test.env[0], test.env[1])
			}
			if test.url == "" {
				test.url = bare
			}
			settings, err := login.FromURL(test.url)
			if err != nil {
				t.Fatal(err)
			}
			s := settings.(*login.Settings)
			if !test.from.Empty() {
				s.Password = test.from
			}
			e, err := Connector().Open(t.Context(), "x", s)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			_, err = e.(connector.Writer).Marks(patient(t), strings.Repeat("0", 32))
			if code := fault.CodeOf(err); err != nil && code != test.code || err == nil && test.code != "" {
				t.Errorf("%v (%s), want %q", err, code, test.code)
			}
			quiet(t, s, e, err, fault.Of(err))
			if test.code == "" {
				c, err := e.(*Endpoint).Config(t.Context())
				if err != nil || c.Password.Reveal() != canary || c.Port != server.Port || c.User != postgres.Superuser || c.Database != "postgres" {
					t.Errorf("config is %+v (%v)", c, err)
				}
				quiet(t, c)
			}
		})
	}
}

// quiet proves that nothing printed of values shows the password.
func quiet(t *testing.T, values ...any) {
	t.Helper()
	for _, v := range values {
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		encoded, _ := json.Marshal(v)
		for _, text := range []string{fmt.Sprintf("%v %+v %s", v, v, v), log.String(), string(encoded)} {
			if strings.Contains(text, canary) {
				t.Errorf("the password shows: %s", text)
			}
		}
	}
}

func TestApplicationName(t *testing.T) {
	t.Parallel()
	long := "copy-1 copy/data/a_schema_with_a_name.a_table_with_a_very_long_name/"
	for label, want := range map[string]string{
		"copy-1 copy/data/sales.event/3": "copy-1 copy/data/sales.event/3",
		long + "1":                       long[:46] + "~",
		"größe":                          "gr??e~",
	} {
		if got := login.ApplicationName(label); !strings.HasPrefix(got, want) || len(got) > 63 {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
	if login.ApplicationName(long+"1") == login.ApplicationName(long+"2") {
		t.Error("two long labels are the same name")
	}
}
