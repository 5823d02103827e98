// SPDX-License-Identifier: MIT
// Measures AWS's event-ruler as bench/match.c measures Tern's matcher: the same files of events and
// rules, the CPU of the thread that matches. The compiler's and the collector's threads are not
// counted.

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import software.amazon.event.ruler.GenericMachine;

public final class Ruler {
    private static final int ROUNDS = 11;
    private static final long WARM_UP_NS = 3_000_000_000L;

    private static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static long match(GenericMachine<Integer> machine, List<String> events)
            throws Exception {
        long matches = 0;
        for (String event : events) {
            matches += machine.rulesForJSONEvent(event).size();
        }
        return matches;
    }

    private static void measure(List<String> events, Path file) throws Exception {
        List<String> rules = Files.readAllLines(file);
        GenericMachine<Integer> machine = new GenericMachine<>();
        long before = used();
        long start = cpu();
        for (int i = 0; i < rules.size(); i++) {
            machine.addRule(i, rules.get(i));
        }
        double add = (double) (cpu() - start) / rules.size();
        double bytes = (double) (used() - before) / rules.size();
        long matches = 0;
        for (long end = cpu() + WARM_UP_NS; cpu() < end;) {
            matches = match(machine, events);
        }
        double[] rounds = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            start = cpu();
            match(machine, events);
            rounds[i] = (double) (cpu() - start) / events.size();
        }
        Arrays.sort(rounds);
        System.out.printf("{\"rules\": \"%s\", \"count\": %d, \"text_ns\": %.0f, \"add_ns\": %.0f, "
            + "\"bytes\": %.0f, \"matches\": %d}%n", file.getFileName(), rules.size(),
            rounds[ROUNDS / 2], add, bytes, matches);
    }

    public static void main(String[] args) throws Exception {
        if (args.length < 2) {
            System.err.println("usage: Ruler EVENTS RULES...");
            System.exit(2);
        }
        List<String> events = Files.readAllLines(Path.of(args[0]));
        for (String file : Arrays.asList(args).subList(1, args.length)) {
            measure(events, Path.of(file));
        }
    }
}
