// Package sink holds the readers of the event stream that come with the engine:
// a console for people and a JSON Lines file for programs.
//
// A sink is an [event.EventHandler]: give it to the engine, close the engine,
// then close the sink. Sinks lock what they share, so closing one beside a
// handler that still runs is safe; nothing that happens in a sink can reach a
// step.
package sink
