import { expect, test } from "vitest";
import { readFigures } from "./target-figures.ts";

const TEXT = `# HELP process_resident_memory_bytes Resident memory size in bytes.
process_resident_memory_bytes 1.5e+08
process_cpu_seconds_total{instance="a"} 12.25
zeke_process_resident_memory_bytes 3
`;

test("memory and CPU time are read as Prometheus has them", () => {
  expect(readFigures(TEXT)).toEqual({ memoryBytes: 150_000_000, cpuSeconds: 12.25 });
});

test.each([
  ["", "no figures"],
  [TEXT.replace("process_cpu_seconds_total", "other"), "one of both"],
  [TEXT.replace("12.25", "NaN"), "no number"],
  ["<html>process_resident_memory_bytes 5</html>", "another page"],
])("%j tells nothing", (text) => {
  expect(readFigures(text)).toBeUndefined();
});
