package login

import (
	"fmt"
	"strings"
	"testing"

	"godwit/internal/fault"

	"github.com/google/go-cmp/cmp"
)

func TestFromURL(t *testing.T) {
	t.Setenv("PGUSER", "me")
	for url, want := range map[string]Login{
		"postgres://bob@h/db": {Hosts: []Host{{"h", 5432}}, User: "bob", Database: "db"},
		"postgresql://bob:p%40ss@h:5433/d%2Fb?sslmode=disable": {Hosts: []Host{{"h", 5433}}, User: "bob", Database: "d/b", SSLMode: "disable"},
		"postgres://h1:1,h2,h3:3/db":                           {Hosts: []Host{{"h1", 1}, {"h2", 5432}, {"h3", 3}}, User: "me", Database: "db"},
		"postgres://h1,h2/db?port=7":                           {Hosts: []Host{{"h1", 7}, {"h2", 7}}, User: "me", Database: "db"},
		"postgres://h1,h2/db?port=7,8":                         {Hosts: []Host{{"h1", 7}, {"h2", 8}}, User: "me", Database: "db"},
		"postgres://[::1]:9/db":                                {Hosts: []Host{{"::1", 9}}, User: "me", Database: "db"},
		"postgres://[::1]/":                                    {Hosts: []Host{{"::1", 5432}}, User: "me", Database: "me"},
		"postgres:///db?host=/run/pg&port=9&options=-c%20a=b":  {Hosts: []Host{{"/run/pg", 9}}, User: "me", Database: "db", Options: "-c a=b"},
	} {
		settings, err := FromURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got, err := settings.(*Settings).Login()
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got.fetch, got.Params = nil, nil
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
			_, err = settings.(*Settings).Login()
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
		"few connections":  {settings: Settings{Host: "h", Limit: Limit{Connections: 1}}, code: "limit.connections"},
		"odd verify":       {settings: Settings{Host: "h", TLS: TLS{Verify: "maybe"}}, code: "tls.verify"},
		"no such ca":       {settings: Settings{Host: "h", TLS: TLS{CA: "/none.pem"}}, code: "settings.invalid"},
		"off":              {settings: Settings{Host: "h", TLS: TLS{Verify: "off"}}, sslmode: "disable"},
		"full without ca":  {settings: Settings{Host: "h", TLS: TLS{Verify: "full"}}, sslmode: "verify-full"},
		"fields over url":  {settings: Settings{URL: "postgres://h/db?sslmode=disable", TLS: TLS{Verify: "none"}}, sslmode: "require"},
		"libpq's defaults": {settings: Settings{Host: "h"}},
	} {
		l, err := test.settings.Login()
		if code := fault.CodeOf(err); code != test.code && (err != nil || test.code != "") {
			t.Errorf("%s: %v (%s), want %q", name, err, code, test.code)
		}
		if err == nil && l.SSLMode != test.sslmode {
			t.Errorf("%s: sslmode is %q, want %q", name, l.SSLMode, test.sslmode)
		}
	}
}
