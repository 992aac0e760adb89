// Package executor runs commands, and plans made of them, and reports what
// happens.
//
// An [Engine] is the whole of it. [Engine.Execute] starts one command,
// [Engine.ExecutePlan] several with an order between them; both return an id at
// once. [Engine.Wait], [Engine.Status], [Engine.Result], [Engine.ReadLogs] and
// [Engine.Cancel] take that id. An [EventHandler] sees everything as it happens.
//
//	engine, err := executor.New(executor.DefaultConfig())
//	if err != nil {
//		return err
//	}
//	defer engine.Close(context.Background())
//	id, err := engine.Execute(ctx, executor.Request{
//		Command: executor.Exec{Program: "uptime"},
//	})
//	if err != nil {
//		return err
//	}
//	err = engine.Wait(ctx, id)
//
// Every command runs in a session of its own, with /dev/null as its input. When
// it ends, is cancelled or runs out of time, its whole process group is ended
// with it. What left the group by calling setsid is followed only with
// [WithContainment], which changes process-wide state of the calling program.
package executor
