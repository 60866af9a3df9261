import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Commands that tests start as processes, and their threads, compile what they load once for all.
process.env.NODE_COMPILE_CACHE ??= `${import.meta.dirname}/node_modules/.cache/compiled`;

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // Bounds for a machine that is slow and busy: what takes longer hangs. Nothing waits for them.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // Files share the modules that their worker has loaded: a fifth less work.
    isolate: false,
    // Node itself loads the sources: they run as fast as they do outside of tests.
    experimental: { viteModuleRunner: false },
    // More than processors, for many tests wait for a process or a socket meanwhile.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
  },
});
