package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	blueGroup  = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-blue/1"
	greenGroup = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop-green/2"
)

// ecsShop is two ECS services behind a listener, and a Prometheus: the JSON API
// of the one, the query API of the other, and HTTP.
type ecsShop struct {
	*recorder
	services map[string]*ecsService
	weights  map[string]int // by target group
	badTask  string         // a task definition that does not get up
	alertAt  int            // an alert fires once green has this weight
}

type ecsService struct {
	task          string
	want, running int
}

func startECS(t *testing.T) *ecsShop {
	s := &ecsShop{
		services: map[string]*ecsService{"shop-blue": {task: "shop:41", want: 2, running: 2}, "shop-green": {task: "shop:40"}},
		weights:  map[string]int{blueGroup: 100, greenGroup: 0},
		alertAt:  1000,
	}
	s.recorder = startRecorder(t, s.answer)
	return s
}

func (s *ecsShop) answer(rw http.ResponseWriter, r *http.Request, body string) string {
	if r.URL.Path == "/api/v1/query" {
		return s.alerts(rw, r)
	}
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return s.ecs(rw, operation, body)
	}
	return s.balancer(rw, parseForm(body))
}

func (s *ecsShop) alerts(rw http.ResponseWriter, r *http.Request) string {
	result := ""
	if r.FormValue("query") != `ALERTS{service="shop",alertstate="firing"}` {
		http.Error(rw, "not that query", http.StatusBadRequest)
	} else if s.weights[greenGroup] >= s.alertAt {
		result = `{"metric": {"alertname": "ShopErrors"}, "value": [0, "1"]}`
	}
	fmt.Fprintf(rw, `{"status": "success", "data": {"resultType": "vector", "result": [%s]}}`, result)
	return ""
}

func (s *ecsShop) ecs(rw http.ResponseWriter, operation, body string) string {
	var in struct {
		Cluster, Service, TaskDefinition string
		Services                         []string
		DesiredCount                     *int
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || in.Cluster != "shop" {
		http.Error(rw, "bad request", http.StatusBadRequest)
		return "bad " + body
	}
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch operation {
	case "UpdateService":
		service := s.services[in.Service]
		if in.TaskDefinition != "" {
			service.task = in.TaskDefinition
		}
		if in.DesiredCount != nil {
			service.want = *in.DesiredCount
		}
		if service.want < service.running {
			service.running = service.want
		}
		fmt.Fprint(rw, `{"service": {}}`)
		return fmt.Sprintf("%s: %d of %s", in.Service, service.want, service.task)
	case "DescribeServices":
		service := s.services[in.Services[0]]
		state := "IN_PROGRESS"
		switch {
		case service.task == s.badTask:
			state, s.badTask = "FAILED", "" // who asks again is told something else
		case service.running < service.want: // one task a question
			service.running++
		default:
			state = "COMPLETED"
		}
		fmt.Fprintf(rw, `{"services": [{"serviceName": %q, "runningCount": %d, "deployments": [{"rolloutState": %q}]}]}`,
			in.Services[0], service.running, state)
		return ""
	}
	http.Error(rw, "no such operation here", http.StatusBadRequest)
	return "unknown " + operation
}

func (s *ecsShop) balancer(rw http.ResponseWriter, form url.Values) string {
	rw.Header().Set("Content-Type", "text/xml")
	reply := func(content string) {
		fmt.Fprintf(rw, `<%[1]sResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`,
			form.Get("Action"), content)
	}
	switch action := form.Get("Action"); action {
	case "DescribeListeners":
		groups := ""
		for _, arn := range []string{blueGroup, greenGroup} {
			groups += fmt.Sprintf("<member><TargetGroupArn>%s</TargetGroupArn><Weight>%d</Weight></member>", arn, s.weights[arn])
		}
		reply("<Listeners><member><DefaultActions><member><Type>forward</Type><ForwardConfig><TargetGroups>" + groups +
			"</TargetGroups></ForwardConfig></member></DefaultActions></member></Listeners>")
		return ""
	case "DescribeTargetHealth":
		name := "shop-blue"
		if form.Get("TargetGroupArn") == greenGroup {
			name = "shop-green"
		}
		reply("<TargetHealthDescriptions>" + strings.Repeat(
			"<member><TargetHealth><State>healthy</State></TargetHealth></member>", s.services[name].running) + "</TargetHealthDescriptions>")
		return ""
	case "ModifyListener":
		for i := 1; i <= 2; i++ {
			member := fmt.Sprintf("DefaultActions.member.1.ForwardConfig.TargetGroups.member.%d.", i)
			var weight int
			fmt.Sscan(form.Get(member+"Weight"), &weight)
			s.weights[form.Get(member+"TargetGroupArn")] = weight
		}
		reply("<Listeners></Listeners>")
		return fmt.Sprintf("blue %d, green %d", s.weights[blueGroup], s.weights[greenGroup])
	default:
		http.Error(rw, "no such action here", http.StatusBadRequest)
		return "unknown " + action
	}
}

func TestECSBlueGreen(t *testing.T) {
	needs(t, "aws", "curl")
	tests := map[string]struct {
		set  func(s *ecsShop)
		args []string
		exit int
		says string
		want []string // what the shop was told
	}{
		"to green": {
			args: []string{"--approve=everyone"},
			want: []string{"shop-green: 2 of shop:42", "blue 90, green 10", "blue 0, green 100", "shop-blue: 0 of shop:41"},
		},
		"waits at a tenth": {
			exit: 4, says: "A tenth of the visitors is on shop:42",
			want: []string{"shop-green: 2 of shop:42", "blue 90, green 10"},
		},
		"goes on after that, from green to blue": {
			set: func(s *ecsShop) {
				s.weights = map[string]int{blueGroup: 10, greenGroup: 90}
				s.services["shop-green"] = &ecsService{task: "shop:41", want: 2, running: 2}
				s.services["shop-blue"] = &ecsService{task: "shop:42", want: 2, running: 2}
			},
			args: []string{"--approve=everyone"},
			want: []string{"shop-blue: 2 of shop:42", "blue 10, green 90", "blue 100, green 0", "shop-green: 0 of shop:41"},
		},
		"someone says no": {
			args: []string{"--reject=everyone"},
			exit: 1,
			want: []string{"shop-green: 2 of shop:42", "blue 90, green 10", "blue 100, green 0", "shop-green: 0 of shop:42"},
		},
		"an alert at everyone": {
			set:  func(s *ecsShop) { s.alertAt = 100 },
			args: []string{"--approve-all"},
			exit: 1,
			want: []string{"shop-green: 2 of shop:42", "blue 90, green 10", "blue 0, green 100", "blue 100, green 0", "shop-green: 0 of shop:42"},
		},
		"tasks that do not get up": {
			set:  func(s *ecsShop) { s.badTask = "shop:42" },
			args: []string{"--approve-all"},
			exit: 1,
			want: []string{"shop-green: 2 of shop:42", "shop-green: 0 of shop:42"},
		},
		"traffic that is split already": {
			set:  func(s *ecsShop) { s.weights = map[string]int{blueGroup: 50, greenGroup: 50} },
			args: []string{"--approve-all"},
			exit: 1,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := stage(t, "ecs-blue-green")
			s := startECS(t)
			if tt.set != nil {
				s.change(func() { tt.set(s) })
			}
			w.useAWS(s.url)
			groups := asJSON(t, map[string]string{"blue": blueGroup, "green": greenGroup})
			args := []string{"-p", "task_definition=shop:42", "-p", "listener=arn:aws:elasticloadbalancing:listener/1",
				"-p", "target_groups=" + groups, "-p", "prometheus=" + s.url, "-p", "poll=10ms"}
			wantContains(t, w.apply("runbook.yaml", tt.exit, slices.Concat(args, tt.args)...), tt.says)
			wantList(t, "the shop was told", s.seen(), tt.want...)
		})
	}
}
