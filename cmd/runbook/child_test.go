package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// child is what steps in tests run: a program that does exactly what a test
// needs, on every machine.
func child() {
	words := os.Args[1:]
	for len(words) > 0 {
		word, arg, _ := strings.Cut(words[0], "=")
		words = words[1:]
		switch word {
		case "echo":
			fmt.Println(arg)
		case "err":
			fmt.Fprintln(os.Stderr, arg)
		case "raw": // Go syntax, such as \x1b[2J
			text, err := strconv.Unquote(`"` + arg + `"`)
			if err != nil {
				panic(err)
			}
			os.Stdout.WriteString(text)
		case "lines":
			n, _ := strconv.Atoi(arg)
			for i := range n {
				fmt.Printf("line %d of some length, so that a pipe is full soon\n", i+1)
			}
		case "env":
			fmt.Println(os.Getenv(arg))
		case "exit":
			n, _ := strconv.Atoi(arg)
			os.Exit(n)
		case "kill": // itself
			n, _ := strconv.Atoi(arg)
			syscall.Kill(os.Getpid(), syscall.Signal(n))
			time.Sleep(time.Minute)
		case "ignore": // TERM
			signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM)
		case "touch":
			check(os.WriteFile(arg, nil, 0o644))
		case "pid":
			fmt.Println("pid", os.Getpid())
		case "hang":
			time.Sleep(time.Hour)
		case "spawn", "setsid": // a child with the rest of the words, that holds the pipes
			c := exec.Command(os.Args[0], words...)
			c.Stdout, c.Stderr = os.Stdout, os.Stderr
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: word == "setsid"}
			check(c.Start())
			if arg == "wait" {
				c.Wait()
			}
			return
		default:
			panic("child: " + word)
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
