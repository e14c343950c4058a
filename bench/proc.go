package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// tick is the unit of the times in /proc, the same on all of Linux.
const tick = 0.01

// stat is what /proc/PID/stat says about a process.
type stat struct {
	parent int
	cpu    float64 // seconds of its own and of its reaped children
}

// parseStat reads the fields behind the name, which may hold anything.
func parseStat(text string) (stat, error) {
	end := strings.LastIndexByte(text, ')')
	f := strings.Fields(text[end+1:])
	if end < 0 || len(f) < 15 {
		return stat{}, fmt.Errorf("cannot read %q as /proc/PID/stat", text)
	}
	n := func(i int) int64 { v, _ := strconv.ParseInt(f[i], 10, 64); return v }
	return stat{parent: int(n(1)), cpu: float64(n(11)+n(12)+n(13)+n(14)) * tick}, nil
}

// processes are all of the machine at one moment.
type processes map[int]stat

func look() (processes, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	all := processes{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		if all[pid], err = parseStat(string(text)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// tree lists a process and all that descend from it.
func (p processes) tree(root int) []int {
	var all []int
	for pid := range p {
		for at := pid; at > 1; at = p[at].parent {
			if at == root {
				all = append(all, pid)
				break
			}
		}
	}
	return all
}

// cpu is the time of a tree in seconds, that of reaped children included.
func (p processes) cpu(root int) float64 {
	var sum float64
	for _, pid := range p.tree(root) {
		sum += p[pid].cpu
	}
	return sum
}

// busy is the CPU time of the whole machine since it started, in seconds.
func busy() (float64, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("cannot read %q as /proc/stat", line)
	}
	var sum int64
	for _, i := range []int{1, 2, 3, 6, 7} { // user, nice, system, irq, softirq
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return float64(sum) * tick, nil
}

// peak is the most memory that a process has used so far (VmHWM). The rusage
// of a child is of no use: it begins with the memory of whoever started it.
func peak(pid int) int64 { return kilobytes(pid, "status", "VmHWM:") }

// share is the memory of a process, with its part of what it shares (PSS).
func share(pid int) int64 { return kilobytes(pid, "smaps_rollup", "Pss:") }

// kilobytes reads a line of a file of a process, 0 when it has ended.
func kilobytes(pid int, file, name string) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + file)
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), name)
	kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, _ := strconv.ParseInt(kb, 10, 64)
	return n << 10
}

// machine says on what was measured.
func machine(version string) string {
	cpus, model, memory := 0, "", ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpus, model = cpus+1, strings.TrimSpace(value)
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if f := strings.Fields(string(text)); len(f) > 1 {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			memory = fmt.Sprintf("%d GiB", kb>>20)
		}
	}
	return fmt.Sprintf("%d x %s, %s, PostgreSQL %s, fsync on", cpus, model, memory, version)
}
