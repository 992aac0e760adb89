package examples_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// cloud is the little of EC2, STS and S3 that the inventory asks for: the query
// APIs, one answer a region. Unlike moto_server it needs nothing installed, and
// can be told to be down.
type cloud struct {
	mu   sync.Mutex
	down map[string]int // "account region action" to how many requests are refused
	seen []string       // "account region action", in order
}

var scope = regexp.MustCompile(`Credential=AKIA([A-Z]+)/\d+/([a-z0-9-]+)/([a-z0-9]+)/aws4_request`)

func (c *cloud) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		http.Error(rw, "the request is not signed", http.StatusForbidden)
		return
	}
	account, region, action := strings.ToLower(m[1]), m[2], r.FormValue("Action")
	if m[3] == "s3" {
		action = "ListBuckets"
	}
	c.mu.Lock()
	question := account + " " + region + " " + action
	c.seen = append(c.seen, question)
	refused := c.down[question] > 0
	if refused {
		c.down[question]--
	}
	c.mu.Unlock()
	rw.Header().Set("Content-Type", "text/xml")
	if refused {
		rw.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(rw, `<Response><Errors><Error><Code>Unavailable</Code><Message>try later</Message></Error></Errors><RequestID>1</RequestID></Response>`)
		return
	}
	switch action {
	case "GetCallerIdentity":
		fmt.Fprintf(rw, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Arn>arn:aws:iam::%[1]s:user/audit</Arn><UserId>AIDA</UserId><Account>%[1]s</Account>`+
			`</GetCallerIdentityResult></GetCallerIdentityResponse>`, accountNumbers[account])
	case "ListBuckets":
		fmt.Fprint(rw, `<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>1</ID></Owner>`+
			`<Buckets><Bucket><Name>logs</Name></Bucket><Bucket><Name>site</Name></Bucket></Buckets></ListAllMyBucketsResult>`)
	case "DescribeInstances":
		fmt.Fprintf(rw, `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item><instancesSet><item>`+
			`<instanceId>i-%s-%s</instanceId><instanceType>t3.micro</instanceType><instanceState><code>16</code><name>running</name></instanceState>`+
			`<tagSet><item><key>owner</key><value>shop</value></item></tagSet>`+
			`</item></instancesSet></item></reservationSet></DescribeInstancesResponse>`, account, region)
	case "DescribeVolumes":
		fmt.Fprintf(rw, `<DescribeVolumesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><volumeSet><item>`+
			`<volumeId>vol-%s-%s</volumeId><size>8</size><status>available</status></item></volumeSet></DescribeVolumesResponse>`, account, region)
	default:
		http.Error(rw, "no such action here: "+action, http.StatusBadRequest)
	}
}

var (
	accountNumbers = map[string]string{"prod": "111111111111", "staging": "222222222222"}
	inventoried    = []string{"eu-central-1", "us-east-1"}
)

// inventory runs the runbook for both accounts and two regions.
func (w *world) inventory(wantExit int) string {
	w.t.Helper()
	return w.apply("runbook.yaml", wantExit, "-p", "accounts=[prod, staging]", "-p", "regions="+asJSON(w.t, inventoried))
}

func startCloud(t *testing.T, down map[string]int) (w *world, c *cloud) {
	w = stage(t, "aws-inventory")
	c = &cloud{down: down}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	w.useAWS(server.URL)
	w.asProfiles()
	return w, c
}

// asProfiles gives each account a profile with credentials of its own, and
// nothing to whoever names none.
func (w *world) asProfiles() {
	w.t.Helper()
	delete(w.env, "AWS_ACCESS_KEY_ID")
	delete(w.env, "AWS_SECRET_ACCESS_KEY")
	text := ""
	for account := range accountNumbers {
		text += fmt.Sprintf("[%s]\naws_access_key_id = AKIA%s\naws_secret_access_key = made-up\n", account, strings.ToUpper(account))
	}
	writeFile(w.t, w.env["AWS_SHARED_CREDENTIALS_FILE"], text)
	writeFile(w.t, w.env["AWS_CONFIG_FILE"], "[profile prod]\n[profile staging]\n")
}

func TestAWSInventory(t *testing.T) {
	needs(t, "bash", "aws", "jq", "grep")
	t.Run("asks every region of every account", func(t *testing.T) {
		t.Parallel()
		w, c := startCloud(t, map[string]int{"prod us-east-1 DescribeInstances": 1}) // which a retry is for
		wantContains(t, w.inventory(0), "prod is account 111111111111, with 2 buckets", "staging is account 222222222222, with 2 buckets",
			"4 things nobody owns, 0 questions without an answer")
		report := readFile(t, filepath.Join(w.dir, "inventory/report.tsv"))
		for account := range accountNumbers {
			for _, region := range inventoried {
				wantContains(t, report,
					account+"\t"+region+"\tinstance\ti-"+account+"-"+region+"\tt3.micro\trunning\tshop\n",
					account+"\t"+region+"\tvolume\tvol-"+account+"-"+region+"\t8 GiB\tavailable\tNOBODY\n")
			}
		}
		if got := strings.Count(report, "\n"); got != 1+2*2*2 {
			t.Errorf("the report has %d lines, want 9:\n%s", got, report)
		}
		if n := len(c.seen); n != 2+2+2*4+1 {
			t.Errorf("%d questions were asked, want 13: %q", n, c.seen)
		}
	})

	t.Run("names a region that does not answer", func(t *testing.T) {
		t.Parallel()
		w, _ := startCloud(t, map[string]int{"staging eu-central-1 DescribeInstances": 1000})
		// What an earlier run was told must not stand in for an answer.
		writeFile(t, filepath.Join(w.dir, "inventory/instances.staging.eu-central-1.json"),
			`{"Reservations": [{"Instances": [{"InstanceId": "i-stale", "State": {}}]}]}`)
		wantContains(t, w.inventory(0), "1 questions without an answer")
		report := readFile(t, filepath.Join(w.dir, "inventory/report.tsv"))
		wantContains(t, report, "staging\teu-central-1\tinstances\tNO ANSWER", "i-prod-eu-central-1", "i-staging-us-east-1")
		if strings.Contains(report, "i-stale") {
			t.Errorf("the report passes off an old answer:\n%s", report)
		}
	})

	t.Run("fails without an account", func(t *testing.T) {
		t.Parallel()
		w, c := startCloud(t, map[string]int{"staging eu-central-1 GetCallerIdentity": 1000})
		report := filepath.Join(w.dir, "inventory/report.tsv")
		writeFile(t, report, "of last week\n")
		w.inventory(1)
		if exists(report) {
			t.Error("a report of nobody knows what")
		}
		for _, question := range c.seen {
			if strings.Contains(question, "Describe") {
				t.Errorf("asked all the same: %s", question)
			}
		}
	})
}

// moto is a far larger imitation of AWS than ours. Debian does not package it, so
// it is an addition where it is found and not a need.
func TestAWSInventoryAgainstMoto(t *testing.T) {
	t.Parallel()
	needs(t, "bash", "aws", "jq", "grep")
	if _, err := exec.LookPath("moto_server"); err != nil {
		t.Log("moto_server is not installed: TestAWSInventory is all there is")
		return
	}
	w := stage(t, "aws-inventory")
	w.useAWS(startMoto(t, w))
	w.asProfiles()
	for _, region := range inventoried {
		w.must(w.tmp, "aws", "--profile=prod", "--region="+region, "ec2", "run-instances", "--image-id=ami-12c6146b",
			"--instance-type=t3.micro", "--tag-specifications=ResourceType=instance,Tags=[{Key=owner,Value="+region+"}]")
	}
	w.must(w.tmp, "aws", "--profile=prod", "--region=us-east-1", "ec2", "create-volume", "--availability-zone=us-east-1a", "--size=12")
	out := w.apply("runbook.yaml", 0, "-p", "accounts=[prod]", "-p", "regions="+asJSON(t, inventoried))
	wantContains(t, out, "prod is account 123456789012, with 0 buckets", "1 things nobody owns, 0 questions without an answer", "12 GiB")
	for _, region := range inventoried {
		wantContains(t, out, "t3.micro\trunning\t"+region)
	}
}

// startMoto returns the server's address, on a port the kernel chose.
func startMoto(t *testing.T, w *world) string {
	t.Helper()
	w.set("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
	cmd := exec.Command("moto_server", "-H", "127.0.0.1", "-p", "0")
	cmd.Env = w.environ()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, address, found := strings.Cut(lines.Text(), "Running on "); found {
			go func() {
				for lines.Scan() { // an unread pipe would block the server
				}
			}()
			return address
		}
	}
	t.Fatal("moto_server ended before it was ready")
	return ""
}
