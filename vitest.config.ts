import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    // Bounds for a machine that is slow and busy: what takes longer hangs. Nothing waits for them.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // By itself it leaves one of two processors alone.
    maxWorkers: "100%",
  },
});
