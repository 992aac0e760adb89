package executor_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/cloudops-run/runbook/executor"
)

func Example() {
	engine, err := executor.New(executor.DefaultConfig())
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	defer engine.Close(ctx)

	id, err := engine.Execute(ctx, executor.Request{
		Command: executor.Shell{Command: "echo hello from $WHO", Shell: "sh"},
		Env:     map[string]string{"WHO": "a request"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := engine.Wait(ctx, id); err != nil {
		log.Fatal(err)
	}
	result, _ := engine.Result(id)
	fmt.Print(result.Stdout)
	// Output: hello from a request
}

func ExampleEngine_ExecutePlan() {
	engine, err := executor.New(executor.DefaultConfig())
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	defer engine.Close(ctx)

	say := func(words string) executor.Request {
		return executor.Request{Command: executor.Exec{Program: "echo", Args: []string{words}}}
	}
	id, err := engine.ExecutePlan(ctx, executor.Plan{
		Requests: []executor.Request{say("drain"), say("restart"), say("check")},
		Strategy: executor.DependencyGraph{
			Dependencies: map[int][]int{1: {0}, 2: {1}},
			StopOnError:  true,
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := engine.Wait(ctx, id); err != nil {
		log.Fatal(err)
	}
	plan, _ := engine.PlanResult(id)
	fmt.Println(plan.Status, plan.Stats.Completed)
	for _, r := range plan.Results {
		fmt.Print(r.Stdout)
	}
	// Output:
	// completed 3
	// drain
	// restart
	// check
}

func ExampleEngine_Wait() {
	engine, err := executor.New(executor.DefaultConfig())
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	defer engine.Close(ctx)

	id, err := engine.Execute(ctx, executor.Request{
		Command: executor.Exec{Program: "sleep", Args: []string{"60"}},
		Timeout: 50 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	err = engine.Wait(ctx, id)
	var timeout *executor.TimeoutError
	if errors.As(err, &timeout) {
		fmt.Println("too slow for", timeout.After)
	}
	// Output: too slow for 50ms
}

func ExampleWithEventHandler() {
	show := executor.EventHandlerFunc(func(e executor.Event) {
		if e.Type != "progress" {
			fmt.Println(strings.TrimSpace(string(e.Type) + " " + e.Line))
		}
	})
	engine, err := executor.New(executor.DefaultConfig(), executor.WithEventHandler(show))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	id, err := engine.Execute(ctx, executor.Request{Command: executor.Exec{Program: "echo", Args: []string{"hi"}}})
	if err != nil {
		log.Fatal(err)
	}
	engine.Wait(ctx, id)
	engine.Close(ctx) // the handler has had everything when this returns
	// Output:
	// run_started
	// started
	// stdout hi
	// completed
	// run_completed
}
