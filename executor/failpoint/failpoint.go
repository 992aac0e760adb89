// Package failpoint names the moments at which tests kill this program.
package failpoint

// A Point is a moment between two steps of something that must survive a crash.
type Point string

const (
	Creating Point = "creating" // the folder of a run gets its files
	Naming   Point = "naming"   // it gets its name
	Named    Point = "named"

	Appending Point = "appending" // a record is written to a journal
	Appended  Point = "appended"
	Syncing   Point = "syncing" // a journal is brought to the disk
	Synced    Point = "synced"

	Answered Point = "answered" // what somebody has asked for is done, and still lies there

	Forking Point = "forking" // a process is started
	Forked  Point = "forked"
	Entered Point = "entered" // the watchdog can know of it
)

// Reach is called at each of them. Only tests put something in its place, before
// anything else of the program runs.
var Reach = func(Point) {}
