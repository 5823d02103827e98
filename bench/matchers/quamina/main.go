// SPDX-License-Identifier: MIT

// Measures quamina as bench/match.c measures Tern's matcher: the same files of events and rules.
// CPU is that of the process, its garbage collector included.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"syscall"
	"time"

	"quamina.net/go/quamina"
)

const (
	rounds = 11
	warmUp = time.Second
	limit  = 60 * time.Second
)

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func used() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func lines(path string) [][]byte {
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

func match(machine *quamina.Quamina, events [][]byte) int {
	matches := 0
	for _, event := range events {
		found, err := machine.MatchesForEvent(event)
		if err != nil {
			panic(err)
		}
		matches += len(found)
	}
	return matches
}

func problem(name string, count int, text string) {
	fmt.Printf("{\"rules\": %q, \"count\": %d, \"problem\": %q}\n", name, count, text)
}

func measure(events [][]byte, path string) {
	rules := lines(path)
	name := filepath.Base(path)
	machine, err := quamina.New()
	if err != nil {
		panic(err)
	}
	before, start := used(), cpu()
	for i, rule := range rules {
		if err := machine.AddPattern(i, string(rule)); err != nil {
			problem(name, len(rules), err.Error())
			return
		}
		if cpu()-start > limit {
			text := fmt.Sprintf("%d rules were added in %v", i+1, limit)
			problem(name, len(rules), text)
			return
		}
	}
	add := float64(cpu()-start) / float64(len(rules))
	size := float64(used()-before) / float64(len(rules))
	matches := 0
	for end := cpu() + warmUp; cpu() < end; {
		matches = match(machine, events)
	}
	times := make([]float64, rounds)
	for i := range times {
		start = cpu()
		match(machine, events)
		times[i] = float64(cpu()-start) / float64(len(events))
	}
	sort.Float64s(times)
	fmt.Printf("{\"rules\": %q, \"count\": %d, \"text_ns\": %.0f, \"add_ns\": %.0f, ",
		name, len(rules), times[rounds/2], add)
	fmt.Printf("\"bytes\": %.0f, \"matches\": %d}\n", size, matches)
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: quamina EVENTS RULES...")
		os.Exit(2)
	}
	events := lines(os.Args[1])
	for _, path := range os.Args[2:] {
		measure(events, path)
	}
}
