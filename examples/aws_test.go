package examples_test

import (
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// useAWS has the real aws command talk to endpoint, with made-up credentials and
// nobody's configuration.
func (w *world) useAWS(endpoint string) {
	w.t.Helper()
	w.set(
		"AWS_ENDPOINT_URL", endpoint,
		"AWS_ACCESS_KEY_ID", "AKIAEXAMPLE",
		"AWS_SECRET_ACCESS_KEY", "made-up",
		"AWS_CONFIG_FILE", w.path("aws-config"),
		"AWS_SHARED_CREDENTIALS_FILE", w.path("aws-credentials"),
		"AWS_EC2_METADATA_DISABLED", "true",
		"AWS_MAX_ATTEMPTS", "1", // the runbooks' own retries are what is tested
	)
	if !awsKnowsEndpointURL(w) {
		w.wrapAWS()
	}
}

var (
	askAWS     sync.Once
	awsCanTell bool
)

// awsKnowsEndpointURL asks the command itself, once: it takes its time to start.
func awsKnowsEndpointURL(w *world) bool {
	w.t.Helper()
	askAWS.Do(func() { awsCanTell = knowsEndpointURL(w.must(w.tmp, "aws", "--version")) })
	return awsCanTell
}

var awsVersion = regexp.MustCompile(`aws-cli/(\d+)\.(\d+)`)

// knowsEndpointURL reports whether this version of the command reads
// AWS_ENDPOINT_URL: 1 does since 1.29, 2 since 2.13. Debian 12 has 2.9.
func knowsEndpointURL(version string) bool {
	m := awsVersion.FindStringSubmatch(version)
	if m == nil {
		return false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return major == 1 && minor >= 29 || major == 2 && minor >= 13 || major > 2
}

// wrapAWS puts an aws in front that gives the endpoint to the real one by flag.
func (w *world) wrapAWS() {
	w.t.Helper()
	w.inFront("aws", `exec "$REAL" --endpoint-url "$AWS_ENDPOINT_URL" "$@"`)
}

// What is done about an aws too old for AWS_ENDPOINT_URL is tried with a newer
// one that is told to ignore it.
func TestAWSWithoutEndpointVariable(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "aws")
	s := startSite(t)
	s.w.wrapAWS()
	s.w.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	wantContains(t, s.w.must(s.w.tmp, "aws", "--region=eu-central-1", "s3api", "list-buckets"), "www.example.com")
}

func TestKnowsEndpointURL(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"aws-cli/1.22.34 Python/3.10": false,
		"aws-cli/1.45.11 Python/3.11": true,
		"aws-cli/2.9.19 Python/3.11":  false,
		"aws-cli/2.13.0 Python/3.11":  true,
		"something else":              false,
	} {
		if got := knowsEndpointURL(version); got != want {
			t.Errorf("knowsEndpointURL(%q) is %v, want %v", version, got, want)
		}
	}
}
