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
	"godwit/internal/fault"
	"godwit/internal/secret"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

func TestFromURL(t *testing.T) {
	t.Setenv("PGUSER", "me")
	for url, want := range map[string]login{
		"postgres://bob@h/db": {hosts: []host{{"h", 5432}}, user: "bob", database: "db"},
		"postgresql://bob:p%40ss@h:5433/d%2Fb?sslmode=disable": {hosts: []host{{"h", 5433}}, user: "bob", database: "d/b", sslmode: "disable"},
		"postgres://h1:1,h2,h3:3/db":                           {hosts: []host{{"h1", 1}, {"h2", 5432}, {"h3", 3}}, user: "me", database: "db"},
		"postgres://h1,h2/db?port=7":                           {hosts: []host{{"h1", 7}, {"h2", 7}}, user: "me", database: "db"},
		"postgres://h1,h2/db?port=7,8":                         {hosts: []host{{"h1", 7}, {"h2", 8}}, user: "me", database: "db"},
		"postgres://[::1]:9/db":                                {hosts: []host{{"::1", 9}}, user: "me", database: "db"},
		"postgres://[::1]/":                                    {hosts: []host{{"::1", 5432}}, user: "me", database: "me"},
		"postgres:///db?host=/run/pg&port=9&options=-c%20a=b":  {hosts: []host{{"/run/pg", 9}}, user: "me", database: "db", options: "-c a=b"},
	} {
		settings, err := FromURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got, err := settings.(*Settings).login()
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got.password, got.params = nil, nil
		if diff := cmp.Diff(fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
	}
}

// canary stands for a password: no error may show a part of it.
const canary = "kanarie"

func TestRefusedURLs(t *testing.T) {
	t.Parallel()
	for url, code := range map[string]string{
		"mysql://u:" + canary + "@h/db":                     "url.invalid",
		"postgres://u:" + canary + "%zz@h/db":               "url.invalid",
		"postgres://u:" + canary + "/db":                    "port.invalid",
		"postgres://u:" + canary + "?x=" + canary + "@h/db": "url.invalid",
		"postgres://u:" + canary + "@h:x/db":                "port.invalid",
		"postgres://u:" + canary + "@h:70000/db":            "port.invalid",
		"postgres://u:" + canary + "@h/db?ssl_mode=x":       "url.parameter",
		"postgres://u:" + canary + "@h/db?sslmode=x":        "settings.invalid",
		"postgres://u:" + canary + "@h/db?sslrootcert=none": "settings.invalid",
		"postgres://u:" + canary + "@h,i/db?port=1,2,3":     "url.invalid",
	} {
		settings, err := FromURL(url)
		if err == nil {
			_, err = Open(t.Context(), "x", settings.(*Settings))
		}
		if f := fault.Of(err); f.Kind != fault.Config || f.Code != code || len(f.Next) == 0 && f.Code == "url.invalid" {
			t.Errorf("%s: %v (%s %s), want %s", url, err, f.Kind, f.Code, code)
		}
		if text := fmt.Sprintf("%v %+v", err, fault.Of(err)); strings.Contains(text, canary) {
			t.Errorf("the password shows: %s", text)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings Settings
		code     string
		sslmode  string
	}{
		"password in url":  {settings: Settings{URL: "postgres://u:" + canary + "@h/db"}, code: "url.password"},
		"few connections":  {settings: Settings{Host: "h", Limit: Limit{Connections: 2}}, code: "limit.connections"},
		"odd verify":       {settings: Settings{Host: "h", TLS: TLS{Verify: "maybe"}}, code: "tls.verify"},
		"no such ca":       {settings: Settings{Host: "h", TLS: TLS{CA: "/none.pem"}}, code: "settings.invalid"},
		"off":              {settings: Settings{Host: "h", TLS: TLS{Verify: "off"}}, sslmode: "disable"},
		"full without ca":  {settings: Settings{Host: "h", TLS: TLS{Verify: "full"}}, sslmode: "verify-full"},
		"fields over url":  {settings: Settings{URL: "postgres://h/db?sslmode=disable", TLS: TLS{Verify: "none"}}, sslmode: "require"},
		"libpq's defaults": {settings: Settings{Host: "h"}},
	} {
		l, err := test.settings.login()
		if code := fault.CodeOf(err); code != test.code && (err != nil || test.code != "") {
			t.Errorf("%s: %v (%s), want %q", name, err, code, test.code)
		}
		if err == nil && l.sslmode != test.sslmode {
			t.Errorf("%s: sslmode is %q, want %q", name, l.sslmode, test.sslmode)
		}
	}
}

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
			settings, err := FromURL(test.url)
			if err != nil {
				t.Fatal(err)
			}
			s := settings.(*Settings)
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
		if got := applicationName(label); !strings.HasPrefix(got, want) || len(got) > 63 {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
	if applicationName(long+"1") == applicationName(long+"2") {
		t.Error("two long labels are the same name")
	}
}
